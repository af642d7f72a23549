"""The ledger: append-only, chained, without anything in clear, and it forgets no block."""

import sqlite3
from dataclasses import replace
from datetime import timedelta

import psycopg
import pytest
import sqlalchemy as sa
from statements import DAY, NOW, block, correction, lift, mail, phone

from rules.keys import KeyKind
from rules.spans import Span
from rules.suppression import Channel, EventType, SuppressionList
from state import chain, deliveries
from state.deliveries import DeliveryState
from state.keys import KeyRing, bind, new_ring
from state.ledger import (
    Head,
    append,
    entries_for,
    erase,
    head,
    payloads,
    verify,
)
from state.ledger_rows import Entry
from state.store import Store
from state.tables import deliveries as deliveries_table
from state.tables import ledger, ledger_keys, ledger_payload


@pytest.fixture
def ring(store: Store) -> KeyRing:
    made = new_ring(NOW)
    bind(store, made, NOW)
    return made


def record(store: Store, ring: KeyRing, *said: object, at: object = NOW) -> list[Entry]:
    with store.transaction() as tx:
        return append(tx, ring, said, at, ("crm", "dialer"))  # type: ignore[arg-type]


def record_and_fail(store: Store, ring: KeyRing, *said: object) -> None:
    with pytest.raises(ZeroDivisionError):
        _record_and_fail(store, ring, *said)


def _record_and_fail(store: Store, ring: KeyRing, *said: object) -> None:
    with store.transaction() as tx:
        append(tx, ring, said, NOW, ("crm",))  # type: ignore[arg-type]
        _ = 1 / 0


def is_blocked(store: Store, ring: KeyRing, key: object = None, after: timedelta = DAY) -> bool:
    keys = ring.hashed(key or phone())  # type: ignore[arg-type]
    with store.reading() as tx:
        found = entries_for(tx, {hashed.digest for hashed in keys})
    listed = SuppressionList(entry.event for entry in found)
    return listed.blocked(keys, Channel.CALL, NOW + after).blocked


def test_what_was_said_comes_back_as_it_was_said(store: Store, ring: KeyRing) -> None:
    said = block(carried=(mail(),), by=("Anna Opdigtet",), last_resort=mail(9))
    (written,) = record(store, ring, said)
    with store.reading() as tx:
        (found,) = entries_for(tx, {ring.digest(mail())})
        (clear,) = payloads(tx, [found.seq]).values()
    assert found == written
    event = found.event
    assert (event.type, event.channel, event.span) == (said.type, said.channel, said.span)
    assert event.keys == set(ring.hashed(phone()))
    assert event.carried == set(ring.hashed(mail()))
    assert (event.approvals, event.documented, event.heard_at) == (1, True, NOW)
    assert (clear.keys, clear.carried, clear.last_resort) == (said.keys, said.carried, mail(9))
    assert (clear.by, clear.said, clear.name) == (said.by, said.said, said.name)
    assert clear.ref == "files/opt_out/list.csv#0"


def test_saying_it_again_adds_nothing(store: Store, ring: KeyRing) -> None:
    assert len(record(store, ring, block(), block(), block(1))) == 2
    assert record(store, ring, block(), block(1), at=NOW + DAY) == []
    with store.reading() as tx:
        assert head(tx).seq == 2


def test_a_transaction_that_is_rolled_back_leaves_nothing(store: Store, ring: KeyRing) -> None:
    record_and_fail(store, ring, block())
    with store.reading() as tx:
        assert head(tx) == Head(0, chain.GENESIS)
        assert deliveries.counts(tx) == {}


def test_entries_are_numbered_without_gaps_and_linked(store: Store, ring: KeyRing) -> None:
    entries = record(store, ring, *(block(n) for n in range(3)))
    record_and_fail(store, ring, block(90))
    entries += record(store, ring, *(block(n) for n in range(3, 6)))
    assert [entry.seq for entry in entries] == [1, 2, 3, 4, 5, 6]
    assert [entry.previous for entry in entries] == [
        chain.GENESIS,
        *(entry.chain for entry in entries[:-1]),
    ]


# --- nothing in clear, nothing changed -------------------------------------------------------


