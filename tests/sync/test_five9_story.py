"""Five9 on the command line, beside a CRM: out of lists at once, parked, added in the hours, asked."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from crms import Crm, opened
from simulators.five9.domain import PACIFIC
from simulators.five9.serving import HOST, Five9, build
from simulators.web import served

from sync import app

PHONE, OTHER, OURS = "+4568000001", "+4568000002", "+4568999999"
IDD, IDD_OTHER = "0114568000001", "0114568000002"


@dataclass
class Wall:
    """The clock of this machine, put forward."""

    ahead: timedelta = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead


@pytest.fixture
def crm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Crm]:
    with opened("hubspot", tmp_path, monkeypatch) as found:
        yield found


@pytest.fixture
def wall(monkeypatch: pytest.MonkeyPatch) -> Wall:
    clock = Wall()
    defaults = app.open_app.__wrapped__.__kwdefaults__  # type: ignore[attr-defined]
    monkeypatch.setitem(defaults, "clock", clock)
    return clock


@pytest.fixture
def dialer(crm: Crm, wall: Wall, monkeypatch: pytest.MonkeyPatch) -> Iterator[Five9]:
    with served(build(wall, hours=None)) as there:
        domain = there.domain
        domain.dnc.add("0114568999999")
        monkeypatch.setenv("FIVE9", domain.password)
        settings(there, "00:00:00", "00:00:00")
        yield there


def settings(dialer: Five9, begin: str, end: str, form: str = "idd011") -> None:
    file = Path("ringren.toml")
    text = file.read_text("utf-8").partition("\n[five9]")[0] + (
        f'\n[five9]\nuser = "{dialer.domain.user}"\npassword = {{ env = "FIVE9" }}\n'
        f'number_format = "{form}"\nprobe_number = "{OURS}"\ndays_back = 7\n'
        f'dnc_from = {begin}\ndnc_until = {end}\ndnc_zone = "{PACIFIC}"\n'
        f'elsewhere = {{ "{HOST}" = "{dialer.address}" }}\n'
    )
    file.write_text(text, "utf-8")


def told(crm: Crm, *args: str) -> Any:
    done = crm.call("suppression", *args, "--json")
    assert done.stdout.startswith("{"), done.output
    return json.loads(done.stdout)


def receipt(crm: Crm, phone: str = PHONE) -> dict[str, Any]:
    found = told(crm, "receipt", phone)["items"][-1]["systems"]
    return {one["system"]: one for one in found}


def closed_until(dialer: Five9, wall: Wall, hours: int) -> None:
    """The hours begin in so many hours, and last for two."""
    here = wall().astimezone(ZoneInfo(PACIFIC)).replace(microsecond=0, tzinfo=None)
    begin, end = ((here + timedelta(hours=hours + more)).time() for more in (0, 2))
    dialer.domain.hours = (begin, end)
    settings(dialer, begin.isoformat(), end.isoformat())


def test_an_opt_out_in_the_crm_is_off_all_lists_at_once_and_blocked_in_the_hours(
    crm: Crm, dialer: Five9, wall: Wall
) -> None:
    domain = dialer.domain
    closed_until(dialer, wall, 3)
    domain.put("Efterår 1", IDD, IDD_OTHER)
    domain.put("Efterår 2", IDD, place="number2")
    crm.person("Asen", **{crm.names["phone"]: PHONE, crm.names["no"]: "true"})
    told(crm, "deliver")
    assert domain.waiting() == {IDD_OTHER}
    assert IDD not in domain.dnc
    mine = receipt(crm)["five9"]
    assert (mine["state"], mine["why"]) == ("parked", "hours")
    wall.ahead = timedelta(hours=3, minutes=1)
    done = told(crm, "deliver")["systems"]["five9"]
    assert (done["written"], done["open"]) == (1, 0)
    assert IDD in domain.dnc
    mine = receipt(crm)["five9"]
    assert (mine["state"], mine["by"]) == ("confirmed", "listed")
    assert "removeNumbersFromDnc" not in dialer.office.asked


def test_a_disposition_in_the_dialer_blocks_in_the_crm_and_is_no_violation(
    crm: Crm, dialer: Five9
) -> None:
    crm.person("Asen", **{crm.names["phone"]: PHONE})
    told(crm, "deliver")
    dialer.domain.call(IDD, ago=120, seconds=40, disposition="Ring ikke")
    dialer.domain.clock.ahead = timedelta(minutes=16)  # type: ignore[attr-defined]
    told(crm, "deliver")
    [row] = crm.snapshot()[crm.people].values()
    assert row[crm.names["no"]] == "true"
    assert {name: one["state"] for name, one in receipt(crm).items()} == {
        "five9": "confirmed",
        "hubspot": "confirmed",
    }
    assert not json.loads(crm.call("violations", "--json").stdout)["shown"]


def test_a_call_by_hand_to_a_blocked_number_is_a_certain_violation(
    crm: Crm, dialer: Five9, wall: Wall
) -> None:
    told(crm, "add", "--phone", PHONE, "--at", (wall() - timedelta(days=2)).strftime("%Y-%m-%d"))
    told(crm, "deliver")
    wall.ahead = timedelta(minutes=20)
    dialer.domain.call(IDD, ago=60, kind="Manual", list_name="")
    dialer.domain.call(IDD_OTHER, ago=60)
    wall.ahead = timedelta(minutes=40)
    crm.call("suppression", "deliver")
    [one] = json.loads(crm.call("violations", "--json").stdout)["shown"]
    assert (one["verdict"], one["cause"]) == ("certain", "by_hand")
    assert one["agent"] == "Rav Elkedel"


def test_a_wrong_spelling_confirms_nothing_and_still_takes_numbers_off_the_lists(
    crm: Crm, dialer: Five9
) -> None:
    domain = dialer.domain
    settings(dialer, "00:00:00", "00:00:00", form="e164")
    domain.put("Efterår 1", IDD)
    told(crm, "add", "--phone", PHONE)
    said = crm.call("suppression", "deliver").output
    assert "e164" in said
    assert domain.waiting() == set()
    assert "addNumbersToDnc" not in dialer.office.asked
    assert receipt(crm)["five9"]["state"] == "waiting"


def test_a_number_that_is_off_the_list_again_is_found_by_asking(crm: Crm, dialer: Five9) -> None:
    told(crm, "add", "--phone", PHONE)
    told(crm, "deliver")
    dialer.domain.remove([IDD], who="somebody")
    said = crm.call("suppression", "verify").output
    assert "cannot be read whole" in said
    assert IDD in dialer.domain.dnc


def test_check_tries_everything_in_both_languages_and_writes_nothing(
    crm: Crm, dialer: Five9
) -> None:
    before = len(dialer.domain.journal)
    said = crm.call("check", "five9").output
    assert "proven by your own number" in said
    assert "ring ikke" in said
    assert "Ringren Call Log can be read" in said
    assert dialer.domain.password not in said
    dialer.domain.dnc.clear()
    dialer.domain.reports.clear()
    said = crm.call("check", "five9", lang="da").output
    assert "findes ikke på Do Not Call" in said
    assert "ReportNotFoundFault" in said
    assert len(dialer.domain.journal) == before
