"""What holds of every source of facts, whoever it is: one reply a key, no claim without an answer."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from datetime import timedelta
from typing import Any, NamedTuple, get_args

import pytest
from simulators.accounts import serving as accounts
from simulators.cvr import serving as register
from simulators.dnb import serving as dnb
from simulators.faults import Fault
from simulators.lasso import serving as lasso
from simulators.neverbounce import serving as neverbounce
from simulators.numverify import serving as numverify
from simulators.twilio import serving as twilio
from simulators.vainu import serving as vainu
from simulators.web import Clock, Vendor, served
from simulators.zerobounce import serving as zerobounce
from sourcing import NOW, means_of

from connectors.sources import registry
from connectors.sources.means import Means
from connectors.sources.registry import SOURCES
from connectors.sources.source import Found, Judged, NotFound, Reply, Source
from rules.catalogue import DEFAULT
from rules.enrichment.facts import FACTS, told
from rules.enrichment.verifying import VERIFIED
from rules.errors import RingrenError, SystemStopped, TryAgain
from rules.fields.field import SOURCES as TRUSTED
from rules.keys import Key, KeyKind
from sync import texts


class Under(NamedTuple):
    """One source, and its vendor: `build` makes the source with a secret, which is `secret`."""

    vendor: Vendor
    build: Callable[[Means, str], Source]
    secret: str


CASES: dict[str, Callable[[], Under]] = {
    "cvr": lambda: Under(
        register.build(clock=Clock(NOW)),
        lambda means, secret: registry.cvr(
            means,
            [
                registry.cvr_index(
                    means, user=register.USER, password=secret, url=register.HOST,
                    calls_a_second=1000,
                )
            ],
        ),
        register.PASSWORD,
    ),
    "accounts": lambda: Under(
        accounts.build(clock=Clock(NOW)),
        lambda means, _: registry.accounts(
            means, url=accounts.HOST, calls_a_second=1000, group=False, batch=200
        ),
        "",
    ),
    "lasso": lambda: Under(
        lasso.build(clock=Clock(NOW)),
        lambda means, secret: registry.lasso(
            means, key=secret, a_minute=500, ore=0, keeps_days=100,
            parts={"sites": True, "reports": True, "group": True, "rating": True},
        ),
        lasso.KEY,
    ),
    "vainu": lambda: Under(
        vainu.build(clock=Clock(NOW)),
        lambda means, secret: registry.vainu(
            means, client=vainu.CLIENT, secret=secret, paths={"domain": "domain"}, signals=True,
            tags={}, ore=5, keeps_days=100,
        ),
        vainu.SECRET,
    ),
    "dnb": lambda: Under(
        dnb.build(clock=Clock(NOW)),
        lambda means, secret: registry.dnb(
            means, key=dnb.KEY, secret=secret, blocks=[dnb.GROUP, dnb.CREDIT], ore=200,
            keeps_days=100,
        ),
        dnb.SECRET,
    ),
    "zerobounce": lambda: Under(
        zerobounce.build(clock=Clock(NOW)),
        lambda means, secret: registry.zerobounce(
            means, key=secret, url=zerobounce.HOST, ore=7, batches_a_minute=200
        ),
        zerobounce.KEY,
    ),
    "neverbounce": lambda: Under(
        neverbounce.build(clock=Clock(NOW)),
        lambda means, secret: registry.neverbounce(means, key=secret, ore=6),
        neverbounce.KEY,
    ),
    "twilio": lambda: Under(
        twilio.build(clock=Clock(NOW)),
        lambda means, secret: registry.twilio(
            means, user=twilio.USER, key=secret, url=twilio.HOST, line_status=False, ore=6
        ),
        twilio.KEY,
    ),
    "numverify": lambda: Under(
        numverify.build(clock=Clock(NOW)),
        lambda means, secret: registry.numverify(means, key=secret, ore=2),
        numverify.KEY,
    ),
}  # fmt: skip


@pytest.fixture(scope="module", params=SOURCES)
def case(request: pytest.FixtureRequest) -> Iterator[Under]:
    """Each source there is; one that nobody wrote a case for fails here."""
    with ExitStack() as stack:
        found = CASES[request.param]()
        stack.enter_context(served(found.vendor))
        yield found


def source(case: Under, secret: str = "") -> Source:
    case.vendor.faults.clear()
    return case.build(means_of(case.vendor, tries=1, dry=False), secret or case.secret)


def keys(one: Source, kind: KeyKind, case: Under) -> list[Key]:
    """Three keys that the vendor knows, and one that it does not, where it knows any."""
    desk: Any = case.vendor.desk
    numbers = getattr(getattr(desk, "firms", desk), "register", None)
    known = {
        KeyKind.CVR: [str(cvr) for cvr in numbers.numbers[:3]] if numbers else [],
        KeyKind.MAIL_DOMAIN: [f"opdigtet-000{n}.dk" for n in (1, 2, 3)],
        KeyKind.EMAIL: [f"a{n}@opdigtet-0001.dk" for n in range(3)],
        KeyKind.PHONE: [f"+4568000{n:03}" for n in range(3)],
    }[kind]
    unheard = {KeyKind.CVR: "99999988", KeyKind.MAIL_DOMAIN: "opdigtet-9999.dk"}
    return [Key(kind, value) for value in (*known, *filter(None, [unheard.get(kind)]))]


def kinds(one: Source) -> Sequence[KeyKind]:
    return sorted(one.profile.asking)


def heard(one: Source, some: Sequence[Key]) -> tuple[list[Reply], RingrenError | None]:
    found: list[Reply] = []
    try:
        found.extend(one.look_up(some))
    except (SystemStopped, TryAgain) as error:
        return found, error
    return found, None


def said(caplog: pytest.LogCaptureFixture) -> str:
    """What we logged; what a library of ours says by itself goes nowhere (`sync.logs`)."""
    ours = (one for one in caplog.records if one.name.startswith(("connectors", "sync", "rules")))
    return "\n".join(f"{one.getMessage()} {vars(one)}" for one in ours)


def test_each_key_has_exactly_one_reply(case: Under) -> None:
    one = source(case)
    for kind in kinds(one):
        some = keys(one, kind, case)
        replies, error = heard(one, some)
        assert error is None
        assert [reply.key for reply in replies] == some
        assert all(isinstance(reply, get_args(Reply)) for reply in replies)


def test_what_it_finds_is_in_its_name_of_now_and_no_more_than_it_says_it_may_fill(
    case: Under,
) -> None:
    one = source(case)
    for reply in one.look_up(keys(one, KeyKind.CVR, case)) if one.profile.fields else ():
        if isinstance(reply, Found):
            [record] = reply.records
            assert (record.source, record.cvr, record.read_at) == (one.name, reply.key.value, NOW)
            assert told(record, today=NOW.date()).keys() <= one.profile.fields | {"cvr", "country"}


def test_its_profile_is_whole(case: Under) -> None:
    one = source(case)
    profile, every = one.profile, texts.every()
    assert one.name in TRUSTED
    assert {f"source.name.{one.name}", f"report.source.{one.name}", profile.licence} <= every.keys()
    assert profile.fields <= set(FACTS)
    assert all(one.name in DEFAULT[name].sources for name in profile.fields), (
        "a field that it may fill does not name it"
    )
    assert profile.asking
    assert (not profile.verifies) == VERIFIED.isdisjoint(profile.asking)
    assert profile.ore >= 0
    assert profile.seconds > 0
    for how in profile.asking.values():
        assert how.batch > 0
        assert how.life > timedelta()
        assert how.calls_for(how.batch) > 0, "a batch that takes no call"


@pytest.mark.parametrize(
    "fault",
    [
        {"fault": Fault.STATUS, "status": 503},
        {"fault": Fault.LOST},
        {"fault": Fault.HALF},
        {"fault": Fault.STATUS, "status": 200},
    ],
    ids=["503", "lost", "half", "empty"],
)
def test_who_is_down_or_talks_nonsense_has_said_nothing(case: Under, fault: dict[str, Any]) -> None:
    for kind in kinds(source(case)):
        one = source(case)
        case.vendor.fault(times=99, **fault)
        replies, error = heard(one, keys(one, kind, case))
        assert error is not None or replies
        assert not [r for r in replies if isinstance(r, Found | Judged | NotFound)]


def test_a_wrong_secret_stops_it_and_is_told_to_nobody(
    case: Under, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    wrong = "opdigtet-forkert"
    for kind in kinds(source(case)) if case.secret else ():
        one = source(case, wrong)
        replies, error = heard(one, keys(one, kind, case))
        assert isinstance(error, SystemStopped)
        assert not [r for r in replies if isinstance(r, Found | Judged | NotFound)]
        assert wrong not in f"{error!r} {error.details} {said(caplog)}"


def test_it_can_be_checked(case: Under) -> None:
    one, every = source(case), texts.every()
    rights = list(one.check())
    assert rights
    for right in rights:
        assert right.message in every
        assert right.ok or f"{right.remedy}" in every
    assert one.credit() is None or isinstance(one.credit(), int)


def test_a_secret_stands_in_no_log(case: Under, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    one = source(case)
    for kind in kinds(one):
        heard(one, keys(one, kind, case))
    assert not case.secret or case.secret not in said(caplog)
