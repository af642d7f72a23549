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


def test_a_table_of_the_connection_alone_does_not_confuse_it(sqlite_store: Store) -> None:
    with sqlite_store.transaction() as tx:
        before = sizes(tx)
        tx.exec_driver_sql("CREATE TEMP TABLE mine AS SELECT 1")
        assert sizes(tx) == before