def test_chained_tables_hold_nothing_in_clear(store: Store, ring: KeyRing) -> None:
    said = block(carried=(mail(),), by=("Anna Opdigtet",))
    record(store, ring, said)
    with store.reading() as tx:
        held = repr([*tx.execute(sa.select(ledger)), *tx.execute(sa.select(ledger_keys))])
    for clear in (
        phone().value,
        "20000000",
        mail().value,
        "Canary",
        "Anna",
        "list.csv",
        "row number",
    ):
        assert clear not in held


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE ledger SET channel = 'sms'",
        "DELETE FROM ledger",
        "UPDATE ledger_keys SET role = 'carried'",
        "DELETE FROM ledger_keys",
        "DELETE FROM ledger_payload",
        "UPDATE ledger_payload SET payload = '{}'",
        "UPDATE ledger_payload SET seq = 7, payload = NULL, salt = NULL",
    ],
)
def test_the_database_itself_refuses_changes(statement: str, store: Store, ring: KeyRing) -> None:
    record(store, ring, block())
    with pytest.raises(sa.exc.DBAPIError) as refused, store.transaction() as tx:
        tx.exec_driver_sql(statement)
    assert isinstance(refused.value.orig, sqlite3.IntegrityError | psycopg.Error)
    with store.reading() as tx:
        assert verify(tx).problems == ()


@pytest.mark.parametrize("tables", ["ledger_payload", "ledger_keys", "ledger CASCADE"])
def test_emptying_a_table_at_a_stroke_is_refused(tables: str, postgres_store: Store) -> None:
    with pytest.raises(sa.exc.DBAPIError, match="append-only"), postgres_store.transaction() as tx:
        tx.exec_driver_sql(f"TRUNCATE {tables}")


# --- erasure ---------------------------------------------------------------------------------


def test_erasure_takes_what_is_clear_and_leaves_the_block(store: Store, ring: KeyRing) -> None:
    (entry,) = record(store, ring, block())
    with store.transaction() as tx:
        assert erase(tx, [entry.seq], NOW) == 1
        assert erase(tx, [entry.seq], NOW + DAY) == 0, "once is enough"
    with store.reading() as tx:
        (clear,) = payloads(tx, [entry.seq]).values()
        row = tx.execute(sa.select(ledger_payload)).one()
        checked = verify(tx)
    assert (clear.keys, clear.name, clear.said, clear.erased_at) == ((), "", "", NOW)
    assert (row.payload, row.salt) == (None, None)
    assert (checked.problems, checked.entries, checked.erased) == ((), 1, 1)
    assert is_blocked(store, ring)
    assert record(store, ring, block()) == [], "and it is still known as the same statement"


# --- the chain -------------------------------------------------------------------------------


def _without_triggers(store: Store) -> None:
    """What somebody with rights over the database could do."""
    with store.transaction() as tx:
        for statement in (
            ("DROP TRIGGER ledger_no_update", "DROP TRIGGER ledger_no_delete",
             "DROP TRIGGER ledger_keys_no_update", "DROP TRIGGER ledger_keys_no_delete",
             "DROP TRIGGER ledger_payload_only_erase", "DROP TRIGGER ledger_payload_no_delete")
            if store.is_sqlite
            else ("DROP FUNCTION ledger_refuse() CASCADE",)
        ):  # fmt: skip
            tx.exec_driver_sql(statement)


@pytest.mark.parametrize(
    ("forgery", "code", "seq"),
    [
        ("UPDATE ledger SET channel = 'sms' WHERE seq = 2", "chain", 2),
        ("UPDATE ledger SET heard_at = (SELECT happened_to FROM ledger WHERE seq = 1) WHERE seq = 2",
         "chain", 2),
        ("UPDATE ledger SET event_type = 'lift' WHERE seq = 3", "chain", 3),
        ("UPDATE ledger SET approvals = 2 WHERE seq = 1", "chain", 1),
        ("UPDATE ledger SET system = 'crm' WHERE seq = 1", "chain", 1),
        ("DELETE FROM ledger_keys WHERE seq = 2", "chain", 2),
        ("UPDATE ledger_keys SET role = 'carried' WHERE seq = 2", "chain", 2),
        ("UPDATE ledger_payload SET payload = '{}' WHERE seq = 3", "payload", 3),
        ("DELETE FROM ledger_payload WHERE seq = 3", "payload", 3),
        ("UPDATE ledger_payload SET salt = NULL, erased_at = NULL WHERE seq = 2", "payload", 2),
    ],
)  # fmt: skip
def test_the_chain_shows_where_somebody_was_at_work(
    forgery: str, code: str, seq: int, store: Store, ring: KeyRing
) -> None:
    record(store, ring, *(block(n) for n in range(5)))
    _without_triggers(store)
    with store.transaction() as tx:
        assert tx.exec_driver_sql(forgery).rowcount == 1
    with store.reading() as tx:
        assert (seq, code) in verify(tx).problems


