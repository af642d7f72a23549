"""Flags that say no: our own properties, and HubSpot's list of addresses that opted out of all mail.

`hs_email_optout` cannot be written. It follows from the list, which knows addresses and no
contacts: who has none cannot be on it. There is no way here that puts anybody back.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

from requests import codes

from connectors.hubspot.client import Api
from connectors.hubspot.pushing import Pushing
from connectors.hubspot.shapes import Shape
from connectors.hubspot.windows import Wrote
from connectors.protocol import Applied, Clearing, Conflict, Outcome, Rejected, Unknown
from connectors.session import NoAnswer
from rules.changes import RecordChange
from rules.errors import SystemStopped, TryAgain
from rules.flags import Flag
from rules.records import Ref
from rules.suppression import Channel

MAIL_FLAG: Final = "hs_email_optout"
MAILS: Final = Flag("opt_out_email", frozenset({Channel.EMAIL}), needs="email", sticky=True)


class Blocking:
    """One batch of one object."""

    def __init__(self, api: Api, shape: Shape) -> None:
        self._api, self._shape = api, shape
        self._broke: TryAgain | SystemStopped | None = None
        self.written: dict[str, Wrote] = {}

    def block(self, batch: Iterable[RecordChange]) -> Iterator[Outcome]:
        """One outcome each, in the order given. What broke it off is raised behind them, and who
        has none by then was not written to."""
        listed = list(batch)
        mails = [one for one in listed if self._by_list(one)]
        others = [
            replace(one, changes=tuple(c for c in one.changes if c.field != MAILS.field))
            if one in mails
            else one
            for one in listed
        ]
        done = self._properties([one for one in others if one.changes])
        if not self._broke:
            done = self._both(done, self._addresses(mails))
        yield from (done[one.ref.id] for one in listed if one.ref.id in done)
        if self._broke:
            raise self._broke

    def _by_list(self, change: RecordChange) -> bool:
        own = {one.field for one in self._shape.settable}
        return any(c.field == MAILS.field and c.field not in own for c in change.changes)

    def _properties(self, batch: Sequence[RecordChange]) -> dict[str, Outcome]:
        if not batch:
            return {}
        pushing = Pushing(self._api, self._shape, blocking=True)
        found: dict[str, Outcome] = {}
        try:
            for one in pushing.push(batch):
                found[one.ref.id] = one
        except (TryAgain, SystemStopped) as error:
            self._broke = error
        self.written = pushing.written
        return found

    def _addresses(self, batch: Sequence[RecordChange]) -> dict[str, Outcome]:
        if not batch:
            return {}
        ids = [one.ref.id for one in batch]
        try:
            rows = self._api.read(self._shape.name, ids, ["email"])
            mails = {str(row["id"]): str(row["properties"].get("email") or "") for row in rows}
            wanted = sorted({text for text in mails.values() if text})
            refused = self._unsubscribed(wanted)
        except (TryAgain, SystemStopped) as error:
            self._broke = error
            return {one.ref.id: Unknown(one.ref, "busy") for one in batch}
        return {one.ref.id: self._outcome(one, mails.get(one.ref.id), refused) for one in batch}

    def _unsubscribed(self, wanted: Sequence[str]) -> tuple[str, Mapping[str, str]] | None:
        """Why they were not taken off, as a code and its details; None when they were, or may have been."""
        if not wanted:
            return None
        try:
            status, body = self._api.unsubscribe(wanted)
        except NoAnswer:
            return None
        except SystemStopped as error:
            return "no_right_to_write", {"field": MAIL_FLAG, "code": str(error.details.get("why"))}
        if status >= codes.bad_request:
            return "write_refused", {"field": MAIL_FLAG, "code": str(body.get("category", status))}
        return None

    @staticmethod
    def _outcome(
        one: RecordChange, address: str | None, refused: tuple[str, Mapping[str, str]] | None
    ) -> Outcome:
        if address is None:
            return Conflict(one.ref)
        if refused:
            return Rejected(one.ref, *refused)
        # What the contact shows by now, a reading has to tell.
        return Applied(one.ref, one.base_version)

    def _both(
        self, first: Mapping[str, Outcome], second: Mapping[str, Outcome]
    ) -> dict[str, Outcome]:
        """Of two outcomes for one record, the one that is not done; the list's where both are."""
        for ident in second:
            self.written.pop(ident, None)
        kept = {k: v for k, v in first.items() if not isinstance(v, Applied)}
        return {**first, **second, **kept}


_HOW: Final[Mapping[str, str]] = {
    "IMPORT": "import",
    "CRM_UI": "person",
    "MOBILE_IOS": "person",
    "MOBILE_ANDROID": "person",
    "MERGE_CONTACTS": "merge",
    "MERGE_COMPANIES": "merge",
    "MERGE_OBJECTS": "merge",
    "INTEGRATION": "integration",
    "API": "integration",
    "AUTOMATION_PLATFORM": "integration",
    "SALESFORCE": "integration",
}
"""Where a value came from, as HubSpot names it; any other is told by its own name."""
MOST: Final = 50
"""Records of one call that shows what was before."""


def clearings(
    api: Api, shape: Shape, refs: Sequence[Ref], fields: Sequence[str]
) -> dict[Ref, Clearing]:
    """The newest value of each flag that says no longer no, and its source."""
    names = [row.vendor for row in shape.rows if row.canonical in fields]
    found: dict[Ref, Clearing] = {}
    ids = [ref.id for ref in refs]
    for at in range(0, len(ids) if names else 0, MOST):
        for row in api.read(shape.name, ids[at : at + MOST], (), names):
            past = row.get("propertiesWithHistory") or {}
            newest = [versions[0] for versions in past.values() if versions]
            off = [one for one in newest if str(one.get("value") or "") in {"", "false"}]
            if off:
                source = str(off[0].get("sourceType") or "")
                who = str(off[0].get("sourceLabel") or off[0].get("sourceId") or source)
                found[shape.ref(str(row["id"]))] = Clearing(_HOW.get(source, ""), who)
    return found
