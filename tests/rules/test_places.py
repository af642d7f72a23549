"""Places beside the rest of their record: what moves, what is filled, what contradicts."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.changes import Change
from rules.formats import places
from rules.hygiene import clean
from rules.records import ABSENT, Kind, Value
from rules.trust import NO_PAST, Past, hold_back

REAL = Path(__file__).parents[3] / "shared/data/real/dk_construction_companies_a.csv"


def _company(**values: Value) -> tuple[dict[str, Value], list[tuple[str | None, str]]]:
    changes, findings = clean(Kind.COMPANY, values)
    after = {**values, **{change.field: change.new for change in changes}}
    return after, [(finding.field, finding.code) for finding in findings]


def test_postcode_and_town_in_one_cell_are_split() -> None:
    after, codes = _company(postcode="1050 Kbh. K", city=None)
    assert (after, codes) == ({"postcode": "1050", "city": "København K"}, [])
    after, codes = _company(postcode="", city="8000 Århus C")
    assert (after, codes) == ({"postcode": "8000", "city": "Aarhus C"}, [])


def test_a_town_that_stands_already_is_just_taken_out_of_the_postcode() -> None:
    after, codes = _company(postcode="1050 København K", city="KBH K")
    assert (after, codes) == ({"postcode": "1050", "city": "København K"}, [])


@pytest.mark.parametrize("city", ["Odense C", ABSENT])
def test_a_town_with_nowhere_to_go_leaves_the_postcode_untouched(city: Value) -> None:
    after, codes = _company(postcode="8000 Aarhus C", city=city)
    assert after["postcode"] == "8000 Aarhus C"
    assert ("postcode", "town_no_place") in codes


def test_an_address_gives_back_what_is_not_its_own() -> None:
    after, codes = _company(
        address="Fabelvej 12 - 8800 Viborg, Danmark", postcode="", city=None, country=""
    )
    assert after == {
        "address": "Fabelvej 12",
        "postcode": "8800",
        "city": "Viborg",
        "country": "DK",
    }
    assert codes == []


def test_an_address_says_again_what_stands_in_its_fields() -> None:
    after, codes = _company(address="Fabelvej 12 - 8800 Viborg", postcode="8800", city="VIBORG")
    assert (after["address"], codes) == ("Fabelvej 12", [])


def test_an_address_with_another_postcode_than_its_record_stays() -> None:
    after, codes = _company(address="Fabelvej 12, 8800 Viborg", postcode="8000", city="Aarhus C")
    assert after["address"] == "Fabelvej 12, 8800 Viborg"
    assert codes == [("address", "postcode_no_place")]


def test_an_address_is_not_shortened_unless_all_that_it_gave_away_is_written() -> None:
    changes, _ = clean(
        Kind.COMPANY, {"address": "Fabelvej 12, 8800 Viborg", "postcode": "", "city": ""}
    )
    assert {change.field for change in changes} == {"address", "postcode", "city"}
    no_town = Past((), {"city": "Viborg"})
    left, _ = hold_back(changes, no_town, most_times=2)
    assert [change.field for change in left] == ["postcode"]
    assert hold_back(changes, NO_PAST, most_times=2)[0] == changes


def test_an_empty_town_is_filled_from_its_postcode() -> None:
    after, codes = _company(postcode="DK-8000", city=None)
    assert (after, codes) == ({"postcode": "8000", "city": "Aarhus C"}, [])


@pytest.mark.parametrize(
    ("postcode", "country"),
    [("0960", ""), ("9999", ""), ("100", "FO"), ("8000", "DE"), ("ukendt", ""), ("", "")],
)
def test_no_town_is_made_of_what_is_no_danish_postcode(postcode: str, country: str) -> None:
    after, _ = _company(postcode=postcode, city="", country=country)
    assert after["city"] == ""


@pytest.mark.parametrize(
    ("postcode", "city"),
    [
        ("8000", "Århus"),
        ("8000", "Aarhus N"),
        ("8000", "Aarhus"),
        ("2605", "København"),
        ("2100", "Kbh"),
        ("4800", "Sundby, Nykøbing F"),
        ("4800", "Sundby L - Nykøbing Falster"),
        ("9760", "Fabelby"),
        ("8260", "Aarhus"),
        ("0960", "Aarhus C"),
        ("9999", "Aarhus C"),
    ],
)
def test_neighbours_villages_and_other_spellings_do_not_contradict(
    postcode: str, city: str
) -> None:
    assert ("city", "town_not_of_postcode") not in _company(postcode=postcode, city=city)[1]


@pytest.mark.parametrize(
    ("postcode", "city"),
    [("8000", "Odense C"), ("8000", "KBH"), ("5000", "Århus"), ("9400", "Viborg"), ("3000", "Kbh")],
)
def test_a_town_of_another_postcode_is_found_and_stays(postcode: str, city: str) -> None:
    after, codes = _company(postcode=postcode, city=city)
    assert after["postcode"] == postcode
    assert codes == [("city", "town_not_of_postcode")]


def test_abroad_nothing_danish_is_read_into_an_address() -> None:
    values: dict[str, Value] = {
        "address": "Fabelgatan 12, 8000 Aarhus C",
        "postcode": "8000 Aarhus C",
        "city": "Copenhagen",
        "country": "SE",
    }
    assert _company(**values) == (values, [])


def test_a_country_in_words_counts_as_that_country_at_once() -> None:
    after, codes = _company(postcode="111 22", city="Fabelstad", country="Sverige")
    assert (after["country"], after["postcode"], codes) == ("SE", "111 22", [])


def test_every_town_goes_with_its_postcode_and_is_spelled_right() -> None:
    for postcode, town in places.TOWN_OF.items():
        assert not places.contradicts(postcode, town)
        if postcode not in places.SORTING:
            assert places.town_name(town) == town
            assert places.town_name(town.upper()) == town
            assert places.belongs(postcode, town.lower())


@given(st.sampled_from(sorted(places.BASES | places.NAMES)), st.data())
def test_a_spelling_never_turns_one_town_into_another(town: str, data: st.DataObject) -> None:
    spelled = data.draw(
        st.sampled_from(
            [town.lower(), town.upper(), town.replace("aa", "å"), f" {town}.", town.swapcase()]
        )
    )
    assert places.town_name(spelled) == town


def test_real_addresses_of_the_register_come_apart_without_loss() -> None:
    if not REAL.exists():
        pytest.skip("shared/data/real is not here")
    with REAL.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    split = 0
    for row in rows:
        values: dict[str, Value] = {
            name: row[name] or None for name in ("address", "postcode", "city")
        }
        after, codes = _company(**values)
        assert ("city", "town_not_of_postcode") not in codes
        if (row["address"] or "").endswith(f" - {row['postcode']} {row['city']}"):
            split += after["address"] != row["address"]
    assert split > len(rows) * 0.9


def test_no_change_is_made_of_a_record_without_places() -> None:
    changes: tuple[Change, ...] = clean(Kind.COMPANY, {"address": None, "postcode": ABSENT})[0]
    assert changes == ()
