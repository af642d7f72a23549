"""Writing: batches of guarded updates, each with the version it was decided on and its own answer.

The server compares the version (If-Match) and writes in one step, so there is no window in which
somebody's work could be overwritten. Each answer shows the row as it was stored.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

from connectors.caller import Busy
from connectors.dynamics.batches import MOST, Answer, Request
from connectors.dynamics.client import PATH, Org, TooMuch, code_of
from connectors.dynamics.shapes import ELSEWISE, ETAG, Row, Shape, Unwritable
from connectors.flags import is_set
from connectors.protocol import Applied, Conflict, Outcome, Rejected, Unknown
from connectors.session import NoAnswer
from rules.changes import RecordChange
from rules.errors import SystemStopped, TryAgain

FIRST: Final = 50
GROWTH: Final = 4
SOON_SECONDS: Final = 20.0
"""A batch that takes longer is large enough: after two minutes the server gives up."""
TRIES: Final = 4
PAUSE_SECONDS: Final = 2.0

CODES: Final[Mapping[str, str]] = {
    "0x80044331": "value_too_long",
    "0x80048403": "value_not_in_list",
    "0x80040265": "own_rule_of_the_system",
    "0x80048105": "record_closed",
    "0x8004f508": "no_right_to_write",
    "0x80040220": "no_right_to_write",
    "0x80040237": "double_in_the_system",
}
"""Dataverse's codes and ours; any other is `write_refused`."""
_DEADLOCKS: Final = frozenset({"-2147204784", "-2147204783", "0x80044150", "0x80044151"})
"""Two writes on the same rows, or the database was too slow: rolled back (SQL 1205, time-out)."""
_LATER: Final = frozenset(
    {
        HTTPStatus.TOO_MANY_REQUESTS,
        HTTPStatus.BAD_GATEWAY,
        HTTPStatus.SERVICE_UNAVAILABLE,
        HTTPStatus.GATEWAY_TIMEOUT,
    }
)
_ETAG: Final = re.compile(r'W/"[^"\r\n]*"')
_GUID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


@dataclass(slots=True)
class _Write:
    """One record's write: what is sent, and what became of it."""

    change: RecordChange
    values: dict[str, Any]
    outcome: Outcome | None = None
    same: bool = True
    """Only if it is as it was when the change was decided; else whatever stands there."""
    wait: float | None = None
    """Nothing was done: so many seconds later it may be tried again."""


