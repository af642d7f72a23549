"""May we contact this person? The table of cases is written for whoever knows the law."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import fields, replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.formats.forms import form_of
from rules.permission import (
    LAW,
    Answer,
    Consent,
    Customer,
    Facts,
    Permission,
    Person,
    Purpose,
    Terms,
    permission,
)
from rules.permission_facts import facts_of, person_of
from rules.records import ABSENT, Kind, Value
from rules.suppression import SINGLE_CHANNELS, Channel
from sync.texts import Texts

TABLE = Path(__file__).parent / "cases" / "permission.csv"
SETTINGS = ("unknown_protection", "sole_trader_unchecked", "call_without_basis", "excepted_goods")
TODAY = date(2026, 11, 26)


def cases() -> Iterator[dict[str, str]]:
    text = TABLE.read_text("utf-8")
    lines = (line for line in text.splitlines() if not line.startswith("#"))
    yield from csv.DictReader(lines)


def day(text: str) -> date | None:
    return date.fromisoformat(text) if text else None


def known(text: str) -> bool | None:
    return {"yes": True, "no": False, "": None}[text]


def facts(case: dict[str, str]) -> Facts:
    channel = Channel(case["channel"])
    consent = Consent(day(case["consent"]), case["source"], day(case["last_used"]))
    parts = [str(n) in case["customer"] for n in range(1, 6)]
    return Facts(
        person=Person(case["person"]),
        opted_out=frozenset(map(Channel, case["opted_out"].split())),
        refused=frozenset(map(Channel, case["taken_back"].split())),
        consents={channel: consent} if case["consent"] else {},
        basis=case["basis"],
        basis_ref=case["ref"],
        customer=Customer(*parts) if case["customer"] else None,
        protected=known(case["protected"]),
        protected_checked=day(case["protected_at"]),
        robinson=known(case["robinson"]),
        robinson_checked=day(case["robinson_at"]),
    )


def decided(case: dict[str, str]) -> Permission:
    terms = Terms(**dict.fromkeys(case["setting"].split(), True))
    today = date.fromisoformat(case["today"])
    return permission(facts(case), Channel(case["channel"]), Purpose(case["purpose"]), today, terms)


@pytest.mark.parametrize("case", list(cases()), ids=lambda case: case["case"])
def test_each_case_is_decided_as_the_table_says(case: dict[str, str]) -> None:
    said = decided(case)
    assert (said.answer, said.code) == (case["answer"], case["code"])


def test_the_table_has_a_case_of_every_reason() -> None:
    assert {case["code"] for case in cases()} == LAW.keys()


@pytest.mark.parametrize("lang", ["da", "en"])
@pytest.mark.parametrize("code", list(LAW))
def test_each_reason_and_its_paragraph_are_told_in_both_languages(code: str, lang: str) -> None:
    texts = Texts(lang)
    assert texts.find(f"permission.{code}")
    assert "§" in str(texts.find(f"law.{LAW[code]}")) or "art." in str(
        texts.find(f"law.{LAW[code]}")
    )


# --- what holds for everybody ----------------------------------------------------------------

DAYS = st.dates(date(2024, 1, 1), date(2027, 12, 31)) | st.none()
CONSENTS = st.builds(Consent, DAYS, st.sampled_from(["", " ", "form 12"]), DAYS)
CHANNELS = st.sampled_from(SINGLE_CHANNELS)
SETS = st.frozensets(st.sampled_from(Channel), max_size=2)
KNOWN = st.sampled_from([True, False, None])
ANYBODY = st.builds(
    Facts,
    person=st.sampled_from(Person),
    opted_out=SETS,
    refused=SETS,
    consents=st.dictionaries(CHANNELS, CONSENTS, max_size=3),
    basis=st.sampled_from(["", "consent", "legitimate_interest", "existing_customer", "contract"]),
    basis_ref=st.sampled_from(["", "LIA-1"]),
    customer=st.builds(Customer, *[st.booleans()] * 5) | st.none(),
    protected=KNOWN,
    protected_checked=DAYS,
    robinson=KNOWN,
    robinson_checked=DAYS,
)
TERMS = st.builds(Terms, **{name: st.booleans() for name in SETTINGS})
STRICT = {Answer.ALLOWED: 0, Answer.UNKNOWN: 1, Answer.REFUSED: 2}


@given(ANYBODY, CHANNELS, st.sampled_from(Purpose), TERMS)
def test_who_opted_out_is_refused_whatever_else_is_true(
    who: Facts, channel: Channel, purpose: Purpose, terms: Terms
) -> None:
    for no in (channel, Channel.ALL):
        one = replace(who, opted_out=who.opted_out | {no})
        assert permission(one, channel, purpose, TODAY, terms).answer is Answer.REFUSED


@given(ANYBODY, CHANNELS, TERMS, st.data())
def test_the_strictest_wins_so_one_more_bar_never_loosens(
    who: Facts, channel: Channel, terms: Terms, data: st.DataObject
) -> None:
    bar: dict[str, Any] = data.draw(
        st.sampled_from(
            [{"protected": True}, {"robinson": True}, {"refused": frozenset({channel})},
             {"consents": {}}, {"protected": None} if who.protected is False else {},
             {"robinson": None} if who.robinson is False else {}, {"customer": None}]
        )
    )  # fmt: skip
    before = permission(who, channel, Purpose.MARKETING, TODAY, terms).answer
    after = permission(replace(who, **bar), channel, Purpose.MARKETING, TODAY, terms).answer
    assert STRICT[after] >= STRICT[before]


@given(ANYBODY, CHANNELS)
def test_what_nobody_knows_is_never_allowed_without_a_named_setting(
    who: Facts, channel: Channel
) -> None:
    blank = Facts(person=who.person, opted_out=who.opted_out)
    assert permission(blank, channel, Purpose.MARKETING, TODAY).answer is not Answer.ALLOWED


@given(ANYBODY, CHANNELS, st.sampled_from(Purpose))
def test_a_setting_lets_through_what_it_names_and_nothing_else(
    who: Facts, channel: Channel, purpose: Purpose
) -> None:
    names = {
        "unknown_protection": {"protection_unknown", "protection_old"},
        "sole_trader_unchecked": {"robinson_unknown", "robinson_old"},
        "call_without_basis": {"basis_missing", "basis_unproven"},
        "excepted_goods": {"consumer_call"},
    }
    strict = permission(who, channel, purpose, TODAY)
    for setting, codes in names.items():
        loose = permission(who, channel, purpose, TODAY, Terms(**{setting: True}))
        if loose.answer is not strict.answer:
            assert strict.code in codes


@given(ANYBODY, st.sampled_from([Channel.EMAIL, Channel.SMS]), TERMS)
def test_mail_needs_a_consent_or_all_five_parts(who: Facts, channel: Channel, terms: Terms) -> None:
    said = permission(who, channel, Purpose.MARKETING, TODAY, terms)
    if said.answer is Answer.ALLOWED:
        consent = who.consents.get(channel, Consent())
        assert consent.documented or (who.customer and not who.customer.missing())


def test_one_channel_at_a_time() -> None:
    with pytest.raises(ValueError, match="one channel"):
        permission(Facts(Person.EMPLOYEE), Channel.ALL, Purpose.MARKETING, TODAY)


def test_the_settings_that_let_more_through_are_the_ones_that_the_table_names() -> None:
    flags = {one.name for one in fields(Terms) if isinstance(one.default, bool)}
    assert flags == set(SETTINGS) == {case["setting"] for case in cases()} - {""}


# --- records ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "values", "person"),
    [
        (Kind.LEAD, {"full_name": "Peter Opdigtet"}, Person.CONSUMER),
        (Kind.LEAD, {"full_name": "Peter Opdigtet", "company_name": ABSENT}, Person.CONSUMER),
        (Kind.LEAD, {"full_name": "Peter Opdigtet", "company_name": "Opdigtet A/S"}, Person.EMPLOYEE),
        (Kind.LEAD, {"full_name": "Peter Opdigtet", "cvr": "90000006"}, Person.EMPLOYEE),
        (Kind.LEAD, {"company_name": "Maler v/ Peter Opdigtet"}, Person.SOLE_TRADER),
        (Kind.COMPANY, {"company_name": "Opdigtet", "legal_form": "ENK"}, Person.SOLE_TRADER),
        (Kind.COMPANY, {"company_name": "Opdigtet", "legal_form": "Enkeltmandsvirksomhed"},
         Person.SOLE_TRADER),
        (Kind.COMPANY, {"company_name": "Opdigtet A/S"}, Person.COMPANY),
        (Kind.LEAD, {"company_name": "Opdigtet A/S", "email": "info@opdigtet-0001.dk"},
         Person.ROLE_MAILBOX),
        (Kind.LEAD, {"company_name": "Opdigtet A/S", "main_phone": "68123456"}, Person.COMPANY),
    ],
)  # fmt: skip
def test_who_a_record_stands_for(kind: Kind, values: dict[str, Value], person: Person) -> None:
    assert person_of(kind, values) is person


@given(st.text("vV/.／．\u00a0 ApsIKmaler&", max_size=14) | st.text(max_size=14))
def test_a_quick_look_at_a_name_misses_no_sole_trader(name: str) -> None:
    sole = bool(name) and form_of(name) in {"ENK", "PMV"}
    is_sole = person_of(Kind.LEAD, {"company_name": name}) is Person.SOLE_TRADER
    assert is_sole is sole


def test_what_a_record_says_is_read_the_cautious_way() -> None:
    values: dict[str, Value] = {
        "full_name": "Peter Opdigtet", "company_name": "Opdigtet A/S", "ad_protected": "måske",
        "consent_email": "ja", "consent_email_at": "2026-11-01", "consent_email_source": "form 12",
        "consent_sms": "trukket tilbage", "lawful_basis": "Legitim interesse",
    }  # fmt: skip
    found = facts_of(Kind.CONTACT, values, [Channel.CALL])
    assert found.protected is True
    assert found.basis == "legitimate_interest"
    assert found.consents == {Channel.EMAIL: Consent(date(2026, 11, 1), "form 12")}
    assert found.refused == {Channel.SMS}
    assert found.opted_out == {Channel.CALL}
    assert facts_of(Kind.CONTACT, {}, []).protected is None


@given(
    st.sampled_from([Kind.LEAD, Kind.CONTACT, Kind.COMPANY]),
    st.dictionaries(
        st.sampled_from(
            ["consent_call", "consent_call_at", "consent_call_source", "ad_protected", "cvr",
             "company_name", "legal_form", "data_checked_at", "lawful_basis", "last_contact_at"]
        ),
        st.text(max_size=20) | st.none() | st.just(ABSENT),
    ),
)  # fmt: skip
def test_any_record_has_an_answer(kind: Kind, values: dict[str, Value]) -> None:
    for channel in SINGLE_CHANNELS:
        permission(facts_of(kind, values, []), channel, Purpose.MARKETING, TODAY)
