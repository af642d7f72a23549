"""Companies of a list are filled from the register: asked, planned, applied, explained, kept up."""

from __future__ import annotations

from collections.abc import Iterator
from math import ceil
from pathlib import Path

import pytest
from enriching import Place, placed
from simulators.faults import Fault

from rules.errors import Exit
from sync.stages.asking import Wish


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
    with placed(tmp_path, companies=1200) as place:
        raw(place, 1100)
        _, asked = place.enrich()
        assert (asked.asked, asked.found) == (1100, 1100)
        assert len(place.vendor.calls) == asked.calls == ceil(1100 / 500)


def test_the_same_night_again_asks_nothing(place: Place) -> None:
    raw(place)
    place.enrich()
    _, asked = place.enrich()
    assert (asked.due, len(place.vendor.calls)) == (0, 0)


def test_the_second_night_is_the_refresh_of_the_register_and_nothing_more(place: Place) -> None:
    raw(place)
    place.enrich()
    place.tomorrow()
    outcome, asked = place.enrich()
    assert (asked.asked, asked.changed, len(place.vendor.calls)) == (10, 0, 1)
    assert outcome.report.totals.applied == 0


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
    with placed(tmp_path, companies=1200, about="calls_a_day = 1") as place:
        raw(place, 1100)
        _, asked = place.enrich()
        assert (asked.asked, asked.left, len(place.vendor.calls)) == (500, 600, 1)
        place.tomorrow()
        _, asked = place.enrich()
        assert asked.asked == 500


def test_only_a_field_asks_about_records_that_lack_it(place: Place) -> None:
    one, two = place.register.numbers[:2]
    place.put({"CVR": one, "Ansatte": "10-19"}, {"CVR": two})
    _, asked = place.enrich(Wish(only="employees"))
    assert asked.asked == 1


def test_numbers_that_cannot_be_right_are_not_asked_for(place: Place) -> None:
    place.put({"CVR": "90000001"}, {"CVR": "1234"}, {"Virksomhed": "Opdigt uden nummer"})
    _, asked = place.enrich()
    assert (asked.due, len(place.vendor.calls)) == (0, 0)


def test_a_company_on_several_lists_is_asked_for_once(place: Place) -> None:
    cvr = place.register.numbers[0]
    for name in ("a.csv", "b.csv", "c.csv"):
        place.put({"CVR": cvr}, name=name)
    _, asked = place.enrich()
    assert asked.asked == 1
