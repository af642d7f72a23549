"""What `rules.violation_causes` asks about each forbidden call, looked up in few questions."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import cached_property

from rules.violation_causes import Circumstances
from state import circumstances
from state.store import Tx
from state.violations import Judged
from sync.app import App


class Known:
    """The circumstances of some forbidden calls of one page."""

    def __init__(self, tx: Tx, app: App, forbidden: Sequence[Judged]) -> None:
        self._tx, self._app, self._forbidden = tx, app, forbidden
        self._lists: dict[tuple[str, str], datetime | None] = {}

    def of(self, one: Judged) -> Circumstances:
        """Those of one call."""
        row = one.row
        at = row.span.end if row.span else row.seen_at
        named = row.call_list or ""
        released = circumstances.release(self._tx, named, at) if named else None
        confirmed = self._confirmed.get(row.system, {})
        known = [confirmed[e.event_id] for e in one.judgement.by if e.event_id in confirmed]
        return Circumstances(
            at=at,
            by_hand=None if row.call_list is None else not named,
            can_block=self._app.can_block(row.system) and not self._has_nothing_for(one),
            confirmed_at=min(known, default=None),
            loaded_at=released[0] if released else self._first(row.system, named),
            released_until=released[1] if released else None,
        )

    def _has_nothing_for(self, one: Judged) -> bool:
        """Whether the system has no record on which any of these blocks could stand."""
        events = {event.event_id for event in one.judgement.by}
        return events <= self._settled[one.row.system]

    @cached_property
    def _settled(self) -> dict[str, set[str]]:
        """System -> events that it has nothing to show on."""
        events = self._events()
        return {name: circumstances.settled(self._tx, events, name) for name in self._systems()}

    def _systems(self) -> set[str]:
        return {one.row.system for one in self._forbidden}

    def _events(self) -> set[str]:
        return {event.event_id for one in self._forbidden for event in one.judgement.by}

    @cached_property
    def _confirmed(self) -> dict[str, dict[str, datetime]]:
        """System -> event -> when it was confirmed there."""
        events = self._events()
        return {name: circumstances.confirmed(self._tx, events, name) for name in self._systems()}

    def _first(self, system: str, call_list: str) -> datetime | None:
        if not call_list:
            return None
        key = (system, call_list)
        if key not in self._lists:
            self._lists[key] = circumstances.first_call(self._tx, *key)
        return self._lists[key]
