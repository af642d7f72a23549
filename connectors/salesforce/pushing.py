"""Writing: read before, write, check after; one outcome for each record.

Only the PATCH of a single record can be guarded by the server (`If-Unmodified-Since`), and only to
the second. So what somebody else changed in the last minutes is written guarded, where the org
heeds headers of parts in the same calls as the rest, which goes 200 at a time between two readings.
A write counts as done when it has been read back.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http import HTTPStatus
from math import ceil
from typing import Any, Final

import orjson

from connectors.flags import is_set
from connectors.protocol import Applied, Conflict, Outcome, Rejected, Unknown
from connectors.salesforce.client import RETRIEVE_MOST, Org, code_of, guard
from connectors.salesforce.shapes import WRITER, Shape, Unwritable
from rules.changes import RecordChange
from rules.errors import SystemStopped, TryAgain

ELSEWISE: Final = " stored otherwise"
"""Behind the version of a record that does not hold what was written: the next pull shows it."""
COLLECTION_MOST: Final = 200
ALONG_MOST: Final = 24
"""Guarded writes of a composite call: it may have 25 parts, and one is a collection."""
HOT: Final = timedelta(minutes=10)
"""Who changed a record just now may be at it again: such records are written with a guard."""
CALLS_MOST: Final = 3
"""Calls for each collection that would do without any guard. A push does not take more, but where
something was locked or refused as a whole."""
READINGS: Final = 2
LOCK_TRIES: Final = 3

Row = Mapping[str, Any]

CODES: Final[Mapping[str, str]] = {
    "STRING_TOO_LONG": "value_too_long",
    "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST": "value_not_in_list",
    "INVALID_EMAIL_ADDRESS": "value_not_taken",
    "JSON_PARSER_ERROR": "value_does_not_fit",
    "REQUIRED_FIELD_MISSING": "field_required",
    "FIELD_CUSTOM_VALIDATION_EXCEPTION": "own_rule_of_the_system",
    "FIELD_INTEGRITY_EXCEPTION": "own_rule_of_the_system",
    "DUPLICATES_DETECTED": "double_in_the_system",
    "DUPLICATE_VALUE": "double_in_the_system",
    "CANNOT_EXECUTE_FLOW_TRIGGER": "automation_failed",
    "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY": "automation_failed",
    "INVALID_FIELD": "field_read_only",
    "INVALID_FIELD_FOR_INSERT_UPDATE": "field_read_only",
    "INSUFFICIENT_ACCESS_OR_READONLY": "no_right_to_write",
    "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY": "no_right_to_write",
    "CANNOT_UPDATE_CONVERTED_LEAD": "record_closed",
}
"""Salesforce's codes and ours; any other is `write_refused`."""
_GONE: Final = frozenset({"ENTITY_IS_DELETED", "NOT_FOUND", "INVALID_CROSS_REFERENCE_KEY"})
_LOCKED: Final = "UNABLE_TO_LOCK_ROW"
_PASSING: Final = frozenset({"SERVER_UNAVAILABLE", "UNKNOWN_EXCEPTION"})


@dataclass(slots=True)
class _Write:
    """One record's write: what is sent, and what became of it."""

    change: RecordChange
    values: dict[str, Any]
    row: Row = field(default_factory=dict)
    outcome: Outcome | None = None
    sent: bool = False
    taken: bool = False
    """The org said that it wrote it."""
    refused: str = ""
    fields: tuple[str, ...] = ()
    same: bool = True
    """Whether the record was as it was when the change was decided."""

    @property
    def ident(self) -> str:
        return self.change.ref.id


