"""`sync suppression deliver` and `receipt` against each simulated CRM: flags set, read back, proved."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from crms import NAMES, Crm, opened

PHONE, MAIL = "+4568000001", "bo@opdigtet-0001.dk"
FLAGS = {
    "salesforce": {"DoNotCall": True, "HasOptedOutOfEmail": True},
    "hubspot": {"ringren_do_not_call": "true", "hs_email_optout": "true"},
    "dynamics": {"donotphone": True, "donotemail": True, "donotbulkemail": True},
}
"""What each vendor's record holds once the person is blocked in every way."""


@pytest.fixture(params=NAMES)
def crm(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Crm]:
    with opened(request.param, tmp_path, monkeypatch) as found:
        yield found


def person(crm: Crm) -> str:
    return crm.person("Asen", **{crm.names["phone"]: PHONE, crm.names["email"]: MAIL})


def told(crm: Crm, *args: str) -> Any:
    return json.loads(crm.call("suppression", *args, "--json").stdout)


def delivered(crm: Crm) -> Any:
    return told(crm, "deliver")["systems"][crm.system]


def shown(crm: Crm, ident: str) -> dict[str, Any]:
    """The flags of a record, as the vendor holds them."""
    row = _row(crm, ident)
    return {name: row.get(name) for name in FLAGS[crm.system]}


def _row(crm: Crm, ident: str) -> dict[str, Any]:
    key = int(ident) if crm.system == "hubspot" else ident
    return dict(crm.snapshot()[crm.people][key])


def test_an_opt_out_stands_on_the_record_and_the_receipt_says_so(crm: Crm) -> None:
    ident, other = person(crm), crm.person("Bsen", **{crm.names["phone"]: "+4568000002"})
    assert delivered(crm)["written"] == 0
    crm.call("suppression", "add", "--phone", PHONE)
    first = delivered(crm)
    assert shown(crm, ident) == FLAGS[crm.system]
    assert not any(value in (True, "true") for value in shown(crm, other).values())
    assert (first["written"], first["waiting"], first["open"]) == (1, 0, 0)
    (root,) = told(crm, "receipt", PHONE)["items"]
    (system,) = root["systems"]
    assert (system["system"], system["state"]) == (crm.system, "confirmed")
    assert system["seconds"] > 0
    assert system["records"][0]["set_at"]
    again = crm.calls()
    quiet = delivered(crm)
    assert quiet["written"] == quiet["open"] == 0
    assert [one["system"] for one in told(crm, "list")].count(crm.system) <= 1, (
        "no own flag is news"
    )
    assert crm.calls() >= again


def test_a_call_only_opt_out_sets_the_flag_for_calls_alone(crm: Crm) -> None:
    ident = person(crm)
    delivered(crm)
    crm.call("suppression", "add", "--phone", PHONE, "--channel", "call")
    delivered(crm)
    first, *others = shown(crm, ident).values()
    assert first in (True, "true")
    assert not any(value in (True, "true") for value in others)


def test_what_others_changed_meanwhile_is_neither_overwritten_nor_missed(crm: Crm) -> None:
    ident = person(crm)
    delivered(crm)
    crm.call("suppression", "add", "--phone", PHONE)
    crm.later()
    crm.edit(ident, **{crm.names["last_name"]: "Csen"})
    delivered(crm)
    assert shown(crm, ident) == FLAGS[crm.system]
    assert _row(crm, ident)[crm.names["last_name"]] == "Csen"
    # A vendor shows what was written in the last seconds with the next reading.
    delivered(crm)
    explained = json.loads(crm.call("explain", f"{crm.system}/contact/{ident}", "--json").stdout)
    assert explained["held"]["record"]["values"]["last_name"] == "Csen"


def test_a_flag_that_somebody_clears_is_put_back_and_reported(crm: Crm) -> None:
    ident = person(crm)
    delivered(crm)
    crm.call("suppression", "add", "--phone", PHONE)
    delivered(crm)
    no = crm.names["no"]
    crm.later()
    crm.edit(ident, **{no: "false" if crm.system == "hubspot" else False})
    back = delivered(crm)
    assert back["put_back"] == 1
    assert shown(crm, ident) == FLAGS[crm.system]
    found = json.loads(crm.call("findings", "--json").stdout)
    code = "flag_cleared_person" if crm.system == "hubspot" else "flag_put_back"
    assert code in {one["finding"]["code"] for one in found}


def test_an_undo_takes_no_flag_away(crm: Crm) -> None:
    ident = person(crm)
    delivered(crm)
    crm.call("suppression", "add", "--phone", PHONE)
    crm.call("run")
    runs = json.loads(crm.call("runs", "--json").stdout)
    crm.call("undo", str(runs[0]["run"]), "--yes")
    assert shown(crm, ident) == FLAGS[crm.system]


def test_a_dry_run_writes_nothing_and_says_what_waits(crm: Crm) -> None:
    person(crm)
    delivered(crm)
    crm.call("suppression", "add", "--phone", PHONE)
    before = crm.snapshot()
    crm.call("run", "--dry-run")
    waiting = told(crm, "deliver", "--dry-run")["systems"][crm.system]
    assert crm.snapshot() == before
    assert waiting["open"] >= 1
