"""NeverBounce as a source: a list is one job, and until it has begun nothing is bought."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import timedelta

import pytest
from simulators.faults import Fault
from simulators.neverbounce.serving import KEY, build
from simulators.neverbounce.serving import NeverBounce as Simulator
from simulators.web import Clock, served
from sourcing import NOW, free, heard_until, means_of, words

from connectors.session import NoAnswer
from connectors.sources.neverbounce import NeverBounce
from connectors.sources.neverbounce.client import Api
from connectors.sources.source import Unknown
from rules.errors import TryAgain, WroteInDryRun
from rules.keys import Key, KeyKind


@pytest.fixture
def vendor() -> Iterator[Simulator]:
    with served(build(clock=Clock(NOW))) as there:
        yield there


def source(vendor: Simulator, key: str = KEY, *, dry: bool = False) -> NeverBounce:
    api = Api(
        "neverbounce",
        key,
        means_of(vendor, tries=3, dry=dry),
    )
    return NeverBounce("neverbounce", api, 6)


def many(number: int) -> list[Key]:
    return [Key(KeyKind.EMAIL, f"navn{n}@opdigtet-0001.dk") for n in range(number)]


def test_a_list_is_one_job_that_is_deleted_afterwards(vendor: Simulator) -> None:
    keys = many(250)
    replies = list(source(vendor).look_up(keys))
    assert [one.key for one in replies] == keys
    assert {words(one) for one in replies} == {("valid", "exists")}
    desk = vendor.desk
    assert (desk.made, desk.runs, desk.singles, len(desk.charged)) == (1, 1, 0, 250)
    assert desk.jobs == {}
    assert vendor.counted("GET", "/jobs/results") == 3


def test_one_address_is_checked_by_itself(vendor: Simulator) -> None:
    [found] = source(vendor).look_up(many(1))
    assert words(found) == ("valid", "exists")
    assert [call.path for call in vendor.calls] == ["/v4.2/single/check"]


def test_results_and_flags_are_verdicts_of_ours(vendor: Simulator) -> None:
    keys = many(8)
    told: list[tuple[str, tuple[str, ...]]] = [
        ("valid", ("has_dns", "free_email_host")),
        ("valid", ("has_dns", "role_account")),
        ("valid", ("role_account", "spamtrap_network")),
        ("invalid", ("bad_dns",)),
        ("invalid", ("has_dns",)),
        ("catchall", ("accepts_all",)),
        ("disposable", ("disposable_email",)),
        ("valid", ("a_flag_to_come",)),
    ]
    for key, (result, flags) in zip(keys, told, strict=True):
        vendor.desk.mailboxes[key.value] = (result, flags, "")
    assert [words(one) for one in source(vendor).look_up(keys)] == [
        ("valid", "exists"),
        ("risky", "role"),
        ("do_not_mail", "trap"),
        ("invalid", "no_domain"),
        ("invalid", "not_there"),
        ("risky", "catch_all"),
        ("do_not_mail", "disposable"),
        ("valid", "exists"),
    ]


def test_who_cannot_tell_is_paid_all_the_same_and_asked_no_sooner(vendor: Simulator) -> None:
    unknown, new = many(2)
    vendor.desk.mailboxes[unknown.value] = ("unknown", ("connect_fails",), "")
    vendor.desk.mailboxes[new.value] = ("splendid", (), "")
    week = timedelta(days=7)
    assert list(source(vendor).look_up([unknown, new])) == [
        Unknown(unknown, "no_answer", week),
        Unknown(new, "new_word", week),
    ]


def test_an_address_of_which_the_results_do_not_tell_is_unknown(vendor: Simulator) -> None:
    keys = many(3)
    vendor.desk.forgets = {1}
    replies = list(source(vendor).look_up(keys))
    assert sorted(one.key for one in replies) == sorted(keys)
    assert [one.key for one in replies if isinstance(one, Unknown)] == [keys[1]]


# --- errors, all of them in answers of status 200 ------------------------------------------------


@pytest.mark.parametrize("number", [1, 3])
def test_a_wrong_key_stops_it_and_nothing_is_bought(vendor: Simulator, number: int) -> None:
    keys = many(number)
    assert heard_until(source(vendor, "secret_geheim"), keys) == free(keys)
    assert vendor.desk.charged == []


@pytest.mark.parametrize("number", [1, 3])
def test_without_credits_nothing_begins_and_nothing_is_bought(
    vendor: Simulator, number: int
) -> None:
    vendor.desk.credits = 0
    assert heard_until(source(vendor), many(number)) == free(many(number))
    assert (vendor.desk.charged, vendor.desk.jobs) == ([], {})


@pytest.mark.parametrize("stuck", ["under_review", "failed"])
def test_a_list_that_the_vendor_will_not_take_is_not_started(vendor: Simulator, stuck: str) -> None:
    vendor.desk.stuck = stuck
    assert heard_until(source(vendor), many(3)) == free(many(3))
    assert vendor.desk.runs == 0


def test_it_waits_when_it_is_told_to(vendor: Simulator) -> None:
    vendor.desk.words = ["throttle_triggered", "", "throttle_triggered", "temp_unavail"]
    assert len(list(source(vendor).look_up(many(3)))) == 3
    vendor.desk.words = ["throttle_triggered"] * 4
    assert heard_until(source(vendor), many(1), TryAgain) == free(many(1))


def test_a_check_that_may_have_happened_is_not_made_again(vendor: Simulator) -> None:
    vendor.desk.words = ["temp_unavail"]
    assert heard_until(source(vendor), many(1), TryAgain) == []
    vendor.fault(Fault.LOST, method="POST", times=1)
    assert heard_until(source(vendor), many(1), NoAnswer) == []
    assert (len(vendor.desk.charged), vendor.counted("POST", "/single/check")) == (1, 2)


# --- lost answers -----------------------------------------------------------------------------


def test_a_start_whose_answer_is_lost_is_looked_at_and_not_made_twice(vendor: Simulator) -> None:
    vendor.fault(Fault.LOST, method="POST", path=".*/jobs/start", times=1)
    assert len(list(source(vendor).look_up(many(3)))) == 3
    assert (vendor.desk.runs, len(vendor.desk.charged)) == (1, 3)


def test_a_start_that_never_arrived_has_bought_nothing(vendor: Simulator) -> None:
    vendor.fault(Fault.DROPPED, method="POST", path=".*/jobs/start", times=1)
    assert heard_until(source(vendor), many(3)) == free(many(3))
    assert (vendor.desk.charged, vendor.desk.jobs) == ([], {})


def test_a_job_whose_making_is_lost_has_bought_nothing(vendor: Simulator) -> None:
    vendor.fault(Fault.LOST, method="POST", path=".*/jobs/create", times=1)
    assert heard_until(source(vendor), many(3), NoAnswer) == free(many(3))
    assert vendor.desk.charged == []


def test_looking_and_reading_may_be_done_twice(vendor: Simulator) -> None:
    vendor.fault(Fault.LOST, method="GET", path=".*/jobs/status", times=1)
    vendor.fault(Fault.HALF, method="GET", path=".*/jobs/results", times=1)
    vendor.fault(Fault.STATUS, method="GET", path=".*/jobs/results", times=1)
    assert len(list(source(vendor).look_up(many(3)))) == 3


def test_a_dry_run_cannot_buy_and_the_key_is_in_no_log(
    vendor: Simulator, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "connectors")
    dry = source(vendor, dry=True)
    [right] = dry.check()
    assert (right.ok, right.details["count"]) == (True, "10000")
    with pytest.raises(WroteInDryRun):
        list(dry.look_up(many(3)))
    assert caplog.records
    assert KEY not in " ".join(f"{one.getMessage()} {one.__dict__}" for one in caplog.records)
