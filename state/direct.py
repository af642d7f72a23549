"""A look-up past SQLAlchemy, for what is asked again and again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from state.store import Store


class Direct:
    """A connection of SQLite's driver of its own, for one thread; `close` it.

    `ask(sql, values)` is a statement and a look of its own. On PostgreSQL it is None: the usual way
    is right there as well.
    """

    def __init__(self, store: Store) -> None:
        self._raw: Any = None
        self.ask: Callable[..., Any] | None = None
        if store.is_sqlite:
            self._raw = store.engine.raw_connection()
            self.ask = self._raw.driver_connection.cursor().execute

    def close(self) -> None:
        """Give the connection back."""
        if self._raw is not None:
            self._raw.close()
