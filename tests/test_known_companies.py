"""A small share of what `make bench --only matching` measures on half a million companies."""

from __future__ import annotations

from random import Random

import pytest
from known_companies import FOREIGN, MOVED, NO_CVR, TYPO, Found, Said, block, measure, numbers, said

from rules.enrichment.matching import By, Candidate, Match, NoMatch, Proposal, Reason
from rules.enrichment.record import Number

ONE, OTHER = "90000012", "90000020"
WHY = Reason("match.cvr")


def test_known_companies_are_recognised_and_strangers_are_not() -> None:
    found = measure(4000, seed=1)
    assert found.precision >= 0.99
    assert found.recall >= 0.97
    assert found.alone >= 0.92
    assert sum(found.reasons.values()) == found.wrong + found.lost


def test_what_is_the_matter_with_the_records_is_as_frequent_as_it_says() -> None:
    found = measure(4000, seed=2)
    share = {what: count / found.records for what, count in found.troubles.items()}
    moved = sum(value for what, value in share.items() if what.startswith("moved"))
    typos = sum(value for what, value in share.items() if what.startswith("typing"))
    assert share["no CVR number"] == pytest.approx(NO_CVR, rel=0.2)
    assert share["shared domain"] == pytest.approx(0.10, rel=0.25)
    assert share["name twin"] == pytest.approx(0.05, rel=0.25)
    assert moved == pytest.approx(MOVED, rel=0.25)
    assert typos == pytest.approx(TYPO, rel=0.25)
    assert found.foreign / found.records == pytest.approx(FOREIGN, rel=0.25)


@pytest.mark.parametrize(
    ("outcome", "truth", "verdict"),
    [
        (Match(Number("DK", ONE), By.CVR, WHY), ONE, ""),
        (Match(Number("DK", OTHER), By.CVR, WHY), ONE, "wrong"),
        (Match(Number("DK", ONE), By.CVR, WHY), "", "wrong"),
        (NoMatch(WHY), ONE, "lost"),
        (NoMatch(WHY), "", ""),
        (Proposal((Candidate(Number("DK", ONE), ""),), WHY), ONE, ""),
        (Proposal((Candidate(Number("DK", OTHER), ""),), WHY), ONE, "lost"),
    ],
)
def test_the_measure_sees_what_is_wrong_or_lost(outcome: object, truth: str, verdict: str) -> None:
    found = Found()
    found.take(Said({}, truth, frozenset({"typo"})), outcome)  # type: ignore[arg-type]
    assert list(found.reasons) == ([f"{verdict}: typo → match.cvr"] if verdict else [])
    assert found.wrong == (verdict == "wrong")
    assert found.lost == (verdict == "lost")


def test_the_same_seed_makes_the_same_records() -> None:
    def made() -> list[Said]:
        random, cvrs = Random(3), numbers()
        some = block(random, [next(cvrs) for _ in range(50)], 0)
        return [said(random, some, at) for at in range(50)]

    assert made() == made()
