"""Fields that are derived from others: the root domain of a web address, the label of a code.

A row fills an empty field or says that what stands there contradicts its sources; it never
overwrites. It looks at the record as the rules leave it, so that a cell repaired in this pass
serves in this pass, and the record is stable afterwards. Run by `rules.hygiene`, after its rules.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from rules.changes import Change, Finding
from rules.formats import forms, postcodes, web
from rules.formats import industry_schemes as schemes
from rules.formats.cells import trimmed
from rules.formats.formatted import Formatted, Issue
from rules.records import ABSENT, Kind, Value

CLEANED: Final = frozenset(Kind) - {Kind.OPT_OUT}
"""Kinds that are cleaned. A row of an opt-out list is evidence and stays as it came."""


@dataclass(frozen=True, slots=True, eq=False)
class Fill:
    """One field made from others, where it is mapped and empty.

    `fill` is given the texts of the `sources` in their order: the first is never empty, the others
    are "" where they are empty or not mapped; and the record's region last when the row is
    `regional`. It returns a value with its reason, or None as value; its issues become findings
    about the target. `check` is asked instead when the target holds something: it is given what
    stands there, then the same, and returns its issues; a target that `fill` has just filled must
    give none. `version`, `tables`, `libraries` and `options` as in a
    `rules.cell_rules.Rule`.
    """

    name: str
    target: str
    sources: tuple[str, ...]
    fill: Callable[..., Formatted] | None
    version: int
    check: Callable[..., Sequence[Issue]] | None = None
    kinds: frozenset[Kind] = CLEANED
    regional: bool = False
    tables: tuple[str, ...] = ()
    libraries: tuple[str, ...] = ()
    options: tuple[str, ...] = ()

    @property
    def fields(self) -> tuple[str, ...]:
        """The fields that it may change: its target. So it is switched like any other rule."""
        return (self.target,)

    @property
    def moves(self) -> tuple[str, ...]:
        """It moves nothing."""
        return ()

    def within(self, allows: Callable[[str], bool]) -> Fill | None:
        """The row itself, or None when its target may not be touched."""
        return self if allows(self.target) else None

    def concerns(self, kind: Kind, mapped: Container[str]) -> bool:
        """Whether records of `kind` with these fields `mapped` can have anything to fill."""
        return kind in self.kinds and self.target in mapped and self.sources[0] in mapped


_SCHEMES = ("db07", "db25")

FILLS: Final[tuple[Fill, ...]] = (
    Fill(
        "root_domain_from_website",
        "root_domain",
        ("website",),
        web.root_of_website,
        web.VERSION,
        tables=("placeholders", "shared_domains"),
        libraries=("tldextract",),
    ),
    Fill(
        "legal_form_from_name",
        "legal_form",
        ("company_name",),
        forms.legal_form,
        forms.VERSION,
        forms.check_legal_form,
        tables=("legal_forms", "company_tails", "form_words"),
    ),
    Fill(
        "company_status_from_name",
        "company_status",
        ("company_name",),
        forms.status,
        forms.VERSION,
        forms.check_status,
        tables=("company_tails",),
    ),
    Fill(
        "industry_code_from_label",
        "industry_code",
        ("industry_label", "industry_scheme"),
        schemes.code_of_label,
        schemes.VERSION,
        tables=_SCHEMES,
    ),
    Fill(
        "industry_scheme_from_code",
        "industry_scheme",
        ("industry_code", "industry_label", "data_checked_at"),
        schemes.scheme_of_code,
        schemes.VERSION,
        schemes.check_scheme,
        tables=_SCHEMES,
    ),
    Fill(
        "industry_label_from_code",
        "industry_label",
        ("industry_code", "industry_scheme", "data_checked_at"),
        schemes.label_of_code,
        schemes.VERSION,
        schemes.check_label,
        tables=_SCHEMES,
    ),
    Fill(
        "industry_meaning",
        "industry_code",
        ("industry_code", "industry_scheme", "industry_label", "data_checked_at"),
        None,
        schemes.VERSION,
        schemes.check_meaning,
        tables=_SCHEMES,
    ),
    Fill(
        "industry_db25_from_code",
        "industry_code_db25",
        ("industry_code", "industry_scheme", "industry_label", "data_checked_at"),
        schemes.successor,
        schemes.VERSION,
        tables=(*_SCHEMES, "db07_to_db25"),
    ),
    Fill(
        "city_from_postcode",
        "city",
        ("postcode",),
        postcodes.town_for,
        postcodes.VERSION,
        check=postcodes.against,
        regional=True,
        tables=("countries", "postcodes", "town_words"),
    ),
)
"""In this order: a row may build on what one above it has filled, never on one below."""


class Filled(NamedTuple):
    """What a row says about one record."""

    row: Fill
    change: Change | None
    findings: tuple[Finding, ...]


def filled(
    rows: Sequence[Fill],
    values: Mapping[str, Value],
    changes: Sequence[Change],
    private: Container[str],
    region: str,
) -> Iterator[Filled]:
    """What the `rows` say about a record with these `values` once the `changes` are made.

    All rows concern the record. `private` are fields that must be neither read nor written.
    """
    later: dict[str, Value] = {change.field: change.new for change in changes}
    for row in rows:
        name = row.target
        stands = later[name] if name in later else values[name]
        full = _text(stands)
        if stands is ABSENT or (row.check if full else row.fill) is None:
            continue
        texts = [_text(later[one] if one in later else values.get(one)) for one in row.sources]
        if not texts[0] or (private and _hidden(row, private)):
            continue
        if row.regional:
            texts.append(region)
        if full and row.check:
            issues = row.check(stands, *texts)
            if issues:
                yield Filled(row, None, _findings(name, issues))
        elif row.fill:
            made = row.fill(*texts)
            change = _change(row, values[name], made) if made.value and name not in later else None
            if change is not None:
                later[name] = change.new
            if change or made.issues:
                yield Filled(row, change, _findings(name, made.issues))


def _text(value: Value) -> str:
    """The text of a field; "" where there is none to speak of."""
    if not value or value is ABSENT:
        return ""
    return value if "!" <= value[0] <= "~" or trimmed(value) else ""


def _hidden(row: Fill, private: Container[str]) -> bool:
    return row.target in private or any(one in private for one in row.sources)


def _change(row: Fill, old: Value, made: Formatted) -> Change:
    stood = old if isinstance(old, str) else None
    return Change(row.target, stood, made.value, row.name, "hygiene", made.reason, made.details)


def _findings(name: str, issues: Sequence[Issue]) -> tuple[Finding, ...]:
    return tuple(Finding(one.code, one.severity, name, one.details) for one in issues)
