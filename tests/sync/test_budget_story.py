"""Ceilings of calls in whole runs: one stops before its next call, the next day's goes on there."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from math import ceil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from simulators.hubspot.people import fill
from simulators.hubspot.serving import HOST, Vendor, build
from simulators.hubspot.tickets import KEY
from simulators.web import served

from rules.errors import Exit
from state import calls
from state.calls import TOTAL
from sync.app import open_app
from sync.cli import program
from sync.passes import Outcome
from sync.run import run
from sync.settings import read

CONTACTS = 800
PAGES = ceil(CONTACTS / 100)
NOON = datetime(2026, 11, 25, 11, 0, tzinfo=UTC)
A_DAY = timedelta(days=1)


@pytest.fixture
def vendor() -> Iterator[Vendor]:
    with served(build()) as vendor:
        yield vendor


class Desk:
    """One installation, with limits of its own."""

    def __init__(self, vendor: Vendor, folder: Path) -> None:
        self.vendor, self.file = vendor, folder / "ringren.toml"

    def set_up(self, contacts: int, about: str = "") -> None:
        """An account with so many people, and this line about it in the settings."""
        fill(self.vendor.portal, companies=0, contacts=contacts)
        self.file.write_text(
            f"""
lang = "en"
[state]
path = "{self.file.parent / "state"}"
[hubspot]
token = {{ env = "TOKEN" }}
objects = ["contacts"]
elsewhere = {{ "{HOST}" = "{self.vendor.address}" }}
{about}
[limits]
max_change_share = 1.0
swapped_share = 1.0
""",
            "utf-8",
        )

    def pass_at(self, at: datetime, *, dry: bool = False) -> Outcome:
        self.vendor.calls.clear()
        settings = read(file=self.file)
        settings.home.mkdir(exist_ok=True, mode=0o700)
        with open_app(settings, actor="anna", dry=dry, clock=lambda: at) as app:
            outcome = run(app, dry=dry)
        looking = open_app(settings, actor="anna", dry=True, clock=lambda: at)
        with looking as app, app.store.reading() as tx:
            self.counted = dict(calls.used(tx, "hubspot", at.date()))
        return outcome

    def call(self, *args: str) -> Result:
        self.vendor.calls.clear()
        return CliRunner().invoke(program, list(args), prog_name="sync")

    @property
    def read(self) -> int:
        """Pages of people that were asked for in the last run; later changes are searched for."""
        return self.vendor.counted("GET", "/objects/")


@pytest.fixture
def desk(vendor: Vendor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    for name in list(os.environ):
        if name.upper().startswith("RINGREN_") or name in {"LC_ALL", "LC_MESSAGES", "LANG"}:
            monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("TOKEN", KEY)
    monkeypatch.chdir(tmp_path)
    return Desk(vendor, tmp_path)


def test_a_run_stops_before_its_next_call_and_the_next_day_goes_on_from_there(desk: Desk) -> None:
    desk.set_up(CONTACTS, "calls_a_day = 10")
    first = desk.pass_at(NOON)
    assert first.exit_code is Exit.GUARD
    assert len(desk.vendor.calls) == 9 == first.report.effects.api_calls, "a tenth is kept"
    assert desk.counted == {TOTAL: 9, "run": 9}
    assert [one.message.key for one in first.report.failures] == ["error.budget_spent"]
    assert not desk.vendor.portal.journal, "what was not read to its end is not mended"
    pages = desk.read
    assert 0 < first.report.totals.records == pages * 100 < CONTACTS

    again = desk.pass_at(NOON + timedelta(hours=2))
    assert again.exit_code is Exit.GUARD
    assert not desk.vendor.calls, "the day has no more"

    second = desk.pass_at(NOON + A_DAY, dry=True)
    assert second.report.totals.records == CONTACTS
    bin_ = 2  # behind the list, and behind what has changed since it was begun
    assert pages + desk.read == PAGES + bin_, "no page was read twice"
    assert second.exit_code is Exit.CHANGES


def test_one_command_has_a_ceiling_beside_the_others(desk: Desk) -> None:
    desk.set_up(400, "calls_a_run = 5")
    stopped = desk.call("run", "--dry-run")
    assert stopped.exit_code == 3, stopped.output
    assert len(desk.vendor.calls) == 5
    assert "calls to hubspot are used up" in " ".join(stopped.stdout.split())
    checked = desk.call("check")
    assert desk.vendor.calls, "another command has calls of its own"
    assert "are used up" not in checked.stdout


def test_a_dry_run_says_what_it_used_and_what_the_vendor_has_counted(desk: Desk) -> None:
    desk.set_up(100)
    desk.vendor.limits.daily, desk.vendor.limits.used_today = 250_000, 1_234
    looked = desk.call("run", "--dry-run")
    said, used = " ".join(looked.stdout.split()), len(desk.vendor.calls)
    assert f"Calls to other systems' APIs: {used}" in said
    assert f"hubspot says: {1_234 + used:,} of the day's 250,000 calls are used" in said
    effects = json.loads(desk.call("run", "--dry-run", "--json").stdout)["effects"]
    assert effects["calls"][0]["quota"] == 250_000
    assert effects["api_calls"] == effects["calls"][0]["used"] == len(desk.vendor.calls)


def test_we_stop_before_the_vendor_stops_everybody(desk: Desk) -> None:
    desk.set_up(400, "quota_share = 0.5")
    desk.vendor.limits.daily, desk.vendor.limits.used_today = 1_000, 495
    stopped = desk.call("run")
    assert stopped.exit_code == 3, stopped.output
    assert "of 1,000 calls are used. → The rest is kept" in " ".join(stopped.stdout.split())
    assert 5 <= len(desk.vendor.calls) <= 6, "one more may have been under way"
    assert not desk.vendor.portal.journal
