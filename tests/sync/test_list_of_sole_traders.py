"""A list is let go by what the register answered of its companies: who owns them, and protection."""

from __future__ import annotations

import csv
import json
from pathlib import Path

from enriching import GOOD, Place, placed


def why_not(place: Place, *numbers: int) -> list[str]:
    """A list of these companies, as it came from elsewhere: the reason against each, or nothing."""
    called, why = place.folder / "ring.csv", place.folder / "why.csv"
    rows = [f"{cvr};Fabel;6812345{at}" for at, cvr in enumerate(numbers)]
    called.write_text("\n".join(["CVR;Virksomhed;Telefon", *rows]), "utf-8")
    found = place.call("list", "check", str(called), "--rows", str(why), "--json")
    rows = why.read_text("utf-8-sig").splitlines()
    told = [list(row.values())[-1] for row in csv.DictReader(rows)]
    assert json.loads(found.stdout)["callable"] == told.count("")
    return told


def test_the_register_says_whose_business_it_is_and_who_is_protected(tmp_path: Path) -> None:
    with placed(tmp_path) as place:
        company, trader, shielded, unasked = place.register.numbers[:4]
        place.register.edit(company, form=80, protected=False)
        place.register.edit(trader, form=10, protected=False)
        place.register.edit(shielded, form=80, protected=True)
        place.put({"CVR": company}, {"CVR": trader}, {"CVR": shielded})
        assert place.call("enrich", "--dry-run").exit_code in GOOD
        assert why_not(place, company, trader, shielded, unasked) == [
            "",
            "robinson_unknown",
            "protected",
            "protection_unknown",
        ]
