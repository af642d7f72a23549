"""Published annual accounts as a source: whose figure, of which year, and what is no figure of it."""

from __future__ import annotations

import gzip
import tracemalloc
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal

import pytest
from simulators.accounts.filings import GROUP, SEPARATE, SOLO, Fact, Filing
from simulators.accounts.serving import Accounts as Simulator
from simulators.accounts.serving import build
from simulators.faults import Fault
from simulators.web import Clock, served
from sourcing import NOW, heard_until, means_of

from connectors.sources.accounts import Accounts
from connectors.sources.accounts.client import Index
from connectors.sources.accounts.xbrl import Unreadable, figures, plain
from connectors.sources.source import Found, NotFound, Unknown
from rules.enrichment.record import CompanyRecord
from rules.errors import TryAgain
from rules.keys import Key, KeyKind

CVR = 90000017
ENDS = date(2025, 12, 31)


def money(
    *facts: Fact, group: bool = False, **how: object
) -> tuple[Decimal | None, Decimal | None]:
    """Revenue and gross profit of a filing with these statements."""
    filing = Filing(CVR, ENDS, facts, **how)  # type: ignore[arg-type]
    found = figures([filing.bytes_()], str(CVR), ENDS, group=group)
    return tuple(one.amount if one else None for one in found)  # type: ignore[return-value]


REVENUE = Fact("Revenue", "12345678")
GROSS = Fact("GrossProfitLoss", "2345678")


def test_gross_profit_is_never_revenue() -> None:
    assert money(GROSS) == (None, Decimal(2345678))
    assert money(REVENUE) == (Decimal(12345678), None)
    assert money(REVENUE, GROSS) == (Decimal(12345678), Decimal(2345678))


@pytest.mark.parametrize("prefix", ["fsa", "e", "b"])
def test_a_namespace_is_told_by_its_address_whatever_its_prefix(prefix: str) -> None:
    assert money(REVENUE, prefix=prefix)[0] == Decimal(12345678)


def test_last_year_beside_it_is_another_year() -> None:
    assert money(Fact("Revenue", "1", last=True)) == (None, None)
    assert money(Fact("Revenue", "1", last=True), REVENUE)[0] == Decimal(12345678)


@pytest.mark.parametrize(
    ("start", "counts"),
    [
        (date(2025, 1, 1), True),
        (date(2024, 12, 30), True),
        (date(2025, 8, 1), False),
        (date(2024, 7, 1), False),
    ],
)
def test_a_year_of_another_length_is_no_years_revenue(start: date, *, counts: bool) -> None:
    assert (money(REVENUE, starts=start)[0] is not None) is counts


@pytest.mark.parametrize(
    ("facts", "group", "revenue"),
    [
        ([Fact("Revenue", "9", GROUP)], False, None),
        ([Fact("Revenue", "9", GROUP)], True, 9),
        ([Fact("Revenue", "3", SOLO), Fact("Revenue", "9", GROUP)], True, 3),
        ([Fact("Revenue", "3"), Fact("Revenue", "9", GROUP)], False, 3),
        ([Fact("Revenue", "3", ("cmn:SegmentDimension", "cmn:NorthMember"))], True, None),
    ],
)
def test_whose_figure_it_is_stands_in_the_dimensions(
    facts: Sequence[Fact], *, group: bool, revenue: int | None
) -> None:
    assert money(*facts, group=group)[0] == revenue


def test_under_ifrs_what_has_no_dimension_is_the_groups() -> None:
    own, theirs = Fact("Revenue", "3", SEPARATE), Fact("Revenue", "9")
    assert money(theirs, ifrs=True) == (None, None)
    assert money(theirs, ifrs=True, group=True)[0] == 9
    assert money(theirs, own, Fact("GrossProfit", "2", SEPARATE), ifrs=True) == (3, 2)


