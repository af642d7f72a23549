"""Which of a CRM's own fields hold what ours do: names, labels, types and cells, and which wins."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.catalogue import DEFAULT
from rules.proposing import Candidate, Trust, plain_name, propose
from rules.records import Kind

CVRS = ("90000004", "DK90000012", "90 00 00 20", "90000039", "90000047")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("CVR_nummer__c", "CVR nummer"),
        ("new_cvrnummer", "cvrnummer"),
        ("cr4fa_Branchekode", "Branchekode"),
        ("ringren_p_number", "p number"),
        ("RR_CVR__c", "CVR"),
        ("EgetFelt__c", "Eget Felt"),
    ],
)
def test_a_name_is_read_without_its_vendors_trimmings(name: str, words: str) -> None:
    assert plain_name(name) == words


def test_label_and_name_and_cells_together_are_sure_and_cells_alone_a_guess() -> None:
    named = Candidate("CVR_nr__c", ("CVR-nummer",), "text", CVRS, 5)
    alone = Candidate("Felt_7__c", ("Felt 7",), "text", CVRS, 5)
    [sure], [] = propose(Kind.COMPANY, [named], {})
    assert (sure.canonical, sure.trust) == ("cvr", Trust.SURE)
    assert [one.code for one in sure.reasons] == ["label", "name", "cells"]
    [guess], [] = propose(Kind.COMPANY, [alone], {})
    assert (guess.canonical, guess.trust) == ("cvr", Trust.LIKELY)
    [one], [rest] = propose(Kind.COMPANY, [alone, named], {})
    assert (one.name, rest.reason.code) == ("CVR_nr__c", "better")
    assert rest.reason.details["other"] == "CVR_nr__c"


def test_cells_that_are_something_else_speak_against_a_name() -> None:
    wrong = Candidate("CVR__c", ("CVR",), "text", ("aftalt", "ring først", "nej", "måske"), 4)
    proposals, _ = propose(Kind.COMPANY, [wrong], {})
    assert all(one.trust is not Trust.SURE for one in proposals)
    assert "cells_differ" in [r.code for one in proposals for r in one.reasons]


def test_a_type_that_cannot_hold_it_is_no_place_for_it() -> None:
    flag = Candidate("Email_2__c", ("E-mail",), "flag")
    [], [left] = propose(Kind.CONTACT, [flag], {})
    assert left.reason.code == "type"


def test_what_is_mapped_already_is_not_proposed_again_but_a_second_number_has_a_place() -> None:
    number = Candidate("Direkte__c", ("Direkte telefon",), "phone", ("68 12 34 56",) * 4, 4)
    [one], [] = propose(Kind.CONTACT, [number], {"direct_phone": "Phone"})
    assert one.canonical == "other_phone"
    assert "second" in [reason.code for reason in one.reasons]
    both = {"direct_phone": "Phone", "other_phone": "MobilePhone"}
    [], [left] = propose(Kind.CONTACT, [number], both)
    assert (left.reason.code, left.reason.details["other"]) == ("taken", "Phone")


def test_a_second_no_that_finds_no_place_is_told_as_one() -> None:
    flag = Candidate("Nej__c", ("Må ikke ringes op",), "flag", ("true",) * 4, 9)
    both = {"opt_out_call": "DoNotCall", "opt_out": "RR_Opt_Out__c"}
    [], [left] = propose(Kind.CONTACT, [flag], both)
    assert left.reason.code == "no_unread"


def test_options_that_are_our_choices_speak_for_it() -> None:
    form = Candidate("Type__c", ("Selskabsform",), "pick", (), 0, ("A/S", "ApS", "Fond", "Andet"))
    [one], _ = propose(Kind.COMPANY, [form], {})
    assert (one.canonical, one.trust) == ("legal_form", Trust.SURE)


TEXT = st.text(max_size=20)


@given(
    st.lists(
        st.builds(
            Candidate,
            TEXT,
            st.tuples(TEXT),
            st.sampled_from(["text", "note", "flag", "pick", "phone", "email", "other", "day"]),
            st.lists(TEXT.filter(bool), max_size=6).map(tuple),
            st.integers(0, 6),
            st.lists(TEXT, max_size=3).map(tuple),
        ),
        max_size=8,
        unique_by=lambda one: one.name,
    ),
    st.sampled_from(list(Kind)),
)
def test_every_field_is_proposed_once_or_left_and_no_field_of_ours_twice(
    candidates: list[Candidate], kind: Kind
) -> None:
    proposals, left = propose(kind, candidates, {})
    names = [one.name for one in (*proposals, *left)]
    assert sorted(names) == sorted(one.name for one in candidates)
    ours = [one.canonical for one in proposals]
    assert len(set(ours)) == len(ours)
    assert all(kind in DEFAULT[one].kinds for one in ours)
