"""Who is who: what joins two records, what speaks against it, and that the order does not matter."""

from __future__ import annotations

from dataclasses import replace
from itertools import count
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.keys import Key, KeyKind
from rules.matching import NOBODY, Card, Group, Why, card, together
from rules.records import Kind

CVR, OTHER_CVR = "90000012", "90000020"


def company(rid: int, place: str, name: str = "Opdigtet Glas A/S", **values: str) -> Card:
    return card(rid, Kind.COMPANY, place, {"company_name": name, **values})


def person(rid: int, place: str, name: str = "Ida Opdigt", **values: str) -> Card:
    return card(rid, Kind.CONTACT, place, {"full_name": name, **values})


def sets(*cards: Card, common: Any = frozenset()) -> list[list[int]]:
    return [[one.rid for one in group.members] for group in together(cards, common)]


def reasons(*cards: Card) -> dict[int, tuple[Why, ...]]:
    return {one.rid: one.why for group in together(cards) for one in group.members}


PERSON = {"direct_phone": "68000001", "email": "ida@opdigtet-0001.dk"}
HOME = {"address": "Opdigtvej 1", "postcode": "8000"}


@pytest.mark.parametrize(
    ("one", "other", "why"),
    [
        ({"email": "ida@opdigtet-0001.dk"}, {"email": " IDA@opdigtet-0001.dk"}, "email"),
        ({"email": "ida.opdigt@gmail.com"}, {"email": "ida.opdigt@gmail.com"}, "email"),
        ({"direct_phone": "68000001"}, {"other_phone": "+45 68 00 00 01"}, "phone"),
        (HOME, HOME, "name_address"),
        (PERSON, PERSON, "email phone"),
    ],
)
def test_what_makes_two_records_one_person(
    one: dict[str, str], other: dict[str, str], why: str
) -> None:
    found = reasons(person(1, "a", **one), person(2, "b", **other))
    assert {" ".join(listed) for listed in found.values()} == {why}
    assert set(found) == {1, 2}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"email": "info@opdigtet-0001.dk"}, {"email": "info@opdigtet-0001.dk"}),
        ({"main_phone": "68000001"}, {"main_phone": "68000001"}),
        ({"main_phone": "68000001"}, {"direct_phone": "68000001"}),
        ({**PERSON, "cvr": CVR}, {**PERSON, "cvr": OTHER_CVR}),
        ({"cvr": CVR}, {"cvr": CVR}),
        (
            {**HOME, "email": "a@opdigtet-0001.dk", "direct_phone": "68000001"},
            {**HOME, "email": "b@opdigtet-0001.dk", "direct_phone": "68000002"},
        ),
        ({**HOME, "postcode": "8000"}, {**HOME, "postcode": "9000"}),
    ],
)
def test_what_does_not_make_two_records_one_person(
    one: dict[str, str], other: dict[str, str]
) -> None:
    assert sets(person(1, "a", **one), person(2, "b", **other)) == []


@pytest.mark.parametrize(
    ("one", "other", "joins"),
    [
        ("Ida Opdigt", "IDA OPDIGT", "both"),
        ("Ida Opdigt", "I. Opdigt", "both"),
        ("Ida Opdigt", "Ida Lund Opdigt", "both"),
        ("Ida Lund Opdigt", "Ida Opdigt Lund", "both"),
        ("Anne-Marie Opdigt", "Anne Marie Opdigt", "both"),
        ("Ida Sørensen", "Ida Soerensen", "both"),
        ("Ida Opdigt", "Ida", "mail"),
        ("Ida Opdigt", "", "mail"),
        ("Ida Opdigt", "Bo Opdigt", "none"),
        ("Ida Opdigt", "Ida Prøve", "none"),
        ("Kirkegaard", "Kirkegård", "mail"),
        ("Kirkegaard", "Kirkegaerd", "none"),
    ],
)
def test_names_are_held_against_each_other(one: str, other: str, joins: str) -> None:
    mail, phone = {"email": PERSON["email"]}, {"direct_phone": PERSON["direct_phone"]}
    found = sets(person(1, "a", one, **mail), person(2, "b", other, **mail))
    assert bool(found) is (joins != "none")
    found = sets(person(1, "a", one, **phone), person(2, "b", other, **phone))
    assert bool(found) is (joins == "both")


