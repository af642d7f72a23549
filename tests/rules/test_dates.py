"""Dates: one reader, one writing, and what was evidence before is the same evidence after."""

from __future__ import annotations

from datetime import UTC, date, datetime, time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules import moments, spans
from rules.catalogue import FIELDS, Role, Type
from rules.cell_rules import CELL_RULES, DATE_FIELDS, EVIDENCE_FIELDS, TIME_FIELDS
from rules.formats import dates
from rules.hygiene import clean
from rules.moments import WINDOW, Fault, Moment, Way
from rules.records import Kind
from sync.texts import Texts

DAYS = st.dates(date(WINDOW.start, 1, 2), date(WINDOW.stop - 1, 12, 31))
WRITINGS = (
    "{d.day:02d}-{d.month:02d}-{d.year}", "{d.day}.{d.month}.{d.year}", "{d.day}/{d.month} {d.year}",
    "{d.day:02d}.{d.month:02d}.{y:02d}", "{d.day}. {m} {d.year}", "den {d.day}. {m} {d.year}",
    "{d.year}/{d.month}/{d.day}", "{d.year}{d.month:02d}{d.day:02d}",
    "{d.day:02d}{d.month:02d}{d.year}", "{d.day}-{m3}-{d.year}", "{serial}", "{serial},0",
    "{d}T00:00:00", "{w} d. {d.day}/{d.month} {d.year}",
)  # fmt: skip
MONTHS = (
    "januar", "februar", "marts", "april", "maj", "juni", "juli", "august", "september", "oktober",
    "november", "december",
)  # fmt: skip
WEEKDAYS = ("mandag", "tirsdag", "onsdag", "torsdag", "fredag", "lørdag", "søndag")


def _written(day: date, way: str) -> str:
    month = MONTHS[day.month - 1]
    return way.format(
        d=day,
        y=day.year % 100,
        m=month,
        m3=month[:3],
        w=WEEKDAYS[day.weekday()],
        serial=(day - date(1899, 12, 30)).days,
    )


@given(DAYS, st.sampled_from(WRITINGS))
def test_every_day_is_read_from_every_writing(day: date, way: str) -> None:
    assert dates.day(_written(day, way)).value == day.isoformat()


@given(DAYS)
def test_a_day_in_its_one_writing_gets_the_quick_look_unless_it_is_a_leap_day(day: date) -> None:
    assert dates.settled_day(day.isoformat()) == (
        day.year > WINDOW.start and (day.month, day.day) != (2, 29)
    )


_PARTS = (
    "24", "11", "3", "4", "2026", "26", "-", "/", ".", " ", "T", "10:30", ":15", ".5", "Z", "+01:00",
    "kl. ", "november", "nov.", "d. ", "46350", ",4375", "1719829815", "123", "02:30", "29-03-2026",
    "25-10-2026", "03/04/2026", "PM", "tirsdag ", "2026-11-24", "00", "99",
)  # fmt: skip
DATED = st.one_of(
    st.lists(st.sampled_from(_PARTS), max_size=7).map("".join),
    st.builds(_written, DAYS, st.sampled_from(WRITINGS)),
    st.builds(lambda d, t: f"{d:%d-%m-%Y} {t:%H:%M}", DAYS, st.times()),
    st.builds(lambda d, t: f"{d} {t:%H:%M:%S}Z", DAYS, st.times()),
    st.integers(0, 2**34).map(str),
    st.floats(20_000, 70_000).map(str),
)


@given(DATED)
def test_evidence_means_the_same_to_the_ledger_before_and_after(text: str) -> None:
    after = dates.evidence(text).value
    assert after is not None
    assert spans.read(after) == spans.read(text)


@given(DATED)
def test_a_written_date_is_read_as_what_it_was_read_from(text: str) -> None:
    for form in (dates.day, dates.stamp, dates.evidence):
        once = form(text)
        assert form(once.value or "").value == once.value
        if once.value != text:
            before, after = moments.read(text.lstrip("'")), moments.read(once.value or "")
            assert isinstance(before, Moment)
            assert isinstance(after, Moment)
            assert after.way is Way.PLAIN


@given(st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1)))  # noqa: DTZ001
def test_a_time_without_zone_is_danish_time_or_a_finding(local: datetime) -> None:
    local = local.replace(microsecond=0)
    formatted = dates.stamp(f"{local:%d-%m-%Y %H:%M:%S}")
    if formatted.issues:
        assert (local.month, local.hour, local.isoweekday()) in {(3, 2, 7), (10, 2, 7)}
        return
    assert formatted.value == str(local)
    # The quick look leaves midnight and the hour of the change to the slow one.
    assert dates.settled(str(local)) or local.hour in {0, 2}
    span = spans.read(str(local))
    assert span is not None
    assert span.start == local.replace(tzinfo=dates.COPENHAGEN).astimezone(UTC)


@pytest.mark.parametrize(("day", "twice"), [("29-03-2026", False), ("25-10-2026", True)])
def test_the_hour_in_which_the_clock_is_changed_is_told_apart(day: str, *, twice: bool) -> None:
    found = {hour: dates.stamp(f"{day} {hour:02d}:30").issues for hour in (1, 2, 3)}
    assert not found[1]
    assert not found[3]
    assert [one.code for one in found[2]] == ["date_hour_twice" if twice else "date_hour_skipped"]


def test_every_date_of_the_catalogue_has_its_rule() -> None:
    by_type = {one: {f.name for f in FIELDS if f.type is one} for one in Type}
    evidence = {f.name for f in FIELDS if f.type is Type.DATETIME and f.role is Role.EVIDENCE}
    assert set(DATE_FIELDS) == by_type[Type.DATE]
    assert set(EVIDENCE_FIELDS) == evidence
    assert set(TIME_FIELDS) == by_type[Type.DATETIME] - evidence
    ruled = {name for rule in CELL_RULES for name in rule.fields}
    assert by_type[Type.DATE] | by_type[Type.DATETIME] <= ruled


@pytest.mark.parametrize("fault", Fault)
@pytest.mark.parametrize("lang", ["da", "en"])
def test_every_fault_is_told_in_words(fault: Fault, lang: str) -> None:
    texts = Texts(lang)
    for key in (f"finding.{fault}", f"finding.{fault}.remedy", f"report.cause.{fault}"):
        assert texts.find(key)


def test_a_row_of_an_opt_out_list_keeps_its_date_as_it_came() -> None:
    assert clean(Kind.OPT_OUT, {"opt_out_at": "24-11-2026"}) == ((), ())


def test_a_moment_adds_nothing_to_what_is_written() -> None:
    assert moments.read("24-11-2026") == Moment(date(2026, 11, 24))
    assert moments.read(" 24-11-2026  10:30 ") == Moment(date(2026, 11, 24), time(10, 30))