class Pushing:
    """One push of one object. `blocking`: flags that say no, which nothing holds up; `flags`:
    the same, set or taken off with the care of any other change.
    """

    def __init__(
        self,
        org: Org,
        shape: Shape,
        *,
        together: bool = False,
        blocking: bool = False,
        flags: bool = False,
    ) -> None:
        self._org, self._shape, self._together = org, shape, together
        self._blocking, self._flags = blocking, flags or blocking
        self._broke: TryAgain | SystemStopped | None = None

    def push(self, batch: Iterable[RecordChange]) -> Iterator[Outcome]:
        """One outcome each, in the order given. What broke a batch off is raised behind them."""
        writes = [self._translated(change) for change in batch]
        waiting = [one for one in writes if one.outcome is None]
        if waiting:
            self._check_before(waiting)
            self._send([one for one in waiting if one.outcome is None])
            self._check_after([one for one in waiting if one.outcome is None and one.sent])
        yield from (one.outcome for one in writes if one.outcome is not None)
        if self._broke and any(one.outcome is None for one in writes):
            raise self._broke

    def _translated(self, change: RecordChange) -> _Write:
        write = _Write(change, {})
        for one in change.changes:
            try:
                name, value = (
                    (self._shape.flagged(one.field), is_set(one.new))
                    if self._flags
                    else self._shape.written(one.field, one.new)
                )
            except Unwritable as error:
                write.outcome = Rejected(change.ref, error.code, {"field": error.field})
                return write
            write.values[name] = value
        return write

    # --- before ---

    def _check_before(self, writes: Sequence[_Write]) -> None:
        """Whoever is not as he was when the change was decided is left alone."""
        for one, row in self._rows(writes):
            gone = row is None or (self._shape.gone(row) and not row.get("IsConverted"))
            if row is not None and not gone:
                one.row = row
                one.same = self._shape.version(row) == one.change.base_version
            if gone or not (one.same or self._blocking):
                one.outcome = Conflict(one.change.ref)

    def _rows(self, writes: Sequence[_Write]) -> Iterator[tuple[_Write, Row | None]]:
        for at in range(0, len(writes), RETRIEVE_MOST):
            some = writes[at : at + RETRIEVE_MOST]
            ids = [one.ident for one in some]
            found = self._org.retrieve(self._shape.name, ids, self._shape.checked)
            yield from zip(some, found, strict=True)

    # --- the writes ---

    def _send(self, writes: Sequence[_Write]) -> None:
        """Those that somebody else was at just now with a guard, the rest in collections.

        No more calls than `CALLS_MOST` for each full collection: past that, the two readings do.
        """
        hot = sorted(filter(self._is_hot, writes), key=lambda one: _stamp(one.row), reverse=True)
        room = CALLS_MOST * ceil(len(writes) / COLLECTION_MOST) - READINGS
        together = self._together and len(writes) > 1
        most = room * ALONG_MOST if together else _alone(room, len(writes))
        guarded = hot[:most]
        alone = {one.ident for one in guarded}
        rest = [one for one in writes if one.ident not in alone]
        try:
            if together:
                self._guarded_together(guarded, rest)
            else:
                for one in guarded:
                    self._guarded(one)
                self._collections(rest)
        except (TryAgain, SystemStopped) as error:
            self._broke = error

    def _is_hot(self, one: _Write) -> bool:
        """Whether somebody changed the record in the last minutes, and it was not us.

        A flag overwrites nobody's work, so it needs no guard.
        """
        if self._blocking:
            return False
        by_us = bool(self._org.user) and one.row.get(WRITER) == self._org.user
        return not by_us and _stamp(one.row) >= self._org.now() - HOT

    def _guarded(self, one: _Write) -> None:
        path = f"/sobjects/{self._shape.name}/{one.ident}"
        answer = self._written("PATCH", path, one.values, guard(_stamp(one.row)))
        one.sent = True
        if answer is not None:
            self._hear(one, *answer)

    def _guarded_together(self, guarded: Sequence[_Write], rest: Sequence[_Write]) -> None:
        """Guarded writes in the same calls as the collections."""
        calls = max(ceil(len(guarded) / ALONG_MOST), ceil(len(rest) / COLLECTION_MOST))
        for n in range(calls):
            some = guarded[n * ALONG_MOST : (n + 1) * ALONG_MOST]
            others = rest[n * COLLECTION_MOST : (n + 1) * COLLECTION_MOST]
            if some:
                self._composite(some, others)
            else:
                self._collection(others)

    def _composite(self, some: Sequence[_Write], others: Sequence[_Write]) -> None:
        """One call: so many guarded writes, and a collection behind them."""
        path = self._org.path(f"/sobjects/{self._shape.name}")
        parts = [
            {
                "method": "PATCH",
                "url": f"{path}/{one.ident}",
                "body": one.values,
                "httpHeaders": guard(_stamp(one.row)),
            }
            for one in some
        ]
        if others:
            url = self._org.path("/composite/sobjects")
            parts.append({"method": "PATCH", "url": url, "body": self._body(others)})
        self._all_sent((*some, *others))
        asked = [{**part, "referenceId": f"r{n}"} for n, part in enumerate(parts)]
        body = {"allOrNone": False, "compositeRequest": asked}
        try:
            answer = self._written("POST", "/composite", body)
        except SystemStopped:
            self._none_sent((*some, *others))
            raise
        if answer is None or answer[0] != HTTPStatus.OK:
            return
        heard = [(one["httpStatusCode"], one["body"]) for one in answer[1]["compositeResponse"]]
        for one, said in zip(some, heard, strict=False):
            self._hear(one, *said)
        if others and not self._hear_collection(others, *heard[-1]):
            self._none_sent(others)
            self._collection(others)
        self._collection([one for one in others if one.refused == _LOCKED])

    def _hear(self, one: _Write, status: int, body: Any) -> None:
        if status == HTTPStatus.PRECONDITION_FAILED:
            one.outcome = Conflict(one.change.ref)
        elif status >= HTTPStatus.BAD_REQUEST:
            self._refuse(one, body[0] if isinstance(body, list) and body else {})
        else:
            one.taken = True

    def _collections(self, writes: Sequence[_Write]) -> None:
        for at in range(0, len(writes), COLLECTION_MOST):
            self._collection(writes[at : at + COLLECTION_MOST])

    def _collection(self, writes: Sequence[_Write]) -> None:
        """Up to 200 in one call; a call that is refused as a whole is tried in halves."""
        for attempt in range(LOCK_TRIES):
            if not writes:
                return
            if not self._collected(writes):
                half = (len(writes) + 1) // 2
                for part in (writes[:half], writes[half:]):
                    self._collection(part)
                return
            writes = [one for one in writes if one.refused == _LOCKED]
            if writes and attempt + 1 < LOCK_TRIES:
                self._org.sleep(random.uniform(1, 5) * (attempt + 1))  # noqa: S311 - a pause
        for one in writes:
            one.outcome = Conflict(one.change.ref)

    def _collected(self, writes: Sequence[_Write]) -> bool:
        """Send one collection; False when it was refused as a whole and can be halved."""
        self._all_sent(writes)
        try:
            answer = self._written("PATCH", "/composite/sobjects", self._body(writes))
        except (TryAgain, SystemStopped):
            self._none_sent(writes)
            raise
        return answer is None or self._hear_collection(writes, *answer)

    def _body(self, writes: Sequence[_Write]) -> Mapping[str, Any]:
        kind = {"type": self._shape.name}
        records = [{"attributes": kind, "id": one.ident, **one.values} for one in writes]
        return {"allOrNone": False, "records": records}

    def _hear_collection(self, writes: Sequence[_Write], status: int, results: Any) -> bool:
        if status >= HTTPStatus.BAD_REQUEST:
            if len(writes) > 1:
                return False
            self._refuse(writes[0], results[0] if isinstance(results, list) and results else {})
            return True
        for one, result in zip(writes, results, strict=True):
            one.taken = bool(result["success"])
            if not one.taken:
                self._refuse(one, result["errors"][0] if result["errors"] else {})
        return True

    def _written(
        self, method: str, path: str, body: Any, headers: Mapping[str, str] | None = None
    ) -> tuple[int, Any] | None:
        """Status and body; None when the answer was lost: the check after it tells."""
        try:
            answer = self._org.write(method, path, body, headers)
        except TryAgain:
            return None
        try:
            said = orjson.loads(answer.content) if answer.content else None
        except orjson.JSONDecodeError:
            return None
        if answer.status_code == HTTPStatus.FORBIDDEN:
            trouble = self._org.trouble(answer.status_code, said)
            if code_of(said) not in CODES:
                raise trouble
        return answer.status_code, said

    @staticmethod
    def _all_sent(writes: Iterable[_Write]) -> None:
        for one in writes:
            one.sent, one.refused = True, ""

    @staticmethod
    def _none_sent(writes: Iterable[_Write]) -> None:
        """The call was refused before anything was done."""
        for one in writes:
            one.sent = False

    def _refuse(self, one: _Write, error: Mapping[str, Any]) -> None:
        code = code_of(error)
        if _LOCKED in (code, *str(error.get("message", "")).split(":")[:1]):
            one.refused = _LOCKED
        elif code in _GONE:
            one.outcome = Conflict(one.change.ref)
        elif code not in _PASSING:
            names = tuple(error.get("fields") or ()) or tuple(one.values)
            details = {"field": ", ".join(names), "code": code or "?"}
            one.outcome = Rejected(one.change.ref, CODES.get(code, "write_refused"), details)

    # --- after ---

    def _check_after(self, writes: Sequence[_Write]) -> None:
        """What stands there now. What cannot be seen, or is not what was sent, is not known."""
        for one in writes:
            one.outcome = Unknown(one.change.ref, "not_read_back")
        if not writes:
            return
        try:
            for one, row in self._rows(writes):
                one.outcome = self._settled(one, row)
        except (TryAgain, SystemStopped) as error:
            self._broke = error

    def _settled(self, one: _Write, row: Row | None) -> Outcome:
        """Written, and written over at once by another program, is written: it counts as ours, or
        two programs would correct each other for ever. What stands there the next pull shows. With
        the stamp that we began from it may as well never have been stored. A flag that says no
        counts only when it stands there."""
        if row is None:
            return Conflict(one.change.ref)
        version = self._shape.version(row)
        for change, name in zip(one.change.changes, one.values, strict=False):
            if self._shape.shown(name, row) != _as_read(self._shape, name, one.values[name]):
                if one.taken and not self._blocking and version != one.change.base_version:
                    return Applied(one.change.ref, f"{version}{ELSEWISE}")
                return Unknown(one.change.ref, f"{change.field}_differs", claimed=one.taken)
        if not one.same:
            version = one.change.base_version
        return Applied(one.change.ref, version)


def _as_read(shape: Shape, name: str, value: Any) -> str | None:
    return shape.shown(name, {name: value})


def _stamp(row: Row) -> datetime:
    return datetime.fromisoformat(row["SystemModstamp"])


def _alone(room: int, writes: int) -> int:
    """How many guarded writes of so many may have a call each, and leave room for the rest."""
    most = min(room, writes)
    while most > 0 and most + ceil((writes - most) / COLLECTION_MOST) > room:
        most -= 1
    return most
