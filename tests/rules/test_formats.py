"""The formats' tables of cases: `tests/rules/cases/*.csv`, one test a row.

Columns: before, after (`=`: as before; `(none)`: no value), findings (codes, blank between),
spill (`field=value`), and what a format needs besides. `\\n` and `\\uXXXX` stand for characters.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from rules.catalogue import DEFAULT
from rules.formats import (
    addresses,
    bins,
    choices,
    company_names,
    countries,
    cvr,
    dates,
    email,
    industry,
    names,
    numbers,
    phone,
    postcodes,
    titles,
    towns,
    web,
)
from rules.formats.capitals import Part
from rules.formats.formatted import Formatted
from rules.list_rules import picklist

CASES = Path(__file__).parent / "cases"
Row = dict[str, str]


def _plain(text: str) -> str:
    text = text.replace("\\n", "\n").replace("\\\\", "\\")
    return re.sub(r"\\u([0-9a-f]{4})", lambda found: chr(int(found[1], 16)), text)


def _rows(table: str) -> list[Row]:
    with (CASES / f"{table}.csv").open(encoding="utf-8", newline="") as file:
        return [{name: _plain(cell) for name, cell in row.items()} for row in csv.DictReader(file)]


def _phone(row: Row) -> Formatted:
    return phone.phone(row["before"], row["region"] or "DK")


def _person(row: Row) -> Formatted:
    return names.person_name(row["before"], Part(row["part"]))


DATES: dict[str, Callable[[str], Formatted]] = {
    "day": dates.day,
    "stamp": dates.stamp,
    "evidence": dates.evidence,
}
NUMBERS: dict[str, Callable[[str], Formatted]] = {
    "p_number": numbers.p_number,
    "extension": numbers.extension,
    "number": numbers.number,
    "seconds": numbers.seconds,
}
FORMATS: dict[str, Callable[[Row], Formatted]] = {
    "phone": _phone,
    "email": lambda row: email.email(row["before"]),
    "cvr": lambda row: cvr.cvr(row["before"]),
    "website": lambda row: web.website(row["before"]),
    "person_name": _person,
    "company_name": lambda row: company_names.company_name(row["before"]),
    "country": lambda row: countries.country(row["before"]),
    "industry_code": lambda row: industry.code(row["before"]),
    "employees": lambda row: bins.employees(row["before"]),
    "revenue": lambda row: bins.revenue(row["before"]),
    "postcode": lambda row: postcodes.postcode(row["before"], row["region"] or "DK"),
    "city": lambda row: towns.town(row["before"], row["region"] or "DK"),
    "address": lambda row: addresses.address(row["before"], row["region"] or "DK"),
    "date": lambda row: DATES[row["kind"]](row["before"]),
    "number": lambda row: NUMBERS[row["kind"]](row["before"]),
    "title": lambda row: titles.title(row["before"]),
    "choice": lambda row: picklist(DEFAULT[row["field"]]).unsettled(row["before"]),
    "yes_no": lambda row: choices.yes_no(row["before"]),
}


def _cases() -> Iterator[object]:
    for table in FORMATS:
        for number, row in enumerate(_rows(table), start=2):
            yield pytest.param(table, row, id=f"{table}-{number}")


@pytest.mark.parametrize(("table", "row"), list(_cases()))
def test_a_cell_comes_out_as_its_case_says(table: str, row: Row) -> None:
    formatted = FORMATS[table](row)
    after = {"=": row["before"], "(none)": None}.get(row["after"], row["after"])
    spill = "; ".join(f"{field}={value}" for field, value in formatted.spill.items())
    assert formatted.value == after
    assert [issue.code for issue in formatted.issues] == row["findings"].split()
    assert spill == row.get("spill", "")
    assert bool(formatted.reason) == (formatted.value != row["before"])


@pytest.mark.parametrize("table", FORMATS)
def test_what_came_out_stays_as_it_is(table: str) -> None:
    for row in _rows(table):
        once = FORMATS[table](row).value
        if once is not None:
            assert FORMATS[table]({**row, "before": once}).value == once


def test_every_table_of_cases_is_read() -> None:
    assert {path.stem for path in CASES.glob("*.csv")} >= FORMATS.keys()
    assert all(len(_rows(table)) > 30 for table in FORMATS)


@pytest.mark.parametrize("row", _rows("website"), ids=lambda row: row["before"])
def test_a_web_address_has_the_root_domain_of_its_case(row: Row) -> None:
    assert (web.root_domain(row["before"]) or "") == row["root"]


@pytest.mark.parametrize(
    ("text", "root"),
    [
        ("anne@mail.opdigtet-0001.dk", "opdigtet-0001.dk"),
        ("Anne <anne@OPDIGTET-0001.DK>", "opdigtet-0001.dk"),
        ("post10.tele.dk", "tele.dk"),
        ("wixsite.com", None),
        ("co.uk", None),
        ("dk", None),
        ("", None),
        ("ikke en adresse", None),
        ("http://[::1]/", None),
        ("a.b.opdigtet-0001.kobe.jp", "b.opdigtet-0001.kobe.jp"),
        ("www.city.kobe.jp", "city.kobe.jp"),
    ],
)
def test_the_root_domain_follows_the_public_suffix_list(text: str, root: str | None) -> None:
    assert web.root_domain(text) == root


@pytest.mark.parametrize(
    "domain",
    ["gmail.com", "tele.dk", "hotmail.dk", "facebook.com", "krak.dk", "proff.dk", "wixsite.com"],
)
def test_a_shared_domain_identifies_no_company(domain: str) -> None:
    assert not web.identifies_company(domain)


def test_an_own_domain_identifies_a_company() -> None:
    assert web.identifies_company("opdigtet-0001.dk")
    assert not web.identifies_company("")


def test_a_role_mailbox_is_no_person() -> None:
    assert email.is_role_mailbox("info@opdigtet-0001.dk")
    assert email.is_role_mailbox("bogholderi@opdigtet-0001.dk")
    assert not email.is_role_mailbox("anne@opdigtet-0001.dk")
