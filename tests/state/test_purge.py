"""The one job that ends the life of personal data, and what it must leave alone."""

import re
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from rules.errors import InvariantBroken
from state import history as written
from state import purge
from state.proposals import changes_of
from state.purge import BATCH, Lifetimes, life_of, purge_all
from state.store import Store, Tx
from state.tables import (
    blocked,
    coverage,
    cursors,
    declined,
    findings,
    history,
    ledger,
    ledger_payload,
    links,
    match_keys,
    metadata,
    mirror,
    outbox,
    parties,
    plans,
    proposals,
    redirects,
    release_keys,
    releases,
    runs,
    snapshots,
)
from sync.settings.model import Purge
from sync.texts import Texts

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
LIVES = Lifetimes(
    mirror=90, plans=30, findings=180, history=60, runs=700, snapshots=1000, releases=100
)
CANARY = "Kanariefugl Opdigtet"
CHANGES = f'[["full_name","{CANARY}","x{CANARY}","name.case","hygiene","reason.case",{{"old":"{CANARY}"}}]]'


def ago(days: float) -> datetime:
    return NOW - timedelta(days=days)


def insert(tx: Tx, table: sa.Table, **values: Any) -> Any:
    """A row; columns that are not given get something that fits."""
    for column in table.columns:
        if column.name in values or column.nullable or column.autoincrement is True:
            continue
        values[column.name] = _something(column)
    made = tx.execute(sa.insert(table).values(values))
    return made.inserted_primary_key[0] if table.primary_key.columns else None


def _something(column: sa.Column[Any]) -> Any:
    if column.type.__class__.__name__ == "UtcDateTime":
        return ago(1000)
    if column.type.__class__.__name__ == "Json":
        return []
    if isinstance(column.type, sa.Boolean):
        return False
    if isinstance(column.type, sa.LargeBinary):
        return column.name.encode()
    return "[]" if isinstance(column.type, sa.Text) else 0


def add_record(tx: Tx, ident: str, **more: Any) -> int:
    """A record with all that is known of a record."""
    given = {"system": "files", "kind": "lead", "stream": "leads.csv", "cells": CANARY}
    rid = insert(tx, mirror, id=ident, filled=3, valid=1, **given | more)
    insert(tx, match_keys, rid=rid)
    insert(tx, findings, rid=rid, details=CANARY)
    insert(tx, blocked, rid=rid)
    insert(tx, declined, rid=rid, value=CANARY, run=99)
    insert(tx, history, rid=rid, run=99, changes=CHANGES, applied_at=ago(1))
    insert(tx, proposals, rid=rid, changes=CHANGES, plan_from=1)
    insert(tx, links, rid=rid, party=insert(tx, parties, party=f"party {rid}"))
    return int(rid)


def count(store: Store) -> dict[str, int]:
    with store.reading() as tx:
        numbers = {
            name: tx.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()
            for name, table in metadata.tables.items()
        }
    return {name: number for name, number in numbers.items() if number}


def rows(store: Store, table: sa.Table) -> list[Any]:
    with store.reading() as tx:
        return list(tx.execute(sa.select(table).order_by(*table.columns)))


# --- the list of lives -----------------------------------------------------------------------


@pytest.mark.parametrize("table", metadata.tables.values(), ids=lambda table: table.name)
def test_every_table_and_every_personal_column_has_a_life(table: sa.Table) -> None:
    life = life_of(table)
    assert life in {*vars(purge)["_ENDS"], *purge.NEVER_BY_TIME, "with the record", "for ever"}
    if any("personal" in column.info for column in table.columns):
        assert life not in {"with the record", "for ever"}


def test_the_list_names_no_table_that_is_not_there() -> None:
    assert {*purge.WITH_THE_RECORD, *purge.FOR_EVER} <= metadata.tables.keys()


def test_every_life_has_an_end_and_a_number_of_days() -> None:
    assert set(Lifetimes.__slots__) == purge._ENDS.keys()
    assert all(getattr(Lifetimes(), name) > 0 for name in purge._ENDS)


def test_every_life_can_be_set_and_has_one_default() -> None:
    assert Purge().model_dump() == asdict(Lifetimes())


