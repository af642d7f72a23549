"""Which company a record is. The cases: cases/company_matches.csv, held against companies_known.csv."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.enrichment.identity import Identity, asked, identity
from rules.enrichment.matching import (
    CONFIDENCE,
    MOST_CANDIDATES,
    By,
    Conflict,
    Match,
    NoMatch,
    Outcome,
    Proposal,
    Reason,
    match,
)
from rules.enrichment.record import Address, CompanyRecord, Unit
from rules.keys import Key, KeyKind
from sync.texts import Texts

READ = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
CASES = Path(__file__).parent / "cases"


def _rows(name: str) -> list[dict[str, str]]:
    return list(csv.DictReader((CASES / f"{name}.csv").read_text("utf-8").splitlines()))


def _record(row: Mapping[str, str]) -> CompanyRecord:
    return CompanyRecord(
        cvr=row["cvr"],
        source="cvr",
        read_at=READ,
        name=row["name"],
        secondary_names=tuple(filter(None, row["secondary"].split("|"))),
        status=row["status"],
        address=Address(postcode=row["postcode"], city=row["city"], country=row["country"]),
        email=row["email"],
        website=row["website"],
        successors=tuple(row["successors"].split()),
    )


KNOWN = [_record(row) for row in _rows("companies_known")]
MATCHES = _rows("company_matches")
_SAID = ("company_name", "cvr", "website", "root_domain", "email", "postcode", "city", "country")


def said(row: Mapping[str, str]) -> Identity:
    return identity({name: row[name] or None for name in (*_SAID, "main_phone")})


def told(outcome: Outcome) -> tuple[str, str, str]:
    """(outcome, companies, reason) as the cases write them."""
    if isinstance(outcome, Match):
        return "match", outcome.company.number, outcome.reason.code
    if isinstance(outcome, NoMatch):
        return "none", "", outcome.reason.code
    numbers = " ".join(one.company.number for one in outcome.candidates)
    kind = "conflict" if isinstance(outcome, Conflict) else "proposal"
    return kind, numbers, outcome.reason.code


@pytest.mark.parametrize("case", MATCHES, ids=lambda case: str(case["what"]))
def test_a_record_is_the_company_that_it_says_it_is(case: Mapping[str, str]) -> None:
    outcome = match(said(case), KNOWN)
    assert told(outcome) == (case["outcome"], case["companies"], case["reason"])


@given(st.sampled_from(MATCHES), st.integers(0, 10_000))
def test_the_order_in_which_companies_come_makes_no_difference(
    case: Mapping[str, str], seed: int
) -> None:
    shuffled = [*KNOWN, *KNOWN]
    Random(seed).shuffle(shuffled)
    assert match(said(case), shuffled) == match(said(case), KNOWN)


@given(st.builds(Identity, *[st.text(max_size=30)] * 7), st.permutations(KNOWN))
def test_whatever_a_record_says_there_is_an_answer(
    who: Identity, known: Sequence[CompanyRecord]
) -> None:
    assert isinstance(match(who, known), Match | Proposal | Conflict | NoMatch)


def _many(count: int) -> list[CompanyRecord]:
    return [
        CompanyRecord(
            cvr=f"9100{number:04}",
            source="cvr",
            read_at=READ,
            name=f"Fabel {number} ApS",
            website="opdigtet-0009.dk",
            address=Address(postcode="8000"),
        )
        for number in range(count)
    ]


def test_a_domain_of_very_many_companies_is_a_hosts_and_does_not_even_suggest_one() -> None:
    who = Identity(site="opdigtet-0009.dk", name="Noget Andet", postcode="8000")
    assert isinstance(match(who, _many(MOST_CANDIDATES)), Conflict)
    assert isinstance(match(who, _many(MOST_CANDIDATES + 1)), NoMatch)


def test_a_postcode_may_be_that_of_a_production_unit() -> None:
    unit = Unit(p_number="1009990001", address=Address(postcode="9000"))
    company = CompanyRecord(
        cvr="90000195", source="cvr", read_at=READ, name="Fabel Bil A/S", units=(unit,)
    )
    who = Identity(name="Fabel Bil", postcode="9000")
    assert isinstance(match(who, [company]), Proposal)


def test_two_sources_of_one_company_are_one_company() -> None:
    other = CompanyRecord(
        cvr="90000063", source="vainu", read_at=READ, website="opdigtet-0004.dk", name="Eventyr"
    )
    outcome = match(Identity(site="opdigtet-0004.dk"), [*KNOWN, other])
    assert isinstance(outcome, Match)
    assert outcome.company.number == "90000063"


def test_what_speaks_against_a_match_is_told_with_it() -> None:
    outcome = match(Identity(cvr="90000179", name="Helt Andet ApS"), KNOWN)
    assert isinstance(outcome, Match)
    assert [one.code for one in outcome.doubts] == ["finding.company_called_otherwise"]


def test_what_is_sure_decides_with_more_confidence() -> None:
    assert list(CONFIDENCE) == list(By)
    assert sorted(CONFIDENCE.values(), reverse=True) == list(CONFIDENCE.values())


def test_sources_are_asked_by_number_and_by_each_domain_once() -> None:
    who = identity(
        {
            "cvr": "90000012",
            "website": "https://www.opdigtet-0001.dk",
            "email": "ida@opdigtet-0001.dk",
        }
    )
    assert asked(who) == (
        Key(KeyKind.CVR, "90000012"),
        Key(KeyKind.MAIL_DOMAIN, "opdigtet-0001.dk"),
    )


@pytest.mark.parametrize("text", ["SE 90000012", "SE90000012", "CVR-nr. 123"])
def test_a_danish_number_in_an_odd_spelling_is_not_taken_for_a_foreign_one(text: str) -> None:
    assert identity({"cvr": text}).country == ""


def test_every_reason_can_be_read_in_both_languages() -> None:
    for outcome in (match(said(case), KNOWN) for case in MATCHES):
        doubts = outcome.doubts if isinstance(outcome, Match) else ()
        for reason in (outcome.reason, *doubts):
            for language in ("da", "en"):
                assert "{" not in _read(reason, language)


def _read(reason: Reason, language: str) -> str:
    return Texts(language).get(reason.code, **reason.details)
