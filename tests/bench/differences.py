"""Our outcome beside naive.py's, row for row: every difference has a name, or it is a mistake.

python differences.py LIST THEIRS [--no-names]      prints JSON; THEIRS is what naive.py has written

Compared is what both give: E.164, an address by the grammar, the root domain, a CVR number that
passes, a name. A cell that we keep and report gives nothing, as with naive.py, which empties it.
"""

from __future__ import annotations

import csv
import json
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Final, NamedTuple

from rules.formats import cvr, email, web
from rules.hygiene import clean
from rules.records import Kind, Value

FIELDS: Final = {
    "phone": "direct_phone",
    "email": "email",
    "website": "website",
    "cvr": "cvr",
    "full_name": "full_name",
}
"""naive.py's columns, and what they are here."""
SHOWN: Final = 20


class Difference(NamedTuple):
    """One cell that comes out otherwise: `codes` are the findings on it, `country` its record's."""

    column: str
    before: str
    ours: str
    theirs: str
    codes: tuple[str, ...]
    country: str


class Reason(NamedTuple):
    """A reason to differ: whom it concerns, and why ours is the right one."""

    name: str
    column: str
    why: str
    holds: Callable[[Difference], bool]


REASONS: Final = (
    Reason(
        "country_of_record",
        "phone",
        "a number without code belongs to the record's country; naive.py takes all for Danish",
        lambda one: (
            one.country != "DK"
            and not one.before.lstrip(" (").startswith(("+", "00"))
            and one.theirs.startswith("+45")
            and (not one.ours or one.ours[-8:] == one.theirs[-8:])
        ),
    ),
    Reason(
        "zero_in_brackets",
        "phone",
        "the library reads (0) as a digit where the country has no such zero",
        lambda one: "(0)" in one.before and bool(one.ours) and not one.theirs,
    ),
    Reason(
        "not_in_plan",
        "phone",
        "the length is right for the country and its plan may be newer than the table: kept, flagged",
        lambda one: "phone_not_in_plan" in one.codes and bool(one.ours) and not one.theirs,
    ),
    Reason(
        "address_in_a_link",
        "email",
        "mailto: is no part of an address",
        lambda one: _repaired(one) and one.before.lower().strip().startswith("mailto:"),
    ),
    Reason(
        "blanks_around_at",
        "email",
        "blanks around @ are no part of an address",
        lambda one: _repaired(one) and " @ " in one.before,
    ),
    Reason(
        "sign_at_the_end",
        "email",
        "; , and . behind an address come from lists of addresses",
        lambda one: _repaired(one) and one.before.strip()[-1:] in {";", ",", "."},
    ),
    Reason(
        "no_such_top_level",
        "email",
        "the library takes any top level; one letter, or a digit in it, is none: kept, flagged",
        lambda one: (
            bool(one.codes)
            and not one.ours
            and re.search(r"\.(?:[a-z]|[^.]*\d[^.]*)$", one.theirs) is not None
        ),
    ),
    Reason(
        "mixed_case_is_a_choice",
        "full_name",
        "a name with capitals and small letters is somebody's own way of writing it",
        lambda one: (
            not one.before.isupper()
            and not one.before.islower()
            and one.ours == " ".join(one.before.split())
            and one.theirs.lower() == one.ours.lower()
        ),
    ),
    Reason(
        "apostrophe_inside",
        "full_name",
        "a capital follows an apostrophe behind one letter (O'Brien), not behind several",
        lambda one: re.search(r"\w\w'", one.before) is not None and _same_letters(one),
    ),
    Reason(
        "initials_without_a_dot",
        "full_name",
        "two letters without a vowel before the surname are initials (HC Andersen)",
        lambda one: (
            re.search(r"\b[B-DF-HJ-NP-TV-XZ]{2} ", one.ours) is not None and _same_letters(one)
        ),
    ),
)


def _same_letters(one: Difference) -> bool:
    return one.theirs.lower() == one.ours.lower() == " ".join(one.before.lower().split())


def _repaired(one: Difference) -> bool:
    return bool(one.ours) and not one.theirs and one.ours in one.before.lower().replace(" @ ", "@")


def differences(listed: Path, theirs: Path, *, names: bool = True) -> Iterator[Difference | None]:
    """For each row: its differences, or None where there is none."""
    columns = [column for column in FIELDS if names or column != "full_name"]
    with (
        listed.open(encoding="utf-8", newline="") as file,
        theirs.open(encoding="utf-8", newline="") as other,
    ):
        for before, after in zip(csv.DictReader(file), csv.DictReader(other), strict=True):
            found = list(_row(before, after, columns))
            yield from found or [None]


def _row(
    before: Mapping[str, str], after: Mapping[str, str], columns: list[str]
) -> Iterator[Difference]:
    values: dict[str, Value] = {FIELDS[column]: before[column] or None for column in columns}
    values["country"] = before["country"]
    changes, findings = clean(Kind.CONTACT, values)
    new = {**values, **{change.field: change.new for change in changes}}
    for column in columns:
        field = FIELDS[column]
        ours = _value(column, str(new[field] or ""))
        if ours != after[column]:
            codes = tuple(one.code for one in findings if one.field == field)
            yield Difference(column, before[column], ours, after[column], codes, before["country"])


def _value(column: str, text: str) -> str:
    """What a cell that we have cleaned gives; empty when we do not vouch for it."""
    match column:
        case "phone":
            return text if re.fullmatch(r"\+\d{7,15}", text) else ""
        case "email":
            return text if email.is_address(text) else ""
        case "website":
            return web.root_domain(text) or ""
        case "cvr":
            return text if cvr.passes(text) else ""
    return text


def name_of(one: Difference) -> str:
    """The reason for it; empty when there is none."""
    fits = (each.name for each in REASONS if each.column == one.column and each.holds(one))
    return next(fits, "")


def counted(found: Iterator[Difference | None]) -> dict[str, object]:
    """Rows, equal ones, how often each reason, and the first of those without a name."""
    equal, cells = 0, Counter[str]()
    unnamed: list[Difference] = []
    for one in found:
        if one is None:
            equal += 1
        else:
            name = name_of(one)
            cells[name] += 1
            if not name:
                unnamed.append(one)
    without = cells.pop("", 0)
    return {
        "equal": equal,
        "named": dict(cells.most_common()),
        "unnamed": without,
        "examples": [one._asdict() for one in unnamed[:SHOWN]],
    }


if __name__ == "__main__":
    given = [word for word in sys.argv[1:] if not word.startswith("--")]
    every = differences(Path(given[0]), Path(given[1]), names="--no-names" not in sys.argv)
    print(json.dumps(counted(every)))
