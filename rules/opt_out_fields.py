"""Turns a record's opt-out and consent fields into statements for the ledger.

It looks at a record as it was and as it is. A "no" that is new becomes a statement; a "no" that
is gone becomes a finding and never a lift. What cannot be read counts as a "no" and is reported.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from rules import spans
from rules.changes import Finding, Severity
from rules.formats import dates
from rules.keys import (
    PERSONAL_KINDS,
    Carried,
    Key,
    KeyKind,
    keys_in,
    name_company_key,
    name_of,
    record_keys,
    ref_key,
    stands_for_company,
)
from rules.opt_out_rows import row_statements
from rules.opt_out_words import (
    ConsentMeaning,
    Meaning,
    consent_meaning,
    named_channels,
    opt_out_meaning,
)
from rules.records import Kind, Record, Ref, Value
from rules.spans import COPENHAGEN, Span
from rules.suppression import SINGLE_CHANNELS, Channel, EventType, Evidence, Statement

FLAGS: Final = {
    "opt_out": Channel.ALL,
    "opt_out_call": Channel.CALL,
    "opt_out_email": Channel.EMAIL,
    "opt_out_sms": Channel.SMS,
    "do_not_call_reason": Channel.CALL,
}
CONSENTS: Final = {
    "consent_call": Channel.CALL,
    "consent_email": Channel.EMAIL,
    "consent_sms": Channel.SMS,
}
WATCHED: Final = frozenset(FLAGS) | frozenset(CONSENTS)
_FLAGS: Final = tuple(FLAGS)

Values = Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class Intake:
    """What a record said: statements for the ledger, findings for people."""

    statements: tuple[Statement, ...] = ()
    findings: tuple[Finding, ...] = ()


NOTHING: Final = Intake()


def is_watched(kind: Kind, fields: Iterable[str]) -> bool:
    """Whether records with these fields can say anything; else the stream needs no intake."""
    return kind is Kind.OPT_OUT or not WATCHED.isdisjoint(fields)


def intake(
    record: Record,
    old: Values | None,
    *,
    heard_at: datetime,
    last_seen: datetime | None = None,
    region: str = "DK",
    zone: ZoneInfo = COPENHAGEN,
    listed: Evidence = Evidence.LIST,
) -> Intake:
    """What `record` says about being contacted that `old` did not say.

    `old` are its values as we knew them, None when it is new to us; `last_seen` is when we last
    knew them to be so (the end of the last complete reading). Texts without a zone are read in
    `zone`, numbers without country code in `region`. `listed` is what a row of a list rests on. Total; the same arguments give the same
    statements.
    """
    if record.ref.kind is Kind.OPT_OUT:
        return Intake(*row_statements(record, heard_at, region, zone, listed))
    if _is_silent(old, record.values):
        return NOTHING
    reading = _Reading(record, old, heard_at, last_seen, region, zone)
    return Intake(tuple(reading.statements()), tuple(reading.findings()))


def episode(
    record: Record, field: str, since: datetime, *, heard_at: datetime, region: str = "DK"
) -> Intake:
    """What is to be kept of a no that `field` of a record said from `since` on, and says no more.

    `record` is as it is now, with what `field` held then. The same arguments give the same
    statements; nothing when `field` is no flag, or did not say no.
    """
    channels = flagged(record.values).get(field, frozenset())
    reading = _Reading(record, None, heard_at, None, region, COPENHAGEN)
    span = Span(min(since, heard_at), heard_at)
    said = [
        reading.statement(field, channel, span, (f"from {since.isoformat()}",))
        for channel in sorted(channels)
    ]
    was = {"was": _text(record.values, field)}
    cleared = Finding("opt_out_cleared", Severity.WARNING, field, was)
    return Intake(tuple(said), (cleared,)) if said else NOTHING


def _is_silent(old: Values | None, new: Values) -> bool:
    """The quick look at every record: nearly all have these fields empty, or say no opt-out."""
    for values in (new,) if old is None else (new, old):
        for field in _FLAGS:
            text = values.get(field)
            if text and isinstance(text, str) and opt_out_meaning(text) is not Meaning.NO:
                return False
    return not withdrawn(old, new)


def flagged(values: Values) -> dict[str, frozenset[Channel]]:
    """The opt-out fields that say no, each with the channels it is about."""
    found: dict[str, frozenset[Channel]] = {}
    for field, channel in FLAGS.items():
        text = values.get(field)
        if isinstance(text, str) and opt_out_meaning(text) is not Meaning.NO:
            named = named_channels(text) if channel is Channel.ALL else ()
            found[field] = frozenset(named or (channel,))
    return found


def lost_by_merge(old: Record, survivor: Record) -> tuple[Finding, ...]:
    """The flags of a record that was merged away which the survivor does not show. Our list holds
    them all the same; who looks at the survivor outside would not know."""
    here = {one for channels in flagged(survivor.values).values() for one in _single(channels)}
    was = {"was": old.ref.id}
    return tuple(
        Finding("opt_out_lost_by_merge", Severity.WARNING, field, was)
        for field, channels in flagged(old.values).items()
        if not here.issuperset(_single(channels))
    )


def _single(channels: Iterable[Channel]) -> frozenset[Channel]:
    listed = frozenset(channels)
    return frozenset(SINGLE_CHANNELS) if Channel.ALL in listed else listed


def withdrawn(old: Values | None, new: Values) -> tuple[str, ...]:
    """The consent fields that take a consent back: in so many words, or from a yes to a no.

    An empty field and a plain "no" that never was a yes are the absence of a consent, no block
    (domain notes, section 5).
    """
    found = []
    for field in CONSENTS:
        now = _consent(new.get(field))
        before = _consent(None if old is None else old.get(field))
        spoken = now is ConsentMeaning.WITHDRAWN and before is not ConsentMeaning.WITHDRAWN
        turned = now is ConsentMeaning.NO and before is ConsentMeaning.YES
        if spoken or turned:
            found.append(field)
    return tuple(found)


def _consent(text: Value) -> ConsentMeaning:
    return consent_meaning(text) if isinstance(text, str) else ConsentMeaning.NOTHING


class _Reading:
    """One record, as it was and as it is."""

    def __init__(
        self,
        record: Record,
        old: Values | None,
        heard_at: datetime,
        last_seen: datetime | None,
        region: str,
        zone: ZoneInfo,
    ) -> None:
        self.record, self.old, self.heard_at, self.zone = record, old, heard_at, zone
        self.last_seen = last_seen if old is not None else None
        self.now = flagged(record.values)
        self.before = {} if old is None else flagged(old)
        self.named, self.carried = named_and_carried(record, region)

    def statements(self) -> list[Statement]:
        said = [
            self.statement(
                field, channel, self._flag_span(field, channel), self._episode(field, channel)
            )
            for field, channels in self.now.items()
            for channel in sorted(channels)
            if self._is_new(field, channel)
        ]
        for field in withdrawn(self.old, self.record.values):
            channel = CONSENTS[field]
            span = spans.until(self.heard_at, self._last_unset(field, channel))
            episode = (self._turn(),) if self._turned(field, channel) else ()
            said.append(self.statement(field, channel, span, episode))
        return said

    def _is_new(self, field: str, channel: Channel) -> bool:
        """Not said before; or said again with another date, which may follow a consent."""
        date = self._date()
        return channel not in self.before.get(field, ()) or (
            date != "" and date != self._date(self.old)
        )

    def statement(
        self, field: str, channel: Channel, span: Span, episode: tuple[str, ...]
    ) -> Statement:
        ref, values = self.record.ref, self.record.values
        return Statement(
            type=EventType.BLOCK,
            channel=channel,
            span=span,
            system=ref.system,
            keys=self.named,
            carried=self.carried,
            evidence=Evidence.FLAG,
            identity=(ref.system, str(ref), field, channel.value, *episode),
            ref=ref,
            said=f"{field} = {values.get(field)}",
            source=_text(values, "opt_out_source"),
            name=name_of(values) or _text(values, "company_name"),
            last_resort=name_company_key(values) if self.carried else None,
        )

    def _episode(self, field: str, channel: Channel) -> tuple[str, ...]:
        """Sets a flag apart from the same flag set earlier, taken off, and set again."""
        date = self._date()
        turn = (self._turn(),) if self._turned(field, channel) else ()
        return (f"dated {date}" if date else "", *turn)

    def _turn(self) -> str:
        return f"after {(self.last_seen or self.heard_at).isoformat()}"

    def _date(self, values: Values | None = None) -> str:
        """The date in its one writing, so that a new spelling is no new statement."""
        text = _text(self.record.values if values is None else values, "opt_out_at").strip()
        return dates.evidence(text).value or text

    def _flag_span(self, field: str, channel: Channel) -> Span:
        """When it was set: what the record says of it, within what we saw ourselves."""
        dated = self._dated(field)
        if dated is None:
            return spans.until(self.heard_at, self._last_unset(field, channel))
        unset = self._last_unset(field, channel)
        if unset is not None and dated.start is not None and dated.start < unset:
            # The date is older than a reading that showed no flag: it may belong to another one.
            return Span(dated.start, self.heard_at)
        return dated

    def _last_unset(self, field: str, channel: Channel) -> datetime | None:
        """When the flag was last seen unset; None when it never was, or was set all along."""
        return self.last_seen if self._turned(field, channel) else None

    def _turned(self, field: str, channel: Channel) -> bool:
        """Whether we saw it unset before. A field that was not read then was not seen."""
        return field in (self.old or {}) and channel not in self.before.get(field, ())

    def _dated(self, field: str) -> Span | None:
        for text in (self._date(), _text(self.record.values, field)):
            span = spans.read(text, self.zone) if text else None
            if span is not None and span.start is not None and span.start <= self.heard_at:
                return Span(span.start, min(span.end, self.heard_at))
        return None

    def findings(self) -> list[Finding]:
        found = [
            Finding(
                "opt_out_cleared", Severity.WARNING, field, {"was": _text(self.old or {}, field)}
            )
            for field, channels in self.before.items()
            if channels - self.now.get(field, frozenset())
        ]
        found += [
            Finding(
                "opt_out_unclear",
                Severity.WARNING,
                field,
                {"text": _text(self.record.values, field)},
            )
            for field in self.now
            if field != "do_not_call_reason"
            and opt_out_meaning(_text(self.record.values, field)) is Meaning.UNCLEAR
        ]
        date = self._date()
        if self.now and date and self._dated("opt_out_at") is None:
            found.append(
                Finding("opt_out_date_unclear", Severity.NOTICE, "opt_out_at", {"text": date})
            )
        return found


_HISTORY: Final = frozenset({Kind.CALL, Kind.MEETING})


def named_and_carried(record: Record, region: str) -> tuple[tuple[Key, ...], tuple[Key, ...]]:
    """The keys that a flag on this record surely means, and the person's other keys on it.

    A flag on a person means the record; the person's number and address follow unless they turn
    out to be shared, the company's main number never does. A flag on a company means the company,
    a flag on a row that names nobody, or on a call, means whatever number and address it shows; on a call
    that shows none, the contact that it names.
    """
    values, ref = record.values, ref_key(record.ref)
    keys = record_keys(values, region)
    if record.ref.kind is Kind.COMPANY:
        return (ref, *_unique(keys)), ()
    main = {carried.key for carried in keys if carried.main}
    personal = tuple(key for key in _unique(keys) if key.kind in PERSONAL_KINDS)
    if record.ref.kind in _HISTORY:
        called = keys_in(KeyKind.PHONE, _text(values, "called_number"), region)
        about = () if called or personal else _contact(record)
        return (ref, *dict.fromkeys((*called, *personal)), *about), ()
    if stands_for_company(record.ref.kind, values):
        return (ref, *personal), ()
    own = tuple(key for key in personal if key not in main)
    weak = name_company_key(values)
    return (ref,) if own or weak is None else (ref, weak), own


def _contact(record: Record) -> tuple[Key, ...]:
    """Whom a call without a number was to: a contact or a lead, the log names no kind."""
    ident = _text(record.values, "contact_ref")
    kinds = (Kind.CONTACT, Kind.LEAD) if ident else ()
    return tuple(ref_key(Ref(record.ref.system, kind, ident)) for kind in kinds)


def _unique(keys: Iterable[Carried]) -> tuple[Key, ...]:
    return tuple(dict.fromkeys(carried.key for carried in keys))


def _text(values: Values, field: str) -> str:
    text = values.get(field)
    return text if isinstance(text, str) else ""
