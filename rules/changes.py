"""What deciding returns: changes and findings. Performing them is somebody else's work."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final, NamedTuple

from rules.records import Ref, Value

NO_DETAILS: Final[Mapping[str, str]] = {}
"""Shared by all that has no details; nobody changes it."""


class Severity(StrEnum):
    """How soon a person should look: worst first."""

    ERROR = "error"
    WARNING = "warning"
    NOTICE = "notice"


class Change(NamedTuple):
    """One field of one record: `old` as it stands outside, `new` as it should stand.

    `rule` names the rule (a row of `rules.hygiene.RULES`), `source` what the new value was made
    from ("hygiene", later the name of an enrichment source), `reason` is a key of the text table
    with `details` as its arguments.
    """

    field: str
    old: str | None
    new: str | None
    rule: str
    source: str
    reason: str
    details: Mapping[str, str] = NO_DETAILS

    def reverse(self) -> Change:
        """The change that takes this one back."""
        return self._replace(old=self.new, new=self.old)


@dataclass(frozen=True, slots=True)
class RecordChange:
    """All changes of one record: what a connector is given. Applies to `base_version` only."""

    ref: Ref
    base_version: str
    changes: tuple[Change, ...]
    place: int | None = None


def respelled(field: str, old: str, new: str, rule: str, source: str, reason: str) -> Change:
    """The change that nearly all are, without details; made several to a record, hence so."""
    return _new(Change, (field, old, new, rule, source, reason, NO_DETAILS))


_new = tuple.__new__
"""What a named tuple's own constructor comes to, at half its price."""


class Finding(NamedTuple):
    """Something a person should know. `code` is stable and documented in docs/findings.md.

    `field` is None when the whole record is meant; `details` are arguments of the text
    `finding.<code>`, and may hold personal data.
    """

    code: str
    severity: Severity
    field: str | None = None
    details: Mapping[str, str] = NO_DETAILS


class Decision(NamedTuple):
    """The only thing `decide()` returns.

    `again_on` is the first day on which the same record may be decided otherwise, because something
    in it will be old, past or no longer to come; None when time makes no difference to it.
    `values` are the record's once the changes are made.
    """

    changes: tuple[Change, ...]
    findings: tuple[Finding, ...]
    again_on: date | None
    values: Mapping[str, Value]
