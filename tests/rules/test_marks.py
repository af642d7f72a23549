"""What a record adds to the key figures, for the cells that people type."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.fields.choices import LAWFUL_BASIS, OUTCOME
from rules.marks import CHANNELS, Consent, Marks, Phone, packed, split, steps, unpacked
from rules.records import ABSENT, Kind, Value

FIELDS = (
    "direct_phone", "other_phone", "main_phone", "title", "function", "lawful_basis",
    "data_checked_at",
    *(f"consent_{channel}{end}" for channel in CHANNELS for end in ("", "_at", "_source")),
)  # fmt: skip


def of(kind: Kind = Kind.CONTACT, wrong: frozenset[str] = frozenset(), **values: Value) -> Marks:
    fields = [*FIELDS, "outcome", "direction", "called_number"]
    return unpacked(packed(steps(kind, fields), values, values, wrong))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("+4568100001", Phone.DIALLED),
        ("68 10 00 01", Phone.DIALLED),
        ("68100001", Phone.DIALLED),
        ("+45 68-10-00-01", Phone.DIALLED),
        ("0045 68 10 00 01", Phone.DIALLED),
        ("tlf. 68100001", Phone.REPAIRED),
        ("68100001,0", Phone.REPAIRED),
        ("68100001 / 68100002", Phone.REPAIRED),
        ("68100001 lok. 12", Phone.REPAIRED),
        ("", Phone.NONE),
        (None, Phone.NONE),
        (ABSENT, Phone.NONE),
    ],
)
def test_a_number_that_a_dialer_understands_is_told_from_one_that_has_to_be_repaired(
    text: Value, expected: Phone
) -> None:
    assert of(direct_phone=text).phone is expected


def test_the_best_number_of_a_record_counts_and_a_wrong_one_is_of_no_use() -> None:
    assert of(direct_phone="12", wrong=frozenset({"direct_phone"})).phone is Phone.USELESS
    both = {"direct_phone": "12", "other_phone": "tlf. 68100001"}
    assert of(**both, wrong=frozenset({"direct_phone"})).phone is Phone.REPAIRED
    both = {"direct_phone": "tlf. 68100001", "main_phone": "12"}
    assert of(**both, wrong=frozenset({"main_phone"})).phone is Phone.REPAIRED


@pytest.mark.parametrize(
    ("yes", "at", "source", "expected"),
    [
        ("Ja", "3/3 2025", "Hjemmeside", Consent.DOCUMENTED),
        ("x", "2025-03-03", "form", Consent.DOCUMENTED),
        ("Ja", "", "Hjemmeside", Consent.UNDOCUMENTED),
        ("Ja", "sidste år", "Hjemmeside", Consent.UNDOCUMENTED),
        ("Ja", "3/3 2025", None, Consent.UNDOCUMENTED),
        ("Ja", ABSENT, ABSENT, Consent.UNDOCUMENTED),
        ("Nej", "3/3 2025", "Hjemmeside", Consent.NO),
        ("trukket tilbage", "", "", Consent.NO),
        ("måske", "3/3 2025", "Hjemmeside", Consent.NOTHING),
        ("-", "", "", Consent.NOTHING),
        ("", "3/3 2025", "Hjemmeside", Consent.NOTHING),
    ],
)
@pytest.mark.parametrize("channel", CHANNELS)
def test_a_yes_without_date_or_source_is_not_documented(
    channel: str, yes: str, at: Value, source: Value, expected: Consent
) -> None:
    name = f"consent_{channel}"
    found = of(**{name: yes, f"{name}_at": at, f"{name}_source": source})
    assert found.consents[CHANNELS.index(channel)] is expected
    assert sum(found.consents) == expected, "no other channel hears of it"


def test_basis_and_outcome_are_read_in_the_words_that_people_use() -> None:
    assert of(lawful_basis="Interesseafvejning").basis == "legitimate_interest"
    assert of(lawful_basis="Vi kender dem").basis == "other"
    assert of(lawful_basis=" ").basis == ""
    assert of(Kind.CALL, outcome="Møde booket!").outcome == "meeting_booked"
    assert of(Kind.CALL, outcome="gik fint").outcome == "other"
    assert of(Kind.CALL, direction="Indgående", outcome="Optaget").inbound
    assert not of(Kind.CALL, direction="ud").inbound
    for choice in LAWFUL_BASIS:
        assert of(lawful_basis=choice.value).basis == choice.value
    for choice in OUTCOME:
        assert of(Kind.CALL, outcome=choice.da).outcome == choice.value


def test_the_day_of_the_last_check_is_the_day_in_denmark() -> None:
    assert of(data_checked_at="06-10-2026").checked == date(2026, 10, 6)
    assert of(data_checked_at="2026-10-06T22:30:00Z").checked == date(2026, 10, 7)
    assert of(data_checked_at="2020-01-01").checked == date(2020, 1, 1)
    assert of(data_checked_at="sidste år").checked is None
    assert of(data_checked_at=None).checked is None


def test_title_and_function_count_together_before_and_after() -> None:
    marking = steps(Kind.LEAD, ("title", "function"))
    before = {"title": "Chef", "function": None}
    after = {"title": "Chef", "function": "sales"}
    found = unpacked(packed(marking, before, after, frozenset()))
    assert (found.titled_before, found.titled) == (False, True)
    assert not steps(Kind.LEAD, ("title",)), "a list without the column says nothing"


def test_the_day_is_split_from_the_rest_and_nothing_is_lost() -> None:
    marking = steps(Kind.CONTACT, FIELDS)
    values = {"direct_phone": "68100001", "data_checked_at": "06-10-2026"}
    number = packed(marking, values, values, frozenset())
    rest, day = split(number)
    assert rest | day == number
    assert unpacked(rest).checked is None
    assert unpacked(day) == unpacked(0)._replace(checked=date(2026, 10, 6))


@given(st.dictionaries(st.sampled_from([*FIELDS, "outcome", "direction"]), st.text(max_size=40)))
def test_any_record_has_a_number(values: dict[str, Value]) -> None:
    for kind in Kind:
        number = packed(steps(kind, FIELDS), values, values, frozenset())
        assert 0 <= number < 1 << 62
        unpacked(number)
