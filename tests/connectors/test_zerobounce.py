"""ZeroBounce as a source: what is asked, what it costs, and what counts as no answer."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import timedelta

import pytest
from simulators.faults import Fault
from simulators.web import Clock, served
from simulators.zerobounce.serving import KEY, build
from simulators.zerobounce.serving import ZeroBounce as Simulator
from sourcing import NOW, means_of, words

from connectors.caller import Busy
from connectors.session import NoAnswer
from connectors.sources.source import Judged, Reply, Unknown
from connectors.sources.zerobounce import ZeroBounce
from connectors.sources.zerobounce.client import Api
from rules.enrichment.verdict import Verdict
from rules.errors import SystemStopped, WroteInDryRun
from rules.keys import Key, KeyKind


@pytest.fixture
def vendor() -> Iterator[Simulator]:
    with served(build(clock=Clock(NOW))) as there:
        yield there


def source(vendor: Simulator, key: str = KEY, *, dry: bool = False) -> ZeroBounce:
    api = Api(
        "zerobounce",
        key,
        means_of(vendor, tries=2, dry=dry),
        a_minute=1000,
    )
    return ZeroBounce("zerobounce", api, 7)


def mail(address: str) -> Key:
    return Key(KeyKind.EMAIL, address)


def many(number: int) -> list[Key]:
    return [mail(f"navn{n}@opdigtet-0001.dk") for n in range(number)]


def test_a_hundred_addresses_are_one_call_and_a_credit_each(vendor: Simulator) -> None:
    keys = many(100)
    replies = list(source(vendor).look_up(keys))
    assert [one.key for one in replies] == keys
    assert {words(one) for one in replies} == {("valid", "exists")}
    assert (len(vendor.calls), vendor.desk.batches, len(vendor.desk.charged)) == (1, [100], 100)


def test_what_the_vendor_says_is_a_verdict_of_ours_beside_its_own_words(vendor: Simulator) -> None:
    names = (
        "valid",
        "invalid",
        "catch_all",
        "disposable",
        "spamtrap",
        "role_based",
        "alias_address",
    )
    replies = list(source(vendor).look_up([mail(f"{name}@example.com") for name in names]))
    assert [words(one)[0] for one in replies] == [
        "valid", "invalid", "risky", "do_not_mail", "do_not_mail", "risky", "valid",
    ]  # fmt: skip
    [_, gone, *_] = replies
    assert isinstance(gone, Judged)
    assert (gone.verdict.status, gone.verdict.detail) == ("invalid", "mailbox_not_found")


def test_one_address_is_asked_for_by_itself(vendor: Simulator) -> None:
    [found] = source(vendor).look_up([mail("invalid@example.com")])
    assert words(found) == ("invalid", "not_there")
    assert [call.path for call in vendor.calls] == ["/v2/validate"]


def test_who_cannot_tell_says_nothing_and_takes_nothing(vendor: Simulator) -> None:
    soon, later = source(vendor).look_up(
        [mail("greylisted@example.com"), mail("antispam_system@example.com")]
    )
    assert (soon, later) == (
        Unknown(soon.key, "no_answer", None, free=True),
        Unknown(later.key, "no_answer", timedelta(days=7), free=True),
    )


def test_a_word_that_nobody_knows_is_never_a_good_address(vendor: Simulator) -> None:
    one, other = many(2)
    vendor.desk.mailboxes[one.value] = ("excellent", "", None)
    vendor.desk.mailboxes[other.value] = ("valid", "barely", None)
    replies = source(vendor).look_up([one, other])
    assert [reply.why for reply in replies if isinstance(reply, Unknown)] == ["new_word"] * 2


def test_what_was_probably_meant_is_kept_for_a_person(vendor: Simulator) -> None:
    [key] = many(1)
    vendor.desk.mailboxes[key.value] = ("invalid", "possible_typo", "navn0@opdigtet-0002.dk")
    [found] = source(vendor).look_up([key])
    assert isinstance(found, Judged)
    assert (found.verdict.reason, found.verdict.suggestion) == ("typo", "navn0@opdigtet-0002.dk")


def test_an_address_that_it_will_not_look_at_is_unknown_and_free(vendor: Simulator) -> None:
    keys = many(3)
    vendor.desk.malformed = {keys[1].value}
    first, second, third = source(vendor).look_up(keys)
    assert second == Unknown(keys[1], "refused", free=True)
    assert words(first) == words(third) == ("valid", "exists")


@pytest.mark.parametrize("number", [1, 2])
@pytest.mark.parametrize("wrong", ["key", "credits"])
def test_a_wrong_key_or_no_credits_stops_it_and_nothing_counts_as_asked(
    vendor: Simulator, wrong: str, number: int
) -> None:
    vendor.desk.credits = 0 if wrong == "credits" else 10
    one = source(vendor, "geheim-geheim" if wrong == "key" else KEY)
    heard: list[Reply] = []
    with pytest.raises(SystemStopped) as refused:
        heard.extend(one.look_up(many(number)))
    assert heard == [Unknown(key, "refused", timedelta(), free=True) for key in many(number)]
    assert "geheim" not in f"{refused.value} {refused.value.details}"


@pytest.mark.parametrize("fault", [Fault.LOST, Fault.HALF, Fault.DROPPED])
def test_a_check_whose_answer_is_lost_is_not_sent_again(vendor: Simulator, fault: Fault) -> None:
    vendor.fault(fault, method="POST", times=1)
    with pytest.raises(NoAnswer):
        list(source(vendor).look_up(many(5)))
    assert len(vendor.calls) == 1


def test_a_failure_of_the_vendor_is_not_repeated_and_may_have_cost_something(
    vendor: Simulator,
) -> None:
    vendor.fault(Fault.STATUS, method="POST", status=502, times=1)
    heard: list[Reply] = []
    with pytest.raises(Busy):
        heard.extend(source(vendor).look_up(many(5)))
    assert (heard, len(vendor.calls)) == ([], 1)


def test_who_asks_too_fast_is_shut_out_and_has_bought_nothing(vendor: Simulator) -> None:
    one = source(vendor)
    for _ in range(5):
        list(one.look_up(many(2)))
    heard: list[Reply] = []
    with pytest.raises(Busy):
        heard.extend(one.look_up(many(2)))
    assert [reply.free for reply in heard if isinstance(reply, Unknown)] == [True, True]
    assert len(vendor.desk.charged) == 10


def test_a_dry_run_cannot_buy(vendor: Simulator) -> None:
    dry = source(vendor, dry=True)
    assert dry.credit() == 10_000
    with pytest.raises(WroteInDryRun):
        list(dry.look_up(many(2)))
    assert vendor.desk.charged == []


def test_the_key_is_in_no_log_and_no_address_of_a_check(
    vendor: Simulator, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "connectors")
    one = source(vendor)
    vendor.fault(Fault.LOST, method="GET", times=1)
    assert one.credit() == 10_000
    list(one.look_up(many(2)))
    assert caplog.records
    assert KEY not in " ".join(
        f"{record.getMessage()} {record.__dict__}" for record in caplog.records
    )


def test_check_tells_of_the_key_and_of_what_is_left(vendor: Simulator) -> None:
    [right] = source(vendor).check()
    assert (right.ok, right.details["count"]) == (True, "10000")
    vendor.desk.credits = 0
    [right] = source(vendor).check()
    assert (right.ok, right.stops) == (False, False)
    with pytest.raises(SystemStopped):
        list(source(vendor, "geheim").check())


def test_a_verdict_lives_as_long_as_it_is_worth(vendor: Simulator) -> None:
    names = ("valid", "catch_all", "invalid", "mailbox_quota_exceeded")
    replies = source(vendor).look_up([mail(f"{name}@example.com") for name in names])
    days = [reply.verdict.life.days for reply in replies if isinstance(reply, Judged)]
    assert days == [90, 30, 365, 14]
    assert Verdict.UNKNOWN not in {
        one.verdict.verdict for one in replies if isinstance(one, Judged)
    }
