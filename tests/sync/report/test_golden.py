"""The report of a whole story, as people last read it: look, carry out, take back.

Renew the golden files with REGOLD=1 and read what changed.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from rules.records import Ref
from sync.app import App
from sync.output import as_json
from sync.report.build import of_run
from sync.report.model import Report
from sync.report.terminal import render
from sync.review.explain import explain
from sync.review.plans import apply
from sync.review.undo import preview, undo
from sync.run import run

GOLDEN = Path(__file__).with_name("golden")


def is_as_last_read(name: str, text: str) -> None:
    golden = GOLDEN / name
    if os.environ.get("REGOLD"):
        golden.write_text(text + "\n", "utf-8")
    assert text + "\n" == golden.read_text("utf-8")


def in_both(name: str, result: object) -> None:
    for lang in ("da", "en"):
        is_as_last_read(f"{name}.{lang}.txt", render(result, lang, 100))


def test_the_story_from_dry_run_to_undo(opened: Callable[..., App], folder: Path) -> None:
    before = {path.name: path.read_bytes() for path in folder.iterdir()}

    looked = run(opened(dry=True), dry=True).report
    in_both("dry-run", looked)
    is_as_last_read("dry-run.json", as_json(looked))
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before

    applied = apply(opened(dry=False), 1).report
    in_both("apply", applied)

    in_both("explain", explain(opened(dry=True), Ref.parse("files/contact/kontakter.csv#K2")))
    in_both("preview", preview(opened(dry=True), 2))

    undone = undo(opened(dry=False), 2).report
    in_both("undo", undone)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_a_stopped_run_says_why_and_what_to_do(opened: Callable[..., App]) -> None:
    stopped = run(opened(dry=False), dry=False)
    assert stopped.report.run.stopped
    in_both("stopped", stopped.report)


def test_an_earlier_run_tells_the_same_again(opened: Callable[..., App]) -> None:
    first = run(opened(dry=True), dry=True).report
    again = of_run(opened(dry=True), 1)
    assert again.run.again is not None
    same = {"verdict", "stops", "failures", "opt_outs", "changes", "findings", "totals", "effects"}
    assert again.model_dump(include=same) == first.model_dump(include=same)


@pytest.mark.parametrize("lang", ["da", "en"])
def test_a_report_survives_its_own_json(opened: Callable[..., App], lang: str) -> None:
    report = run(opened(dry=True), dry=True).report
    back = Report.model_validate_json(as_json(report))
    assert back.model_dump() == report.model_dump()
    assert render(back, lang, 100) == render(report, lang, 100)
