"""Checks: the table `cases/checks.csv`, one test a row, and what holds for every record.

Columns: kind; record (`field=text`, `|` between; a field that is not named has no column);
findings (`code[what it names]`, blanks between); again (the day to look once more). The day is
2026-11-25, and the users are Rav, Rav Elkedel and Birk.
"""

from __future__ import annotations

import csv
import re
import tomllib
from collections.abc import Iterator
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import rules
from rules import tables
from rules.catalogue import DEFAULT, Moment, extend
from rules.changes import Finding, Severity
from rules.checks import completeness, evidence, moments, notes
from rules.checks.desk import Terms
from rules.checks.record import columns, fingerprint, look
from rules.decide import Context, decide
from rules.folding import fold
from rules.records import ABSENT, Kind, Record, Ref, Value

CASES = Path(__file__).parent / "cases" / "checks.csv"
TODAY = date(2026, 11, 25)
USERS = frozenset(map(fold, ("Rav", "Rav Elkedel", "Birk")))
OWN = frozenset({"+4568000000"})
TERMS = Terms(TODAY, USERS, own_numbers=OWN)
TEXTS = tomllib.loads(
    (Path(rules.__file__).parents[1] / "sync/texts/checks.toml").read_text("utf-8")
)
SOURCES = "".join(
    path.read_text("utf-8") for path in (Path(rules.__file__).parent / "checks").glob("*.py")
)


def _cases() -> Iterator[object]:
    with CASES.open(encoding="utf-8", newline="") as file:
        for number, row in enumerate(csv.DictReader(file), start=2):
            if not row["kind"].startswith("#"):
                yield pytest.param(row, id=str(number))


def _values(record: str) -> dict[str, Value]:
    cells = dict(cell.split("=", 1) for cell in record.split("|"))
    return {name: text or None for name, text in cells.items()}


def _told(findings: tuple[Finding, ...]) -> str:
    named = ("fields", "about")
    return " ".join(
        f"{one.code}[{next((one.details[name] for name in named if name in one.details), '')}]"
        for one in findings
    )


@pytest.mark.parametrize("row", list(_cases()))
def test_a_record_lacks_what_its_case_says(row: dict[str, str]) -> None:
    found, again = look(Kind(row["kind"]), _values(row["record"]), DEFAULT, TERMS)
    assert _told(found) == row["findings"]
    assert (again.isoformat() if again else "") == row["again"]


