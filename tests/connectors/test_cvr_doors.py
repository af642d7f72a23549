"""The other doors to the company register, and what happens where the first one cannot be used."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, fields
from datetime import date, timedelta
from typing import Any

import pytest
from simulators.cvr.register import Register
from simulators.cvr.serving import PASSWORD, USER
from simulators.cvr.serving import Cvr as IndexSimulator
from simulators.cvr.serving import build as an_index
from simulators.cvrapi.serving import AGENT
from simulators.cvrapi.serving import CvrApi as CvrApiSimulator
from simulators.cvrapi.serving import build as a_shop
from simulators.datafordeler.serving import KEY
from simulators.datafordeler.serving import Datafordeler as Simulator
from simulators.datafordeler.serving import build as a_service
from simulators.faults import Fault
from simulators.web import Clock, served
from sourcing import NOW, heard_until, means_of

from connectors.sources.cvr import Cvr
from connectors.sources.cvr.client import Index
from connectors.sources.cvr.cvrapi import CvrApiDoor
from connectors.sources.cvr.datafordeler import QUESTIONS, Service
from connectors.sources.cvr.doors import Door, kept
from connectors.sources.cvr.entities import DatafordelerDoor
from connectors.sources.cvr.index import IndexDoor
from connectors.sources.means import Means
from connectors.sources.source import Detour, Found, NotFound, Reply, Unknown
from rules.enrichment.record import CompanyRecord
from rules.errors import SystemStopped, TryAgain
from rules.keys import Key, KeyKind


@dataclass(slots=True)
class Three:
    """One register behind three doors."""

    index: IndexSimulator
    service: Simulator
    shop: CvrApiSimulator

    @property
    def register(self) -> Register:
        return self.index.register

    def keys(self, many: int) -> list[Key]:
        return [Key(KeyKind.CVR, str(one)) for one in self.register.numbers[:many]]

    def calls(self) -> list[int]:
        return [len(one.calls) for one in (self.index, self.service, self.shop)]


@pytest.fixture(scope="module")
def lines() -> Iterator[Three]:
    index, service, shop = an_index(1), a_service(1), a_shop(1)
    with ExitStack() as open_ones:
        for one in (index, service, shop):
            open_ones.enter_context(served(one))
        yield Three(index, service, shop)


@pytest.fixture
def three(lines: Three) -> Three:
    """A register as nobody has seen it yet behind the same three lines."""
    clock = Clock(NOW)
    index = an_index(250, clock=clock)
    lines.index.desk = index.desk
    lines.service.desk = a_service(clock=clock, register=index.register).desk
    lines.shop.desk = a_shop(clock=clock, register=index.register).desk
    for one in (lines.index, lines.service, lines.shop):
        one.calls.clear()
        one.faults.clear()
    return lines


def by_index(three: Three) -> IndexDoor:
    means = means_of(three.index, tries=1, dry=True)
    return IndexDoor(Index("cvr", USER, PASSWORD, means, a_second=1000))


def by_service(three: Three, key: str = KEY, *, absence: bool = False) -> DatafordelerDoor:
    means = means_of(three.service, tries=2, dry=True)
    return DatafordelerDoor(Service("cvr", key, means), absence=absence)


def by_shop(
    three: Three, agent: str = AGENT, *, a_day: int = 50, heads: bool = False
) -> CvrApiDoor:
    means = means_of(three.shop, tries=2, dry=True)
    return CvrApiDoor("cvr", agent, "", means, a_day=a_day, heads=heads)


def register_by(
    *doors: Door, known: Mapping[Key, Sequence[CompanyRecord]] | None = None, clock: Any = None
) -> Cvr:
    """The source with these doors; `known` is what it told before."""
    means = Means(
        clock=clock or (lambda: NOW),
        meter=None,  # type: ignore[arg-type]
        dry=True,
        elsewhere={},
        known=lambda _source, keys: (
            {key: known[key] for key in keys if key in (known or {})} if known else {}
        ),
    )
    return Cvr("cvr", doors, means)


def records(replies: Sequence[Reply]) -> list[CompanyRecord]:
    return [one.records[0] for one in replies if isinstance(one, Found)]


def alike(one: CompanyRecord, other: CompanyRecord, *, but: Sequence[str]) -> None:
    """Everything in which two doors' tales of a company must be the same."""
    for name in (field.name for field in fields(CompanyRecord)):
        if name not in {*but, "stamp"}:
            assert getattr(one, name) == getattr(other, name), name


