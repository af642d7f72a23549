"""How much room the database takes, on both."""

from __future__ import annotations

from state.size import sizes
from state.store import Store


def test_it_takes_room_and_so_does_the_log_that_is_ours(store: Store) -> None:
    with store.reading() as tx:
        data, log = sizes(tx)
        assert data > 100_000
        assert (log is None) == (tx.dialect.name == "postgresql")
        assert log is None or log >= 0
