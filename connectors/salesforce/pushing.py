"""Writing: read before, write, check after; one outcome for each record.

Only a single PATCH can be guarded by the server (`If-Unmodified-Since`), and only to the second.
So whatever changed in the last minutes is written alone and guarded, and the rest 200 a call
between two readings. A write counts as done when it has been read back.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.utils import format_datetime
from http import HTTPStatus
from typing import Any, Final

import orjson

from connectors.protocol import Applied, Conflict, Outcome, Rejected, Unknown
from connectors.salesforce.client import RETRIEVE_MOST, Org, code_of
from connectors.salesforce.shapes import Shape, Unwritable
from rules.changes import RecordChange
from rules.errors import SystemStopped, TryAgain

COLLECTION_MOST: Final = 200
COMPOSITE_MOST: Final = 25
HOT: Final = timedelta(minutes=10)
"""Who changed a record just now may be at it again: such records are written with a guard."""
GUARDED_MOST: Final = 25
"""Guarded writes of one push; after a mass change the others must do with the two readings."""
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
    refused: str = ""
    fields: tuple[str, ...] = ()

    @property
    def ident(self) -> str:
        return self.change.ref.id


class Pushing:
    """One push of one object."""

    def __init__(self, org: Org, shape: Shape, *, composite_guard: bool = False) -> None:
        self._org, self._shape, self._composite = org, shape, composite_guard
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
                name, value = self._shape.written(one.field, one.new)
            except Unwritable as error:
                write.outcome = Rejected(change.ref, error.code, {"field": error.field})
                return write
            write.values[name] = value
        return write

    # --- before ---

    def _check_before(self, writes: Sequence[_Write]) -> None:
        """Whoever is not as he was when the change was decided is left alone."""
        for one, row in self._rows(writes):
            if (
                row is None
                or (self._shape.gone(row) and not row.get("IsConverted"))
                or self._shape.version(row) != one.change.base_version
            ):
                one.outcome = Conflict(one.change.ref)
            else:
                one.row = row

    def _rows(self, writes: Sequence[_Write]) -> Iterator[tuple[_Write, Row | None]]:
        for at in range(0, len(writes), RETRIEVE_MOST):
            some = writes[at : at + RETRIEVE_MOST]
            ids = [one.ident for one in some]
            found = self._org.retrieve(self._shape.name, ids, self._shape.checked)
            yield from zip(some, found, strict=True)

    # --- the writes ---

    def _send(self, writes: Sequence[_Write]) -> None:
        since = self._org.now() - HOT
        hot = [one for one in writes if _stamp(one.row) >= since][:GUARDED_MOST]
        alone = {one.ident for one in hot}
        try:
            if self._composite and len(hot) > 1:
                self._guarded_together(hot)
            else:
                for one in hot:
                    self._guarded(one)
            self._collections([one for one in writes if one.ident not in alone])
        except (TryAgain, SystemStopped) as error:
            self._broke = error

    def _guarded(self, one: _Write) -> None:
        path = f"/sobjects/{self._shape.name}/{one.ident}"
        answer = self._written("PATCH", path, one.values, _guard(one))
        one.sent = True
        if answer is not None:
            self._hear(one, *answer)

    def _guarded_together(self, writes: Sequence[_Write]) -> None:
        """In one call, where the org is known to heed a part's own headers."""
        for at in range(0, len(writes), COMPOSITE_MOST):
            some = writes[at : at + COMPOSITE_MOST]
            parts = [
                {
                    "method": "PATCH",
                    "url": self._org.path(f"/sobjects/{self._shape.name}/{one.ident}"),
                    "referenceId": f"r{n}",
                    "body": one.values,
                    "httpHeaders": _guard(one),
                }
                for n, one in enumerate(some)
            ]
            self._all_sent(some)
            answer = self._written("POST", "/composite", {"compositeRequest": parts})
            if answer is not None and answer[0] == HTTPStatus.OK:
                for one, part in zip(some, answer[1]["compositeResponse"], strict=True):
                    self._hear(one, part["httpStatusCode"], part["body"])

    def _hear(self, one: _Write, status: int, body: Any) -> None:
        if status == HTTPStatus.PRECONDITION_FAILED:
            one.outcome = Conflict(one.change.ref)
        elif status >= HTTPStatus.BAD_REQUEST:
            self._refuse(one, body[0] if isinstance(body, list) and body else {})

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
        kind = {"type": self._shape.name}
        records = [{"attributes": kind, "id": one.ident, **one.values} for one in writes]
        self._all_sent(writes)
        body = {"allOrNone": False, "records": records}
        try:
            answer = self._written("PATCH", "/composite/sobjects", body)
        except (TryAgain, SystemStopped):
            self._none_sent(writes)
            raise
        if answer is None:
            return True
        status, results = answer
        if status >= HTTPStatus.BAD_REQUEST:
            if len(writes) > 1:
                return False
            self._refuse(writes[0], results[0] if isinstance(results, list) and results else {})
            return True
        for one, result in zip(writes, results, strict=True):
            if not result["success"]:
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
        if row is None:
            return Conflict(one.change.ref)
        for change, name in zip(one.change.changes, one.values, strict=False):
            if self._shape.shown(name, row) != _as_read(self._shape, name, one.values[name]):
                return Unknown(one.change.ref, f"{change.field}_differs")
        return Applied(one.change.ref, self._shape.version(row))


def _as_read(shape: Shape, name: str, value: Any) -> str | None:
    return shape.shown(name, {name: value})


def _stamp(row: Row) -> datetime:
    return datetime.fromisoformat(row["SystemModstamp"])


def _guard(one: _Write) -> dict[str, str]:
    return {"If-Unmodified-Since": format_datetime(_stamp(one.row), usegmt=True)}


def heeds_part_headers(org: Org, name: str, ident: str) -> bool:
    """Whether the org heeds the headers of a composite call's parts: asked with a read.

    A record is asked for on the condition that it has not changed since long ago. Who heeds that
    says 412, who does not shows the record. The service's documentation leaves it open.
    """
    long_ago = format_datetime(datetime.fromisoformat("2000-01-01T00:00:00+00:00"), usegmt=True)
    part = {
        "method": "GET",
        "url": org.path(f"/sobjects/{name}/{ident}?fields=Id"),
        "httpHeaders": {"If-Unmodified-Since": long_ago},
    }
    [answer] = org.composite([part])
    return bool(answer["httpStatusCode"] == HTTPStatus.PRECONDITION_FAILED)