def test_an_entry_taken_out_of_the_middle_shows(store: Store, ring: KeyRing) -> None:
    record(store, ring, *(block(n) for n in range(5)))
    _without_triggers(store)
    with store.transaction() as tx:
        for table in ("ledger_payload", "ledger_keys", "deliveries", "ledger"):
            tx.exec_driver_sql(f"DELETE FROM {table} WHERE seq = 3")  # noqa: S608
    with store.reading() as tx:
        assert [seq for seq, code in verify(tx).problems if code == "gap"] == [4]


def test_entries_taken_off_the_end_show_against_a_head_noted_before(
    store: Store, ring: KeyRing
) -> None:
    record(store, ring, *(block(n) for n in range(5)))
    with store.reading() as tx:
        noted = head(tx)
        assert verify(tx, noted).problems == ()
    _without_triggers(store)
    with store.transaction() as tx:
        for table in ("ledger_payload", "ledger_keys", "deliveries", "ledger"):
            tx.exec_driver_sql(f"DELETE FROM {table} WHERE seq = 5")  # noqa: S608
    with store.reading() as tx:
        assert verify(tx).problems == (), "nothing else could show it"
        assert verify(tx, noted).problems == ((5, "head"),)


# --- lifts, corrections, saying it again -----------------------------------------------------


def test_a_lift_lifts_and_a_new_block_blocks_again(store: Store, ring: KeyRing) -> None:
    (entry,) = record(store, ring, block())
    record(store, ring, lift(entry.event.event_id), at=NOW + timedelta(hours=1))
    assert not is_blocked(store, ring)
    record(store, ring, block(identity=("files", "another row")), at=NOW + 2 * DAY)
    assert is_blocked(store, ring, after=3 * DAY)


def test_a_lift_needs_words_and_a_name(store: Store, ring: KeyRing) -> None:
    (entry,) = record(store, ring, block())
    poor = lift(entry.event.event_id, by=(), identity=("nobody",))
    wordless = lift(entry.event.event_id, said="", source="", identity=("wordless",))
    record(store, ring, poor, wordless, at=NOW + timedelta(hours=1))
    assert is_blocked(store, ring)


def test_one_person_under_two_spellings_is_one_person(store: Store, ring: KeyRing) -> None:
    (entry,) = record(store, ring, block())
    twice = correction(entry.event.event_id, by=("Anna Opdigtet", " ANNA  opdigtet"))
    record(store, ring, twice, at=NOW + timedelta(hours=1))
    assert is_blocked(store, ring)
    record(store, ring, replace(twice, by=("Anna", "Bo"), identity=("good",)), at=NOW + DAY)
    assert not is_blocked(store, ring, after=2 * DAY)


def test_a_lifted_block_without_a_date_that_is_said_again_counts_again(
    store: Store, ring: KeyRing
) -> None:
    """The flag may have been set anew: nobody can tell, so it blocks."""
    undated = block(span=Span(None, NOW))
    (entry,) = record(store, ring, undated)
    record(
        store, ring, lift(entry.event.event_id, span=Span(NOW + DAY, NOW + DAY)), at=NOW + 2 * DAY
    )
    assert not is_blocked(store, ring, after=3 * DAY)
    again = replace(undated, span=Span(None, NOW + 3 * DAY))
    assert len(record(store, ring, again, at=NOW + 3 * DAY)) == 1
    assert is_blocked(store, ring, after=4 * DAY)
    assert record(store, ring, again, at=NOW + 4 * DAY) == [], "but only once"


def test_a_dated_block_that_was_lifted_stays_lifted_when_read_again(
    store: Store, ring: KeyRing
) -> None:
    (entry,) = record(store, ring, block())
    record(store, ring, lift(entry.event.event_id), at=NOW + timedelta(hours=1))
    assert record(store, ring, block(), at=NOW + DAY) == []
    assert not is_blocked(store, ring, after=2 * DAY)