@pytest.mark.parametrize("row", list(_cases()))
def test_nothing_changes_before_the_day_to_look_again(row: dict[str, str]) -> None:
    """So a record that nobody touches need not be looked at until then."""
    kind, values = Kind(row["kind"]), _values(row["record"])
    found, again = look(kind, values, DEFAULT, TERMS)
    last = (again or TODAY + timedelta(days=4000)) - timedelta(days=1)
    for day in (TODAY, last, TODAY + (last - TODAY) // 2):
        assert _told(look(kind, values, DEFAULT, Terms(day, USERS, own_numbers=OWN))[0]) == _told(
            found
        )


def test_the_day_to_look_again_is_needed() -> None:
    """On that day something is found that was not found before."""
    values: dict[str, Value] = {"next_action_at": "2026-11-25"}
    found, again = look(Kind.CONTACT, values, DEFAULT, TERMS)
    assert (found, again) == ((), TODAY + timedelta(days=1))
    assert again is not None
    later, _ = look(Kind.CONTACT, values, DEFAULT, Terms(again))
    assert _told(later) == "next_action_past[]"


_TEXT = st.one_of(
    st.none(),
    st.just(ABSENT),
    st.text(max_size=12),
    st.sampled_from(["ja", "nej", " ", "2025-11-25", "1/2 2027", "Ring", "Vundet", "Samtykke"]),
)
_DAYS = st.dates(date(2020, 1, 1), date(2035, 12, 31))


@given(
    st.sampled_from(Kind),
    st.dictionaries(st.sampled_from([field.name for field in DEFAULT]), _TEXT, max_size=12),
    _DAYS,
)
def test_any_record_can_be_looked_at_and_the_day_to_look_again_lies_ahead(
    kind: Kind, values: dict[str, Value], today: date
) -> None:
    found, again = look(kind, values, DEFAULT, Terms(today, USERS, own_numbers=OWN))
    assert again is None or again > today
    assert len({(one.code, one.field) for one in found}) == len(found)
    assert look(kind, values, DEFAULT, Terms(today, USERS, own_numbers=OWN)) == (found, again)


@given(
    st.sampled_from(Kind),
    st.dictionaries(st.sampled_from([field.name for field in DEFAULT]), _TEXT, max_size=12),
    _DAYS,
    st.integers(0, 1000),
)
def test_what_was_found_holds_until_the_day_to_look_again(
    kind: Kind, values: dict[str, Value], today: date, ahead: int
) -> None:
    found, again = look(kind, values, DEFAULT, Terms(today, USERS, own_numbers=OWN))
    day = today + timedelta(days=ahead)
    if again is None or day < again:
        assert look(kind, values, DEFAULT, Terms(day, USERS, own_numbers=OWN))[0] == found


@given(st.dictionaries(st.sampled_from([field.name for field in DEFAULT]), _TEXT, max_size=12))
def test_without_a_day_nothing_is_old_and_nothing_need_be_looked_at_again(
    values: dict[str, Value],
) -> None:
    found, again = look(Kind.CONTACT, values, DEFAULT, Terms())
    timed = {
        "data_stale",
        "fields_stale",
        "consent_unused",
        "consent_in_future",
        "next_action_past",
    }
    assert again is None
    assert not timed & {one.code for one in found}


def test_deciding_looks_at_the_record_as_it_will_be_and_says_when_to_look_again() -> None:
    values: dict[str, Value] = {"company_name": "opdigt aps", "source": None, "direct_phone": "-"}
    values |= {"consent_email": "ja", "consent_email_at": "2026-02-01"}
    decision = decide(Record(Ref("files", Kind.LEAD, "1"), "v", values), Context(terms=TERMS))
    assert [one.code for one in decision.findings] == ["placeholder", "missing_at_entry"]
    assert decision.again_on == date(2027, 2, 1)


def test_a_record_up_for_a_call_is_a_warning_and_any_other_a_notice() -> None:
    values: dict[str, Value] = {"data_checked_at": "2020-01-01"}
    for more, severity in (({}, Severity.NOTICE), ({"call_list": "Uge 45"}, Severity.WARNING)):
        found, _ = look(Kind.CONTACT, {**values, **more}, DEFAULT, TERMS)
        assert [(one.code, one.severity) for one in found] == [("data_stale", severity)]


_PHRASES = [row["phrase"].rstrip("*") for row in tables.rows(notes.TABLE)]


def test_notes_are_never_quoted() -> None:
    note = "Gav samtykke til mail; kunden er langtidssygemeldt og bad om ikke at blive ringet op"
    found, _ = look(Kind.CONTACT, {"note": note}, DEFAULT, TERMS)
    assert {one.code for one in found} == {"note_holds_opt_out", "note_private"}
    assert not any("kunden" in text for one in found for text in one.details.values())


@given(st.text(max_size=200))
def test_any_note_can_be_read(text: str) -> None:
    assert set(notes.met(text)) <= {row["about"] for row in _phrases()}


@given(st.lists(st.sampled_from([*_PHRASES, "og så", "Rav", "ikke", "ring", "på mail", "har"])))
def test_of_a_note_only_those_words_are_kept_that_say_the_same(words: list[str]) -> None:
    note = f"Talte med Fru Paraply. {' '.join(words)}; hun rejser til Kanariefugleøerne"
    said = notes.kept(note)
    assert set(notes.met(said or "")) == set(notes.met(note))
    if "consent" in notes.met(note):
        assert set(notes.channels(said or "")) == set(notes.channels(note))
    assert "paraply" not in (said or "")
    assert "kanarie" not in (said or "")
    assert notes.kept(said or "") == said


def _phrases() -> list[dict[str, str]]:
    return [dict(row) for row in tables.rows(notes.TABLE)]


def test_every_phrase_of_the_table_is_found() -> None:
    missed = [
        row["phrase"]
        for row in _phrases()
        if row["about"] not in notes.met(f"Talte med Rav: {row['phrase'].upper().rstrip('*')}.")
    ]
    assert not missed


# --- lists ------------------------------------------------------------------------------------


def _columns(kind: Kind, fields: str) -> dict[str, str]:
    return {one.code: one.details["fields"] for one in columns(kind, fields.split(), DEFAULT)}


def test_a_list_is_told_once_what_it_has_no_column_for() -> None:
    said = _columns(Kind.LEAD, "company_name direct_phone title")
    assert said["no_column_at_entry"] == "source"
    assert said["no_column_for_call_list"] == "campaign, lawful_basis, data_checked_at"
    assert "no_column_at_close" not in said


def test_a_list_with_a_yes_and_no_proof_of_it_is_told_so() -> None:
    said = _columns(Kind.CONTACT, "consent_email opt_out")
    assert said["no_column_for_evidence"] == (
        "consent_email_at, consent_email_source, opt_out_at, opt_out_source"
    )
    assert "no_column_for_evidence" not in _columns(Kind.CONTACT, "direct_phone")


def test_the_reference_of_a_basis_is_asked_for_once() -> None:
    said = _columns(Kind.CONTACT, "lawful_basis")
    assert said["no_column_for_evidence"] == "lawful_basis_ref"
    assert "lawful_basis_ref" not in said["no_column_at_hand_off"]


def test_a_mobile_number_stands_in_for_the_direct_one() -> None:
    assert "direct_phone" in _columns(Kind.CONTACT, "title")["no_column_for_call_list"]
    assert "direct_phone" not in _columns(Kind.CONTACT, "other_phone")["no_column_for_call_list"]


def test_a_list_of_calls_is_never_asked_for_what_a_call_list_needs() -> None:
    assert "no_column_for_call_list" not in _columns(Kind.CALL, "called_number")


def test_what_a_list_has_no_column_for_is_said_of_none_of_its_records() -> None:
    found, _ = look(Kind.LEAD, {"company_name": "Opdigt ApS"}, DEFAULT, TERMS)
    assert found == ()


# --- the catalogue decides ---------------------------------------------------------------------


def test_a_field_that_is_made_optional_is_missed_no_more() -> None:
    values: dict[str, Value] = {"company_name": "Opdigt ApS", "source": None}
    relaxed = extend(DEFAULT, {"source": {"mandatory_at": []}})
    assert _told(look(Kind.LEAD, values, DEFAULT, TERMS)[0]) == "missing_at_entry[source]"
    assert look(Kind.LEAD, values, relaxed, TERMS)[0] == ()


def test_a_field_may_be_given_another_life() -> None:
    values: dict[str, Value] = {"data_checked_at": "2026-08-01"}
    strict = extend(DEFAULT, {"data_checked_at": {"max_age_days": 90}})
    never = extend(DEFAULT, {"data_checked_at": {"max_age_days": False}})
    assert look(Kind.CONTACT, values, DEFAULT, TERMS)[0] == ()
    assert _told(look(Kind.CONTACT, values, strict, TERMS)[0]) == "data_stale[]"
    assert look(Kind.CONTACT, values, never, TERMS) == ((), None)


def test_other_demands_are_another_fingerprint() -> None:
    relaxed = extend(DEFAULT, {"source": {"mandatory_at": []}})
    strict = extend(DEFAULT, {"data_checked_at": {"max_age_days": 90}})
    assert len({fingerprint(one, Kind.LEAD) for one in (DEFAULT, relaxed, strict)}) == 3
    assert fingerprint(relaxed, Kind.MEETING) == fingerprint(DEFAULT, Kind.MEETING)


def test_what_an_earlier_moment_asks_for_is_still_asked_for() -> None:
    for kind in Kind:
        asked = [set(completeness.needed(kind, moment, DEFAULT)) for moment in Moment]
        assert all(earlier <= later for earlier, later in pairwise(asked))


def test_every_sign_of_a_moment_is_a_field_of_its_kind_and_a_value_that_it_may_have() -> None:
    for kind in Kind:
        for sign in moments.signs(kind):
            if sign.field:
                row = DEFAULT[sign.field]
                assert kind in row.kinds
                assert sign.value == "*" or sign.value in {one.value for one in row.choices}


@pytest.mark.parametrize(
    ("day", "months", "later"),
    [
        (date(2024, 2, 29), 12, date(2025, 2, 28)),
        (date(2026, 10, 31), 1, date(2026, 11, 30)),
        (date(2026, 12, 1), 1, date(2027, 1, 1)),
        (date(9999, 6, 1), 12, date.max),
    ],
)
def test_months_end_where_calendars_end_them(day: date, months: int, later: date) -> None:
    assert evidence.months_later(day, months) == later


# --- words ------------------------------------------------------------------------------------


def test_every_finding_is_said_and_every_text_is_used() -> None:
    codes = {
        *re.findall(r'"((?:[a-z]+_)+[a-z]+)", (?:severity|Severity\.|desk\.weighed)', SOURCES),
        *completeness.MISSING.values(),
        *(code for code, _ in completeness.NO_COLUMN.values()),
    }
    said = {key.split(".")[1] for key in TEXTS if key.startswith("finding.")}
    assert said - {"column_twice"} == codes
    for code in codes:
        assert {f"finding.{code}", f"finding.{code}.remedy", f"report.cause.{code}"} <= TEXTS.keys()


def test_every_private_matter_has_a_name() -> None:
    about = {row["about"] for row in _phrases()} - {"consent", "opt_out"}
    assert {f"report.about.{one}" for one in about} <= TEXTS.keys()
