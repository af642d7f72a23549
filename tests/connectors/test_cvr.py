"""The company register as a source: what is asked, how it is read, and what counts as no answer."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from simulators.cvr.documents import document
from simulators.cvr.serving import PASSWORD, USER, build
from simulators.cvr.serving import Cvr as Simulator
from simulators.faults import Fault
from simulators.web import Clock, served
from sourcing import NOW, means_of

from connectors.sources.cvr import Cvr
from connectors.sources.cvr.client import Index
from connectors.sources.cvr.index import IndexDoor, spellings
from connectors.sources.cvr.reading import company
from connectors.sources.source import Found, NotFound, Unknown
from rules.enrichment.record import CompanyRecord
from rules.errors import SystemStopped, TryAgain
from rules.keys import Key, KeyKind


@pytest.fixture
def vendor() -> Iterator[Simulator]:
    with served(build(1200, clock=Clock(NOW))) as there:
        yield there


def source(vendor: Simulator, password: str = PASSWORD, *, dry: bool = False) -> Cvr:
    means = means_of(vendor, tries=2, dry=dry)
    index = Index("cvr", USER, password, means, a_second=1000)
    return Cvr("cvr", [IndexDoor(index)], means)


def cvr(number: int | str) -> Key:
    return Key(KeyKind.CVR, str(number))


def domain(text: str) -> Key:
    return Key(KeyKind.MAIL_DOMAIN, text)


def read(vendor: Simulator, number: int, **facts: Any) -> CompanyRecord:
    """A company of the register, with these facts, as we read it."""
    changed = vendor.register.edit(number, **facts)
    return company(document(changed)["Vrvirksomhed"], NOW)


def test_five_hundred_numbers_are_one_call_and_each_has_one_answer(vendor: Simulator) -> None:
    keys = [*map(cvr, vendor.register.numbers[:499]), cvr(99999988)]
    replies = list(source(vendor).look_up(keys))
    assert [one.key for one in replies] == keys
    assert [type(one) for one in replies] == [Found] * 499 + [NotFound]
    assert len(vendor.calls) == 1


def test_what_is_asked_for_leaves_out_the_history(vendor: Simulator) -> None:
    list(source(vendor).look_up([cvr(vendor.register.numbers[0])]))
    [call] = vendor.calls
    for heavy in (b'"Vrvirksomhed"', b"deltagerRelation", b"attributter", b"penheder"):
        assert heavy not in call.body


def test_an_answer_that_is_not_whole_says_nothing_of_anybody(vendor: Simulator) -> None:
    keys = [*map(cvr, vendor.register.numbers[:10])]
    for trouble in ("partial", "timed_out"):
        setattr(vendor.desk, trouble, 1)
        assert list(source(vendor).look_up(keys)) == [Unknown(key, "incomplete") for key in keys]


def test_a_domain_finds_all_companies_that_give_it(vendor: Simulator) -> None:
    one, two, three = vendor.register.numbers[:3]
    for number, site in ((one, "www.opdigtet-7777.dk"), (two, "https://opdigtet-7777.dk")):
        vendor.register.edit(number, website=site)
    vendor.register.edit(three, website="")
    found, nobody = source(vendor).look_up([domain("opdigtet-7777.dk"), domain("opdigtet-8888.dk")])
    assert isinstance(found, Found)
    assert [record.cvr for record in found.records] == [str(one), str(two)]
    assert nobody == NotFound(domain("opdigtet-8888.dk"))


def test_a_domain_of_more_than_a_thousand_companies_is_read_to_its_end(vendor: Simulator) -> None:
    for number in vendor.register.numbers[:1100]:
        vendor.register.edit(number, website="www.opdigtet-7777.dk")
    [found] = source(vendor).look_up([domain("opdigtet-7777.dk")])
    assert isinstance(found, Found)
    assert (len(found.records), len(vendor.calls)) == (1100, 2)


def test_a_wrong_password_stops_the_source_and_is_shown_nowhere(vendor: Simulator) -> None:
    with pytest.raises(SystemStopped) as refused:
        list(source(vendor, "geheim-geheim").look_up([cvr(90000017)]))
    assert "geheim" not in f"{refused.value} {refused.value.details}"


def test_an_outage_is_tried_again_and_then_left_for_later(vendor: Simulator) -> None:
    vendor.fault(Fault.STATUS, status=503, times=1)
    [found] = source(vendor).look_up([cvr(vendor.register.numbers[0])])
    assert isinstance(found, Found)
    vendor.fault(Fault.STATUS, status=503, times=2)
    with pytest.raises(TryAgain):
        list(source(vendor).look_up([cvr(vendor.register.numbers[0])]))


def test_a_dry_run_may_ask_the_register(vendor: Simulator) -> None:
    [found] = source(vendor, dry=True).look_up([cvr(vendor.register.numbers[0])])
    assert isinstance(found, Found)


def test_check_says_how_much_there_is_and_that_the_line_is_open(vendor: Simulator) -> None:
    index, line = source(vendor).check()
    assert (index.ok, index.details["count"]) == (True, "1200")
    assert (line.ok, line.stops) == (False, False)


# --- how a document is read -------------------------------------------------------------------


def test_a_company_is_read_whole(vendor: Simulator) -> None:
    number = vendor.register.numbers[0]
    found = read(
        vendor, number, name="Opdigt Drøm  ApS", form=80, street="Fabelvej", house=35,
        postcode=5000, industry="432100", employees=14, phone="68123456",
        website="www.opdigtet-0001.dk", protected=True, secondary=("Drøm Service",),
    )  # fmt: skip
    assert (found.cvr, found.name, found.form_code) == (str(number), "Opdigt Drøm ApS", "80")
    assert found.secondary_names == ("Drøm Service",)
    assert found.address.street == "Fabelvej 35A, 2. tv"
    assert (found.address.postcode, found.address.city, found.address.country) == (
        "5000", "Odense C", "DK",
    )  # fmt: skip
    assert found.industry is not None
    assert (found.industry.code, found.industry.scheme) == ("432100", "DB25")
    assert found.headcount is not None
    assert (found.headcount.exact, found.headcount.low, found.headcount.high) == (14, 10, 19)
    assert (found.phone, found.website) == ("68123456", "www.opdigtet-0001.dk")
    assert (found.protected, found.status) == (True, "active")


def test_numbers_that_ended_or_are_secret_are_not_there(vendor: Simulator) -> None:
    number = vendor.register.numbers[0]
    found = read(vendor, number, phone="", old_phone="68111111", secret_phone="68222222")  # noqa: S106
    assert found.phone == ""


def test_the_newest_head_count_wins_and_none_is_nothing(vendor: Simulator) -> None:
    doc = document(vendor.register.edit(vendor.register.numbers[0], employees=None))
    old = company(doc["Vrvirksomhed"], NOW).headcount
    assert old is not None
    assert (old.exact, old.month) == (7, date(2019, 9, 1))
    doc["Vrvirksomhed"]["virksomhedMetadata"]["nyesteMaanedsbeskaeftigelse"] = None
    assert company(doc["Vrvirksomhed"], NOW).headcount is None


@pytest.mark.parametrize(
    ("code", "low", "high"),
    [
        ("ANTAL_1000_999999", 1000, None),
        ("ANTAL_1000_", 1000, None),
        ("ANTAL_0_0", 0, 0),
        ("ANTAL_50_99", 50, 99),
    ],
)
def test_intervals_are_read_by_their_pattern(
    vendor: Simulator, code: str, low: int, high: int | None
) -> None:
    doc = document(vendor.register.edit(vendor.register.numbers[0], employees=1))["Vrvirksomhed"]
    row = doc["virksomhedMetadata"]["nyesteErstMaanedsbeskaeftigelse"]
    row |= {"antalAnsatte": None, "intervalKodeAntalAnsatte": code}
    found = company(doc, NOW).headcount
    assert found is not None
    assert (found.exact, found.low, found.high) == (None, low, high)


@pytest.mark.parametrize(
    ("since", "until", "scheme"),
    [
        ("2025-01-01", None, "DB25"),
        ("2008-01-01", "2024-12-31", "DB07"),
        ("2019-01-01", None, ""),
    ],
)
def test_a_code_is_told_apart_by_its_period(
    vendor: Simulator, since: str, until: str | None, scheme: str
) -> None:
    doc = document(vendor.register.edit(vendor.register.numbers[0]))["Vrvirksomhed"]
    row = doc["virksomhedMetadata"]["nyesteHovedbranche"]
    row |= {"periode": {"gyldigFra": since, "gyldigTil": until}, "branchekode": 11100}
    found = company(doc, NOW).industry
    assert found is not None
    assert (found.code, found.scheme) == ("011100", scheme)


def test_a_trade_that_is_not_known_is_no_trade(vendor: Simulator) -> None:
    assert read(vendor, vendor.register.numbers[0], industry="999999").industry is None


@pytest.mark.parametrize(
    ("form", "word", "ended", "status"),
    [
        (80, "NORMAL", None, "active"),
        (80, "UNDER KONKURS", None, "bankruptcy"),
        (80, "OPLØST EFTER FUSION", date(2026, 1, 31), "merged"),
        (10, "NORMAL", None, "active"),
        (10, "NORMAL", date(2026, 1, 31), "dissolved"),
        (80, "I DVALE", None, "unknown"),
    ],
)
def test_what_the_register_calls_a_company_is_a_status_of_ours(
    vendor: Simulator, form: int, word: str, ended: date | None, status: str
) -> None:
    number = vendor.register.numbers[0]
    assert read(vendor, number, form=form, status=word, ended=ended).status == status


def test_an_address_abroad_is_its_free_text(vendor: Simulator) -> None:
    found = read(vendor, vendor.register.numbers[0], foreign="Påhittsgatan 1\n111 11 Stockholm")
    assert found.address.street == "Påhittsgatan 1, 111 11 Stockholm"
    assert (found.address.postcode, found.address.country) == ("", "SE")


def test_a_second_number_may_be_one_entry_or_a_list(vendor: Simulator) -> None:
    doc = document(vendor.register.edit(vendor.register.numbers[0], phone=""))["Vrvirksomhed"]
    doc["sekundaertTelefonNummer"] = {
        "kontaktoplysning": "68333333", "hemmelig": False, "periode": {"gyldigTil": None},
    }  # fmt: skip
    assert company(doc, NOW).phone == "68333333"


def test_a_site_is_asked_for_as_companies_write_it() -> None:
    assert {"x.dk", "www.x.dk", "https://www.x.dk/"} < set(spellings("x.dk"))
