"""What every answer of a portal is made of: calls taken apart, envelopes, records as they are shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from simulators.hubspot.portal import Portal, Refused, Row
from simulators.hubspot.schema import SHOWN, birth_of, iso, object_of, stamp_of


@dataclass(frozen=True, slots=True)
class Ask:
    """One call, as far as an endpoint needs it. `match` has the parts of the path."""

    match: Mapping[str, str]
    query: Mapping[str, str]
    body: Any

    @property
    def objects(self) -> str:
        """The object that the path names; `Refused` when there is none."""
        name = object_of(self.match["object"])
        if name is None:
            raise Refused(400, "VALIDATION_ERROR", "INVALID_OBJECT", "objectType", "no such object")
        return name

    def names(self, key: str) -> list[str] | None:
        """A list of names from the query, however it is spelled there."""
        text = self.query.get(key)
        return [one for one in text.split(",") if one] if text else None

    def flag(self, key: str) -> bool:
        """A yes or no from the query; some clients write `True`."""
        return self.query.get(key, "").lower() == "true"


@dataclass(frozen=True, slots=True)
class Told:
    """An answer."""

    status: int
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)


class Answers:
    """The shapes of answers."""

    def __init__(self, portal: Portal) -> None:
        self.portal = portal
        self._calls = 0

    def envelope(self, category: str, message: str, **more: Any) -> dict[str, Any]:
        """An error's body."""
        self._calls += 1
        trace = str(UUID(int=self._calls))
        told = {"status": "error", "message": message, "correlationId": trace}
        return {**told, "category": category, **more}

    def refused(self, why: Refused) -> Told:
        """A refusal as an answer of its own."""
        detail = {"message": str(why), "code": why.code, "in": why.name}
        return Told(why.status, self.envelope(why.category, str(why), errors=[detail]))

    def _inputs(self, ask: Ask, most: int) -> list[dict[str, Any]]:
        inputs: list[dict[str, Any]] = list((ask.body or {}).get("inputs") or [])
        if len(inputs) > most:
            raise Refused(400, "VALIDATION_ERROR", "TOO_MANY_INPUTS", "inputs", f"at most {most}")
        return inputs

    def _row(self, objects: str, ident: str, by: str | None, ask: Ask) -> Row | None:
        if by and by != "hs_object_id":
            return self.portal.find_by(objects, by, ident)
        return self.portal.find(objects, ident, archived=ask.flag("archived"))

    def _missing(self, ident: str) -> Told:
        return Told(404, self.envelope("OBJECT_NOT_FOUND", f"no object for id {ident}"))

    def _lost(self, ident: str) -> dict[str, Any]:
        message = "Could not get some objects, they may be deleted or not exist"
        context = {"ids": [ident]}
        return {**self.envelope("OBJECT_NOT_FOUND", message), "context": context, "errors": []}

    def _problem(self, why: Refused, one: Mapping[str, Any]) -> dict[str, Any]:
        """One record's refusal in the answer to a batch."""
        context = {"id": [str(one.get("id", ""))]}
        if trace := one.get("objectWriteTraceId"):
            context["objectWriteTraceId"] = [trace]
        detail = {"message": str(why), "code": why.code, "in": why.name}
        found = self.envelope(why.category, str(why), errors=[detail])
        return {**found, "context": context, "links": {}}

    def _batch(self, done: int, results: list[Any], errors: list[Any]) -> Told:
        now = iso(self.portal.now_ms)
        body = {"status": "COMPLETE", "startedAt": now, "completedAt": now, "results": results}
        if errors:
            body |= {"numErrors": len(errors), "errors": errors}
        return Told(207 if errors else done, body)

    def _shown(
        self,
        objects: str,
        row: Row,
        names: Sequence[str] | None,
        past: Sequence[str] | None,
        doc: Any = None,
    ) -> dict[str, Any]:
        portal = self.portal
        always = ("hs_object_id", birth_of(objects), stamp_of(objects))
        known, hidden = portal.properties[objects], portal.hidden
        wanted = (*(names if names is not None else SHOWN.get(objects, ())), *(past or ()), *always)
        values = {
            name: portal.value(objects, row, name, doc)
            for name in wanted
            if name in known and (objects, name) not in hidden
        }
        shown: dict[str, Any] = {
            "id": str(row.id),
            "properties": values,
            "createdAt": iso(row.created),
            "updatedAt": iso(doc.changed if doc else row.changed),
            "archived": row.archived_at is not None,
        }
        if row.archived_at is not None:
            shown["archivedAt"] = iso(row.archived_at)
        if past:
            shown["propertiesWithHistory"] = {
                name: [
                    {"value": one.value, "timestamp": iso(one.at), "sourceType": one.source}
                    for one in portal.versions(row, name)
                ]
                for name in past
                if name in known and (objects, name) not in hidden
            }
        return shown
