"""Whom a no beside the records is about: individuals, their contacts and leads, their contact points."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from hashlib import blake2b
from http import HTTPStatus
from typing import Any, Final, TypeVar

import orjson

from connectors.protocol import Page
from connectors.salesforce.client import Org
from connectors.salesforce.paging import OVERLAP, literal, moment, written
from connectors.salesforce.shapes import Shape
from rules.records import Kind, Record, Value

PEOPLE: Final[Mapping[str, Kind]] = {"Contact": Kind.CONTACT, "Lead": Kind.LEAD}
POINTS: Final[Mapping[str, str]] = {
    "ContactPointPhone": "TelephoneNumber",
    "ContactPointEmail": "EmailAddress",
}
LINK: Final = "IndividualId"
TYPED, POINTED = "ContactPointTypeConsent", "ContactPointConsent"
MARK: Final = "Ringren"
"""CaptureSource of what we wrote: as long as nobody else wrote it since, it is no news."""
SAID: Final = {"Phone": "phone, sms", "Email": "email"}
"""What a no to a type of contact point forbids, read strictly: nobody writes to a number either."""
MANY: Final = 200
"""Ids of one query."""
_NUMBERS: Final = frozenset({"direct_phone", "other_phone", "main_phone", "email"})

T = TypeVar("T")
Row = Mapping[str, Any]


class Individuals:
    """The people of one org.

    `shapes` are all objects that are read; `linked` those whose records may belong to an
    individual, `points` the contact points that we may see.
    """

    def __init__(
        self, org: Org, shapes: Mapping[str, Shape], linked: Sequence[str], points: Sequence[str]
    ) -> None:
        self._org, self._shapes = org, shapes
        self.linked, self.points = linked, points

    def page(self, page: Page, name: str, since: str) -> Page:
        """A page of an object, with whom its rows are about. Rows that are ours alone are left out.

        `since`: at the end of a reading of changes, individuals are looked at whose contacts and
        leads are new since then.
        """
        calls = self._org.calls
        records = list(self.about(page.records, name))
        if page.complete and since and name in {"Individual", TYPED}:
            records += self._newly_linked(name, since, {one.ref.id for one in records})
        used = self._org.calls - calls
        return replace(page, records=records, calls_used=page.calls_used + used)

    def about(self, records: Iterable[Record], name: str) -> Iterator[Record]:
        """The same records with their people's refs, numbers and addresses."""
        news = [one for one in records if not self._is_ours(one)]
        ids = sorted({ident for one in news if (ident := _text(one, "contact_ref")).isalnum()})
        if not ids:
            yield from (_told(one, {}) for one in news)
            return
        known = self._of_points(ids) if name == POINTED else self._people(ids)
        for one in news:
            yield _told(one, known.get(_text(one, "contact_ref"), {}))

    def _is_ours(self, one: Record) -> bool:
        user = self._org.user
        marked = _text(one, "opt_out_source") == MARK
        return bool(user) and marked and _text(one, "agent") == user

    def _people(self, parties: Sequence[str]) -> Mapping[str, Mapping[str, Value]]:
        """By individual: its contacts and leads, and what they can be reached by."""
        refs: dict[str, list[str]] = defaultdict(list)
        cells: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
        for some in chunks(parties, MANY):
            asked = [self.people_query(name, f"{LINK} IN ({listed(some)})") for name in self.linked]
            asked += [
                f"SELECT Id, ParentId, {field} FROM {name} WHERE ParentId IN ({listed(some)})"  # noqa: S608
                for name, field in POINTS.items()
                if name in self.points
            ]
            for row in self.rows(asked):
                kind = row["attributes"]["type"]
                party = row.get(LINK) or row["ParentId"]
                if kind in PEOPLE:
                    refs[party].append(f"{PEOPLE[kind]}/{row['Id']}")
                for field, text in self.reached_by(kind, row):
                    cells[party][field].append(text)
        return {
            party: {
                "contact_ref": " ".join(sorted(refs[party])),
                **{field: " / ".join(dict.fromkeys(some)) for field, some in cells[party].items()},
            }
            for party in {*refs, *cells}
        }

    def _of_points(self, ids: Sequence[str]) -> Mapping[str, Mapping[str, Value]]:
        """By contact point: its number or address."""
        found: dict[str, Mapping[str, Value]] = {}
        for some in chunks(ids, MANY):
            asked = [
                f"SELECT Id, {field} FROM {name} WHERE Id IN ({listed(some)})"  # noqa: S608
                for name, field in POINTS.items()
                if name in self.points
            ]
            for row in self.rows(asked):
                kind = row["attributes"]["type"]
                channel = SAID["Phone" if kind == "ContactPointPhone" else "Email"]
                found[row["Id"]] = {"channel": channel, **dict(self.reached_by(kind, row))}
        return found

    def reached_by(self, kind: str, row: Row) -> Iterator[tuple[str, str]]:
        """Fields of ours and the cells of a row, of a person or a contact point."""
        if kind in POINTS:
            if text := row.get(POINTS[kind]):
                yield "direct_phone" if kind == "ContactPointPhone" else "email", str(text)
            return
        for canonical, vendor in self.numbers(kind):
            if text := row.get(vendor):
                yield canonical, str(text)

    def numbers(self, name: str) -> list[tuple[str, str]]:
        """The fields of people that hold their own numbers and addresses."""
        return [
            (row.canonical, row.vendor)
            for row in self._shapes[name].rows
            if row.canonical in _NUMBERS
        ]

    def people_query(self, name: str, where: str) -> str:
        fields = ", ".join(["Id", LINK, *dict.fromkeys(v for _, v in self.numbers(name))])
        living = " AND IsConverted = false" if "IsConverted" in self._shapes[name].extra else ""
        return f"SELECT {fields} FROM {name} WHERE {where}{living}"  # noqa: S608

    def _newly_linked(self, name: str, since: str, known: set[str]) -> Iterator[Record]:
        """Noes of individuals to whom somebody was linked lately: they are older than he is."""
        new = f"{LINK} != null AND SystemModstamp >= {literal(since)}"
        rows = self.rows([self.people_query(one, new) for one in self.linked])
        parties = sorted({row[LINK] for row in rows})
        shape = self._shapes[name]
        key = "Id" if name == "Individual" else "PartyId"
        for some in chunks(parties, MANY):
            asked = (
                f"SELECT {', '.join(shape.asked)} FROM {name} "  # noqa: S608
                f"WHERE {key} IN ({listed(some)}) AND {shape.thing.only}"
            )
            found = [shape.record(row) for row in self.rows([asked])]
            yield from self.about([one for one in found if one.ref.id not in known], name)

    def rows(self, asked: Sequence[str]) -> list[Row]:
        """All rows of these queries, asked for together."""
        found: list[Row] = []
        for some in chunks(asked, 5):
            parts = [
                {"method": "GET", "url": self._org.query_path(soql, deleted=False)} for soql in some
            ]
            for answer in self._org.composite(parts):
                if answer["httpStatusCode"] != HTTPStatus.OK:
                    raise self._org.trouble(answer["httpStatusCode"], answer["body"])
                body = answer["body"]
                found += body["records"]
                while not body["done"]:
                    body = self._org.more(body["nextRecordsUrl"])
                    found += body["records"]
        return found


def _told(one: Record, known: Mapping[str, Value]) -> Record:
    """A row as a row of a list: whom it is about in place of the id of his individual."""
    said = SAID.get(_text(one, "channel"), "")
    values = {
        name: text for name, text in one.values.items() if name not in {"agent", "contact_ref"}
    }
    told: Mapping[str, Value] = {**values, **({"channel": said} if said else {}), **known}
    # Who is linked to the individual later makes another row of it.
    mark = blake2b(orjson.dumps(dict(known)), digest_size=6).hexdigest() if known else ""
    return one._replace(version=f"{one.version}{mark}", values=told)


def _text(one: Record, name: str) -> str:
    text = one.values.get(name)
    return text if isinstance(text, str) else ""


def chunks(many: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    return (many[at : at + size] for at in range(0, len(many), size))


def listed(ids: Sequence[str]) -> str:
    """Ids are letters and digits."""
    return ", ".join(f"'{one}'" for one in ids if one.isalnum())


def low_of(token: Mapping[str, Any] | None) -> str:
    """From when on a reading of changes looks; "" for a first one."""
    return written(moment(token["until"]) - OVERLAP) if token and token.get("done") else ""
