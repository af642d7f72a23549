"""Keeps personal identity numbers (CPR) out: found in any text field, never stored, never written.

A field that holds one is left out of the record before it enters the store, so that no rule sees
it, no report shows it, and nothing is ever written to it; the finding tells where it stands.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from rules.changes import Finding, Severity
from rules.formats import cpr, phone
from rules.formats.cells import quoted, trimmed
from rules.formats.regions import region_of
from rules.records import ABSENT, Record, Value

PHONE_FIELDS: Final = ("direct_phone", "main_phone", "other_phone", "called_number", "shown_number")
_NONE: Final[Mapping[str, Finding]] = {}
_REFS: Final = frozenset({"company_ref", "contact_ref", "parent_company"})
"""Fields that name other records: systems number those with ten digits, too."""
_UUID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
"""Random digits and letters, of which some look like a date with four digits behind it."""


def may_hold_cpr(text: str) -> bool:
    """Whether a look at the single cells is worth it: False is sure, for a whole row as JSON too."""
    return cpr.LOOK(text) is not None


def without_cpr(record: Record, region: str = "DK") -> tuple[Record, tuple[Finding, ...]]:
    """The record without the fields that hold a CPR number, and a finding for each of them."""
    found = cpr_fields(record.values, region)
    if not found:
        return record, ()
    values = {name: ABSENT if name in found else value for name, value in record.values.items()}
    return Record(record.ref, record.version, values, record.place), tuple(found.values())


def cpr_fields(values: Mapping[str, Value], region: str = "DK") -> Mapping[str, Finding]:
    """The fields that hold what may be a CPR number; one look over all of them is the usual case."""
    try:
        # A CPR number has ten digits; shorter cells need no look.
        together = "\n".join([text for text in values.values() if text and len(text) > 9])  # type: ignore[arg-type,misc]
    except TypeError:  # ABSENT among them: a row that is too short, or a field it does not have
        together = "\n".join(text for text in values.values() if isinstance(text, str))
    if not cpr.LOOK(together):
        return _NONE
    country = values.get("country")
    if isinstance(country, str) and country:
        region = region_of(country, region)
    return dict(_fields(values, region))


def _fields(values: Mapping[str, Value], region: str) -> Iterator[tuple[str, Finding]]:
    for name, text in values.items():
        if not isinstance(text, str) or not cpr.LOOK(text) or not cpr.holds(text):
            continue
        if _UUID.fullmatch(text):
            continue
        if not cpr.holds(text, undashed=False):
            # Ten digits on end: a branch's P-number, another record's id, a phone number from abroad.
            if name == "p_number" and trimmed(text).startswith("1"):
                continue
            if name in _REFS:
                continue
            if name in PHONE_FIELDS and phone.phone(text, region).value != text:
                continue
        details = {"text": quoted(cpr.masked(text))}
        yield name, Finding("cpr_number", Severity.ERROR, name, details)