def test_decimals_say_how_exact_a_figure_is_and_not_that_it_stands_in_thousands() -> None:
    rounded, exact = Fact("Revenue", "12346000", decimals="-3"), REVENUE
    assert money(rounded)[0] == Decimal(12346000)
    assert money(rounded, exact)[0] == Decimal(12345678)
    assert money(Fact("Revenue", "99"), exact) == (None, None), "two figures that differ are none"


def test_a_currency_is_kept_and_what_is_none_is_no_money() -> None:
    filing = Filing(CVR, ENDS, (Fact("Revenue", "700", unit="EUR"),))
    found = figures([filing.bytes_()], str(CVR), ENDS).revenue
    assert found is not None
    assert (found.currency, found.period_end, found.estimate) == ("EUR", ENDS, False)
    assert money(Fact("Revenue", "700", unit="shares")) == (None, None)
    assert money(Fact("Revenue", "", nil=True)) == (None, None)
    assert money(Fact("Revenue", "1.234,5")) == (None, None)


def test_accounts_of_another_company_say_nothing() -> None:
    filing = Filing(CVR, ENDS, (REVENUE,))
    assert figures([filing.bytes_()], "90000025", ENDS) == (None, None)


@pytest.mark.parametrize(
    "raw",
    [
        b"<html/>",
        b"",
        b"\x1f\x8b nonsense",
        b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "b">]><x/>',
        Filing(CVR, ENDS, (REVENUE,), packed=False).bytes_()[:-20],
    ],
)
def test_what_is_no_whole_instance_is_not_read(raw: bytes) -> None:
    with pytest.raises(Unreadable):
        figures([raw], str(CVR), ENDS)


def test_pieces_of_any_size_are_the_same_report() -> None:
    for packed in (True, False):
        raw = Filing(CVR, ENDS, (REVENUE, GROSS), packed=packed).bytes_()
        pieces = (raw[at : at + 1] for at in range(len(raw)))
        assert figures(pieces, str(CVR), ENDS) == figures([raw], str(CVR), ENDS)


def test_a_large_report_takes_no_room_and_one_without_end_is_left() -> None:
    raw = Filing(CVR, ENDS, (REVENUE,), noise=5000).bytes_()
    tracemalloc.start()
    assert figures([raw], str(CVR), ENDS).revenue is not None
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(gzip.decompress(raw)) > 4_000_000
    assert most < 2_000_000
    endless = gzip.compress(b" " * 70_000_000, 1)
    with pytest.raises(Unreadable, match="too large"):
        for _ in plain([endless]):
            pass


# --- the index --------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def line() -> Iterator[Simulator]:
    with served(build(300, clock=Clock(NOW))) as there:
        yield there


@pytest.fixture
def vendor(line: Simulator) -> Simulator:
    line.calls.clear()
    line.desk.downloads.clear()
    line.desk.filings.put.clear()
    line.faults.clear()
    return line


def source(
    vendor: Simulator, known: Mapping[Key, Sequence[CompanyRecord]] | None = None
) -> Accounts:
    means = means_of(vendor, tries=1, dry=True)._replace(known=lambda _source, _keys: known or {})
    return Accounts("accounts", Index("accounts", means, a_second=1000), means)


def keys(vendor: Simulator, many: int) -> list[Key]:
    return [Key(KeyKind.CVR, str(one)) for one in vendor.desk.register.numbers[:many]]


def test_two_hundred_companies_are_one_search_and_a_document_for_each_that_publishes(
    vendor: Simulator,
) -> None:
    asked = keys(vendor, 200)
    replies = list(source(vendor).look_up(asked))
    assert [one.key for one in replies] == asked
    found = [one for one in replies if isinstance(one, Found)]
    assert len(found) + sum(isinstance(one, NotFound) for one in replies) == 200
    assert vendor.counted("POST") == 1
    assert 0 < vendor.counted("GET") == len(vendor.desk.downloads) <= len(found)
    stated = [one.records[0] for one in found]
    assert sum(one.gross_profit is not None for one in stated) > 100
    assert 0 < sum(one.revenue is not None for one in stated) < 40


