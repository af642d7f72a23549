"""What sources gave, what they cost, what they were told, and what a person is asked."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from enriching import FIELDS, Place, placed

from rules.errors import Exit

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


# --- answers of a person ----------------------------------------------------------------------


@pytest.fixture
def torn(tmp_path: Path) -> Iterator[Place]:
    """A company of which number and domain name two, and one whose number differs from the register's."""
    with placed(tmp_path) as place:
        one, two, wrote = place.register.numbers[:3]
        place.register.edit(one, website="", name="Opdigt Fabel ApS", form=80, protected=False)
        place.register.edit(two, website="www.opdigtet-7777.dk", name="Opdigt Påfund ApS", form=80)
        place.register.edit(wrote, website="", employees=14, form=80)
        place.put(
            {"CVR": one, "Hjemmeside": "https://opdigtet-7777.dk"},
            {"CVR": wrote, "Ansatte": "50-99"},
        )
        place.enrich()
        yield place


def test_a_question_is_told_with_those_that_it_may_be_and_the_answer_is_carried_out(
    torn: Place,
) -> None:
    one, two = (str(number) for number in torn.register.numbers[:2])
    asked = json.loads(torn.call("sources", "questions", "--json").stdout)
    [which] = [each for each in asked if each["candidates"]]
    assert [each["company"] for each in which["candidates"]] == [one, two]
    assert [each["name"] for each in which["candidates"]] == [
        "Opdigt Fabel ApS",
        "Opdigt Påfund ApS",
    ]
    ref = str(torn.refs()[0])
    wrong = torn.call("sources", "answer", ref, "--company", "90999999")
    assert (wrong.exit_code, one in wrong.output) == (Exit.USER, True)
    assert (
        torn.call("sources", "answer", ref, "--company", two, "--by", "anna").exit_code == Exit.OK
    )
    torn.run()
    row = torn.rows()[0]
    assert (row["CVR"], row["Virksomhed"]) == (two, "Opdigt Påfund ApS")
    assert "company_cvr_differs" not in torn.codes(0)
    [change] = [c for w in torn.explain(0).written for c in w.changes if c.field == "company_name"]
    assert change.reason == "reason.enrichment.person"


def test_none_of_them_is_an_answer_too_and_fills_nothing(torn: Place) -> None:
    before, ref = torn.rows(), str(torn.refs()[0])
    torn.call("sources", "answer", ref, "--company", "none")
    torn.run()
    assert torn.rows() == before
    assert "company_cvr_differs" not in torn.codes(0)


@pytest.mark.parametrize(("right", "becomes"), [("cvr", "10-19"), ("stays", "50-99")])
def test_whose_value_is_right_is_said_for_one_field_of_one_record(
    torn: Place, right: str, becomes: str
) -> None:
    assert "source_differs" in torn.codes(1)
    ref = str(torn.refs()[1])
    said = torn.call("sources", "answer", ref, "--field", "employees", "--right", right)
    assert said.exit_code == Exit.OK, said.output
    torn.run()
    assert torn.rows()[1]["Ansatte"] == becomes
    assert "source_differs" not in torn.codes(1)
    for args in (("--company", "none", "--field", "cvr", "--right", "cvr"), ("--field", "cvr"), ()):
        assert torn.call("sources", "answer", ref, *args).exit_code == Exit.USER
