"""What verifiers' words come to, which verdict holds, and what a person is told of it."""

from __future__ import annotations

import csv
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules import tables
from rules.decide import Context, decide
from rules.enrichment.verdict import LIVES, Verdict, Verified, judged, standing
from rules.enrichment.verifying import from_verdicts, reached
from rules.keys import Key, KeyKind
from rules.records import Kind, Record, Ref
from rules.trust import NO_PAST
from sync.texts import LANGUAGES, Texts

_CASES = (Path(__file__).parent / "cases" / "verdicts.csv").read_text("utf-8")
CASES = list(csv.DictReader(_CASES.splitlines()))
READ = datetime(2026, 11, 24, 3, tzinfo=UTC)
TOLD = Verified(
    source="zerobounce", read_at=READ, verdict=Verdict.VALID, reason="exists", status="valid"
)
ADDRESS = "anna@opdigtet-0001.dk"
KEY = Key(KeyKind.EMAIL, ADDRESS)
KINDS = frozenset({KeyKind.EMAIL})


@pytest.mark.parametrize("case", CASES, ids=lambda case: "/".join(case.values()))
def test_a_vendors_words_are_a_verdict_of_ours(case: dict[str, str]) -> None:
    found = judged(case["source"], case["status"], case["details"].split())
    assert (tuple(found) if found else ("", "")) == (case["verdict"], case["reason"])


@given(st.text(), st.lists(st.text()))
def test_words_that_nobody_knows_are_no_verdict(status: str, details: list[str]) -> None:
    assert judged("nobody", status, details) is None


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_reason_for_a_finding_is_told_in_words(lang: str) -> None:
    silent = {"exists", "role", "no_answer"}
    for reason in {row["reason"] for row in tables.rows("verdicts")} - silent:
        assert Texts(lang).find(f"verdict.{reason}"), reason


def told(verdict: Verdict, days: int = 0, source: str = "zerobounce") -> Verified:
    return replace(TOLD, verdict=verdict, read_at=READ + timedelta(days=days), source=source)


@pytest.mark.parametrize(
    ("first", "later", "days", "holds"),
    [
        (Verdict.VALID, Verdict.INVALID, 30, Verdict.INVALID),
        (Verdict.INVALID, Verdict.VALID, 30, Verdict.VALID),
        (Verdict.INVALID, Verdict.VALID, 0, Verdict.INVALID),
        (Verdict.RISKY, Verdict.VALID, 0, Verdict.RISKY),
        (Verdict.DO_NOT_MAIL, Verdict.VALID, 30, Verdict.DO_NOT_MAIL),
    ],
)
def test_the_newest_day_holds_of_one_day_the_worst_and_never_mail_for_good(
    first: Verdict, later: Verdict, days: int, holds: Verdict
) -> None:
    both = [told(first), told(later, days, "neverbounce")]
    for order in (both, both[::-1]):
        found = standing(order)
        assert found is not None
        assert found.verdict is holds


@given(
    st.lists(
        st.builds(
            told, st.sampled_from(list(LIVES)), st.integers(0, 3), st.sampled_from(["a", "b", "c"])
        )
    ),
    st.randoms(),
)
def test_which_verdict_holds_does_not_depend_on_the_order(
    some: list[Verified], random: Random
) -> None:
    shuffled = list(some)
    random.shuffle(shuffled)
    assert standing(shuffled) == standing(some)


def test_no_verdicts_are_none() -> None:
    assert standing(()) is None


# --- what a person is told --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("verdict", "reason", "codes"),
    [
        (Verdict.VALID, "exists", []),
        (Verdict.INVALID, "not_there", ["email_not_there"]),
        (Verdict.DO_NOT_MAIL, "trap", ["email_never_mail"]),
        (Verdict.RISKY, "catch_all", ["email_unsure"]),
        (Verdict.RISKY, "role", []),
    ],
)
def test_what_does_not_work_is_told(verdict: Verdict, reason: str, codes: list[str]) -> None:
    verdicts = {KEY: [replace(TOLD, verdict=verdict, reason=reason)]}
    assert [one.code for one in from_verdicts({"email": ADDRESS}, verdicts)] == codes


def test_what_was_meant_is_proposed_and_never_written() -> None:
    meant = replace(
        TOLD, verdict=Verdict.INVALID, reason="typo", suggestion="anna@opdigtet-0002.dk"
    )
    past = replace(NO_PAST, verdicts={KEY: [meant]})
    record = Record(Ref("files", Kind.CONTACT, "1"), "v1", {"email": ADDRESS})
    decision = decide(record, Context(), past)
    assert decision.changes == ()
    assert {"email_not_there", "email_typo"} <= {one.code for one in decision.findings}
    assert decision.values["email"] == ADDRESS


def test_a_verdict_is_about_the_address_as_the_rules_spell_it() -> None:
    past = replace(NO_PAST, verdicts={KEY: [told(Verdict.INVALID)]})
    record = Record(Ref("files", Kind.CONTACT, "1"), "v1", {"email": f" {ADDRESS.upper()} "})
    assert "email_not_there" in {one.code for one in decide(record, Context(), past).findings}


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        (ADDRESS, [KEY]),
        ("info@opdigtet-0001.dk", [Key(KeyKind.EMAIL, "info@opdigtet-0001.dk")]),
        ("anna@gmial.com", []),
        ("anna@opdigtet.intetsteds", []),
        ("anna", []),
        ("", []),
        (None, []),
    ],
)
def test_only_what_our_own_rules_let_pass_is_worth_a_question(
    text: str | None, asked: list[Key]
) -> None:
    assert list(reached({"email": text}, KINDS)) == asked
    assert reached({"email": text}, frozenset()) == ()


# --- numbers ----------------------------------------------------------------------------------

NUMBER = Key(KeyKind.PHONE, "+4568000001")


@pytest.mark.parametrize(
    ("reason", "verdict", "of_a_person", "of_a_company"),
    [
        ("exists", Verdict.VALID, [], []),
        ("dead", Verdict.INVALID, ["phone_not_there"], ["phone_not_there"]),
        ("toll_free", Verdict.VALID, ["phone_not_there"], []),
        ("voip", Verdict.VALID, ["phone_unsure"], []),
        ("voip", Verdict.RISKY, ["phone_unsure"], ["phone_unsure"]),
        ("switched_off", Verdict.RISKY, ["phone_unsure"], ["phone_unsure"]),
    ],
)
def test_what_is_right_for_a_main_number_may_be_nobodys_own(
    reason: str, verdict: Verdict, of_a_person: list[str], of_a_company: list[str]
) -> None:
    verdicts = {NUMBER: [replace(TOLD, source="twilio", verdict=verdict, reason=reason)]}
    for field, codes in (("direct_phone", of_a_person), ("main_phone", of_a_company)):
        found = from_verdicts({field: NUMBER.value}, verdicts)
        assert [(one.field, one.code) for one in found] == [(field, code) for code in codes]


def test_a_number_is_asked_about_once_and_only_when_it_can_be_one() -> None:
    values = {"direct_phone": NUMBER.value, "main_phone": NUMBER.value, "other_phone": "+45680"}
    assert reached(values, frozenset({KeyKind.PHONE})) == (NUMBER,)
    assert reached(values, KINDS) == ()