def test_a_verdict_gets_all_that_it_rests_on(store: Store, ring: KeyRing) -> None:
    """A correction of the lift of the root of a derived entry is four steps from the key."""
    (root,) = record(store, ring, block())
    said = block(
        type=EventType.DERIVED,
        keys=(mail(),),
        root=root.event.event_id,
        path=(root.event.event_id,),
        identity=("derived",),
    )
    record(store, ring, said, at=NOW)
    (lifted,) = record(store, ring, lift(root.event.event_id), at=NOW + timedelta(hours=1))
    assert not is_blocked(store, ring, mail())
    record(store, ring, correction(lifted.event.event_id), at=NOW + timedelta(hours=2))
    assert is_blocked(store, ring, mail())


# --- keys ------------------------------------------------------------------------------------


def test_entries_of_before_a_new_key_are_found_after_it(store: Store, ring: KeyRing) -> None:
    record(store, ring, block())
    grown = ring.with_new_key(NOW)
    bind(store, grown, NOW)
    record(store, grown, block(1), at=NOW + DAY)
    assert is_blocked(store, grown, phone())
    assert is_blocked(store, grown, phone(1), after=2 * DAY)
    assert record(store, grown, block(), at=NOW + 2 * DAY) == [], "the id does not depend on it"
    with store.reading() as tx:
        assert verify(tx).problems == ()


def test_kinds_of_key_do_not_meet(store: Store, ring: KeyRing) -> None:
    record(store, ring, block(keys=(phone()._replace(kind=KeyKind.CVR),)))
    assert not is_blocked(store, ring, phone())


# --- deliveries ------------------------------------------------------------------------------


def test_each_block_waits_for_each_system(store: Store, ring: KeyRing) -> None:
    entries = record(store, ring, block(), block(1))
    record(store, ring, lift(entries[0].event.event_id), at=NOW + DAY)
    with store.reading() as tx:
        assert deliveries.counts(tx) == {
            "crm": {DeliveryState.WAITING: 2},
            "dialer": {DeliveryState.WAITING: 2},
        }
        rows = deliveries.of_entries(tx, [entries[0].seq])
    assert [(row.system, row.state) for row in rows[1]] == [
        ("crm", "waiting"),
        ("dialer", "waiting"),
    ]


def test_the_age_of_what_waits_is_that_of_the_first_that_a_system_does_not_show(
    store: Store, ring: KeyRing
) -> None:
    record(store, ring, block())
    record(store, ring, block(1), at=NOW + DAY)
    crm = deliveries_table.c.system == "crm"
    for seqs, state, left in (
        ((1,), "sent", {"crm": NOW, "dialer": NOW}),
        ((1,), "failed", {"crm": NOW, "dialer": NOW}),
        ((1,), "confirmed", {"crm": NOW + DAY, "dialer": NOW}),
        ((1, 2), "settled", {"dialer": NOW}),
    ):
        with store.transaction() as tx:
            mine = sa.and_(crm, deliveries_table.c.seq.in_(seqs))
            tx.execute(sa.update(deliveries_table).where(mine).values(state=state))
            found = deliveries.under_way(tx)
            assert {name: one.since for name, one in found.items()} == left


def test_a_system_that_comes_later_has_to_hear_of_everything(store: Store, ring: KeyRing) -> None:
    record(store, ring, block(), block(1))
    for systems, opened in (
        (("crm", "dialer"), 0),
        (("crm", "dialer", "mail"), 2),
        (("crm", "dialer", "mail"), 0),
        (("crm", "dialer"), 0),
    ):
        with store.transaction() as tx:
            assert deliveries.adopt(tx, systems, NOW) == opened
    with store.transaction() as tx:
        append(tx, ring, [block(2)], NOW)
        assert {row.system for row in deliveries.of_entries(tx, [3])[3]} == {"crm", "dialer"}
    with store.transaction() as tx:
        assert deliveries.adopt(tx, ("crm", "dialer", "mail"), NOW) == 1, "what it missed meanwhile"
        assert deliveries.counts(tx)["mail"] == {DeliveryState.WAITING: 3}
