"""A night in which the register's index is down, and Datafordeler is set up beside it."""

from __future__ import annotations

from pathlib import Path

import pytest
from enriching import placed
from simulators.datafordeler.serving import HOST, KEY, build
from simulators.faults import Fault
from simulators.web import served

from rules.errors import Exit

KEYED = "[sources.cvr.datafordeler]\nkey = {{ file = '{}' }}"


@pytest.fixture
def keyed(tmp_path: Path) -> str:
    (tmp_path / "key").write_text(KEY, "utf-8")
    return KEYED.format(tmp_path / "key")


def test_another_door_fills_and_renews_and_only_what_it_does_not_know_waits(
    tmp_path: Path, keyed: str
) -> None:
    service = build(1)
    with (
        served(service),
        placed(tmp_path, about=keyed, beside={HOST: service.address}) as place,
    ):
        register = service.desk.register = place.register
        known, new = register.numbers[:2]
        for number in (known, new):
            register.edit(number, website=f"www.opdigtet-{number}.dk", protected=False, form=80)
        place.put({"CVR": known})
        place.enrich()
        assert place.vendor.calls
        assert not service.calls, "the first door is enough"

        place.tomorrow()
        place.put(place.rows()[0], {"CVR": new})
        register.edit(known, protected=True)
        place.vendor.fault(Fault.STATUS, status=401, times=2)
        outcome, asked = place.enrich()
        first, second = place.rows()
        assert (asked.asked, asked.found, asked.stopped) == (2, 2, False)
        assert first["Reklamebeskyttet"] != second["Reklamebeskyttet"]
        assert second["Virksomhed"].startswith("Opdigt")
        assert (bool(first["Hjemmeside"]), second["Hjemmeside"]) == (True, "")
        assert outcome.exit_code is Exit.FAILED, "that a door is shut is told"
        assert outcome.failures[0].message == "error.sign_in"

        place.tomorrow()
        before = place.rows()
        outcome, _ = place.enrich()
        assert outcome.exit_code in (Exit.OK, Exit.CHANGES)
        after = place.rows()
        assert after[1]["Hjemmeside"], "what had to wait is there the next night"
        assert after[0] == before[0], "and nothing flips to and fro"


def test_a_door_that_is_named_needs_something_to_come_in_with(tmp_path: Path) -> None:
    with placed(tmp_path, about='doors = ["datafordeler", "index"]') as place:
        told = place.call("sources")
        assert told.exit_code == Exit.USER
        assert "datafordeler" in told.output
