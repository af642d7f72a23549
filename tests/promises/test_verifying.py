"""Our list held against two desks: what went unseen is found and put back, and nothing is unblocked."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import promises.test_telling as telling_story
import pytest
from promises.test_telling import Outside
from promises.world import number

from rules.errors import Exit
from rules.spans import Span
from rules.suppression import Channel, EventType, Evidence, Statement
from state import ledger, verifying
from state.verifying import Verdict
from sync.suppression import desk as at_the_desk
from sync.suppression.verify import Verification, verify

MANY = 24


@pytest.fixture
def outside(tmp_path: Path, store_url: str) -> Outside:
    return Outside(tmp_path / "state", store_url)


def verified(outside: Outside) -> Verification:
    outside.now += timedelta(hours=2)
    with outside.process() as app:
        return verify(app)


def test_a_day_on_which_all_agrees_is_a_statement_with_counts(outside: Outside) -> None:
    outside.says_no(1)
    found = verified(outside)
    again = verified(outside)
    assert found.exit_code is again.exit_code is Exit.OK
    for one in again.systems.values():
        assert (one.verdict, one.records, one.shown, one.flagged) == (Verdict.GREEN, 1, 1, 1)
    with outside.process() as app, app.store.reading() as tx:
        kept = verifying.latest(tx)
    assert {name: one.verdict for name, one in kept.items()} == dict.fromkeys(
        ("crm", "dialer"), Verdict.GREEN
    )
    assert kept["crm"].counts["shown"] == 1


def test_a_flag_that_vanished_without_a_trace_is_found_and_put_back(outside: Outside) -> None:
    outside.says_no(2)
    verified(outside)
    # No version moves, so no reading of what has changed shows it.
    del outside.crm.rows["c2"].values["opt_out"]
    outside.passed()
    assert 2 not in outside.shown(outside.crm)
    found = verified(outside).systems["crm"]
    assert (found.verdict, found.missing, found.causes) == (Verdict.REPAIRED, 1, {"unknown": 1})
    assert 2 in outside.shown(outside.crm)


def test_half_a_side_missing_stops_the_comparison(
    tmp_path: Path, sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(telling_story, "PEOPLE", MANY)
    outside = Outside(tmp_path / "state", sqlite_url)
    outside.passed()
    for person in range(MANY):
        outside.crm.edit(f"c{person}", opt_out="ja")
    verified(outside)
    for person in range(MANY * 3 // 4):
        del outside.dialer.rows[f"d{person}"].values["opt_out"]
    found = verified(outside)
    assert found.exit_code is Exit.GUARD
    assert found.systems["dialer"].verdict is Verdict.STOPPED
    assert found.systems["dialer"].why == "theirs_halved"
    assert found.systems["crm"].verdict is Verdict.GREEN
    assert len(outside.shown(outside.crm)) == MANY, "nothing is ever taken off"


def test_a_system_that_cannot_be_read_is_never_said_to_agree(outside: Outside) -> None:
    outside.says_no(3)
    verified(outside)
    outside.now += timedelta(hours=2)
    from simulators.memory import Fault

    with outside.process(lambda p: Fault.LATER if p == "dialer.pull" else None) as app:
        found = verify(app)
    assert found.systems["dialer"].verdict is Verdict.STOPPED
    assert found.systems["crm"].verdict is Verdict.GREEN


def test_nobody_is_blocked_anew_by_a_flag_that_a_consent_has_ended(outside: Outside) -> None:
    outside.says_no(4)
    verified(outside)
    outside.now += timedelta(days=1)
    with outside.process() as app:
        keys = tuple(at_the_desk.keys([("phone", number(4))], "DK"))
        story = at_the_desk.story(app, keys)
        root = next(one.event for one in story.chapters if one.type is EventType.BLOCK)
        at = outside.now - timedelta(hours=1)
        lift = Statement(
            EventType.LIFT, Channel.ALL, Span(at, at), "desk", keys, Evidence.FORM,
            ("lift", root), root=root, by=("anna", "bo"), said="yes again", source="form 7",
        )  # fmt: skip
        with app.store.transaction() as tx:
            ledger.append(tx, app.keys, [lift], app.clock())
    verified(outside)
    verified(outside)
    with outside.process() as app:
        found = at_the_desk.check(app, list(keys), app.clock())
    assert not found.blocked, "the flag that still stands there is ours, or was heard before"
