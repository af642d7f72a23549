"""Companies of a list are filled from the register: asked, planned, applied, explained, kept up."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from math import ceil
from pathlib import Path

import pytest
from enriching import Place, placed
from simulators.faults import Fault

from rules.errors import Exit
from sync.stages.asking import Wish

NOBODY = "95000002"
"""A number that the register does not hold."""


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    with placed(tmp_path) as place:
        yield place


def raw(place: Place, many: int = 10) -> list[int]:
    """A list of so many companies of which only the numbers are known."""
    numbers = place.register.numbers[:many]
    place.put(*({"CVR": cvr} for cvr in numbers))
    return numbers


def test_a_night_asks_for_five_hundred_companies_a_call(tmp_path: Path) -> None:
    with placed(tmp_path, companies=520) as place:
        raw(place, 510)
        _, asked = place.enrich(dry=True)
        assert (asked.asked, asked.found) == (510, 510)
        assert len(place.vendor.calls) == asked.calls == ceil(510 / 500)


def test_the_same_night_again_asks_nothing_and_the_next_is_the_refresh_and_nothing_more(
    place: Place,
) -> None:
    raw(place)
    place.enrich()
    before = place.rows()
    assert all(row["Virksomhed"] for row in before)
    outcome, asked = place.enrich()
    assert (asked.due, len(place.vendor.calls), outcome.exit_code) == (0, 0, Exit.OK)
    place.tomorrow()
    outcome, asked = place.enrich()
    assert (asked.asked, asked.changed, len(place.vendor.calls)) == (10, 0, 1)
    assert (outcome.report.totals.applied, place.rows()) == (0, before)


# --- one night, several companies -------------------------------------------------------------


@pytest.fixture(scope="module")
def several(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """A list in which each company has a story of its own, after one night."""
    with placed(tmp_path_factory.mktemp("several")) as place:
        register = place.register
        wrote, one, two, named, shielded, free, twice = register.numbers[:7]
        register.edit(wrote, employees=14, form=80, website="")
        register.edit(one, website="")
        register.edit(two, website="www.opdigtet-7777.dk")
        register.edit(named, name="Opdigt Fabel ApS", form=80, website="www.opdigtet-8888.dk")
        register.edit(shielded, form=80, phone="68123456", website="", protected=True)
        register.edit(free, form=80, phone="68123457", website="", protected=False)
        register.edit(twice, website="")
        place.put(
            {"CVR": wrote, "Ansatte": "50-99"},
            {"CVR": one, "Hjemmeside": "https://opdigtet-7777.dk"},
            {"Virksomhed": "Opdigt Fabel", "Hjemmeside": "opdigtet-8888.dk"},
            {"CVR": shielded},
            {"CVR": free},
            {"CVR": twice},
            {"CVR": "90000001"},
            {"CVR": "1234"},
        )
        place.put({"CVR": twice}, name="b.csv")
        place.enrich()
        yield place


def test_what_somebody_wrote_stays_and_is_told_apart(several: Place) -> None:
    assert several.rows()[0]["Ansatte"] == "50-99"
    assert "source_differs" in several.codes(0)


def test_two_companies_by_number_and_domain_are_a_question_and_nothing_is_filled(
    several: Place,
) -> None:
    assert "company_cvr_differs" in several.codes(1)
    assert several.rows()[1]["Virksomhed"] == ""


def test_a_domain_finds_the_number_and_the_number_the_rest(several: Place) -> None:
    row = several.rows()[2]
    assert (row["CVR"], row["Selskabsform"]) == (str(several.register.numbers[3]), "ApS")


def test_a_protected_company_gets_no_number_of_the_register(several: Place) -> None:
    shielded, free = several.rows()[3:5]
    assert (shielded["Telefon"], free["Telefon"]) == ("", "+4568123457")
    assert shielded["Reklamebeskyttet"] != free["Reklamebeskyttet"]
    assert "ad_protected" in several.codes(3)


def test_a_company_on_two_lists_is_asked_for_once_and_a_wrong_number_never(several: Place) -> None:
    # Five numbers that can be right, and two domains.
    assert several.standing() == {"found": 7}


def test_an_outage_delays_the_source_and_the_pass_goes_on(place: Place) -> None:
    raw(place)
    place.vendor.fault(Fault.STATUS, status=401, times=2)
    outcome, asked = place.enrich()
    assert outcome.exit_code is Exit.FAILED
    assert asked.error is not None
    assert outcome.failures[0].message == "error.sign_in"
    _, asked = place.enrich()
    assert asked.found == 10


def test_an_answer_that_is_not_whole_moves_no_date(place: Place) -> None:
    raw(place)
    place.vendor.desk.partial = 1
    _, asked = place.enrich()
    assert (asked.unknown, asked.changed, place.standing()) == (10, 0, {})
    _, asked = place.enrich()
    assert (asked.found, place.standing()) == (10, {"found": 10})


def test_a_ceiling_of_calls_leaves_the_rest_for_another_night(tmp_path: Path) -> None:
    with placed(tmp_path, companies=520, about="calls_a_day = 1") as place:
        raw(place, 510)
        _, asked = place.enrich(dry=True)
        assert (asked.asked, asked.left, len(place.vendor.calls)) == (500, 10, 1)
        place.tomorrow()
        place.enrich(dry=True)
        assert place.standing() == {"found": 510}, "who was never asked about comes first"


def test_only_a_field_asks_about_records_that_lack_it(place: Place) -> None:
    one, two = place.register.numbers[:2]
    place.put({"CVR": one, "Ansatte": "10-19"}, {"CVR": two})
    _, asked = place.enrich(Wish(only="employees"))
    assert asked.asked == 1


# --- from raw to full -------------------------------------------------------------------------


def test_raw_companies_become_full_ones_by_a_plan_and_say_where_each_value_is_from(
    place: Place,
) -> None:
    one, *_ = raw(place)
    place.register.edit(
        one, name="Opdigt Fabel ApS", form=80, street="Fabelvej", house=12, postcode=5000,
        industry="432100", employees=14, phone="68123456", website="www.opdigtet-0001.dk",
        protected=False,
    )  # fmt: skip
    before = place.rows()
    outcome, _ = place.enrich(dry=True)
    assert place.rows() == before
    plan = outcome.report.run.plan
    assert plan is not None
    place.apply(plan.plan)
    row = place.rows()[0]
    assert row["Virksomhed"] == "Opdigt Fabel ApS"
    assert (row["Adresse"], row["Postnr"], row["By"]) == ("Fabelvej 12", "5000", "Odense C")
    assert (row["Branchekode"], row["Ansatte"]) == ("43.21.00", "10-19")
    sources = {change.source for each in place.explain().written for change in each.changes}
    assert "cvr" in sources
    said = place.call("explain", str(place.refs()[0])).output
    assert "CVR" in said
    assert "Fabelvej 12" in said


def test_taking_a_night_back_leaves_the_list_as_it_was_and_is_not_done_again(place: Place) -> None:
    raw(place, 3)
    before = place.rows()
    outcome, _ = place.enrich()
    assert place.rows() != before
    place.undo(outcome.report.run.run)
    assert place.rows() == before
    place.tomorrow()
    place.enrich()
    assert place.rows() == before


def test_a_new_head_count_is_noticed_the_next_night_in_one_call(place: Place) -> None:
    raw(place)
    cvr = place.register.numbers[4]
    place.register.edit(cvr, silent=True, employees=3)
    place.enrich()
    assert place.rows()[4]["Ansatte"] == "2-4"
    place.tomorrow()
    place.register.edit(cvr, silent=True, employees=35)
    _, asked = place.enrich()
    assert (asked.changed, len(place.vendor.calls)) == (1, 1)
    assert place.rows()[4]["Ansatte"] == "20-49"


def test_a_number_that_the_register_does_not_know_is_doubted_on_the_second_night(
    place: Place,
) -> None:
    place.put({"CVR": NOBODY})
    place.enrich()
    assert "cvr_not_in_register" not in place.codes()
    place.tomorrow()
    place.enrich()
    assert "cvr_not_in_register" in place.codes()
    assert place.rows()[0]["CVR"] == NOBODY


# --- protection -------------------------------------------------------------------------------


def test_protection_that_ends_or_begins_is_known_the_next_night(place: Place) -> None:
    [cvr] = raw(place, 1)
    place.register.edit(cvr, form=80, protected=True)
    place.enrich()
    assert "ad_protected" in place.codes()
    for protected in (False, True):
        place.tomorrow()
        place.register.edit(cvr, protected=protected)
        place.enrich()
        assert ("ad_protected" in place.codes()) is protected


def test_a_list_is_let_go_by_the_answer_of_the_register_and_not_by_what_it_says_itself(
    place: Place,
) -> None:
    place.clock.at = datetime.now(UTC)
    shielded, free, *_ = raw(place, 2)
    place.register.edit(shielded, form=80, website="", protected=True)
    place.register.edit(free, form=80, website="", protected=False)
    place.enrich()
    head = "CVR;Firma;Navn;Tlf.;Reklamebeskyttet;Behandlingsgrundlag;Interesseafvejning"
    good = "nej;Legitim interesse;LIA-1"
    lines = [
        f"{cvr};Opdigt A/S;Bo Opdigtet {n};6810000{n};{good}"
        for n, cvr in enumerate((shielded, free, place.register.numbers[9]))
    ]
    ring = place.folder / "ring.csv"
    ring.write_text("\n".join([head, *lines]) + "\n", "utf-8")
    told = json.loads(place.call("list", "check", str(ring), "--json").stdout)
    assert told["reasons"] == {"protected": 1, "protection_unknown": 1}
    assert (told["rows"], told["callable"]) == (3, 1)


# --- Dataopdateret ----------------------------------------------------------------------------


def test_the_day_of_the_check_goes_along_with_a_change_and_not_by_itself_each_night(
    place: Place,
) -> None:
    [cvr] = raw(place, 1)
    place.register.edit(cvr, website="", employees=3)
    place.enrich()
    assert place.rows()[0]["Dataopdateret"] == "2026-11-24"
    place.tomorrow()
    outcome, _ = place.enrich()
    assert (outcome.report.totals.applied, place.rows()[0]["Dataopdateret"]) == (0, "2026-11-24")
    place.tomorrow()
    place.register.edit(cvr, silent=True, employees=35)
    place.enrich()
    assert place.rows()[0]["Dataopdateret"] == "2026-11-26"


def test_a_day_that_is_a_month_behind_is_written_although_nothing_else_is(place: Place) -> None:
    [cvr] = raw(place, 1)
    place.register.edit(cvr, website="", protected=False)
    place.enrich()
    for _ in range(31):
        place.tomorrow()
    place.enrich()
    assert place.rows()[0]["Dataopdateret"] == "2026-12-25"


def test_an_answer_that_did_not_come_moves_no_day(place: Place) -> None:
    [cvr] = raw(place, 1)
    place.register.edit(cvr, website="", protected=False)
    place.enrich()
    for _ in range(40):
        place.tomorrow()
    place.vendor.desk.partial = 1
    place.enrich()
    assert place.rows()[0]["Dataopdateret"] == "2026-11-24"


# --- the command line -------------------------------------------------------------------------


def test_the_report_says_what_was_asked_what_it_took_and_what_it_gave(place: Place) -> None:
    raw(place)
    done = place.call("enrich", "--dry-run")
    assert done.exit_code == Exit.CHANGES, done.output
    assert "10 asked about (calls: 1, 0 kr.): 10 found" in done.output
    assert "fields filled or renewed" in done.output
    told = json.loads(place.call("enrich", "--json").stdout)
    [asked] = told["asked"]
    assert (asked["source"], asked["due"], asked["ore"]) == ("cvr", 0, 0)
    assert asked["filled"] > 50


def test_sources_are_listed_with_what_stopped_them_last(place: Place) -> None:
    raw(place)
    place.enrich()
    line = place.call("sources").output
    assert "free" in line
    assert "✗" not in line
    place.tomorrow()
    place.vendor.fault(Fault.STATUS, status=401, times=9)
    place.enrich()
    assert "✗ CVR" in place.call("sources").output


def test_a_source_or_field_that_nobody_knows_is_refused_with_those_there_are(place: Place) -> None:
    raw(place)
    for args, said in ((("--source", "lasso"), "Set up: cvr"), (("--only", "title"), "employees")):
        refused = place.call("enrich", *args)
        assert refused.exit_code == Exit.USER
        assert said in refused.output


def test_check_tries_the_source(place: Place) -> None:
    raw(place)
    assert "30 companies" in place.call("check", "cvr").output
    place.vendor.fault(Fault.STATUS, status=401, times=9)
    refused = place.call("check", "cvr")
    assert refused.exit_code == Exit.USER


def test_what_a_source_said_can_be_deleted_and_what_was_written_stays(place: Place) -> None:
    raw(place)
    place.enrich()
    before = place.rows()
    assert place.call("sources", "purge", "cvr").exit_code == Exit.CHANGES
    assert place.standing() == {"found": 10}
    done = place.call("sources", "purge", "cvr", "--yes")
    assert "10 answers of cvr are deleted" in done.output
    assert place.standing() == {}
    place.run()
    assert place.rows() == before