# --- Datafordeler -----------------------------------------------------------------------------


def test_both_doors_tell_the_same_of_a_hundred_companies_in_eleven_calls(three: Three) -> None:
    keys = three.keys(100)
    three.service.desk.months = 1
    by_one = records(list(by_index(three).look_up(keys)))
    by_other = records(list(by_service(three).look_up(keys)))
    assert len(by_other) == 100
    for one, other in zip(by_one, by_other, strict=True):
        alike(one, other, but=["website", "status", "headcount"])
        heads, counted = one.headcount, other.headcount
        if heads and heads.exact is not None and heads.low and heads.exact != 7:
            assert counted is not None
            assert (counted.exact, counted.low, counted.month) == (
                heads.exact, heads.low, heads.month,
            )  # fmt: skip
        assert (other.website, other.status) == ("", "")
    assert three.calls() == [1, QUESTIONS, 0]


def test_head_counts_with_their_history_are_read_page_by_page_and_the_newest_counts(
    three: Three,
) -> None:
    number = three.register.numbers[0]
    three.register.edit(number, employees=35)
    three.service.desk.months, three.service.desk.page = 5, 2
    [found] = records(list(by_service(three).look_up(three.keys(1))))
    assert found.headcount is not None
    assert (found.headcount.exact, found.headcount.month) == (35, date(2026, 9, 1))
    assert three.service.desk.asked.count("CVR_Beskaeftigelse") == 3


@pytest.mark.parametrize(
    ("facts", "status"),
    [
        ({"status": "NORMAL"}, ""),
        ({"status": "UNDER KONKURS"}, "bankruptcy"),
        ({"status": "UNDER TVANGSOPLØSNING"}, "compulsory_dissolution"),
        ({"status": "OPHØRT", "ended": date(2026, 1, 31)}, "dissolved"),
    ],
)
def test_proceedings_and_ends_are_told_and_that_all_is_well_is_not(
    three: Three, facts: dict[str, Any], status: str
) -> None:
    three.register.edit(three.register.numbers[0], form=80, **facts)
    [found] = records(list(by_service(three).look_up(three.keys(1))))
    assert found.status == status
    [found] = records(list(by_shop(three).look_up(three.keys(1))))
    assert found.status == status


def test_an_error_inside_a_good_answer_is_no_answer_and_shows_its_code_alone(three: Three) -> None:
    said = {"message": "about 90000017", "extensions": {"code": "DAF-GQL-0016"}}
    three.service.desk.broken.append((200, {"errors": [said], "data": {"CVR_Virksomhed": None}}))
    with pytest.raises(SystemStopped) as refused:
        list(by_service(three).look_up(three.keys(1)))
    assert refused.value.details["why"] == "HTTP 200 · DAF-GQL-0016"


def test_a_wrong_key_stops_the_door_and_is_shown_nowhere(three: Three) -> None:
    with pytest.raises(SystemStopped) as refused:
        list(by_service(three, "geheim-geheim").look_up(three.keys(1)))
    assert "geheim" not in f"{refused.value} {refused.value.details}"


@pytest.mark.parametrize(("absence", "kind"), [(True, NotFound), (False, Unknown)])
def test_what_it_has_nothing_of_is_absent_only_where_that_is_trusted(
    *, three: Three, absence: bool, kind: type[Reply]
) -> None:
    [told] = by_service(three, absence=absence).look_up([Key(KeyKind.CVR, "99999988")])
    assert type(told) is kind


