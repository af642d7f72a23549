"""Twilio Lookup and Numverify as sources: a number a call, and what is wrong inside good answers."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import timedelta

import pytest
from simulators.faults import Fault
from simulators.numverify import serving as numverify
from simulators.twilio import serving as twilio
from simulators.web import Clock, served
from sourcing import NOW, free, heard_until, means_of, words

from connectors.caller import Busy
from connectors.session import NoAnswer
from connectors.sources.numverify import Numverify
from connectors.sources.numverify.client import Api as NumverifyApi
from connectors.sources.source import Judged, Unknown
from connectors.sources.twilio import Twilio
from connectors.sources.twilio.client import Api as TwilioApi
from connectors.sources.verifying import Throttled
from rules.errors import SystemStopped, WroteInDryRun
from rules.keys import Key, KeyKind

WEEK = timedelta(days=7)


@pytest.fixture
def first() -> Iterator[twilio.Twilio]:
    with served(twilio.build(clock=Clock(NOW))) as there:
        yield there


@pytest.fixture
def second() -> Iterator[numverify.Numverify]:
    with served(numverify.build(clock=Clock(NOW))) as there:
        yield there


def lookup(
    vendor: twilio.Twilio, key: str = twilio.KEY, *, dry: bool = False, line_status: bool = False
) -> Twilio:
    api = TwilioApi(
        "twilio",
        twilio.USER,
        key,
        means_of(vendor, tries=2, dry=dry),
        line_status=line_status,
    )
    return Twilio("twilio", api, 6)


def plan(vendor: numverify.Numverify, key: str = numverify.KEY, *, dry: bool = False) -> Numverify:
    api = NumverifyApi(
        "numverify",
        key,
        means_of(vendor, tries=2, dry=dry),
    )
    return Numverify("numverify", api, 2)


def many(number: int) -> list[Key]:
    return [Key(KeyKind.PHONE, f"+45680000{n:02}") for n in range(number)]


# --- Twilio -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "verdict"),
    [
        ("mobile", ("valid", "exists")),
        ("landline", ("valid", "exists")),
        ("fixedVoip", ("valid", "voip")),
        ("nonFixedVoip", ("risky", "voip")),
        ("tollFree", ("valid", "toll_free")),
        ("premium", ("invalid", "premium")),
        ("voicemail", ("invalid", "machine")),
    ],
)
def test_a_kind_of_line_is_a_verdict(
    first: twilio.Twilio, line: str, verdict: tuple[str, str]
) -> None:
    [key] = many(1)
    first.desk.lines[key.value] = (line, "unknown")
    [found] = lookup(first).look_up([key])
    assert words(found) == verdict
    assert isinstance(found, Judged)
    assert (found.verdict.status, b"Opdigtet Tele" in found.raw) == (line, True)


@pytest.mark.parametrize("line", ["unknown", None, "hologram"])
def test_a_line_of_which_nothing_is_known_says_nothing(
    first: twilio.Twilio, line: str | None
) -> None:
    [key] = many(1)
    first.desk.lines[key.value] = (line, "unknown")
    [found] = lookup(first).look_up([key])
    assert isinstance(found, Unknown)
    assert (found.waits, found.free) == (WEEK, False)


def test_a_number_that_is_none_is_a_good_answer(first: twilio.Twilio) -> None:
    one, other = many(2)
    first.desk.invalid[one.value] = "INVALID_LENGTH"
    found, good = lookup(first).look_up([one, other])
    assert (words(found), words(good)) == (("invalid", "no_number"), ("valid", "exists"))
    assert isinstance(found, Judged)
    assert found.verdict.detail == "INVALID_LENGTH"


@pytest.mark.parametrize(
    ("status", "verdict"),
    [
        ("active", ("valid", "exists")),
        ("unreachable", ("risky", "switched_off")),
        ("inactive", ("invalid", "dead")),
        ("unknown", ("valid", "exists")),
        ("a_word_to_come", ("valid", "exists")),
    ],
)
def test_whether_a_mobile_is_alive_is_asked_where_it_is_wanted(
    first: twilio.Twilio, status: str, verdict: tuple[str, str]
) -> None:
    [key] = many(1)
    first.desk.lines[key.value] = ("mobile", status)
    assert [words(one) for one in lookup(first, line_status=True).look_up([key])] == [verdict]
    assert [words(one) for one in lookup(first).look_up([key])] == [("valid", "exists")]


def test_an_error_inside_a_good_answer_is_no_verdict(first: twilio.Twilio) -> None:
    keys = many(3)
    first.desk.package_errors[keys[1].value] = 60607
    replies = list(lookup(first).look_up(keys))
    assert replies[1] == Unknown(keys[1], "not_covered", WEEK)
    assert len(first.desk.charged) == 2


@pytest.mark.parametrize("code", [60606, 60614, 60619])
def test_what_a_person_has_to_mend_stops_it(first: twilio.Twilio, code: int) -> None:
    first.desk.package_errors[""] = code
    assert heard_until(lookup(first), many(3), SystemStopped) == free(many(3))
    assert len(first.calls) == 1


def test_wrong_credentials_stop_it_and_are_shown_nowhere(first: twilio.Twilio) -> None:
    one = lookup(first, "geheim")
    assert heard_until(one, many(2), SystemStopped) == free(many(2))
    with pytest.raises(SystemStopped) as refused:
        list(one.check())
    assert "geheim" not in f"{refused.value} {refused.value.details}"


def test_a_lost_answer_is_not_asked_for_again_and_those_behind_it_are_free(
    first: twilio.Twilio,
) -> None:
    keys = many(3)
    first.fault(Fault.LOST, method="GET", skip=1, times=1)
    heard = heard_until(lookup(first), keys, NoAnswer)
    assert words(heard[0]) == ("valid", "exists")
    assert heard[1:] == free(keys[2:])
    assert first.desk.charged == [key.value for key in keys[:2]]


def test_neither_numbers_nor_keys_are_logged_and_a_dry_run_cannot_buy(
    first: twilio.Twilio, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "connectors")
    list(lookup(first).look_up(many(1)))
    dry = lookup(first, dry=True)
    [right] = dry.check()
    assert right.ok
    with pytest.raises(WroteInDryRun) as refused:
        list(dry.look_up(many(1)))
    assert len(first.desk.charged) == 1
    logged = " ".join(f"{one.getMessage()} {one.__dict__}" for one in caplog.records)
    assert "twilio.com" in logged
    assert "680000" not in logged + str(refused.value)
    assert twilio.KEY not in logged


# --- Numverify --------------------------------------------------------------------------------


def test_the_number_plan_gives_a_verdict(second: numverify.Numverify) -> None:
    keys = many(4)
    second.desk.lines = {keys[1].value[1:]: "premium_rate", keys[2].value[1:]: None}
    second.desk.invalid = {keys[3].value[1:]}
    good, premium, unknown, none = plan(second).look_up(keys)
    assert [words(one) for one in (good, premium, none)] == [
        ("valid", "exists"), ("invalid", "premium"), ("invalid", "no_number"),
    ]  # fmt: skip
    assert unknown == Unknown(keys[2], "no_answer", WEEK)


@pytest.mark.parametrize(
    ("code", "error"),
    [(104, SystemStopped), (101, SystemStopped), (106, Throttled), (313, SystemStopped)],
)
def test_an_error_in_an_answer_of_status_200_is_an_error(
    second: numverify.Numverify, code: int, error: type[Exception]
) -> None:
    second.desk.errors = [(code, "a_type")]
    assert heard_until(plan(second), many(2), error) == free(many(2))
    assert second.desk.charged == []


def test_a_wrong_key_and_a_used_quota_stop_it(second: numverify.Numverify) -> None:
    assert heard_until(plan(second, "geheim"), many(2), SystemStopped) == free(many(2))
    second.desk.quota = 1
    heard = heard_until(plan(second), many(3), Busy)
    assert (words(heard[0]), heard[1:]) == (("valid", "exists"), free(many(3)[1:]))


def test_check_spends_nothing_of_the_quota(second: numverify.Numverify) -> None:
    [right] = plan(second, dry=True).check()
    assert (right.ok, second.desk.charged) == (True, [])
    with pytest.raises(WroteInDryRun):
        list(plan(second, dry=True).look_up(many(1)))
