"""One record on the table: its values, what was found in it, and the day to look again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from typing import Final

from rules import spans
from rules.changes import Finding, Severity
from rules.fields.field import Moment
from rules.opt_out_fields import flagged
from rules.records import Kind, Value
from rules.spans import COPENHAGEN
from rules.suppression import Channel

NOBODY: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Terms:
    """What the checks may know beside the record.

    `today` is the day in Denmark, None when nobody says: then nothing is old, past or to come.
    `users` are the folded names of those who may own a record; none: nobody says.
    `own_numbers` are what the company's own calls may show, in E.164; none: nobody says.
    `unused_months`: after so long without use a consent is used no more.
    """

    today: date | None = None
    users: frozenset[str] = NOBODY
    unused_months: int = 12
    own_numbers: frozenset[str] = NOBODY


_NO_CHANNEL: Final[frozenset[Channel]] = frozenset()
NO_TERMS: Final = Terms()


@dataclass(slots=True)
class Desk:
    """What the checks share about one record. `again_on`: the outcome may differ from that day on."""

    kind: Kind
    values: Mapping[str, Value]
    terms: Terms
    moment: Moment = Moment.ENTRY
    findings: list[Finding] = field(default_factory=list)
    told: frozenset[str] = NOBODY
    """Fields that are known to be empty and were said to be."""
    again_on: date | None = None
    _refused: frozenset[Channel] | None = None

    def text(self, name: str) -> str:
        """A field's text without blanks around it; empty when there is none."""
        value = self.values.get(name)
        return value.strip() if value.__class__ is str else ""

    def note(self, code: str, severity: Severity, name: str | None = None, **details: str) -> None:
        """Leave a finding."""
        self.findings.append(Finding(code, severity, name, details))

    def weighed(self) -> Severity:
        """A warning for a record that is to be called, or further on; before that a notice."""
        return Severity.NOTICE if self.moment is Moment.ENTRY else Severity.WARNING

    def again(self, day: date) -> None:
        """Look again on that day, or earlier."""
        if self.again_on is None or day < self.again_on:
            self.again_on = day

    def day(self, name: str) -> date | None:
        """The day that a field names, the first when it may be read two ways; None: no day."""
        return day_of(self.text(name))

    def refuses(self) -> frozenset[Channel]:
        """The channels that the record itself says no to."""
        if self._refused is None:
            said = flagged(self.values)
            self._refused = frozenset().union(*said.values()) if said else _NO_CHANNEL
        return self._refused


Check = Callable[[Desk], None]


@lru_cache(maxsize=8192)
def day_of(text: str) -> date | None:
    """The day in Denmark that a text names; of two readings the earlier one. None: no day."""
    span = spans.read(text) if text else None
    if span is None or span.start is None:
        return None
    return span.start.astimezone(COPENHAGEN).date()