def test_an_address_abroad_is_its_free_text(three: Three) -> None:
    foreign = "Påhittsgatan 1\n111 11 Stockholm"
    three.register.edit(three.register.numbers[0], foreign=foreign)
    [found] = records(list(by_service(three).look_up(three.keys(1))))
    assert (found.address.street, found.address.country) == (
        "Påhittsgatan 1, 111 11 Stockholm",
        "SE",
    )


# --- cvrapi.dk --------------------------------------------------------------------------------


def test_a_company_a_call_and_what_it_does_not_date_is_left_out(three: Three) -> None:
    keys = three.keys(3)
    by_one = records(list(by_index(three).look_up(keys)))
    by_other = records(list(by_shop(three).look_up(keys)))
    blank = ["website", "status", "industry", "headcount", "secondary_names"]
    for one, other in zip(by_one, by_other, strict=True):
        alike(one, other, but=blank)
        assert (other.industry, other.headcount) == (None, None)
    assert three.calls() == [1, 0, 3]


@pytest.mark.parametrize(("heads", "exact", "span"), [(7, 7, (None, None)), (14, None, (10, 19))])
def test_head_counts_are_taken_where_a_person_says_so(
    three: Three, heads: int, exact: int | None, span: tuple[int | None, int | None]
) -> None:
    three.register.edit(three.register.numbers[0], employees=heads)
    [found] = records(list(by_shop(three, heads=True).look_up(three.keys(1))))
    assert found.headcount is not None
    assert (found.headcount.exact, (found.headcount.low, found.headcount.high)) == (exact, span)


@pytest.mark.parametrize(
    ("status", "error", "kind"),
    [(404, "NOT_FOUND", NotFound), (200, "NOT_FOUND", NotFound), (400, "INVALID_VAT", NotFound)],
)
def test_what_it_does_not_have_stands_in_the_body_whatever_the_status(
    three: Three, status: int, error: str, kind: type[Reply]
) -> None:
    three.shop.desk.broken.append((status, error))
    [told] = by_shop(three).look_up(three.keys(1))
    assert type(told) is kind


@pytest.mark.parametrize(("status", "error"), [(200, "BANNED"), (200, "INVALID_UA"), (403, "")])
def test_who_is_not_let_in_stops_at_once(three: Three, status: int, error: str) -> None:
    three.shop.desk.broken.append((status, error))
    with pytest.raises(SystemStopped):
        list(by_shop(three).look_up(three.keys(2)))
    assert len(three.shop.calls) == 1


def test_after_fifty_calls_the_rest_waits_for_midnight_and_is_not_asked_for(three: Three) -> None:
    door, keys = by_shop(three), three.keys(52)
    with pytest.raises(TryAgain) as spent:
        assert len(list(door.look_up(keys))) == 0
    assert spent.value.after_seconds == timedelta(hours=14).total_seconds()
    assert len(three.shop.calls) == 50


def test_a_quota_that_others_used_up_is_asked_once(three: Three) -> None:
    three.shop.desk.quota, door = 0, by_shop(three)
    for _ in range(2):
        with pytest.raises(TryAgain):
            list(door.look_up(three.keys(1)))
    assert len(three.shop.calls) == 1


# --- one after the other ----------------------------------------------------------------------


def test_the_first_door_is_enough(three: Three) -> None:
    replies = list(register_by(by_index(three), by_service(three)).look_up(three.keys(5)))
    assert len(records(replies)) == 5
    assert three.calls() == [1, 0, 0]


def test_where_the_first_is_down_the_next_answers_and_it_is_told(three: Three) -> None:
    three.index.fault(Fault.STATUS, status=503, times=1)
    source, keys = register_by(by_index(three), by_service(three)), three.keys(5)
    assert len(records(heard_until(source, keys, Detour))) == 5
    assert len(records(heard_until(source, keys, Detour))) == 5
    assert three.calls()[0] == 1, "a door that was down is not tried again at once"


def test_after_a_while_the_first_door_is_tried_again(three: Three) -> None:
    three.index.fault(Fault.STATUS, status=401, times=2)
    clock = Clock(NOW)
    source = register_by(by_index(three), by_service(three), clock=clock)
    heard_until(source, three.keys(2), Detour)
    clock.pass_(timedelta(minutes=31).total_seconds())
    assert len(records(list(source.look_up(three.keys(2))))) == 2


