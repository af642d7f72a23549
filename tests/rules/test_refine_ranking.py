"""Scores say no more than the rules do."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rules.enrichment.identity import Identity
from rules.enrichment.matching import Match, match
from rules.enrichment.record import Address, CompanyRecord, Number
from rules.matching import card
from rules.records import Kind
from rules.refine.codes import Code, Title, codes_like, titles_like
from rules.refine.ranking import DECIDED, Ranked, companies, customers

READ = datetime(2026, 11, 24, tzinfo=UTC)
FABEL = CompanyRecord(
    cvr="90000004", source="cvr", read_at=READ, name="Opdigt Fabel ApS",
    website="opdigtet-0001.dk", address=Address(postcode="5000", city="Odense C"),
)  # fmt: skip
TWIN = CompanyRecord(
    cvr="90000012", source="cvr", read_at=READ, name="Opdigt Fabel A/S", email="x@opdigtet-0002.dk"
)


def scores(*found: Ranked) -> list[tuple[object, float, bool]]:
    return [(one.key, one.score, one.match) for one in found]


@pytest.mark.parametrize(
    ("who", "expected"),
    [
        (Identity(site="opdigtet-0001.dk", cvr="90000004"), [("90000004", 99.0, True)]),
        (Identity(site="opdigtet-0001.dk"), [("90000004", 95.0, True)]),
        (
            Identity(site="opdigtet-0001.dk", cvr="90000012"),
            [("90000004", 78.0, False), ("90000012", 78.0, False)],
        ),
        (Identity(name="Opdigt Fabel", postcode="5000"), [("90000004", 75.0, False), ("90000012", 65.0, False)]),
        (Identity(mailbox="opdigtet-0002.dk"), [("90000012", 74.0, False)]),
        (Identity(name="Noget helt andet"), []),
        (Identity(), []),
    ],
)  # fmt: skip
def test_a_company_scores_by_what_speaks_for_it(
    who: Identity, expected: list[tuple[str, float, bool]]
) -> None:
    found = companies(who, [FABEL, TWIN])
    assert scores(*found) == [(Number("DK", n), score, is_so) for n, score, is_so in expected]


@given(
    site=st.sampled_from(["", "opdigtet-0001.dk", "opdigtet-0002.dk"]),
    cvr=st.sampled_from(["", "90000004", "90000012"]),
    name=st.sampled_from(["", "Opdigt Fabel", "Opdigt Fable A/S", "Andet"]),
    postcode=st.sampled_from(["", "5000", "8000"]),
)
def test_a_match_is_that_of_the_rules_and_only_it_has_such_a_score(
    site: str, cvr: str, name: str, postcode: str
) -> None:
    who = Identity(site=site, mailbox=site, cvr=cvr, name=name, postcode=postcode)
    decided = match(who, [FABEL, TWIN])
    taken = [one.key for one in companies(who, [TWIN, FABEL]) if one.match]
    assert taken == ([decided.company] if isinstance(decided, Match) else [])
    for one in companies(who, [FABEL, TWIN]):
        assert (one.score >= DECIDED) is one.match
        assert 0 < one.score <= 100


def test_of_our_own_records_one_is_a_match_and_two_are_a_question() -> None:
    said = {"company_name": "Fabel", "cvr": "90000004"}
    asked = card(-1, Kind.COMPANY, "?", said)
    one, two = (card(n, Kind.COMPANY, f"list {n}", said) for n in (1, 2))
    assert scores(*customers(asked, {1: one})) == [(1, 98.0, True)]
    assert scores(*customers(asked, {1: one, 2: two})) == [(1, 78.0, False), (2, 78.0, False)]
    other = card(3, Kind.COMPANY, "list 3", {"company_name": "Fabel", "cvr": "90000012"})
    assert scores(*customers(asked, {3: other})) == [(3, 65.0, False)]


def test_a_title_of_two_languages_is_taken_in_danish() -> None:
    first, second = titles_like("partner")[:2]
    assert (first.key, first.match) == (Title("partner", "da"), True)
    assert (second.key, second.match) == (Title("partner", "en"), False)


def test_a_code_of_two_systems_is_taken_once_something_tells_which() -> None:
    assert [one.match for one in codes_like("01.11.00")] == [False, False]
    assert [one.match for one in codes_like("01.11.00", said="DB07")] == [True, False]
    assert codes_like("01.11.00", checked="2020-01-01")[0].key == Code("DB07", "01.11.00")  # type: ignore[arg-type]


@settings(max_examples=25)
@given(st.text(max_size=250))
def test_any_text_has_an_answer_in_which_one_is_taken_at_most(text: str) -> None:
    for found in (titles_like(text), codes_like(text)):
        assert sum(one.match for one in found) <= 1
        assert all(0 < one.score <= 100 for one in found)
