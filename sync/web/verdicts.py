"""May they be contacted? One at the price of a look-up, or many from one moment."""

from __future__ import annotations

from collections.abc import Sequence

from rules.keys import Key
from rules.suppression import Channel, SuppressionList
from state.ledger import entries_for
from state.quick import Quick
from state.screen import hashed_keys
from sync.app import App

Asked = tuple[Sequence[Key], Sequence[Channel]]
Barred = dict[Channel, bool]
"""Which of the channels that were asked about are barred."""


class Verdicts:
    """`one` is for one thread; `many` for any. `close` it."""

    def __init__(self, app: App) -> None:
        self._app, self._quick = app, Quick(app.store, app.keys)

    def close(self) -> None:
        """Give the connection back."""
        self._quick.close()

    def one(self, found: Sequence[Key], channels: Sequence[Channel]) -> Barred:
        """Whoever has any of these keys."""
        asks, now = self._quick.blocked, self._app.clock()
        return {one: any(asks(key, one, now) for key in found) for one in channels}

    def many(self, asked: Sequence[Asked]) -> list[Barred]:
        """The same of each, in their order."""
        hashed = [hashed_keys(self._app.keys, found) for found, _ in asked]
        with self._app.store.reading() as tx:
            known = entries_for(tx, {key.digest for keys in hashed for key in keys})
        events, now = SuppressionList(entry.event for entry in known), self._app.clock()
        return [
            {one: events.blocked(keys, one, now).blocked for one in channels}
            for keys, (_, channels) in zip(hashed, asked, strict=True)
        ]