def test_a_report_that_was_read_is_not_fetched_again(vendor: Simulator) -> None:
    asked = keys(vendor, 20)
    first = [one for one in source(vendor).look_up(asked) if isinstance(one, Found)]
    vendor.desk.downloads.clear()
    known = {one.key: one.records for one in first}
    again = [one for one in source(vendor, known).look_up(asked) if isinstance(one, Found)]
    assert vendor.desk.downloads == []
    assert [one.records for one in again] == [one.records for one in first]


def test_it_is_asked_for_again_when_the_next_report_is_due(vendor: Simulator) -> None:
    [key] = keys(vendor, 1)
    for year, life in ((2025, 335 - 328), (2026, 335 + 37)):
        filing = Filing(int(key.value), date(year, 12, 31), (GROSS,))
        vendor.desk.filings.put[int(key.value)] = [filing]
        [found] = source(vendor).look_up([key])
        assert isinstance(found, Found)
        assert found.life is not None
        assert abs(found.life - max(timedelta(days=life), timedelta(days=14))) < timedelta(days=1)


def test_a_correction_counts_and_an_older_year_does_not(vendor: Simulator) -> None:
    [key] = keys(vendor, 1)
    number = int(key.value)
    vendor.desk.filings.put[number] = [
        Filing(number, date(2024, 12, 31), (Fact("Revenue", "1"),), corrects=9),
        Filing(number, ENDS, (Fact("Revenue", "2"),)),
        Filing(number, ENDS, (Fact("Revenue", "3"),), corrects=1),
    ]
    [found] = source(vendor).look_up([key])
    assert isinstance(found, Found)
    assert found.records[0].revenue is not None
    assert found.records[0].revenue.amount == 3


def test_a_newer_report_on_paper_leaves_no_figure_rather_than_an_old_one(vendor: Simulator) -> None:
    [key] = keys(vendor, 1)
    number = int(key.value)
    vendor.desk.filings.put[number] = [
        Filing(number, date(2024, 12, 31), (Fact("Revenue", "1"),)),
        Filing(number, ENDS, (), xml=False),
    ]
    [found] = source(vendor).look_up([key])
    assert isinstance(found, Found)
    assert (found.records[0].revenue, vendor.desk.downloads) == (None, [])


def test_an_answer_that_is_not_whole_says_nothing_of_anybody(vendor: Simulator) -> None:
    for trouble in ("partial", "timed_out"):
        setattr(vendor.desk, trouble, 1)
        asked = keys(vendor, 5)
        assert list(source(vendor).look_up(asked)) == [Unknown(key, "incomplete") for key in asked]


def publishing(vendor: Simulator, many: int) -> list[Key]:
    asked = keys(vendor, many)
    for key in asked:
        vendor.desk.filings.put[int(key.value)] = [Filing(int(key.value), ENDS, (GROSS,))]
    return asked


def test_one_document_that_cannot_be_had_keeps_nobody_waiting(vendor: Simulator) -> None:
    asked = publishing(vendor, 4)
    vendor.fault(Fault.HALF, method="GET", times=1)
    replies = list(source(vendor).look_up(asked))
    assert [type(one) for one in replies] == [Unknown, Found, Found, Found]


def test_a_host_that_is_down_is_not_asked_for_every_company(vendor: Simulator) -> None:
    asked = publishing(vendor, 9)
    vendor.fault(Fault.STATUS, method="GET", status=503, times=99)
    heard = heard_until(source(vendor), asked, TryAgain)
    assert [type(one) for one in heard] == [Unknown] * 3
    assert vendor.counted("GET") == 3


def test_a_document_of_another_host_is_not_fetched(
    vendor: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("simulators.accounts.serving.DOCUMENTS", "http://opdigtet-0001.dk")
    [told] = source(vendor).look_up(publishing(vendor, 1))
    assert isinstance(told, Unknown)
    assert vendor.counted("GET") == 0


def test_check_says_that_the_index_answers(vendor: Simulator) -> None:
    assert [one.message for one in source(vendor).check()] == ["source.accounts.right.index"]
