"""Lasso X, Vainu and Dun & Bradstreet as sources: what each is asked, and how what it says is read."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest
from simulators.dnb import serving as dnb
from simulators.faults import Fault
from simulators.lasso import serving as lasso
from simulators.vainu import serving as vainu
from simulators.web import Clock, served
from sourcing import NOW, heard_until, means_of

from connectors.sources import registry
from connectors.sources.dnb import Dnb
from connectors.sources.lasso import Lasso
from connectors.sources.source import Found, NotFound, Source, Unknown
from connectors.sources.vainu import Vainu
from rules.enrichment.record import CompanyRecord, Related, Signal
from rules.errors import WroteInDryRun
from rules.keys import Key, KeyKind


def cvr(number: int) -> Key:
    return Key(KeyKind.CVR, str(number))


def domain(text: str) -> Key:
    return Key(KeyKind.MAIL_DOMAIN, text)


def only(one: Source, number: int) -> CompanyRecord:
    """The one record that it has of a company."""
    [found] = one.look_up([cvr(number)])
    assert isinstance(found, Found)
    [record] = found.records
    return record


# --- Lasso X ----------------------------------------------------------------------------------


@pytest.fixture
def lassos() -> Iterator[lasso.Lasso]:
    with served(lasso.build(clock=Clock(NOW))) as there:
        yield there


def lasso_of(vendor: lasso.Lasso, *, dry: bool = False, ore: int = 0, **parts: bool) -> Lasso:
    usual = {"sites": True, "reports": False, "group": False, "rating": False}
    means = means_of(vendor, tries=2, dry=dry)
    return registry.lasso(
        means, key=lasso.KEY, a_minute=10_000, parts=usual | parts, ore=ore, keeps_days=100
    )


def test_lasso_reads_numbers_as_text_and_either_bin(lassos: lasso.Lasso) -> None:
    known = lassos.desk.firms.register
    for number in known.numbers[:6]:
        known.edit(number, employees=37, postcode=1050)
        one = only(lasso_of(lassos), number)
        assert (one.cvr, one.address.postcode, one.status) == (str(number), "1050", "active")
        assert one.headcount is not None
        assert (one.headcount.low, one.headcount.high) == (20, 49)
    nobody = known.numbers[7]
    known.edit(nobody, employees=None)
    assert only(lasso_of(lassos), nobody).headcount is None


def test_lasso_tells_no_phone_of_the_register_and_frees_nobody(lassos: lasso.Lasso) -> None:
    free, flagged, *_ = lassos.desk.firms.register.numbers
    lassos.desk.firms.register.edit(free, phone="68123456", website="www.opdigtet-0099.dk")
    lassos.desk.firms.sites[free] = []
    lassos.desk.flagged = {flagged}
    one = only(lasso_of(lassos), free)
    assert (one.phone, one.website, one.protected) == ("", "", None)
    assert only(lasso_of(lassos), flagged).protected is True


def test_lasso_gives_a_site_where_there_is_one_domain(lassos: lasso.Lasso) -> None:
    one, two, *_ = lassos.desk.firms.register.numbers
    lassos.desk.firms.sites |= {
        one: ["https://www.opdigtet-0301.dk", "https://opdigtet-0301.dk/kontakt"],
        two: ["https://opdigtet-0302.dk", "https://opdigtet-0303.dk"],
    }
    assert "opdigtet-0301.dk" in only(lasso_of(lassos), one).website
    assert only(lasso_of(lassos), two).website == ""


def test_lasso_walks_up_to_the_head_of_the_group_in_one_call_for_25(lassos: lasso.Lasso) -> None:
    numbers = lassos.desk.firms.register.numbers[:25]
    child, mother, top = numbers[:3]
    lassos.desk.firms.parents |= {child: mother, mother: top}
    replies = list(lasso_of(lassos, group=True, sites=False).look_up([cvr(n) for n in numbers]))
    assert lassos.counted(path="/graph") == 1
    [first] = replies[0].records if isinstance(replies[0], Found) else ()
    name = {n: lassos.desk.firms.register.find(n) for n in numbers}
    assert name[mother] is not None
    assert name[top] is not None
    assert first.parent == Related(
        name=name[mother].name, cvr=str(mother), known_as=f"CVR-1-{mother}"
    )
    assert first.head is not None
    assert first.head.cvr == str(top)
    assert isinstance(replies[2], Found)
    assert replies[2].records[0].parent is None


def test_lasso_reads_the_newest_accounts_and_takes_no_figure_for_another(
    lassos: lasso.Lasso,
) -> None:
    one, *_ = lassos.desk.firms.register.numbers
    lassos.desk.reports[one] = {"grossProfit": 12_500_000}
    found = only(lasso_of(lassos, reports=True), one)
    assert found.revenue is None
    assert found.gross_profit is not None
    assert (found.gross_profit.amount, found.gross_profit.period_end) == (
        12_500_000,
        date(2025, 12, 31),
    )


@pytest.mark.parametrize(("score", "risk"), [("A", "normal"), ("C", "raised"), ("D", "high")])
def test_lasso_ratings_are_three_steps_and_no_rating_is_none(
    lassos: lasso.Lasso, score: str, risk: str
) -> None:
    rated, unrated, unheard, *_ = lassos.desk.firms.register.numbers
    lassos.desk.ratings |= {rated: score, unrated: "E"}
    one = lasso_of(lassos, rating=True, ore=500)
    found = only(one, rated).credit
    assert found is not None
    assert (found.risk, found.model) == (risk, f"Creditsafe {score}")
    assert only(one, unrated).credit is None
    assert only(one, unheard).credit is None


def test_an_addition_that_was_not_bought_is_asked_for_once(lassos: lasso.Lasso) -> None:
    lassos.desk.addons.clear()
    one = lasso_of(lassos, rating=True, ore=500)
    assert "credit_rating" in one.profile.fields
    replies = list(one.look_up([cvr(n) for n in lassos.desk.firms.register.numbers[:4]]))
    assert all(isinstance(reply, Found) for reply in replies)
    assert lassos.counted(path="/rating/") <= 2
    assert "credit_rating" not in one.profile.fields
    assert one.profile.not_bought == ("creditsafe/rating",)


def test_lasso_knows_a_domain_by_the_sites_that_it_tied_to_companies(lassos: lasso.Lasso) -> None:
    known = lassos.desk.firms.register
    one, two, three, *_ = known.numbers
    for number in (one, two):
        lassos.desk.firms.sites[number] = ["https://www.opdigtet-0400.dk"]
    lassos.desk.firms.sites[three] = ["https://www.opdigtet-0401.dk"]
    several, single, none = lasso_of(lassos).look_up(
        [domain("opdigtet-0400.dk"), domain("opdigtet-0401.dk"), domain("opdigtet-0402.dk")]
    )
    assert isinstance(several, Found)
    assert {each.cvr for each in several.records} == {str(one), str(two)}
    assert isinstance(single, Found)
    assert [each.cvr for each in single.records] == [str(three)]
    assert none == NotFound(domain("opdigtet-0402.dk"))


def test_lasso_is_waited_for_when_its_minute_is_full(lassos: lasso.Lasso) -> None:
    lassos.desk.a_minute = 3
    one = lasso_of(lassos, sites=False)
    some = [cvr(n) for n in lassos.desk.firms.register.numbers[:5]]
    replies = heard_until(one, some, Exception)
    assert sum(isinstance(reply, Found) for reply in replies) == 3
    assert all(isinstance(r, Unknown) and r.free for r in replies[3:])


def test_a_dry_run_buys_no_rating(lassos: lasso.Lasso) -> None:
    one = lasso_of(lassos, dry=True, rating=True, ore=500)
    with pytest.raises(WroteInDryRun):
        list(one.look_up([cvr(lassos.desk.firms.register.numbers[0])]))


# --- Vainu ------------------------------------------------------------------------------------


@pytest.fixture
def vainus() -> Iterator[vainu.Vainu]:
    with served(vainu.build(120, clock=Clock(NOW))) as there:
        yield there


def vainu_of(vendor: vainu.Vainu, **how: Any) -> Vainu:
    usual: dict[str, Any] = {"paths": {}, "signals": True, "tags": {}, "ore": 0, "keeps_days": 100}
    means = means_of(vendor, tries=2, dry=False)
    return registry.vainu(means, client=vainu.CLIENT, secret=vainu.SECRET, **(usual | how))


def test_vainu_is_asked_for_a_hundred_companies_in_three_calls(vainus: vainu.Vainu) -> None:
    some = [cvr(n) for n in vainus.desk.firms.register.numbers[:100]]
    one = vainu_of(vainus)
    replies = list(one.look_up(some))
    assert all(isinstance(reply, Found) for reply in replies)
    # One token and one catalogue for all batches.
    assert len(vainus.calls) - 2 == one.profile.asking[KeyKind.CVR].calls_for(100) == 3
    list(one.look_up(some[:7]))
    assert vainus.desk.asked == [100, 7]


def test_vainu_tells_what_companies_use_and_what_happened(vainus: vainu.Vainu) -> None:
    number = next(n for n in vainus.desk.firms.register.numbers if n % 4 and n % 5 == 0)
    week, year = NOW - timedelta(days=7), NOW - timedelta(days=365)
    vainus.desk.signals += [
        (number, "news", 43543, week), (number, "data-changes", 8000038, week - timedelta(days=9)),
        (number, "news", 999, week), (number, "news", 43543, year),
    ]  # fmt: skip
    vainus.desk.revenue[number] = 41_000_000
    found = only(vainu_of(vainus, tags={"999": "hiring"}), number)
    assert found.technologies == ("Shopify",)
    assert set(found.signals) == {
        Signal(kind="funding", day=week.date()), Signal(kind="hiring", day=week.date()),
        Signal(kind="new_manager", day=(week - timedelta(days=9)).date()),
    }  # fmt: skip
    assert found.revenue is not None
    assert (found.revenue.amount, found.headcount) == (41_000_000, None)


def test_vainu_tells_more_where_the_settings_name_its_path(vainus: vainu.Vainu) -> None:
    [number, *_] = vainus.desk.firms.register.numbers
    vainus.desk.firms.register.edit(number, employees=37)
    paths = {"employees": "staff_number", "sector": "vainu_custom_industry"}
    one = vainu_of(vainus, paths=paths)
    found = only(one, number)
    assert found.headcount is not None
    assert (found.headcount.exact, found.sector) == (37, "Byggeri og håndværk")
    assert {"employees", "sector"} <= one.profile.fields


def test_vainu_reads_either_envelope_and_renews_a_token_that_ended(vainus: vainu.Vainu) -> None:
    [number, *_] = vainus.desk.firms.register.numbers
    one = vainu_of(vainus)
    vainus.desk.envelope = "results"
    only(one, number)
    vainus.desk._tokens.clear()
    only(one, number)


def test_vainu_stops_where_a_field_is_gone_and_the_whole_country_would_answer(
    vainus: vainu.Vainu,
) -> None:
    some = [cvr(n) for n in vainus.desk.firms.register.numbers[:3]]
    vainus.desk.deaf = True
    assert heard_until(vainu_of(vainus), some) == []
    vainus.desk.deaf = False
    vainus.desk.paths.discard("business_id")
    assert heard_until(vainu_of(vainus), some) == []


def test_vainu_checks_its_paths_and_leaves_out_those_behind_a_permission(
    vainus: vainu.Vainu,
) -> None:
    one = vainu_of(vainus, paths={"phone": "contacts.email", "employees": "staf_number"})
    said = {right.name: right.message for right in one.check() if not right.ok}
    assert said == {
        "contacts.email": "source.vainu.right.closed",
        "staf_number": "source.vainu.right.absent",
    }
    assert only(one, vainus.desk.firms.register.numbers[0]).phone == ""


def test_signals_that_were_not_bought_leave_the_rest(vainus: vainu.Vainu) -> None:
    vainus.desk.has_signals = False
    one = vainu_of(vainus)
    only(one, vainus.desk.firms.register.numbers[0])
    assert "signal" not in one.profile.fields
    only(one, vainus.desk.firms.register.numbers[1])
    assert vainus.counted(path="/signals/") == 1


# --- Dun & Bradstreet -------------------------------------------------------------------------


@pytest.fixture
def dnbs() -> Iterator[dnb.Dnb]:
    with served(dnb.build(clock=Clock(NOW))) as there:
        yield there


def dnb_of(
    vendor: dnb.Dnb, blocks: tuple[str, ...] = (dnb.GROUP, dnb.CREDIT), tries: int = 2
) -> Dnb:
    means = means_of(vendor, tries=tries, dry=False)
    return registry.dnb(
        means, key=dnb.KEY, secret=dnb.SECRET, blocks=blocks, ore=200, keeps_days=365
    )


def test_dnb_takes_two_calls_a_company_and_one_token(dnbs: dnb.Dnb) -> None:
    numbers = dnbs.desk.firms.register.numbers[:5]
    one = dnb_of(dnbs)
    assert all(isinstance(r, Found) for r in one.look_up([cvr(n) for n in numbers]))
    assert len(dnbs.calls) - 1 == one.profile.asking[KeyKind.CVR].calls_for(5) == 10
    assert dnbs.counted(path="/token") == 1


def test_dnb_tells_the_group_and_no_company_owns_itself(dnbs: dnb.Dnb) -> None:
    child, mother, *_ = dnbs.desk.firms.register.numbers
    dnbs.desk.firms.parents |= {child: mother, mother: 70_000_000}
    below, above = (only(dnb_of(dnbs), n) for n in (child, mother))
    assert below.parent is not None
    assert below.parent.known_as == dnb.duns_of(mother)
    assert below.head == above.head == above.parent
    alone = only(dnb_of(dnbs), dnbs.desk.firms.register.numbers[5])
    assert (alone.parent, alone.head) == (None, None)


def test_dnb_never_takes_the_group_s_heads_nor_reads_nothing_as_the_highest_risk(
    dnbs: dnb.Dnb,
) -> None:
    counted, modelled, uncounted, *_ = dnbs.desk.firms.register.numbers
    for number, heads in ((counted, 37), (modelled, 37), (uncounted, None)):
        dnbs.desk.firms.register.edit(number, employees=heads)
    dnbs.desk.modelled = {modelled}
    sure, guess, none = (only(dnb_of(dnbs), n) for n in (counted, modelled, uncounted))
    assert sure.headcount is not None
    assert guess.headcount is not None
    assert (sure.headcount.exact, sure.headcount.estimate) == (37, False)
    assert guess.headcount.estimate
    assert (none.headcount, none.credit) == (None, None)


@pytest.mark.parametrize(
    ("place", "segment", "risk"),
    [(1, "", "high"), (20, "", "high"), (21, "1", "raised"), (51, "", "normal"),
     (None, "2", "normal"), (None, "5", "high"), (None, "9", None), (0, "", None)],
)  # fmt: skip
def test_dnb_risks_are_three_steps(
    dnbs: dnb.Dnb, place: int | None, segment: str, risk: str | None
) -> None:
    [number, *_] = dnbs.desk.firms.register.numbers
    if place is not None:
        dnbs.desk.percentiles[number] = place
    dnbs.desk.segments[number] = segment
    found = only(dnb_of(dnbs), number).credit
    assert (found.risk if found else None) == risk


def test_dnb_finds_by_domain_only_whose_domain_it_is(dnbs: dnb.Dnb) -> None:
    one, other, *_ = dnbs.desk.firms.register.numbers
    dnbs.desk.firms.sites |= {one: ["https://www.opdigtet-0500.dk"], other: []}
    found, none = dnb_of(dnbs).look_up([domain("opdigtet-0500.dk"), domain("opdigtet-0501.dk")])
    assert isinstance(found, Found)
    assert [each.cvr for each in found.records] == [str(one)]
    assert isinstance(none, NotFound)


@pytest.mark.parametrize("empty", [True, False])
def test_dnb_no_match_is_not_found_in_either_way(dnbs: dnb.Dnb, *, empty: bool) -> None:
    dnbs.desk.empty = empty
    assert list(dnb_of(dnbs).look_up([cvr(99999988)])) == [NotFound(cvr(99999988))]


@pytest.mark.parametrize("way", ["expiresIn", "expires_in", "expirationDateTime"])
def test_dnb_tokens_say_when_they_end_in_three_ways(dnbs: dnb.Dnb, way: str) -> None:
    dnbs.desk.answers_in = way
    one = dnb_of(dnbs)
    first, second, *_ = dnbs.desk.firms.register.numbers
    only(one, first)
    dnbs.desk._tokens.clear()
    only(one, second)
    assert dnbs.counted(path="/token") == 2


def test_dnb_a_block_outside_the_contract_is_found_out_once(dnbs: dnb.Dnb) -> None:
    dnbs.desk.blocks = {dnb.CORE, dnb.GROUP}
    child, mother, *_ = dnbs.desk.firms.register.numbers
    dnbs.desk.firms.parents[child] = mother
    one = dnb_of(dnbs)
    assert only(one, child).parent is not None
    assert "credit_rating" not in one.profile.fields
    dnbs.calls.clear()
    only(one, mother)
    assert len(dnbs.calls) == 2


def test_dnb_without_the_core_is_no_source(dnbs: dnb.Dnb) -> None:
    dnbs.desk.blocks = {dnb.GROUP}
    heard_until(dnb_of(dnbs, ()), [cvr(dnbs.desk.firms.register.numbers[0])])


def test_dnb_a_quota_that_is_used_up_stops_it_and_what_was_not_asked_costs_nothing(
    dnbs: dnb.Dnb,
) -> None:
    dnbs.desk.quota = 2
    some = [cvr(n) for n in dnbs.desk.firms.register.numbers[:3]]
    one = dnb_of(dnbs)
    found, *rest = heard_until(one, some)
    assert isinstance(found, Found)
    assert [isinstance(r, Unknown) and r.free for r in rest] == [True, True]
    assert dnbs.counted(path="cleanseMatch") == 2, "asked once, and not again"


def test_dnb_an_error_inside_a_good_answer_is_no_answer(dnbs: dnb.Dnb) -> None:
    dnbs.desk.inside = "00050"
    heard_until(dnb_of(dnbs), [cvr(dnbs.desk.firms.register.numbers[0])])


def test_dnb_a_lost_answer_is_not_asked_for_again(dnbs: dnb.Dnb) -> None:
    dnbs.fault(Fault.LOST, path="/v1/data/.*")
    first, second, *_ = (cvr(n) for n in dnbs.desk.firms.register.numbers)
    replies = heard_until(dnb_of(dnbs, tries=4), [first, second], Exception)
    # Of the first nothing is known, and it may have been paid for; the second was not asked about.
    assert [reply.key for reply in replies] == [second]
    assert dnbs.counted(path="/v1/data/") == 1