@pytest.mark.parametrize(
    ("one", "other", "why"),
    [
        ({"cvr": CVR}, {"cvr": f"DK-{CVR}", "company_name": "Noget Andet ApS"}, "cvr"),
        ({"website": "www.opdigtet-0001.dk"}, {"root_domain": "opdigtet-0001.dk"}, "site"),
        ({"main_phone": "68000001"}, {"main_phone": "68 00 00 01"}, "phone"),
        ({"email": "ida@opdigtet-0001.dk"}, {"email": "ida@opdigtet-0001.dk"}, "email"),
        (HOME, {**HOME, "company_name": "Opdigtet Glas"}, "name_address"),
    ],
)
def test_what_makes_two_records_one_company(
    one: dict[str, str], other: dict[str, str], why: str
) -> None:
    found = reasons(
        company(1, "a", **one),
        card(2, Kind.COMPANY, "b", {"company_name": "Opdigtet Glas A/S", **other}),
    )
    assert {" ".join(listed) for listed in found.values()} == {why}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"cvr": "90000017"}, {"cvr": "90000017"}),
        ({"cvr": CVR, "website": "opdigtet-0001.dk"}, {"cvr": OTHER_CVR, "website": "opdigtet-0001.dk"}),
        ({"cvr": CVR, "p_number": "1000000001"}, {"cvr": CVR, "p_number": "1000000002"}),
        ({"website": "opdigtet-0001.dk"}, {"website": "opdigtet-0001.dk", "country": "SE"}),
        ({"website": "facebook.com/opdigtet"}, {"website": "facebook.com/opdigtet"}),
        ({"website": "opdigtet-0001.dk"}, {"website": "opdigtet-0001.dk", "company_name": "Prøve ApS"}),
        ({"email": "opdigtet.glas@gmail.com"}, {"email": "opdigtet.glas@gmail.com"}),
        ({"email": "info@opdigtet-0001.dk"}, {"email": "info@opdigtet-0001.dk"}),
        ({"main_phone": "68000001"}, {"main_phone": "68000001", "company_name": "Prøve ApS"}),
        ({"main_phone": "68000001"}, {"main_phone": "68000001", "company_name": "Opdigtet Glas ApS"}),
    ],
)  # fmt: skip
def test_what_does_not_make_two_records_one_company(
    one: dict[str, str], other: dict[str, str]
) -> None:
    other = {"company_name": "Opdigtet Glas A/S", **other}
    assert sets(company(1, "a", **one), card(2, Kind.COMPANY, "b", other)) == []


def test_records_of_one_list_alone_are_no_party_but_stand_in_one_with_others() -> None:
    mail = {"email": PERSON["email"]}
    assert sets(person(1, "a", **mail), person(2, "a", **mail)) == []
    assert sets(person(1, "a", **mail), person(2, "a", **mail), person(3, "b", **mail)) == [
        [1, 2, 3]
    ]


def test_people_and_companies_are_never_one() -> None:
    mail = {"email": PERSON["email"]}
    assert sets(person(1, "a", "", **mail), company(2, "b", "", **mail)) == []


def test_a_shared_address_joins_those_of_one_name_only() -> None:
    mail = {"email": "familien@opdigtet-0001.dk"}
    two_and_two = [
        person(1, "a", "Ida Opdigt", **mail),
        person(2, "b", "Ida Opdigt", **mail),
        person(3, "a", "Bo Opdigt", **mail),
        person(4, "b", "Bo Opdigt", **mail),
    ]
    assert sets(*two_and_two) == [[1, 2], [3, 4]]
    assert sets(*two_and_two, person(5, "c", "", **mail)) == [[1, 2], [3, 4]]


def test_a_domain_of_two_cvr_numbers_joins_nobody_who_has_none() -> None:
    site = {"website": "opdigtet-0001.dk"}
    found = sets(
        company(1, "a", cvr=CVR, **site),
        company(2, "b", cvr=CVR),
        company(3, "a", cvr=OTHER_CVR, **site),
        company(4, "b", **site),
    )
    assert found == [[1, 2]]


def test_two_that_differ_are_not_joined_by_a_chain_of_others() -> None:
    found = sets(
        company(1, "a", cvr=CVR, main_phone="68000001"),
        company(2, "b", main_phone="68000001", website="opdigtet-0001.dk"),
        company(3, "c", cvr=OTHER_CVR, website="opdigtet-0001.dk"),
    )
    assert found == [[2, 3]], "the surer key joins, the other one would make one of two"


def test_a_key_that_is_nobodys_own_joins_nobody() -> None:
    phone = {"direct_phone": "68000001"}
    common = {Key(KeyKind.PHONE, "+4568000001")}
    assert sets(person(1, "a", **phone), person(2, "b", **phone), common=common) == []
    many = [person(n, "ab"[n % 2], **phone) for n in range(41)]
    assert sets(*many) == []
    assert sets(*many[:40]) == [list(range(40))]


