"""The formulas of the key figures, on counts that one can do in one's head."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules import kpis
from rules.fields.choices import LAWFUL_BASIS, OUTCOME
from rules.kpis import Share
from rules.marks import CHANNELS, Consent, Marks, Phone, unpacked

NOBODY = unpacked(0)
TODAY = date(2026, 11, 25)


def marks(**changed: object) -> Marks:
    return NOBODY._replace(**changed)  # type: ignore[arg-type]


def call(outcome: str, **changed: object) -> Marks:
    return marks(outcome=outcome, **changed)


def test_a_share_of_nothing_is_unknown_and_not_zero() -> None:
    assert Share(0, 0).value is None
    assert Share(0, 4).value == 0
    assert Share(1, 4).value == 0.25


def test_phones_count_before_as_they_stand_and_after_once_repaired() -> None:
    counted = [(marks(phone=phone), 10 * phone + 1) for phone in Phone]
    assert kpis.with_phone(counted) == (Share(31, 64), Share(52, 64))


def test_titles_count_when_both_fields_are_filled() -> None:
    counted = [(marks(), 5), (marks(titled=True), 2), (marks(titled=True, titled_before=True), 1)]
    assert kpis.titled(counted) == (Share(1, 8), Share(3, 8))


@pytest.mark.parametrize(
    ("channel", "consent", "basis", "expected"),
    [
        ("call", Consent.NOTHING, "legitimate_interest", True),
        ("call", Consent.NOTHING, "contract", True),
        ("call", Consent.NOTHING, "consent", False),
        ("call", Consent.NOTHING, "none", False),
        ("call", Consent.NOTHING, "other", False),
        ("call", Consent.DOCUMENTED, "", True),
        ("call", Consent.UNDOCUMENTED, "", False),
        ("call", Consent.NO, "legitimate_interest", False),
        ("email", Consent.NOTHING, "legitimate_interest", False),
        ("email", Consent.NOTHING, "existing_customer", True),
        ("email", Consent.NO, "existing_customer", False),
        ("email", Consent.DOCUMENTED, "", True),
        ("sms", Consent.UNDOCUMENTED, "contract", False),
        ("sms", Consent.DOCUMENTED, "none", True),
    ],
)
def test_who_may_be_contacted_on_a_channel(
    channel: str,
    consent: Consent,
    basis: str,
    expected: bool,  # noqa: FBT001
) -> None:
    consents = tuple(consent if one == channel else Consent.NOTHING for one in CHANNELS)
    one = marks(consents=consents, basis=basis)
    assert kpis.is_permitted(one, channel) is expected
    assert kpis.permitted([(one, 3), (NOBODY, 1)], channel) == Share(3 * expected, 4)


def test_every_basis_that_carries_a_channel_is_on_the_list() -> None:
    known = {one.value for one in LAWFUL_BASIS}
    assert all(grounds <= known for grounds in kpis._GROUNDS.values())
    outcomes = {one.value for one in OUTCOME}
    assert (kpis.REACHED | kpis.BOOKED | kpis.WASTED | kpis._NOT_A_CALL - {""}) <= outcomes


def test_a_day_falls_into_its_band_on_both_sides_of_the_edge() -> None:
    ago = {days: kpis.band(TODAY - timedelta(days=days), TODAY) for days in (0, 91, 92, 365, 366)}
    assert ago == {0: "3", 91: "3", 92: "6", 365: "12", 366: "24"}
    assert kpis.band(TODAY - timedelta(days=731), TODAY) == "older"
    assert kpis.band(TODAY + timedelta(days=1), TODAY) == "future"
    assert kpis.band(None, TODAY) == "unknown"


def test_what_is_older_than_the_limit_is_a_share_of_the_known_days() -> None:
    days = {
        TODAY: 1,
        TODAY - timedelta(days=365): 2,
        TODAY - timedelta(days=366): 4,
        TODAY + timedelta(days=9): 8,
        None: 16,
    }
    assert kpis.older(days, TODAY) == Share(4, 7)
    assert kpis.older({None: 5}, TODAY) == Share(0, 0)


@given(
    st.dictionaries(
        st.one_of(st.none(), st.dates(date(2000, 1, 1), date(2060, 1, 1))), st.integers(0, 99)
    )
)
def test_every_record_is_in_one_band(days: dict[date | None, int]) -> None:
    assert sum(kpis.ages(days, TODAY).values()) == sum(days.values())


def test_a_call_log_counts_outgoing_calls_with_an_outcome() -> None:
    log = kpis.call_log(
        [
            (call("meeting_booked"), 2),
            (call("not_interested"), 8),
            (call("no_answer"), 30),
            (call("gatekeeper"), 5),
            (call("wrong_number"), 5),
            (call("meeting_booked", inbound=True), 100),
            (call("held"), 100),
            (call(""), 100),
            (call("other"), 5),
        ]
    )
    assert log == (55, 50, 10, 2)
    assert log.contact_rate == Share(10, 50)
    assert log.booking_rate == Share(2, 10)


def test_500_calls_before_and_after() -> None:
    """100 records: 60 can be dialled, 20 once repaired, 20 never; 8 said no; 12 are repeats."""
    counted = [
        (marks(phone=Phone.DIALLED), 60),
        (marks(phone=Phone.REPAIRED), 20),
        (marks(phone=Phone.USELESS), 20),
        (NOBODY, 1000),
    ]
    people = kpis.to_call(counted, {Phone.DIALLED: 6, Phone.REPAIRED: 2}, 14, 2)
    assert people == kpis.ToCall(45, 15, 20, 8, 12)
    assert people.records == 100
    assert people.before == Share(45, 100)
    assert people.after == Share(60, 60)
    assert kpis.meetings(500, 0.45, 0.2, 0.1) == pytest.approx(4.5)
    assert kpis.meetings(500, 1.0, 0.2, 0.1) == pytest.approx(10)


@given(*[st.integers(0, 50)] * 4, st.integers(0, 200), st.integers(0, 30))
def test_everybody_to_call_is_counted_once(
    dialled: int, repaired: int, useless: int, blocked: int, repeated: int, both: int
) -> None:
    counted = [
        (marks(phone=Phone.DIALLED), dialled + blocked),
        (marks(phone=Phone.REPAIRED), repaired),
        (marks(phone=Phone.USELESS), useless),
    ]
    people = kpis.to_call(counted, {Phone.DIALLED: blocked}, repeated, both)
    assert people.records == dialled + repaired + useless + blocked
    assert min(people.dialled, people.repaired, people.repeated) >= 0
    assert (people.before.value or 0) <= (people.after.value or 1)
