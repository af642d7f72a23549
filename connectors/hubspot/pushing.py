"""Writing: read before, write a hundred at a time, look at the history after.

HubSpot has no conditional write. A record is written when it is still as it was decided on; when
its history shows that somebody wrote between the two, his value is put back and ours is dropped.
What remains is the moment between our write and that look, in which our value stands over his.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from requests import codes

from connectors.caller import Busy
from connectors.flags import is_set
from connectors.hubspot.client import Api
from connectors.hubspot.shapes import MERGED, Row, Shape, Unwritable, raw_of, to_ms
from connectors.hubspot.windows import Wrote, shown_as
from connectors.protocol import Applied, Conflict, Outcome, Rejected, Unknown
from connectors.session import NoAnswer
from rules.changes import RecordChange
from rules.errors import SystemStopped, TryAgain

CODES: Final[Mapping[str, str]] = {
    "INVALID_OPTION": "value_not_in_list",
    "INVALID_INTEGER": "value_does_not_fit",
    "INVALID_LONG": "value_does_not_fit",
    "INVALID_DATE": "value_does_not_fit",
    "INVALID_EMAIL": "value_not_taken",
    "PROPERTY_VALUE_TOO_LONG": "value_too_long",
    "REQUIRED_PROPERTY": "field_required",
    "REQUIRED_FIELD": "field_required",
    "READ_ONLY_VALUE": "field_read_only",
    "PROPERTY_DOESNT_EXIST": "field_not_mapped",
    "CONFLICTING_VALUE": "double_in_the_system",
}
"""HubSpot's codes and ours; any other is `write_refused`."""
_GONE: Final = "OBJECT_NOT_FOUND"


@dataclass(slots=True)
class _Write:
    """One record's write: what is sent, what stood there, what became of it."""

    change: RecordChange
    values: dict[str, str] = field(default_factory=dict)
    before: dict[str, str | None] = field(default_factory=dict)
    since: int = 0
    """The stamp of what stood there."""
    stored: Mapping[str, str | None] | None = None
    """What the answer says of the written properties; None until there is one."""
    stamp: int = 0
    """The stamp of our write."""
    outcome: Outcome | None = None
    eaten: bool = False
    """Whether others went up in it once."""
    same: bool = True
    """Whether the record was as it was when the change was decided."""

    @property
    def ident(self) -> str:
        return self.change.ref.id

    @property
    def trace(self) -> str:
        """Our own mark of the write: HubSpot says it again with each error."""
        return f"ringren-{self.ident}"


