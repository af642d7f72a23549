"""The one shape that every format returns."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from rules.changes import NO_DETAILS, Severity


class Issue(NamedTuple):
    """Something about the value that a person should know; becomes a `Finding` of that code."""

    code: str
    severity: Severity
    details: Mapping[str, str] = NO_DETAILS


class Formatted(NamedTuple):
    """The outcome of one format on one cell.

    `value` is the canonical form, or the text exactly as it was given when nothing is certain
    enough to change (then `issues` says why). None means: the cell holds no value.
    `reason` is a text key (`reason.<...>`) saying what was done, empty when nothing was;
    `details` are its arguments. `spill` holds values that were found in the cell but belong in
    another field, by canonical field name.
    """

    value: str | None
    reason: str = ""
    details: Mapping[str, str] = NO_DETAILS
    issues: tuple[Issue, ...] = ()
    spill: Mapping[str, str] = NO_DETAILS