def test_what_is_not_whole_at_the_first_is_asked_at_the_next(three: Three) -> None:
    three.index.desk.partial = 1
    replies = list(register_by(by_index(three), by_service(three)).look_up(three.keys(5)))
    assert len(records(replies)) == 5
    assert three.calls()[0] == 1


def test_the_third_answers_as_far_as_it_goes_and_the_rest_waits(three: Three) -> None:
    three.index.fault(Fault.STATUS, status=503, times=1)
    three.service.desk.broken.append((200, {"errors": [{"message": "DAF-AUTH-0001"}]}))
    source = register_by(by_index(three), by_service(three), by_shop(three, a_day=2))
    heard = heard_until(source, three.keys(5), TryAgain)
    assert len(records(heard)) == 2


def test_a_domain_waits_for_the_only_door_that_knows_sites(three: Three) -> None:
    three.index.fault(Fault.STATUS, status=503, times=1)
    source = register_by(by_index(three), by_service(three))
    assert heard_until(source, [Key(KeyKind.MAIL_DOMAIN, "opdigtet-0001.dk")], TryAgain) == []
    assert three.calls() == [1, 0, 0]


def test_without_the_index_nobody_is_asked_about_domains(three: Three) -> None:
    profile = register_by(by_service(three), by_shop(three)).profile
    assert set(profile.asking) == {KeyKind.CVR}
    assert "website" not in profile.fields
    assert profile.asking[KeyKind.CVR].batch == 100


# --- what a door leaves blank -----------------------------------------------------------------


def test_a_day_at_another_door_changes_nothing_but_what_has_changed(three: Three) -> None:
    number = three.register.numbers[0]
    three.register.edit(number, website="www.opdigtet-0001.dk", phone="68111111", form=80)
    key = three.keys(1)[0]
    [before] = records(list(by_index(three).look_up([key])))
    three.register.edit(number, phone="68222222", website="www.opdigtet-9999.dk")
    source = register_by(by_service(three), known={key: [before]})
    [after] = records(list(source.look_up([key])))
    assert (after.phone, after.website, after.status) == (
        "68222222", "www.opdigtet-0001.dk", "active",
    )  # fmt: skip
    assert after.kept_from == date(2026, 11, 24)


def test_what_is_kept_is_kept_for_a_fortnight(three: Three) -> None:
    [old] = records(list(by_index(three).look_up(three.keys(1))))
    [new] = records(list(by_service(three).look_up(three.keys(1))))
    blank = DatafordelerDoor.can.blank
    last = kept(new, old, blank, NOW + timedelta(days=14))
    assert last.status == old.status
    again = kept(new, last, blank, NOW + timedelta(days=15))
    assert again == new


def test_a_door_that_lags_behind_tells_of_then(three: Three) -> None:
    number = three.register.numbers[0]
    was = three.register.edit(number, name="Opdigt Nu ApS")
    three.service.desk.stale = three.shop.desk.stale = True
    for door in (by_service(three), by_shop(three)):
        [found] = records(list(door.look_up(three.keys(1))))
        assert found.name != was.name


def test_check_tries_each_door(three: Three) -> None:
    source = register_by(by_index(three), by_service(three), by_shop(three))
    named = [one.message for one in source.check()]
    assert named[0] == "source.cvr.right.index"
    assert named[-2:] == ["source.cvr.right.datafordeler", "source.cvr.right.cvrapi"]


def test_a_door_that_is_shut_keeps_no_other_from_being_tried(three: Three) -> None:
    three.index.fault(Fault.STATUS, status=401, times=2)
    shut, there = register_by(by_index(three), by_service(three)).check()
    assert (shut.name, shut.ok, shut.stops, shut.message) == (
        "cvr.index", False, False, "error.sign_in",
    )  # fmt: skip
    assert there.ok
    three.index.fault(Fault.STATUS, status=401, times=2)
    with pytest.raises(SystemStopped):
        list(register_by(by_index(three)).check())