class Pace:
    """How many writes go into a batch: few at first, more while the server is at ease with it."""

    def __init__(self, first: int = FIRST) -> None:
        self.size = first

    def faster(self, sent: int, seconds: float) -> None:
        """A batch went well; one that was far from full says nothing of fuller ones."""
        if sent * 2 >= self.size and seconds < SOON_SECONDS:
            self.size = min(MOST, self.size * GROWTH)

    def slower(self) -> None:
        """A batch did not."""
        self.size = max(1, self.size // 2)


class Pushing:
    """One push of one table. `blocking`: flags that say no, which nothing holds up; `flags`: the
    same, set or taken off with the care of any other change.
    """

    def __init__(
        self, org: Org, shape: Shape, pace: Pace, *, blocking: bool = False, flags: bool = False
    ) -> None:
        self._org, self._shape, self._pace = org, shape, pace
        self._blocking, self._flags = blocking, flags or blocking
        self._lost = 0

    def push(self, batch: Iterable[RecordChange]) -> Iterator[Outcome]:
        """One outcome each, in the order given. What broke a push off is raised behind them."""
        writes = [self._translated(change) for change in batch]
        broke: TryAgain | SystemStopped | None = None
        at = 0
        while at < len(writes) and not broke:
            some = writes[at : at + self._pace.size]
            at += len(some)
            try:
                self._send([one for one in some if one.outcome is None])
            except (TryAgain, SystemStopped) as error:
                broke = error
            yield from (one.outcome for one in some if one.outcome is not None)
        if broke:
            raise broke

    def _translated(self, change: RecordChange) -> _Write:
        write = _Write(change, {})
        if self._blocking and _GUID.fullmatch(change.ref.id):
            write.same = _ETAG.fullmatch(change.base_version) is not None
        elif not (_ETAG.fullmatch(change.base_version) and _GUID.fullmatch(change.ref.id)):
            # A version that the server never gave cannot be what stands there.
            write.outcome = Conflict(change.ref)
        for one in change.changes:
            try:
                if self._flags:
                    columns = self._shape.flagged(one.field)
                    write.values |= dict.fromkeys(columns, is_set(one.new))
                else:
                    column, value = self._shape.written(one.field, one.new)
                    write.values[column] = value
            except Unwritable as error:
                write.outcome = Rejected(change.ref, error.code, {"field": error.column})
                return write
        return write

    # --- sending ---

    def _send(self, writes: Sequence[_Write]) -> None:
        """Each of them has an outcome afterwards. What was not done is tried again, in fewer parts."""
        for attempt in range(TRIES):
            if not writes:
                return
            self._in_batches(writes)
            writes = [one for one in writes if one.outcome is None]
            if writes and attempt + 1 < TRIES:
                self._pace.slower()
                self._org.sleep(max(one.wait or 0.0 for one in writes))
        for one in writes:
            one.outcome = Unknown(one.change.ref, "busy")

    def _in_batches(self, writes: Sequence[_Write]) -> None:
        """As many at a time as the pace allows; it may have slackened since they were gathered."""
        at = 0
        while at < len(writes):
            some = writes[at : at + self._pace.size]
            at += len(some)
            self._one_batch(some)

    def _one_batch(self, writes: Sequence[_Write]) -> None:
        throttled, began = self._org.throttled, self._org.elapsed()
        try:
            answers = self._org.batch([self._request(one) for one in writes])
        except TooMuch as error:
            self._too_much(writes, error.code)
            return
        except (NoAnswer, Busy) as error:
            self._no_answer(writes, error)
            return
        self._lost = 0
        if self._mixed_up(writes, answers):
            answers = [None] * len(writes)
        for one, answer in zip(writes, answers, strict=True):
            self._hear(one, answer)
        if self._org.throttled > throttled:
            self._pace.slower()
        elif all(one.wait is None for one in writes):
            self._pace.faster(len(writes), self._org.elapsed() - began)

    def _request(self, one: _Write) -> Request:
        shown = ",".join(one.values)
        headers = {
            "Content-Type": "application/json",
            "Accept": "application/json",
            # Any version, and never a new row.
            "If-Match": one.change.base_version if one.same else "*",
            "Prefer": "return=representation",
        }
        path = f"{PATH}{self._shape.described.set}({one.change.ref.id})?$select={shown}"
        return Request("PATCH", path, headers, one.values)

    def _too_much(self, writes: Sequence[_Write], code: str) -> None:
        """Refused as a whole: nothing was done. In halves, down to the one that is at fault."""
        self._pace.slower()
        if len(writes) == 1:
            refused = {"code": code, "field": ", ".join(writes[0].values)}
            writes[0].outcome = Rejected(writes[0].change.ref, "write_refused", refused)
            return
        half = (len(writes) + 1) // 2
        for part in (writes[:half], writes[half:]):
            self._one_batch(part)

    def _no_answer(self, writes: Sequence[_Write], error: NoAnswer | Busy) -> None:
        """It may have been done: what stands there now has to be read back."""
        self._pace.slower()
        if isinstance(error, Busy) and error.done_nothing:
            raise error
        self._lost += 1
        for one in writes:
            one.outcome = Unknown(one.change.ref, "no_answer")
        if self._lost > 1:
            raise error

    # --- hearing ---

    def _mixed_up(self, writes: Sequence[_Write], answers: Sequence[Answer | None]) -> bool:
        """Whether an answer is about another row than the one that was asked for at its place."""
        key = self._shape.described.key
        return any(
            answer is not None
            and isinstance(answer.body, dict)
            and key in answer.body
            and str(answer.body[key]).lower() != one.change.ref.id.lower()
            for one, answer in zip(writes, answers, strict=True)
        )

    def _hear(self, one: _Write, answer: Answer | None) -> None:
        one.wait = None
        if answer is None:
            one.outcome = Unknown(one.change.ref, "unreadable")
        elif answer.status == HTTPStatus.OK and _is_row(answer.body):
            version = self._version(one, answer.body)
            is_as_before = version == f"{one.change.base_version}{ELSEWISE}"
            one.outcome = (
                Unknown(one.change.ref, "no_effect", claimed=True)
                if is_as_before
                else Applied(one.change.ref, version)
            )
        elif answer.status == HTTPStatus.PRECONDITION_FAILED and self._blocking and one.same:
            one.same, one.wait = False, 0.0
        elif answer.status == HTTPStatus.PRECONDITION_FAILED:
            one.outcome = Conflict(one.change.ref)
        elif answer.status == HTTPStatus.NOT_FOUND:
            # Deleted meanwhile; the next pull says so.
            one.outcome = Conflict(one.change.ref)
        elif answer.status in _LATER or code_of(answer.body) in _DEADLOCKS:
            one.wait = _seconds(answer)
        elif HTTPStatus.BAD_REQUEST <= answer.status < HTTPStatus.INTERNAL_SERVER_ERROR:
            one.outcome = self._refusal(one, answer)
        else:
            one.outcome = Unknown(one.change.ref, f"status_{answer.status}")

    def _version(self, one: _Write, row: Row) -> str:
        """The new version; marked when the row does not hold what was written into it."""
        if not one.same:
            return one.change.base_version
        same = all(row.get(name) == value for name, value in one.values.items())
        return str(row[ETAG]) if same else f"{row[ETAG]}{ELSEWISE}"

    def _refusal(self, one: _Write, answer: Answer) -> Outcome:
        """Which of the columns it is about, as far as the message names one; never the message."""
        code = code_of(answer.body)
        error = answer.body.get("error") if isinstance(answer.body, dict) else None
        message = str(error.get("message", "")) if isinstance(error, dict) else ""
        named = [name for name in one.values if re.search(rf"\b{re.escape(name)}\b", message)]
        details = {"field": ", ".join(named or one.values)}
        ours = CODES.get(code, "write_refused")
        if ours == "write_refused":
            details["code"] = code or str(answer.status)
        return Rejected(one.change.ref, ours, details)


def _is_row(body: Any) -> bool:
    return isinstance(body, dict) and isinstance(body.get(ETAG), str)


def _seconds(answer: Answer) -> float:
    said = answer.headers.get("retry-after", "")
    return float(said) if said.isdigit() else PAUSE_SECONDS