class Pushing:
    """One push of one object. `blocking`: flags that say no, which nothing holds up; `flags`:
    the same, set or taken off with the care of any other change.
    """

    def __init__(
        self, api: Api, shape: Shape, *, blocking: bool = False, flags: bool = False
    ) -> None:
        self._api, self._shape, self._blocking = api, shape, blocking
        self._flags = flags or blocking
        self._broke: TryAgain | SystemStopped | None = None
        self.written: dict[str, Wrote] = {}

    def push(self, batch: Iterable[RecordChange]) -> Iterator[Outcome]:
        """One outcome each, in the order given. What broke a batch off is raised behind them, and
        who has none by then was not written to."""
        writes = [self._translated(change) for change in batch]
        for one in _repeated(writes):
            one.outcome = Conflict(one.change.ref)
        self._read_before(_open(writes))
        try:
            self._write(_open(writes))
        except (TryAgain, SystemStopped) as error:
            self._broke = error
        self._look_after([one for one in _open(writes) if one.stored is not None])
        yield from (one.outcome for one in writes if one.outcome is not None)
        if self._broke and any(one.outcome is None for one in writes):
            raise self._broke

    def _translated(self, change: RecordChange) -> _Write:
        write = _Write(change)
        for one in change.changes:
            try:
                name, value = (
                    (self._shape.flagged(one.field), ("false", "true")[is_set(one.new)])
                    if self._flags
                    else self._shape.written(one.field, one.new)
                )
            except Unwritable as error:
                write.outcome = Rejected(change.ref, error.code, {"field": error.field})
                break
            write.values[name] = value
        return write

    # --- before -------------------------------------------------------------------------------

    def _read_before(self, writes: Sequence[_Write]) -> None:
        """Whoever is not as he was when the change was decided is left alone.

        A record that was merged away is answered under another id: it is not there.
        """
        if not writes:
            return
        ids = [one.ident for one in writes]
        rows = {str(row["id"]): row for row in self._api.read(self._shape.name, ids, self._names)}
        for one in writes:
            row = rows.get(one.ident)
            if row is not None:
                one.same = self._shape.is_as(raw_of(row), one.change.base_version)
            if row is None or not (one.same or self._blocking):
                one.outcome = Conflict(one.change.ref)
            else:
                one.before, one.since = raw_of(row), self._shape.stamp(row)
                one.eaten = bool(row["properties"].get(MERGED))

    @property
    def _names(self) -> tuple[str, ...]:
        return self._shape.asked

    # --- the write ----------------------------------------------------------------------------

    def _write(self, writes: Sequence[_Write]) -> None:
        """One call; a batch that is refused as a whole is tried in halves."""
        if not writes:
            return
        inputs = [
            {"id": one.ident, "properties": one.values, "objectWriteTraceId": one.trace}
            for one in writes
        ]
        try:
            status, body = self._api.update(self._shape.name, inputs)
        except NoAnswer as error:
            _all_unknown(writes, str(error.details.get("kind", "")))
            return
        except Busy as error:
            if error.done_nothing:
                raise
            _all_unknown(writes, "busy")
            return
        if status >= codes.bad_request:
            self._refused(writes, body)
            return
        self._hear(writes, body)

    def _refused(self, writes: Sequence[_Write], body: Any) -> None:
        if len(writes) == 1:
            self._error(writes[0], body)
            return
        half = (len(writes) + 1) // 2
        for part in (writes[:half], writes[half:]):
            self._write(part)

    def _hear(self, writes: Sequence[_Write], body: Any) -> None:
        """The rows come in any order, and so do the errors."""
        by_id = {one.ident: one for one in writes}
        by_trace = {one.trace: one for one in writes}
        for row in body.get("results", ()):
            if one := by_id.get(str(row["id"])):
                one.stored, one.stamp = row["properties"], self._shape.stamp(row)
        for error in body.get("errors", ()):
            context = error.get("context") or {}
            named = [by_trace.get(str(t)) for t in context.get("objectWriteTraceId", ())]
            ids = (*context.get("id", ()), *context.get("ids", ()))
            for one in named or [by_id.get(str(ident)) for ident in ids]:
                if one is not None:
                    self._error(one, error)
        _all_unknown((one for one in _open(writes) if one.stored is None), "not_mentioned")

    def _error(self, one: _Write, error: Mapping[str, Any]) -> None:
        if error.get("category") == _GONE:
            one.outcome = Conflict(one.change.ref)
            return
        details = error.get("errors") or [{}]
        code = str(details[0].get("code") or error.get("category") or "?")
        names = [str(detail["in"]) for detail in details if detail.get("in")]
        told = {"field": ", ".join(names or one.values), "code": code}
        one.outcome = Rejected(one.change.ref, CODES.get(code, "write_refused"), told)

    # --- after --------------------------------------------------------------------------------

    def _look_after(self, writes: Sequence[_Write]) -> None:
        """A write counts as done when its history shows it, right above what stood there before."""
        if not writes:
            return
        names = sorted({name for one in writes for name in one.values})
        ids = [one.ident for one in writes]
        try:
            rows = {str(r["id"]): r for r in self._api.read(self._shape.name, ids, (), names)}
        except (TryAgain, SystemStopped) as error:
            _all_unknown(writes, "not_read_back")
            self._broke = self._broke or error
            return
        repairs = []
        for one in writes:
            row = rows.get(one.ident)
            if row is None:
                one.outcome = Conflict(one.change.ref)
                continue
            theirs, missing = self._compared(one, row)
            if theirs:
                repairs.append({"id": one.ident, "properties": theirs})
                one.outcome = Conflict(one.change.ref)
            elif missing:
                one.outcome = Unknown(one.change.ref, f"{missing}_not_stored", claimed=True)
            else:
                after = {**one.before, **one.values}
                version = self._shape.version_after(after, one.change.base_version)
                # Who was changed by others too, or has eaten some, is news as he was written, and
                # not as the index shows him from before.
                known = version if one.same and not one.eaten else ""
                self.written[one.ident] = Wrote(one.since, shown_as(one.stamp, known))
                seen = version if one.same else one.change.base_version
                one.outcome = Applied(one.change.ref, seen)
        self._put_back(repairs)

    def _compared(self, one: _Write, row: Row) -> tuple[dict[str, str], str]:
        """(values of others that ours has covered and that are still covered, what is missing)."""
        theirs: dict[str, str] = {}
        for name, asked in one.values.items():
            before = one.before.get(name) or ""
            if asked == before:
                continue
            past = (row.get("propertiesWithHistory") or {}).get(name, ())
            at = self._ours(one, name, past)
            if at is None:
                return {}, name
            covered = str(past[at + 1].get("value") or "") if at + 1 < len(past) else ""
            if at == 0 and covered not in {before, str(past[0].get("value") or "")}:
                theirs[name] = covered
        return theirs, ""

    @staticmethod
    def _ours(one: _Write, name: str, past: Sequence[Mapping[str, Any]]) -> int | None:
        """Where our write stands in a property's history, newest first; None when it is not there.

        It is younger than what we read before, and has the value that we asked for or, where
        HubSpot spells it otherwise, the one that its answer showed.
        """
        values = [str(v.get("value") or "") for v in past if to_ms(v["timestamp"]) >= one.since]
        stored = (one.stored or {}).get(name) or ""
        before = one.before.get(name) or ""
        for value in (one.values[name], stored):
            if value in values and value != before:
                return values.index(value)
        return None

    def _put_back(self, repairs: Sequence[Mapping[str, Any]]) -> None:
        if not repairs:
            return
        try:
            self._api.update(self._shape.name, repairs)
        except (TryAgain, SystemStopped) as error:
            self._broke = self._broke or error


def _open(writes: Iterable[_Write]) -> list[_Write]:
    return [one for one in writes if one.outcome is None]


def _repeated(writes: Iterable[_Write]) -> Iterator[_Write]:
    """A record stands once in a batch: what HubSpot makes of a second time is not known."""
    met: set[str] = set()
    for one in writes:
        if one.ident in met:
            yield one
        met.add(one.ident)


def _all_unknown(writes: Iterable[_Write], cause: str) -> None:
    for one in writes:
        one.outcome = Unknown(one.change.ref, cause)
