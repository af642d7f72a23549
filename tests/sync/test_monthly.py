"""The report of a month: what fell comes first, against what was kept of the month before."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from promises.lists import HEADER, Lists, people
from pydantic import SecretStr

from rules.errors import Exit, UserError
from rules.keys import KeyKind
from rules.suppression import Channel
from sync.app import App
from sync.cli import program
from sync.report.month import of_month
from sync.report.page import html
from sync.report.terminal import render
from sync.service import monthly
from sync.service.alarm_words import Message
from sync.service.daily import FOLDER
from sync.service.jobs import named
from sync.service.month import Month, Of
from sync.settings.alarms import Alarms, Receiver
from sync.settings.model import Limits
from sync.suppression import desk

OCTOBER = datetime(2026, 10, 30, 9, tzinfo=UTC)
NOVEMBER = datetime(2026, 11, 29, 9, tzinfo=UTC)
DECEMBER = datetime(2026, 12, 1, 6, tzinfo=UTC)


@pytest.fixture(scope="module")
def two_months(tmp_path_factory: pytest.TempPathFactory) -> Lists:
    """October with ten good rows; in November somebody emptied the addresses of four."""
    receiver = Receiver(url=SecretStr("json://127.0.0.1:9/"))
    alarms = Alarms(receivers={"team": receiver}, monthly_report=True)
    limits = Limits(max_change_share=1)
    folder = tmp_path_factory.mktemp("months")
    found = Lists(folder, now=OCTOBER, settings={"limits": limits, "alarms": alarms})
    rows = people(10)
    found.put("kontakter.csv", HEADER, *rows)
    found.run()
    found.now = NOVEMBER
    repaired = found.rows("kontakter.csv")[1:]
    without = [";".join([*row.split(";")[:3], "", row.split(";")[4]]) for row in repaired[:4]]
    found.put("kontakter.csv", HEADER, *without, *repaired[4:])
    found.run()
    return found


@pytest.fixture
def lists(two_months: Lists, tmp_path: Path) -> Lists:
    """The same for a test that goes on with it."""
    shutil.copytree(two_months.folder, tmp_path / "months")
    copy = replace(two_months, folder=tmp_path / "months")
    name = copy.folder / "state/audited.json"
    if name.exists():
        name.unlink()
    return copy


def _of(lists: Lists, month: str) -> Month:
    with lists.app() as app:
        return monthly.collect(app, monthly.read(month))


def test_what_fell_is_told_of_first_with_by_how_much(two_months: Lists) -> None:
    found = _of(two_months, "2026-11")
    assert (found.day, found.before) == (date(2026, 11, 29), date(2026, 10, 30))
    (mail,) = found.fallen
    assert (mail.field, mail.filled, mail.before) == ("email", Of(6, 10), Of(10, 10))
    assert mail.fell == pytest.approx(0.4)
    sheet = of_month(found)
    assert sheet.tables[0].rows[0][4].da == "−40,0"
    assert "One field fell" in sheet.sentences[0].en


def test_the_first_month_has_nothing_to_be_held_against_and_an_empty_one_nothing_at_all(
    two_months: Lists,
) -> None:
    october, september = _of(two_months, "2026-10"), _of(two_months, "2026-09")
    assert not october.fallen
    assert october.repaired.records == 10
    assert september.day is None
    assert "went through nothing" in of_month(september).sentences[0].en


def test_opt_outs_and_repairs_belong_to_the_month_in_which_they_came(lists: Lists) -> None:
    with lists.app(dry=False) as app:
        keys = desk.keys([(KeyKind.PHONE, "68 999 999")], "DK")
        said = desk.statement(keys, Channel.ALL, now=app.clock(), at=None, evidence="", by="x")
        desk.record(app, said)
    assert [_of(lists, month).noes for month in ("2026-10", "2026-11", "2026-12")] == [0, 1, 0]
    assert _of(lists, "2026-11").repaired.records == 0
    assert set(_of(lists, "2026-10").repaired.by_rule) >= {"phone", "email"}


def test_a_field_that_a_system_has_no_more_counts_as_empty(lists: Lists) -> None:
    header, *rows = lists.rows("kontakter.csv")
    cut = [";".join([*row.split(";")[:3], row.split(";")[4]]) for row in (header, *rows)]
    lists.now = datetime(2026, 12, 30, 9, tzinfo=UTC)
    lists.put("kontakter.csv", *cut)
    lists.run("shrink", "too_many", "large_share", "swapped")
    assert "email" in [one.field for one in _of(lists, "2026-12").fallen]


@pytest.mark.parametrize("text", ["2026-13", "oktober", "2026", ""])
def test_what_is_no_month_is_refused(text: str) -> None:
    with pytest.raises(UserError, match=r"monthly\.no_month"):
        monthly.read(text)


@pytest.mark.parametrize("lang", ["da", "en"])
def test_nobody_stands_in_it_in_either_language(two_months: Lists, lang: str) -> None:
    found = _of(two_months, "2026-11")
    texts = [html(found, lang), render(found, lang)]
    for text in texts:
        assert "opdigtet-" not in text
        assert "4568" not in text
        assert ("Procentpoint" if lang == "da" else "Percentage points") in text


def _job(lists: Lists, sends: Callable[[str, Message], bool]) -> Any:
    def use(app: App) -> None:
        app.sends = sends

    lists.systems = use
    lists.now = DECEMBER
    with lists.app(dry=False) as app:
        return named("coverage").does(app)


def test_the_job_writes_page_and_figures_and_tells_whoever_hears_of_alarms(lists: Lists) -> None:
    told: list[Message] = []
    ended = _job(lists, lambda _, said: not told.append(said))
    assert ended.exit_code is Exit.OK
    folder = lists.folder / "state" / FOLDER
    assert {one.name for one in folder.iterdir()} == {"2026-11.html", "2026-11.json"}
    assert all(one.stat().st_mode & 0o777 == 0o600 for one in folder.iterdir())
    (mail,) = (
        one
        for one in json.loads((folder / "2026-11.json").read_text())["fields"]
        if one["field"] == "email"
    )
    assert (mail["filled"], mail["before"]) == ({"good": 6, "of": 10}, {"good": 10, "of": 10})
    (said,) = told
    assert said.title.startswith("Ringren: November 2026")
    assert "Et felt er faldet" in said.body
    assert "sync report --month 2026-11" in said.body


def test_a_report_that_reaches_nobody_is_a_failure_and_is_there_all_the_same(lists: Lists) -> None:
    ended = _job(lists, lambda *_: False)
    assert (ended.exit_code, ended.error["names"]) == (Exit.FAILED, "team")
    assert (lists.folder / "state" / FOLDER / "2026-11.html").exists()


def test_the_command_shows_it_and_refuses_a_run_beside_it(tmp_path: Path) -> None:
    (tmp_path / "lists").mkdir()
    (tmp_path / "lists/kontakter.csv").write_text("\n".join([HEADER, *people(3)]) + "\n")
    place = ["--state", str(tmp_path / "state")]
    CliRunner().invoke(program, ["--dry-run", str(tmp_path / "lists"), *place])
    shown = CliRunner().invoke(program, ["report", "--month", "2026-02", "--json", *place])
    assert shown.exit_code == Exit.OK, shown.output
    assert json.loads(shown.stdout)["month"] == "2026-02"
    both = CliRunner().invoke(program, ["report", "3", "--month", "2026-02", *place])
    assert both.exit_code == Exit.USER
