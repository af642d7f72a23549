"""What each call to a portal is answered: the endpoints, v3 and dated, from one state.

Paths, bodies and answers as hubspot-api-client 12.0.0 sends and reads them; envelope and limits as
HubSpot's public documentation describes them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from simulators.hubspot.portal import OURS, Portal, Refused, Row
from simulators.hubspot.schema import OBJECTS, SHOWN, birth_of, iso, object_of, stamp_of
from simulators.hubspot.searching import Search

MOST_LIST, MOST_LIST_WITH_PAST, MOST_BATCH, MOST_LINKS = 100, 50, 100, 1000


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


class Desk:
    """The endpoints of one portal."""

    def __init__(self, portal: Portal) -> None:
        self.portal = portal
        self.search = Search(portal)
        self.whole_batches = False
        """A batch with one bad record is refused whole, whatever it says of traces."""
        self._calls = 0

    def answer(self, method: str, path: str, query: Mapping[str, str], body: Any) -> Told:
        """The answer to one call that was let in."""
        for wanted, pattern, endpoint in ROUTES:
            match = pattern.fullmatch(path) if wanted == method else None
            if match:
                with self.portal.lock:
                    try:
                        return endpoint(self, Ask(match.groupdict(), query, body))
                    except Refused as why:
                        return self.refused(why)
        return Told(404, {"status": "error", "message": "resource not found"})

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

    # --- records ------------------------------------------------------------------------------

    def list_page(self, ask: Ask) -> Told:
        """GET objects."""
        objects, past = ask.objects, ask.names("propertiesWithHistory")
        limit = int(ask.query.get("limit", "10"))
        if limit > (MOST_LIST_WITH_PAST if past else MOST_LIST):
            raise Refused(400, "VALIDATION_ERROR", "INVALID_LIMIT", "limit", "limit is too large")
        after = int(ask.query.get("after") or 0)
        rows = self._listed(objects, after, limit + 1, archived=ask.flag("archived"))
        names = ask.names("properties")
        results = [self._shown(objects, row, names, past) for row in rows[:limit]]
        for one in results:
            self._add_links(one, objects, ask.names("associations") or ())
        more = {"next": {"after": str(rows[limit].id), "link": "?"}} if len(rows) > limit else None
        return Told(200, {"results": results, **({"paging": more} if more else {})})

    def _listed(self, objects: str, after: int, most: int, *, archived: bool) -> list[Row]:
        """The rows from number `after` on."""
        rows = self.portal.rows[objects]
        if archived:
            numbers = sorted(self.portal.bin[objects])
            return [rows[n] for n in numbers if n >= after][:most]
        found: list[Row] = []
        for number in self.portal.numbers_from(objects, after):
            row = rows.get(number)
            if row is not None and row.archived_at is None:
                found.append(row)
                if len(found) == most:
                    break
        return found

    def get(self, ask: Ask) -> Told:
        """GET one object."""
        row = self._row(ask.objects, ask.match["id"], ask.query.get("idProperty"), ask)
        if row is None:
            return self._missing(ask.match["id"])
        names, past = ask.names("properties"), ask.names("propertiesWithHistory")
        shown = self._shown(ask.objects, row, names, past)
        self._add_links(shown, ask.objects, ask.names("associations") or ())
        return Told(200, shown)

    def find(self, ask: Ask) -> Told:
        """POST search. What it shows is as old as the index."""
        objects = ask.objects
        total, numbers, after = self.search.find(objects, ask.body or {})
        index, rows = self.portal.index[objects], self.portal.rows[objects]
        names = (ask.body or {}).get("properties") or None
        results = []
        for number in numbers:
            doc = index[number]
            row = rows.get(number) or Row(number, dict(doc.values), doc.changed, doc.changed)
            results.append(self._shown(objects, row, names, None, doc))
        told: dict[str, Any] = {"total": total, "results": results}
        if after:
            told["paging"] = {"next": {"after": after, "link": f"?after={after}"}}
        return Told(200, told)

    def read(self, ask: Ask) -> Told:
        """POST batch/read. A number that was merged away is answered with the winner."""
        objects, results, errors = ask.objects, [], []
        for one in self._inputs(ask, MOST_BATCH):
            by = ask.body.get("idProperty")
            row = self._row(objects, str(one["id"]), by, ask)
            if row is None:
                errors.append(self._lost(str(one["id"])))
            else:
                names = ask.body.get("properties") or None
                past = ask.body.get("propertiesWithHistory") or None
                results.append(self._shown(objects, row, names, past))
        unique = {one["id"]: one for one in results}
        return self._batch(200, list(unique.values()), errors)

    def make(self, ask: Ask) -> Told:
        """POST one object."""
        ident = self._create(ask.objects, ask.body["properties"])
        return Told(201, self._shown(ask.objects, self.portal.rows[ask.objects][ident], None, None))

    def make_many(self, ask: Ask) -> Told:
        """POST batch/create."""
        results, errors = [], []
        for one in self._inputs(ask, MOST_BATCH):
            try:
                ident = self._create(ask.objects, one["properties"])
            except Refused as why:
                errors.append(self._problem(why, one))
            else:
                row = self.portal.rows[ask.objects][ident]
                results.append(self._shown(ask.objects, row, None, None))
        return self._batch(201, results, errors)

    def _create(self, objects: str, values: Mapping[str, str]) -> int:
        ident = self.portal.create(objects, {}, OURS)
        row = self.portal.rows[objects][ident]
        try:
            self.portal.patch(objects, row, {n: str(v) for n, v in values.items()}, OURS)
        except Refused:
            self.portal.forget(objects, ident)
            raise
        return ident

    def change(self, ask: Ask) -> Told:
        """PATCH one object."""
        row = self._row(ask.objects, ask.match["id"], ask.query.get("idProperty"), ask)
        if row is None:
            return self._missing(ask.match["id"])
        self.portal.patch(ask.objects, row, _texts(ask.body["properties"]), OURS)
        return Told(200, self._shown(ask.objects, row, list(ask.body["properties"]), None))

    def change_many(self, ask: Ask) -> Told:
        """POST batch/update: each record for itself when it has a trace, else all or none."""
        objects, inputs = ask.objects, self._inputs(ask, MOST_BATCH)
        rows = [self._row(objects, str(one["id"]), one.get("idProperty"), ask) for one in inputs]
        numbers = [row.id for row in rows if row]
        if len(set(numbers)) < len(numbers):
            raise Refused(400, "VALIDATION_ERROR", "DUPLICATE_ID", "id", "an id stands twice")
        self._check_whole(objects, inputs, rows)
        results, errors = [], []
        for one, row in zip(inputs, rows, strict=True):
            if row is None:
                errors.append(self._lost(str(one["id"])))
                continue
            try:
                self.portal.patch(objects, row, _texts(one["properties"]), OURS)
            except Refused as why:
                errors.append(self._problem(why, one))
            else:
                results.append(self._shown(objects, row, list(one["properties"]), None))
        return self._batch(200, results, errors)

    def _check_whole(
        self, objects: str, inputs: Sequence[Mapping[str, Any]], rows: Sequence[Row | None]
    ) -> None:
        """Nothing is written when one record without a trace is wrong."""
        for one, row in zip(inputs, rows, strict=True):
            if row is not None and (self.whole_batches or not one.get("objectWriteTraceId")):
                self.portal.check(objects, row, _texts(one["properties"]))

    def drop(self, ask: Ask) -> Told:
        """DELETE one object."""
        if row := self._row(ask.objects, ask.match["id"], None, ask):
            self.portal.archive(ask.objects, row.id, OURS)
        return Told(204)

    def drop_many(self, ask: Ask) -> Told:
        """POST batch/archive."""
        for one in self._inputs(ask, MOST_BATCH):
            if row := self._row(ask.objects, str(one["id"]), None, ask):
                self.portal.archive(ask.objects, row.id, OURS)
        return Told(204)

    def merge(self, ask: Ask) -> Told:
        """POST merge."""
        objects = ask.objects
        winner = self._row(objects, str(ask.body["primaryObjectId"]), None, ask)
        loser = self._row(objects, str(ask.body["objectIdToMerge"]), None, ask)
        if winner is None or loser is None or winner.id == loser.id:
            raise Refused(400, "VALIDATION_ERROR", "CANNOT_MERGE", "id", "cannot be merged")
        ident = self.portal.merge(objects, winner.id, loser.id, who=OURS)
        return Told(200, self._shown(objects, self.portal.rows[objects][ident], None, None))

    def forget(self, ask: Ask) -> Told:
        """POST gdpr-delete."""
        row = self._row("contacts", str(ask.body["objectId"]), ask.body.get("idProperty"), ask)
        if row:
            self.portal.forget("contacts", row.id)
        return Told(204)

    # --- associations -------------------------------------------------------------------------

    def links(self, ask: Ask) -> Told:
        """POST associations batch/read."""
        here, there = object_of(ask.match["object"]), object_of(ask.match["to"])
        results = []
        for one in self._inputs(ask, MOST_LINKS):
            found = self.portal.links.get((str(here), int(one["id"]), str(there)), [])
            if found:
                types = [{"category": "HUBSPOT_DEFINED", "typeId": 1, "label": None}]
                to = [{"toObjectId": n, "associationTypes": types} for n in found]
                results.append({"from": {"id": str(one["id"])}, "to": to})
        return self._batch(200, results, [])

    def _add_links(self, shown: dict[str, Any], objects: str, to: Sequence[str]) -> None:
        for name in to:
            other = object_of(name) or name
            found = self.portal.links.get((objects, int(shown["id"]), other), [])
            if found:
                results = [{"id": str(n), "type": f"{objects}_to_{other}"} for n in found]
                shown.setdefault("associations", {})[other] = {"results": results}

    # --- properties and owners ----------------------------------------------------------------

    def properties(self, ask: Ask) -> Told:
        """GET properties."""
        shown = [
            one.shown(ask.objects)
            for name, one in self.portal.properties[ask.objects].items()
            if (ask.objects, name) not in self.portal.hidden
        ]
        return Told(200, {"results": shown})

    def property(self, ask: Ask) -> Told:
        """GET one property."""
        one = self.portal.properties[ask.objects].get(ask.match["name"])
        if one is None or (ask.objects, one.name) in self.portal.hidden:
            return self._missing(ask.match["name"])
        return Told(200, one.shown(ask.objects))

    def add_property(self, ask: Ask) -> Told:
        """POST one property."""
        return Told(201, self._add_property(ask.objects, ask.body))

    def add_properties(self, ask: Ask) -> Told:
        """POST properties batch/create."""
        results, errors = [], []
        for one in self._inputs(ask, MOST_BATCH):
            try:
                results.append(self._add_property(ask.objects, one))
            except Refused as why:
                errors.append(self._problem(why, {"id": one.get("name", "")}))
        return self._batch(201, results, errors)

    def _add_property(self, objects: str, body: Mapping[str, Any]) -> dict[str, Any]:
        name = str(body["name"])
        if name in self.portal.properties[objects]:
            raise Refused(409, "CONFLICT", "PROPERTY_EXISTS", name, "there is such a property")
        if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
            raise Refused(400, "VALIDATION_ERROR", "INVALID_NAME", name, "not a name")
        if body["groupName"] not in (*self.portal.groups[objects], f"{objects[:-1]}information"):
            raise Refused(400, "VALIDATION_ERROR", "GROUP_DOESNT_EXIST", name, "no such group")
        options = {str(o["value"]): str(o["label"]) for o in body.get("options") or ()}
        if body["type"] in ("enumeration", "bool") and not options:
            raise Refused(400, "VALIDATION_ERROR", "NO_OPTIONS", name, "options are needed")
        self.portal.own(
            objects,
            name,
            body["type"],
            label=body["label"],
            field_type=body["fieldType"],
            options=options,
            group=body["groupName"],
            description=body.get("description") or "",
        )
        return self.portal.properties[objects][name].shown(objects)

    def groups(self, ask: Ask) -> Told:
        """GET groups."""
        found = {f"{ask.objects[:-1]}information": "Information", **self.portal.groups[ask.objects]}
        results = [
            {"name": name, "label": label, "displayOrder": at, "archived": False}
            for at, (name, label) in enumerate(found.items())
        ]
        return Told(200, {"results": results})

    def add_group(self, ask: Ask) -> Told:
        """POST one group."""
        name, label = str(ask.body["name"]), str(ask.body["label"])
        if name in self.portal.groups[ask.objects]:
            raise Refused(409, "CONFLICT", "GROUP_EXISTS", name, "there is such a group")
        self.portal.groups[ask.objects][name] = label
        return Told(201, {"name": name, "label": label, "displayOrder": -1, "archived": False})

    def owners(self, ask: Ask) -> Told:
        """GET owners."""
        born = iso(0)
        results = [
            {
                "id": ident,
                "firstName": first,
                "lastName": last,
                "email": email,
                "type": "PERSON",
                "archived": False,
                "createdAt": born,
                "updatedAt": born,
            }
            for ident, (first, last, email) in self.portal.owners.items()
        ]
        return Told(200, {"results": results})

    def account(self, ask: Ask) -> Told:
        """GET account details."""
        return Told(
            200,
            {
                "portalId": self.portal.portal_id,
                "accountType": "STANDARD",
                "timeZone": self.portal.zone,
                "uiDomain": "app.hubspot.com",
                "dataHostingLocation": "eu1",
            },
        )

    # --- shapes -------------------------------------------------------------------------------

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


def _texts(values: Mapping[str, Any]) -> dict[str, str]:
    return {name: _text(value) for name, value in values.items()}


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


Endpoint = Callable[[Desk, Ask], Told]
VERSION: Final = r"20\d\d-(?:03|09)"


def _both(rest: str, kind: str, tail: str = "", *, v3: str = "v3") -> re.Pattern[str]:
    """`/crm/v3/objects/…` and `/crm/objects/2026-03/…` as one pattern."""
    return re.compile(f"/{rest}/(?:{v3}/{kind}|{kind}/{VERSION}){tail}/?")


_OBJECT, _ID = r"/(?P<object>[\w-]+)", r"/(?P<id>[^/]+)"
ROUTES: Final[tuple[tuple[str, re.Pattern[str], Endpoint], ...]] = (
    ("POST", _both("crm", "objects", _OBJECT + "/search"), Desk.find),
    ("POST", _both("crm", "objects", _OBJECT + "/merge"), Desk.merge),
    ("POST", _both("crm", "objects", "/contacts/gdpr-delete"), Desk.forget),
    ("POST", _both("crm", "objects", _OBJECT + "/batch/read"), Desk.read),
    ("POST", _both("crm", "objects", _OBJECT + "/batch/update"), Desk.change_many),
    ("POST", _both("crm", "objects", _OBJECT + "/batch/create"), Desk.make_many),
    ("POST", _both("crm", "objects", _OBJECT + "/batch/archive"), Desk.drop_many),
    ("GET", _both("crm", "objects", _OBJECT), Desk.list_page),
    ("POST", _both("crm", "objects", _OBJECT), Desk.make),
    ("GET", _both("crm", "objects", _OBJECT + _ID), Desk.get),
    ("PATCH", _both("crm", "objects", _OBJECT + _ID), Desk.change),
    ("DELETE", _both("crm", "objects", _OBJECT + _ID), Desk.drop),
    (
        "POST",
        _both("crm", "associations", _OBJECT + r"/(?P<to>[\w-]+)/batch/read", v3="v4"),
        Desk.links,
    ),
    ("GET", _both("crm", "properties", _OBJECT), Desk.properties),
    ("POST", _both("crm", "properties", _OBJECT), Desk.add_property),
    ("POST", _both("crm", "properties", _OBJECT + "/batch/create"), Desk.add_properties),
    ("GET", _both("crm", "properties", _OBJECT + "/groups"), Desk.groups),
    ("POST", _both("crm", "properties", _OBJECT + "/groups"), Desk.add_group),
    ("GET", _both("crm", "properties", _OBJECT + r"/(?P<name>\w+)"), Desk.property),
    ("GET", _both("crm", "owners"), Desk.owners),
    ("GET", re.compile(f"/account-info/(?:v3|{VERSION})/details"), Desk.account),
)
KINDS: Final = tuple(OBJECTS)
