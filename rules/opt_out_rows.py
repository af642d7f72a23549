"""Turns a row of an opt-out list into a statement for the ledger.

A row is a "no" by being there. What it does not say is taken in the wide sense: no channel means
every channel, no date means since ever. A row that nobody can be found by is kept and reported.
A row that names records of its system by `contact_ref` is about them, as a flag on them would be:
their numbers and addresses in the row's cells follow, unless they turn out to be shared.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from rules import spans
from rules.changes import Finding, Severity
from rules.formats import dates
from rules.keys import Key, KeyKind, keys_in, name_address_key, name_of, ref_key
from rules.opt_out_words import Meaning, named_channels, opt_out_meaning
from rules.records import Kind, Record, Ref
from rules.spans import Span
from rules.suppression import Channel, EventType, Evidence, Statement

_PERSONAL: Final = (
    ("direct_phone", KeyKind.PHONE),
    ("other_phone", KeyKind.PHONE),
    ("main_phone", KeyKind.PHONE),
    ("called_number", KeyKind.PHONE),
    ("email", KeyKind.EMAIL),
)
_REGISTER: Final = (("cvr", KeyKind.CVR), ("p_number", KeyKind.P_NUMBER))
_ABOUT: Final = frozenset({Kind.CONTACT.value, Kind.LEAD.value, Kind.COMPANY.value})
_FLAGS: Final = {
    "opt_out_call": Channel.CALL,
    "opt_out_email": Channel.EMAIL,
    "opt_out_sms": Channel.SMS,
}


def row_statements(
    record: Record,
    heard_at: datetime,
    region: str,
    zone: ZoneInfo,
    evidence: Evidence = Evidence.LIST,
) -> tuple[tuple[Statement, ...], tuple[Finding, ...]]:
    """The statements of one row, one for each channel it names, and what a person should look at."""
    row = _Row(record, heard_at, region, zone, evidence)
    if row.says_no():
        return (), (Finding("opt_out_row_says_no", Severity.NOTICE, "opt_out"),)
    return tuple(row.statement(channel) for channel in row.channels), tuple(row.findings())


class _Row:
    """One row, read."""

    def __init__(
        self,
        record: Record,
        heard_at: datetime,
        region: str,
        zone: ZoneInfo,
        evidence: Evidence,
    ) -> None:
        self.record, self.heard_at, self.evidence = record, heard_at, evidence
        # In its one writing, so that a new spelling is no new statement.
        date = self.text("opt_out_at").strip()
        self.date = dates.evidence(date).value or date
        dated = spans.read(self.date, zone) if self.date else None
        self.dated = dated if dated and dated.start and dated.start <= heard_at else None
        self.channels = self._channels()
        self.carried = self._keys(region)
        self.keys = self._refs() or self.carried
        if self.keys is self.carried:
            self.carried = ()

    def text(self, field: str) -> str:
        text = self.record.values.get(field)
        return text if isinstance(text, str) else ""

    def says_no(self) -> bool:
        """A list that holds those who have not opted out too says so in a column of its own."""
        flag = self.text("opt_out")
        if flag.strip() and opt_out_meaning(flag) is Meaning.NO:
            return True
        return not self.channels

    def _channels(self) -> tuple[Channel, ...]:
        spoken = self.text("channel")
        if spoken.strip():
            return named_channels(spoken) or (Channel.ALL,)
        cells = {field: self.text(field) for field in _FLAGS if self.text(field).strip()}
        if not cells:
            return named_channels(self.text("opt_out")) or (Channel.ALL,)
        return tuple(
            _FLAGS[f] for f, text in cells.items() if opt_out_meaning(text) is not Meaning.NO
        )

    def _keys(self, region: str) -> tuple[Key, ...]:
        """Number and address; the company only when no person is named, or nothing else is known."""
        found = self._in(_PERSONAL, region)
        if not found or not name_of(self.record.values):
            found += self._in(_REGISTER, region)
        if not found:
            person = name_address_key(self.record.values)
            found = [person] if person else []
        return tuple(dict.fromkeys(found))

    def _refs(self) -> tuple[Key, ...]:
        """The records that the row is about: `contact/12 lead/7`."""
        named = (one.partition("/") for one in self.text("contact_ref").split())
        system = self.record.ref.system
        return tuple(
            ref_key(Ref(system, Kind(kind), ident))
            for kind, _, ident in named
            if ident and kind in _ABOUT
        )

    def _in(self, fields: tuple[tuple[str, KeyKind], ...], region: str) -> list[Key]:
        return [key for f, kind in fields for key in keys_in(kind, self.text(f), region)]

    def statement(self, channel: Channel) -> Statement:
        ref = self.record.ref
        keys = self.keys or (ref_key(ref),)
        return Statement(
            type=EventType.BLOCK,
            channel=channel,
            span=self._span(),
            system=ref.system,
            keys=keys,
            carried=self.carried,
            evidence=self.evidence,
            # By what it says, not by where it stands: a row that moves is the same statement.
            identity=(ref.system, "row", channel.value, self.date, *map(":".join, sorted(keys))),
            ref=ref,
            said=self._said(),
            source=self.text("opt_out_source"),
            name=name_of(self.record.values) or self.text("company_name"),
        )

    def _span(self) -> Span:
        if self.dated is None:
            return spans.until(self.heard_at)
        return Span(self.dated.start, min(self.dated.end, self.heard_at))

    def _said(self) -> str:
        """The cells themselves when no key was found in them, so that nothing is lost."""
        if self.keys:
            return self.text("do_not_call_reason")
        cells = ((f, text) for f, text in self.record.values.items() if isinstance(text, str))
        return "; ".join(f"{field} = {text}" for field, text in cells if text.strip())

    def findings(self) -> list[Finding]:
        found = []
        if not self.keys:
            found.append(Finding("opt_out_without_key", Severity.ERROR))
        elif all(key.kind in (KeyKind.CVR, KeyKind.P_NUMBER) for key in self.keys) and name_of(
            self.record.values
        ):
            found.append(Finding("opt_out_company_wide", Severity.WARNING, "cvr"))
        spoken = self.text("channel")
        if spoken.strip() and not named_channels(spoken):
            found.append(
                Finding("opt_out_channel_unclear", Severity.NOTICE, "channel", {"text": spoken})
            )
        if self.date and self.dated is None:
            found.append(
                Finding("opt_out_date_unclear", Severity.NOTICE, "opt_out_at", {"text": self.date})
            )
        return found
