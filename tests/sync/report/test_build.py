"""What a report is built from: the same on both databases, and no more questions for more rows."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from proposed import fill
from pydantic import SecretStr

from connectors.protocol import Capabilities, Column, Stream
from rules.changes import Finding, Severity
from rules.checks.completeness import NO_COLUMN
from rules.errors import InvariantBroken, UserError
from rules.records import Kind
from state import findings
from state.keys import KeyRing
from state.store import Store
from state.tables import cursors, mirror, runs
from sync.app import App
from sync.facts import PassFacts, StreamFacts
from sync.output import Silent
from sync.report.build import build, of_run
from sync.report.model import Report
from sync.report.terminal import render
from sync.review.plans import apply
from sync.review.undo import undo
from sync.run import run
from sync.settings import read
from sync.settings.model import State
from sync.stages.queue import Queued
from sync.stages.settle import Settled

STORY = Path(__file__).with_name("golden") / "dry-run.json"


def without_commands(report: dict[str, Any]) -> dict[str, Any]:
    """Another database leads to other options on the commands, and to nothing else."""
    report["verdict"].pop("next")
    report["run"].pop("options")
    return report


def test_the_story_is_the_same_on_both_databases(
    opened: Callable[..., App], store_url: str
) -> None:
    state = State(path=Path("state"), url=SecretStr(store_url))
    report = run(opened(dry=True, state=state), dry=True).report
    expected = json.loads(STORY.read_text("utf-8"))
    assert without_commands(report.model_dump(mode="json")) == without_commands(expected)
    applied = apply(opened(dry=False, state=state), 1).report
    assert applied.totals.applied == applied.totals.changed == report.totals.changed
    assert applied.totals.fields == report.totals.fields
    assert {(one.rule, one.field, one.records) for one in applied.changes} == {
        (one.rule, one.field, one.records) for one in report.changes
    }


def asked_for(store: Store, app: App, facts: PassFacts) -> tuple[int, Report]:
    """How many statements a report takes."""
    asked = []
    listener = lambda *_: asked.append(1)  # noqa: E731
    sa.event.listen(store.engine, "before_cursor_execute", listener)
    report = build(app, facts)
    sa.event.remove(store.engine, "before_cursor_execute", listener)
    return len(asked), report


def test_many_rows_take_no_more_questions_and_no_more_lines_than_few(
    opened: Callable[..., App], now: datetime
) -> None:
    app = opened(dry=True)
    outcome = run(app, dry=True)
    store = app.store
    facts = PassFacts("dry-run", 1, True, "anna", now, ("files",), plan=1, ended_at=now)
    few, small = asked_for(store, app, facts)
    typo = Finding("email_typo", Severity.WARNING, "email", {"text": "x", "suggestion": "y"})
    stream = small.coverage[0].stream
    with store.transaction() as tx:
        for first in range(1000, 6000, 1000):
            judged = [findings.Judged(None, n, (typo,)) for n in range(first, first + 1000)]
            findings.replace(tx, "files", stream, "decide", judged, now, fresh=True)
    many, large = asked_for(store, app, facts)
    assert sum(large.totals.findings.values()) == sum(small.totals.findings.values()) + 5000
    assert many == few
    assert len(render(large, "en", 100).splitlines()) <= len(
        render(outcome.report, "en", 100).splitlines()
    )


def test_a_report_of_no_run_or_of_one_that_broke_off_is_refused(
    opened: Callable[..., App], now: datetime
) -> None:
    app = opened(dry=True)
    with pytest.raises(UserError) as caught:
        of_run(app, 1)
    assert caught.value.message == "error.no_run"
    with app.store.transaction() as tx:
        tx.execute(
            sa.insert(runs).values(
                run=1, command="run", actor="a", dry=False, started_at=now, fingerprint="f"
            )
        )
    with pytest.raises(UserError) as caught:
        of_run(app, 1)
    assert caught.value.message == "report.unfinished"


def test_what_is_stored_with_a_run_holds_no_value_of_a_list(opened: Callable[..., App]) -> None:
    report = run(opened(dry=True), dry=True).report
    stored = json.dumps(report.kept(), ensure_ascii=False)
    for value in ("68100102", "opdigtet", "Blyant", "hemmeligt", "K2", "Behandlingsgrundlag"):
        assert value not in stored


def test_a_list_that_cannot_be_used_is_named_with_a_remedy(
    opened: Callable[..., App], folder: Path
) -> None:
    (folder / "tom.csv").write_bytes(b"")
    report = run(opened(dry=True), dry=True).report
    (failure,) = report.failures
    assert failure.stream == "tom.csv"
    assert failure.remedy is not None
    assert report.verdict.level == "error"
    assert report.totals.changed > 0, "the others went on"


def test_a_sample_says_that_it_is_one(opened: Callable[..., App]) -> None:
    report = run(opened(dry=True), dry=True, sample=1).report
    assert report.run.sample == 1
    assert "report.verdict.sample" in {one.key for one in report.verdict.sentences}


def test_nothing_to_do_is_said_in_so_many_words(
    opened: Callable[..., App], folder: Path, now: datetime
) -> None:
    for path in folder.iterdir():
        path.unlink()
    (folder / "kontakter.csv").write_text("Id;Navn;Tlf.\n1;Agern Blyant;+4568100001\n")
    report = run(opened(dry=True), dry=True).report
    assert report.verdict.level == "notice"
    assert {one.code for one in report.findings} <= {one for one, _ in NO_COLUMN.values()}
    assert report.verdict.headline.key == "report.verdict.clean"
    assert not report.verdict.next
    assert report.opt_outs.records == 0
    assert "nej tak" in render(report, "da", 100)
    assert report.run.started_at < now + timedelta(hours=1)


def test_every_record_of_a_plan_has_one_outcome(sqlite_store: Store, now: datetime) -> None:
    """One stream was settled, one was cut off while it was sent, one was never begun."""
    streams = {"a.csv": (5, 1), "b.csv": (4, 6), "c.csv": (3, 10)}
    for name, (many, first) in streams.items():
        fill(sqlite_store, many, name, first)
    parts = {name: StreamFacts("files", stream_of(name)) for name in streams}
    parts["a.csv"].queued = Queued(4, Counter({"changed_since": 1}))
    parts["a.csv"].settled = Settled(applied=1, conflict=1, rejected=1, unknown=1, fields=1)
    parts["b.csv"].queued = Queued(3, Counter({"held_back": 1}))
    facts = PassFacts("apply 1", 2, False, "anna", now, ("files",), plan=1, ended_at=now)
    facts.streams.extend(parts.values())
    with sqlite_store.transaction() as tx:
        tx.execute(sa.update(mirror).where(mirror.c.rid == 1).values(deleted_at=now))
        tx.execute(sa.update(cursors).where(cursors.c.stream == "a.csv").values(records=4))

    totals = build(made_up_app(sqlite_store, now), facts).totals

    assert totals.model_dump() == {
        "records": 11,
        "untouched": 0,
        "touched": 11,
        "gone": 1,
        "changed": 12,
        "waiting": 3,
        "applied": 1,
        "conflict": 1,
        "rejected": 1,
        "unknown": 4,
        "dropped": {"changed_since": 1, "held_back": 1},
        "fields": 0,
        "broken": 0,
        "findings": {},
        "blocked": 0,
    }


def test_a_pass_that_loses_a_record_is_a_bug_of_ours(sqlite_store: Store, now: datetime) -> None:
    fill(sqlite_store, 5)
    part = StreamFacts("files", stream_of("a.csv"), queued=Queued(4), settled=Settled(applied=4))
    facts = PassFacts("apply 1", 2, False, "anna", now, ("files",), plan=1, ended_at=now)
    facts.streams.append(part)
    with pytest.raises(InvariantBroken, match="changed = waiting"):
        build(made_up_app(sqlite_store, now), facts)


def stream_of(name: str) -> Stream:
    return Stream(name, Kind.CONTACT, Capabilities(push=True), (Column("Tlf.", "direct_phone"),))


def made_up_app(store: Store, now: datetime) -> App:
    """An app without systems: the store alone is asked."""
    settings = read(root=Path("lists"), state=Path("state"))
    return App(
        store=store,
        systems={},
        keys=KeyRing((), b""),
        settings=settings,
        clock=lambda: now,
        actor="anna",
        progress=Silent(),
        dry=False,
    )


def test_runs_that_wrote_tell_the_same_again(opened: Callable[..., App]) -> None:
    run(opened(dry=True), dry=True)
    applied = apply(opened(dry=False), 1).report
    undone = undo(opened(dry=False), 2).report
    for report, number in ((applied, 2), (undone, 3)):
        again = of_run(opened(dry=True), number)
        same = {"totals", "effects", "changes", "stops", "failures"}
        assert again.model_dump(include=same) == report.model_dump(include=same)
        assert again.verdict.headline == report.verdict.headline
