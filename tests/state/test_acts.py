"""What people did stands in a chain of its own: nothing can be changed, taken out or put in between."""

from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from state import acts
from state.store import Store, Tx
from state.tables import acts as table

NOW = datetime(2026, 11, 26, 9, 0, tzinfo=UTC)


def lifted(tx: Tx, about: str, by: str = "Anna Opdigtet") -> acts.Head:
    return acts.record(
        tx, "lift.approved", about, by=by, login="anna", at=NOW, details={"why": "mail"}
    )


def test_what_was_done_is_told_in_its_order(store: Store) -> None:
    with store.transaction() as tx:
        for about in ("a", "b", "a"):
            lifted(tx, about)
        assert [act.seq for act in acts.listed(tx, ["a"])] == [1, 3]
        (last,) = acts.listed(tx, limit=1)
        assert (last.seq, last.by, last.login, last.details) == (
            3, "Anna Opdigtet", "anna", {"why": "mail"},
        )  # fmt: skip
        assert acts.problems(tx) == (3, [])


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(sa.delete(table), id="taken out"),
        pytest.param(
            sa.update(table).values(about="x", payload=None, salt=None), id="another entry"
        ),
        pytest.param(sa.update(table).values(payload="{}"), id="other words"),
        pytest.param(
            sa.update(table).values(at=NOW - timedelta(days=1), payload=None, salt=None), id="when"
        ),
    ],
)
def test_a_hand_in_the_database_is_refused(store: Store, change: sa.Executable) -> None:
    with store.transaction() as tx:
        lifted(tx, "a")
    with pytest.raises(sa.exc.DBAPIError, match=r"act|append-only"), store.transaction() as tx:
        tx.execute(change)


def test_who_lifts_the_guard_and_changes_something_is_seen(store: Store) -> None:
    with store.transaction() as tx:
        for about in "abcd":
            lifted(tx, about)
    with store.transaction() as tx:
        if tx.dialect.name == "sqlite":
            for name in ("acts_no_delete", "acts_only_erase"):
                tx.exec_driver_sql(f"DROP TRIGGER {name}")
        else:
            tx.exec_driver_sql("ALTER TABLE acts DISABLE TRIGGER USER")
        tx.execute(sa.update(table).where(table.c.seq == 1).values(payload='{"by":"En Anden"}'))
        tx.execute(sa.update(table).where(table.c.seq == 2).values(act="lift.refused"))
        tx.execute(sa.delete(table).where(table.c.seq == 3))
        assert acts.problems(tx) == (4, [(1, "payload"), (2, "chain"), (4, "gap")])


def test_erasing_takes_the_names_and_leaves_the_chain(store: Store) -> None:
    with store.transaction() as tx:
        lifted(tx, "a", by="Kanarie Fuglesen")
        assert acts.erase(tx, ["a"]) == 1
        assert acts.erase(tx, ["a"]) == 0
        (act,) = acts.listed(tx)
        assert (act.by, act.details) == ("", {})
        lifted(tx, "b")
        assert acts.problems(tx) == (2, [])
