"""What calls about records are answered: lists, searches, batches, merges, associations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from simulators.hubspot.answers import Answers, Ask, Told
from simulators.hubspot.portal import OURS, Portal, Refused, Row
from simulators.hubspot.schema import object_of
from simulators.hubspot.searching import Search

MOST_LIST, MOST_LIST_WITH_PAST, MOST_BATCH, MOST_LINKS = 100, 50, 100, 1000


class Records(Answers):
    """The endpoints of records."""

    def __init__(self, portal: Portal) -> None:
        super().__init__(portal)
        self.search = Search(portal)
        self.whole_batches = False
        """A batch with one bad record is refused whole, whatever it says of traces."""

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


def _texts(values: Mapping[str, Any]) -> dict[str, str]:
    return {name: _text(value) for name, value in values.items()}


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)