def test_what_a_merged_record_said_holds_for_the_survivor() -> None:
    gone = card(1, Kind.CONTACT, "a", {"full_name": "Ida Opdigt", **PERSON}, survivor=2)
    survivor = person(2, "a", direct_phone="68000009")
    other = person(3, "b", **PERSON)
    assert sets(gone, survivor, other) == [[2, 3]]
    assert reasons(gone, survivor, other)[2] == (Why.MERGED, Why.EMAIL, Why.PHONE)
    assert sets(survivor, other) == []


def test_a_merged_record_says_nothing_once_its_survivor_is_deleted_too() -> None:
    gone = card(1, Kind.CONTACT, "a", {"full_name": "Ida Opdigt", **PERSON}, survivor=2)
    deleted = card(2, Kind.CONTACT, "a", {"full_name": "Ida Opdigt", **PERSON}, survivor=NOBODY)
    left, other = person(3, "b", **PERSON), person(4, "c", **PERSON)
    assert sets(gone, deleted, left) == []
    assert sets(gone, deleted, left, other) == [[3, 4]]


def test_a_merged_record_that_differs_from_its_survivor_says_nothing_of_him() -> None:
    gone = card(1, Kind.CONTACT, "a", {"full_name": "Bo Prøve", **PERSON}, survivor=2)
    assert sets(gone, person(2, "a"), person(3, "b", "Bo Prøve", **PERSON)) == []


# --- in any order ----------------------------------------------------------------------------

_PHONES = st.sampled_from(["", "68000001", "68000002"])
_MAILS = st.sampled_from(["", "a@opdigtet-0001.dk", "b@gmail.com", "info@opdigtet-0001.dk"])
_NAMES = st.sampled_from(["", "Ida Opdigt", "I. Opdigt", "Bo Opdigt", "Ida"])
_CVRS = st.sampled_from(["", CVR, OTHER_CVR])


@st.composite
def _people(draw: st.DrawFn) -> list[Card]:
    numbers = count(1)
    made = st.builds(
        lambda place, name, phone, mail, cvr: person(
            next(numbers), place, name, direct_phone=phone, email=mail, cvr=cvr
        ),
        st.sampled_from("abc"), _NAMES, _PHONES, _MAILS, _CVRS,
    )  # fmt: skip
    return _some_gone(draw, draw(st.lists(made, max_size=9)))


def _some_gone(draw: st.DrawFn, cards: list[Card]) -> list[Card]:
    """Some were deleted, some merged into another one, who may be gone himself."""
    ends = st.sampled_from([None, None, None, NOBODY, *(one.rid for one in cards)])
    gone = ((one, draw(ends)) for one in cards)
    return [one if end == one.rid else replace(one, survivor=end) for one, end in gone]


@st.composite
def _companies(draw: st.DrawFn) -> list[Card]:
    numbers = count(1)
    made = st.builds(
        lambda place, name, phone, site, cvr: company(
            next(numbers), place, name, main_phone=phone, website=site, cvr=cvr
        ),
        st.sampled_from("abc"),
        st.sampled_from(["", "Opdigtet A/S", "Opdigtet", "Prøve ApS"]),
        _PHONES,
        st.sampled_from(["", "opdigtet-0001.dk", "opdigtet-0002.dk"]),
        _CVRS,
    )
    return _some_gone(draw, draw(st.lists(made, max_size=9)))


@given(cards=_people() | _companies(), data=st.data())
def test_the_order_makes_no_difference(cards: list[Card], data: st.DataObject) -> None:
    assert together(data.draw(st.permutations(cards))) == together(cards)


@given(cards=_people() | _companies())
def test_nobody_is_in_a_group_with_whom_he_differs(cards: list[Card]) -> None:
    of_rid = {one.rid: one for one in cards}
    seen: set[int] = set()
    for group in together(cards):
        rids = [one.rid for one in group.members]
        assert seen.isdisjoint(rids)
        seen.update(rids)
        assert all(of_rid[rid].survivor is None for rid in rids)
        assert len({of_rid[rid].cvr for rid in rids} - {""}) <= 1
        assert len({of_rid[rid].place for rid in rids}) > 1
        assert all(member.why for member in group.members)


@given(cards=_people() | _companies(), data=st.data())
def test_a_stranger_changes_nothing(cards: list[Card], data: st.DataObject) -> None:
    """What no key leads to has no say: so only what belongs together has to be looked at."""
    stranger = person(99, "z", "Fremmed Person", email="fremmed@opdigtet-0009.dk")
    assert together([*cards, stranger]) == together(cards)


def test_groups_come_by_their_first_member() -> None:
    made: list[Group] = together(
        [person(n, "ab"[n % 2], email=f"p{n // 2}@opdigtet-0001.dk") for n in range(6)]
    )
    assert [group.members[0].rid for group in made] == [0, 2, 4]
