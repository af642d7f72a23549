"""What sources gave, what they cost, what they were told, and what a person is asked."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from enriching import FIELDS, Place, placed

MANUAL = ("Kræver manuel kontrol", "Hvorfor manuel kontrol")


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """A list with a raw company, and one in which two companies meet."""
    with placed(tmp_path_factory.mktemp("gain")) as place:
        raw, one, two = place.register.numbers[:3]
        place.register.edit(one, website="")
        place.register.edit(two, website="www.opdigtet-7777.dk")
        flagged = {"CVR": one, "Hjemmeside": "https://opdigtet-7777.dk"}
        place.put({"CVR": raw}, flagged, fields=(*FIELDS, *MANUAL))
        place.enrich()
        yield place


def test_a_question_stands_in_the_record_itself_with_its_reason(asked: Place) -> None:
    raw, two = asked.rows()
    assert (raw[MANUAL[0]], raw[MANUAL[1]]) == ("", "")
    assert (two[MANUAL[0]], two[MANUAL[1]]) == (
        "Ja",
        "CVR-nummer og domæne peger på to virksomheder",
    )
    assert "company_cvr_differs" in asked.codes(1)


def test_check_says_where_a_record_cannot_say_so(asked: Place, tmp_path: Path) -> None:
    assert "no field for a manual check" not in asked.call("check").output
    with placed(tmp_path, companies=3) as place:
        place.put({"CVR": place.register.numbers[0]})
        assert "no field for a manual check on virksomheder.csv" in " ".join(
            place.call("check").output.split()
        )


def test_what_a_source_gave_this_month_is_told_beside_what_it_took(asked: Place) -> None:
    [cvr] = json.loads(asked.call("sources", "--json").stdout)
    month = cvr["month"]
    assert month["filled"] > 5
    assert (month["raised"], month["verified"], month["ore"]) == (1, 0, 0)
    assert month["per_krone"] is None
    assert "THIS MONTH" in asked.call("sources").output