@pytest.mark.parametrize(
    ("keep", "info"),
    [
        ("", {}),
        ("", {"personal": True}),
        ("", {"personal": True, "keep": "a while"}),
        ("runs", {"personal": True, "keep": "plans"}),
        ("mirror", {"personal": True}),
    ],
)
def test_a_table_without_a_clear_life_is_an_error(keep: str, info: Mapping[str, Any]) -> None:
    table = sa.Table("t", sa.MetaData(), sa.Column("a", sa.Text, info=info), info={"keep": keep})
    with pytest.raises(InvariantBroken):
        life_of(table)


def test_the_purge_refuses_to_begin_when_a_table_has_no_life(
    sqlite_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(purge.FOR_EVER, "reach")
    with pytest.raises(InvariantBroken, match="reach"), sqlite_store.transaction() as tx:
        purge.purge(tx, NOW, LIVES)


def test_a_list_that_was_let_go_is_forgotten_some_time_after_it_expired(store: Store) -> None:
    with store.transaction() as tx:
        for name, days in (("old", 101), ("young", 99)):
            insert(tx, releases, release=name, expires_at=ago(days))
            insert(tx, release_keys, release=name)
    assert purge_all(store, NOW, LIVES) == {"releases": 1, "release_keys": 1}
    assert [row.release for row in rows(store, release_keys)] == ["young"]


# --- records ---------------------------------------------------------------------------------


def test_a_deleted_record_goes_with_all_that_is_known_of_it(store: Store) -> None:
    with store.transaction() as tx:
        insert(tx, cursors, system="files", stream="leads.csv", fields=["email", "phone"])
        insert(tx, coverage, system="files", stream="leads.csv", field="email", filled=2, valid=2)
        insert(tx, coverage, system="files", stream="leads.csv", field="phone", filled=2, valid=0)
        add_record(tx, "alive", deleted_at=None)
    before = count(store)
    with store.transaction() as tx:
        add_record(tx, "gone", deleted_at=ago(91), system="files")
        tx.execute(sa.update(history).values(emptied_at=NOW))
    purge_all(store, NOW, LIVES)
    after = count(store)
    kept = {"parties": before["parties"] + 1, "links": before["links"] + 1}
    assert after == before | kept
    assert [row.id for row in rows(store, mirror)] == ["alive"]
    assert [row.until for row in rows(store, links)] == [None, NOW]
    assert [(row.field, row.filled, row.valid) for row in rows(store, coverage)] == [
        ("email", 1, 1),
        ("phone", 1, 0),
    ]


@pytest.mark.parametrize(("days", "left"), [(89.9, 1), (90, 1), (90.1, 0)])
def test_a_life_ends_when_it_is_over_and_not_before(store: Store, days: float, left: int) -> None:
    with store.transaction() as tx:
        insert(tx, mirror, deleted_at=ago(days))
    purge_all(store, NOW, LIVES)
    assert len(rows(store, mirror)) == left


def test_a_record_with_a_write_under_way_waits_until_that_is_settled(store: Store) -> None:
    with store.transaction() as tx:
        rid = insert(tx, mirror, deleted_at=ago(500))
        sent = insert(tx, outbox, rid=rid, state="sent", run=7)
    assert purge_all(store, NOW, LIVES) == {}
    with store.transaction() as tx:
        tx.execute(sa.delete(outbox).where(outbox.c.oid == sent))
    assert purge_all(store, NOW, LIVES) == {"mirror": 1}


def test_the_number_of_a_purged_record_is_not_given_to_another(store: Store) -> None:
    with store.transaction() as tx:
        first = insert(tx, mirror, id="a", deleted_at=ago(500))
    purge_all(store, NOW, LIVES)
    with store.transaction() as tx:
        second = insert(tx, mirror, id="b")
    assert second > first


def test_a_redirect_lives_as_long_as_it_leads_somewhere(store: Store) -> None:
    with store.transaction() as tx:
        insert(tx, mirror, system="s", kind="contact", id="c")
        for old, new in ("ab", "bc", "xy", "yz"):
            insert(tx, redirects, system="s", kind="contact", old_id=old, new_id=new)
        insert(tx, redirects, system="s", kind="contact", old_id="n", new_id="m", seen_at=ago(1))
    assert purge_all(store, NOW, LIVES) == {"redirects": 2}
    assert [row.old_id for row in rows(store, redirects)] == ["a", "b", "n"]


# --- plans, findings, history ----------------------------------------------------------------


def test_closed_proposals_go_with_the_last_plan_that_holds_them(store: Store) -> None:
    with store.transaction() as tx:
        for plan, expired in ((1, 400), (2, 31), (3, 29), (4, -7)):
            insert(tx, plans, plan=plan, expires_at=ago(expired), run=plan)
        for first, until in ((1, 2), (1, 3), (1, 4), (2, None), (3, 5)):
            insert(tx, proposals, plan_from=first, plan_until=until, changes=CHANGES)
    assert purge_all(store, NOW, LIVES) == {"plans": 2, "proposals": 2}
    assert [row.plan for row in rows(store, plans)] == [3, 4]
    assert [(row.plan_from, row.plan_until) for row in rows(store, proposals)] == [
        (1, 4),
        (2, None),
        (3, 5),
    ]


def test_the_newest_plan_stays_but_not_what_it_held(store: Store) -> None:
    with store.transaction() as tx:
        insert(tx, plans, plan=8, expires_at=ago(400))
        insert(tx, proposals, plan_from=8, plan_until=9, changes=CHANGES)
        insert(tx, proposals, plan_from=8, plan_until=None, changes=CHANGES)
    assert purge_all(store, NOW, LIVES) == {"proposals": 1}
    assert [row.plan for row in rows(store, plans)] == [8]


def test_a_proposal_stays_while_its_write_is_under_way(store: Store) -> None:
    with store.transaction() as tx:
        insert(tx, plans, plan=8, expires_at=ago(400))
        pid = insert(tx, proposals, plan_from=8, plan_until=9, changes=CHANGES)
        insert(tx, outbox, pid=pid, state="sent", run=1)
    assert purge_all(store, NOW, LIVES) == {}


def test_what_was_queued_and_never_sent_is_dropped_and_what_was_sent_is_not(store: Store) -> None:
    with store.transaction() as tx:
        old = insert(tx, runs, started_at=ago(31))
        new = insert(tx, runs, started_at=ago(29))
        for run, state in ((old, "queued"), (old, "sent"), (new, "queued")):
            insert(tx, outbox, run=run, state=state)
    assert purge_all(store, NOW, LIVES) == {"outbox": 1}
    assert [(row.run, row.state) for row in rows(store, outbox)] == [(old, "sent"), (new, "queued")]


def test_findings_that_are_gone_end_and_standing_ones_stay(store: Store) -> None:
    with store.transaction() as tx:
        for gone in (None, ago(179), ago(181)):
            insert(tx, findings, gone_at=gone, last_seen_at=ago(900))
    assert purge_all(store, NOW, LIVES) == {"findings": 1}
    assert {row.gone_at for row in rows(store, findings)} == {None, ago(179)}


def test_after_the_undo_window_it_is_still_told_what_happened_but_not_the_values(
    store: Store,
) -> None:
    with store.transaction() as tx:
        rid = insert(tx, mirror)
        kept = {"rid": rid, "run": 5, "actor": "eva", "changes": CHANGES}
        insert(tx, history, applied_at=ago(61), **kept)
        insert(tx, history, applied_at=ago(59), **kept)
    assert purge_all(store, NOW, LIVES) == {"history": 1}
    with store.reading() as tx:
        old, new = written.of_record(tx, rid)
    (change,) = old.changes
    assert (change.field, change.rule, change.source) == ("full_name", "name.case", "hygiene")
    assert (change.old, change.new, change.details) == (None, None, {})
    assert (old.actor, old.applied_at, old.emptied_at) == ("eva", ago(61), NOW)
    assert new.changes == changes_of(CHANGES)
    assert new.emptied_at is None
    assert purge_all(store, NOW, LIVES) == {}


@pytest.mark.parametrize("lang", ["da", "en"])
def test_why_the_values_are_missing_is_told(lang: str) -> None:
    assert Texts(lang).find("reason.purged")


# --- runs, snapshots -------------------------------------------------------------------------


def test_a_run_stays_while_anything_names_it(store: Store) -> None:
    with store.transaction() as tx:
        numbers = [insert(tx, runs, started_at=ago(701)) for _ in range(5)]
        insert(tx, runs, started_at=ago(699))
        insert(tx, history, run=numbers[0], emptied_at=NOW)
        insert(tx, plans, run=numbers[1], expires_at=ago(1))
        insert(tx, outbox, run=numbers[2], state="sent")
        insert(tx, declined, rid=1, field="phone", run=numbers[3])
    assert purge_all(store, NOW, LIVES) == {"runs": 1}
    assert numbers[4] not in [row.run for row in rows(store, runs)]


def test_a_daemons_runs_that_did_nothing_go_after_two_weeks_and_others_stay(store: Store) -> None:
    with store.transaction() as tx:
        for actor, code, days in (
            ("daemon", 0, 15),
            ("daemon", 0, 13),
            ("daemon", 5, 15),
            ("anna", 0, 15),
        ):
            insert(tx, runs, actor=actor, exit_code=code, started_at=ago(days), command="run")
    purge_all(store, NOW, Lifetimes())
    kept = [(row.actor, row.exit_code) for row in rows(store, runs)]
    assert sorted(kept) == [("anna", 0), ("daemon", 0), ("daemon", 5)]


def test_old_days_of_snapshots_end_day_by_day(store: Store) -> None:
    with store.transaction() as tx:
        for days in (1002, 1001, 1000, 1):
            for measure in ("a", "b"):
                day = (NOW - timedelta(days=days)).date().isoformat()
                insert(tx, snapshots, day=day, measure=measure, system="", stream="")
    assert purge_all(store, NOW, LIVES) == {"snapshots": 4}
    assert min(date.fromisoformat(row.day) for row in rows(store, snapshots)) == ago(1000).date()


# --- the whole -------------------------------------------------------------------------------


def test_an_opt_out_outlives_everything(store: Store) -> None:
    with store.transaction() as tx:
        insert(tx, ledger, seq=1, event_id="e")
        insert(tx, ledger_payload, seq=1, payload=CANARY)
        add_record(tx, "gone", deleted_at=ago(500))
    purge_all(store, NOW + timedelta(days=40_000), LIVES)
    assert count(store) == {"ledger": 1, "ledger_payload": 1, "links": 1, "parties": 1}
    assert rows(store, ledger_payload)[0].payload == CANARY


def test_nothing_in_clear_is_left_of_records_that_are_long_gone(store: Store) -> None:
    with store.transaction() as tx:
        for number in range(3):
            add_record(tx, f"{CANARY} {number}", deleted_at=ago(100))
        insert(tx, plans, plan=1, expires_at=ago(100))
        insert(tx, proposals, plan_from=1, plan_until=2, changes=CHANGES)
        insert(tx, redirects, system="s", kind="contact", old_id=CANARY, new_id=f"{CANARY} 2")
        insert(tx, history, rid=77, run=1, changes=CHANGES, applied_at=ago(100))
    assert CANARY in everything(store)
    purge_all(store, NOW, LIVES)
    assert [line for line in everything(store).splitlines() if CANARY in line] == []


def everything(store: Store) -> str:
    return "\n".join(
        f"{name} {tuple(row)}"
        for name, table in metadata.tables.items()
        for row in rows(store, table)
    )


def test_no_transaction_takes_more_than_a_batch(store: Store) -> None:
    number = 2 * BATCH + 7
    values = {c.name: _something(c) for c in mirror.columns if not c.nullable and c.name != "rid"}
    with store.transaction() as tx:
        tx.execute(
            sa.insert(mirror),
            [values | {"id": str(n), "deleted_at": ago(100)} for n in range(number)],
        )
    with store.transaction() as tx:
        assert purge.purge(tx, NOW, LIVES) == {"mirror": BATCH}
    assert purge_all(store, NOW, LIVES) == {"mirror": number - BATCH}
    assert purge_all(store, NOW, LIVES) == {}


def test_the_purge_does_not_go_through_all_that_lives(sqlite_store: Store) -> None:
    """A full reading of a big table would hold the one write lock of SQLite for seconds."""
    asked: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, sql: str, values: Any, *_: Any) -> None:
        asked.append((sql, values))

    with sqlite_store.transaction() as tx:
        add_record(tx, "gone", deleted_at=ago(500))
        insert(tx, history, rid=1, changes=CHANGES)
    sa.event.listen(sqlite_store.engine, "before_cursor_execute", note)
    purge_all(sqlite_store, NOW, LIVES)
    sa.event.remove(sqlite_store.engine, "before_cursor_execute", note)
    steps = []
    with sqlite_store.reading() as tx:
        for sql, values in asked:
            if sql.startswith(("SELECT", "DELETE", "UPDATE")) and "?" in sql:
                one = values[0] if isinstance(values, list) else values
                steps += [row[3] for row in tx.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", one)]
    big = "mirror|match_keys|findings|history|proposals"
    assert any(re.match(rf"SEARCH ({big})\b", step) for step in steps)
    assert [step for step in steps if re.match(rf"SCAN ({big})\b", step)] == []
