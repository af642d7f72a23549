"""What a report asks the store: right on both databases, and by counting, not by reading."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta

import sqlalchemy as sa

from rules.changes import Change, Finding, Severity
from state import blocked, findings, history, overview, proposals, shapes
from state.store import Store, Tx
from state.tables import mirror
from state.tables import proposals as rows

SYSTEM, STREAM = "files", "a.csv"


def change(field: str, rule: str, old: str | None = "old", new: str | None = "new") -> Change:
    return Change(field, old, new, rule, "hygiene", "reason.x", {})


PHONE, MAIL = change("direct_phone", "phone"), change("email", "email")


def records(tx: Tx, many: int, now: datetime, kind: str = "contact", first: int = 1) -> None:
    tx.execute(
        sa.insert(mirror),
        [
            {
                "rid": n,
                "system": SYSTEM,
                "kind": kind,
                "stream": STREAM if kind == "contact" else "no.csv",
                "id": f"{STREAM}#{n}",
                "version": "v",
                "cells": "{}",
                "place": n,
                "by_content": False,
                "born_pass": 1,
                "first_seen_at": now,
                "changed_at": now,
            }
            for n in range(first, first + many)
        ],
    )


def propose(tx: Tx, rid: int, *changes: Change, plan: int = 1) -> None:
    text, shape = proposals.changes_text(changes), proposals.shape_of(changes)
    proposals.add(tx, [(rid, SYSTEM, STREAM, rid, "v", "f", shape, text, plan)])


def test_shapes_count_records_and_name_some(store: Store, now: datetime) -> None:
    with store.transaction() as tx:
        records(tx, 6, now)
        for rid in (1, 2, 3):
            propose(tx, rid, PHONE)
        propose(tx, 4, PHONE, MAIL)
        propose(tx, 5, PHONE, plan=2)
        tx.execute(sa.update(rows).where(rows.c.rid == 3).values(plan_until=1))
        found = shapes.of_plan(tx, 1, [SYSTEM])
        changed = overview.proposed(tx, [n for shape in found for n in shape.numbers])
    assert {(shape.rules, shape.records) for shape in found} == {
        ((("phone", "direct_phone"),), 2),
        ((("phone", "direct_phone"), ("email", "email")), 1),
    }
    assert Counter(one.id for one in changed.values()) == Counter(
        [f"{STREAM}#1", f"{STREAM}#2", f"{STREAM}#4"]
    )
    assert next(iter(changed.values())).changes[0] == PHONE


def test_more_examples_are_of_the_same_shape_and_plan(store: Store, now: datetime) -> None:
    with store.transaction() as tx:
        records(tx, 6, now)
        for rid in (1, 3, 4):
            propose(tx, rid, PHONE)
        propose(tx, 2, MAIL)
        propose(tx, 5, PHONE, plan=2)
        first = shapes.of_plan(tx, 1, [SYSTEM])
        like = next(shape for shape in first if shape.rules == (("phone", "direct_phone"),))
        more = overview.proposed(tx, overview.more_proposed(tx, 1, like.numbers[0], 5))
        assert sorted(one.place or 0 for one in more.values()) == [3, 4]
        assert len(overview.more_proposed(tx, 1, like.numbers[0], 1)) == 1


def test_records_that_are_gone_are_not_touched(store: Store, now: datetime) -> None:
    with store.transaction() as tx:
        records(tx, 3, now)
        for rid in (1, 2, 3):
            propose(tx, rid, PHONE)
        tx.execute(sa.update(mirror).where(mirror.c.rid == 2).values(deleted_at=now))
        assert overview.touched(tx, 1, [SYSTEM]) == 2
        assert overview.touched(tx, 1, ["crm"]) == 0


def test_what_was_written_is_counted_by_rule_and_field(store: Store, now: datetime) -> None:
    odd = change("last_name", "last_name", 'a\u0000"b\\u0000', None)
    with store.transaction() as tx:
        records(tx, 2, now)
        for rid, changes in ((1, [PHONE, odd]), (2, [PHONE])):
            text = proposals.changes_text(changes)
            where = (7, rid, SYSTEM, STREAM)
            history.add(tx, [(*where, "v", "w", text, "anna", now, None)])
        found = overview.written_shapes(tx, 7)
        page = overview.written_page(tx, 7, 0, 1)
        rest = overview.written_page(tx, 7, page[-1].number, 10)
        assert overview.written_shapes(tx, 8) == []
    assert [(shape.rules, shape.records) for shape in found] == [
        ((("last_name", "last_name"),), 1),
        ((("phone", "direct_phone"),), 2),
    ]
    assert page[0].changes == (PHONE, odd)
    assert [one.place for one in (*page, *rest)] == [1, 2]


def test_findings_are_counted_by_cause_and_known_as_new(store: Store, now: datetime) -> None:
    later = now + timedelta(days=1)
    bad = Finding("email_typo", Severity.WARNING, "email", {"text": "x"})
    with store.transaction() as tx:
        records(tx, 3, now)
        judged = [findings.Judged(rid, rid, (bad,)) for rid in (1, 2)]
        findings.replace(tx, SYSTEM, STREAM, "decide", judged, now, fresh=True)
        judged = [findings.Judged(3, 3, (bad,))]
        findings.replace(tx, SYSTEM, STREAM, "decide", judged, later, fresh=True)
        (cause,) = overview.causes(tx, [SYSTEM], later)
        assert (cause.records, cause.new) == (3, 1)
        told = overview.found(tx, cause.numbers)
        assert {one.place for one in told.values()} == {1, 3}
        assert next(iter(told.values())).finding == bad
        findings.close_records(tx, [1], later)
        (cause,) = overview.causes(tx, [SYSTEM], later)
        assert cause.records == 2
        (cause,) = overview.causes(tx, [SYSTEM], now, now)
        assert cause.records == 2, "as it stood then: the third was not there, the first still was"


def test_rows_that_could_not_be_read_are_counted_once(store: Store, now: datetime) -> None:
    broken = [
        findings.Judged(None, place, (Finding("too_few_cells", Severity.ERROR, field),))
        for place, field in ((5, "email"), (9, None))
    ]
    with store.transaction() as tx:
        findings.replace(tx, SYSTEM, STREAM, "pull", broken, now, fresh=True)
        found = overview.causes(tx, [SYSTEM], now)
        assert overview.causes(tx, ["crm"], now) == []
        page = overview.found_page(tx, 0, 1)
        rest = overview.found_page(tx, page[-1].number, 5)
    assert [(cause.field, cause.broken) for cause in found if cause.field] == [("email", 1)]
    assert sum(cause.broken for cause in found) == 2
    assert [one.place for one in (*page, *rest)] == [5, 9]
    assert page[0].id is None


def test_rows_of_an_opt_out_list_are_not_blocked_records(store: Store, now: datetime) -> None:
    with store.transaction() as tx:
        records(tx, 3, now)
        records(tx, 1, now, kind="opt_out", first=9)
        marked = [
            (1, "call", ["e1"], now),
            (2, "call,email", ["e1"], None),
            (9, "all", ["e1"], now),
        ]
        blocked.replace(tx, [1, 2, 9], marked, fresh=True)
        counted = overview.blocked_channels(tx, [SYSTEM])
        assert counted == {(SYSTEM, STREAM): {"call": 1, "call,email": 1}}
        page = overview.blocked_page(tx, [SYSTEM], limit=1)
        rest = overview.blocked_page(tx, [SYSTEM], page[-1].rid)
        tx.execute(sa.update(mirror).where(mirror.c.rid == 1).values(deleted_at=now))
        assert [one.rid for one in overview.blocked_page(tx, [SYSTEM])] == [2]
    assert [(one.rid, one.channels) for one in (*page, *rest)] == [
        (1, ("call",)),
        (2, ("call", "email")),
    ]
