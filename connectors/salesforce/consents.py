"""Consents by person and by contact point, as a list by number and address.

Whoever carries one as his own is OptOut on his consents of that type, and the contact points that are
one are OptOut themselves. A row says OptOut for every purpose that there is a row for; where there is
none, one without a purpose is made. OptIn is never sent. How they are read is told in `individuals`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

import orjson

from connectors.barring import Barring, Refusal
from connectors.salesforce.client import Org, code_of
from connectors.salesforce.individuals import (
    LINK,
    MANY,
    MARK,
    POINTED,
    POINTS,
    TYPED,
    Individuals,
    chunks,
    listed,
)
from connectors.salesforce.paging import literal, written
from connectors.salesforce.shapes import Shape
from rules.barring import Bar
from rules.errors import SystemStopped, TryAgain
from rules.keys import Key, KeyKind, keys_in
from rules.suppression import Channel

STATUS: Final = "PrivacyConsentStatus"
NO: Final = "OptOut"
WORD: Final = "consent"
TYPES: Final[Mapping[KeyKind, str]] = {KeyKind.PHONE: "Phone", KeyKind.EMAIL: "Email"}
FORBIDS: Final = {
    KeyKind.PHONE: frozenset({Channel.CALL}),
    KeyKind.EMAIL: frozenset({Channel.EMAIL}),
}
BATCH: Final = 100
"""Numbers of one question: each is looked for in whatever way it is written."""
COLLECTION_MOST: Final = 200
_PASSING: Final = frozenset({"UNABLE_TO_LOCK_ROW", "SERVER_UNAVAILABLE", "UNKNOWN_EXCEPTION"})

Target = tuple[str, str, str]
"""An object of consents, whom or what a row of it is about, and the type of contact point."""


@dataclass(frozen=True, slots=True)
class _Found:
    """For each bar: whose consents have to say no; and what the rows of each say now, by id."""

    targets: Mapping[Bar, frozenset[Target]]
    rows: Mapping[Target, Mapping[str, str]]

    def says_no(self, target: Target) -> bool:
        said = self.rows.get(_row_of(target), {})
        return bool(said) and set(said.values()) == {NO}


class Consents:
    """The consents of one org. `shapes` are all objects that are read, consents among them."""

    def __init__(
        self, org: Org, shapes: Mapping[str, Shape], people: Individuals, region: str
    ) -> None:
        self._org, self._shapes, self._people, self._region = org, shapes, people, region
        self._looked: _Found | None = None
        self._there = [name for name in (TYPED, POINTED) if name in shapes]

    @property
    def barring(self) -> Barring:
        """The facts; no list where the org has no such objects."""
        return Barring(FORBIDS if self._there else {}, batch_size=BATCH)

    def bar(self, batch: Sequence[Bar]) -> Iterator[Refusal]:
        """OptOut for every consent of theirs; what the org refuses for good is told. What was looked
        at just before need not be looked at again."""
        looked, self._looked = self._looked, None
        found = looked if looked and looked.targets.keys() >= set(batch) else self._found(batch)
        wanted = {target for bar in batch for target in found.targets[bar]}
        codes: dict[Target, str] = {}
        for target in sorted(wanted):
            if self._shapes[target[0]].locked & {STATUS}:
                codes[target] = "field_read_only"
        late = sorted(one for one in wanted if one not in codes and not found.says_no(one))
        codes |= self._write(late, found)
        for bar in batch:
            targets = found.targets[bar]
            if code := next((codes[one] for one in sorted(targets) if one in codes), ""):
                yield Refusal(bar, code)

    def barred(self, batch: Sequence[Bar]) -> Mapping[Bar, str]:
        """Those whose consents all say OptOut, by asking; "absent" for who has none and needs none."""
        found = self._looked = self._found(batch)
        return {
            bar: WORD if targets else "absent"
            for bar, targets in found.targets.items()
            if all(map(found.says_no, targets))
        }

    def _found(self, batch: Sequence[Bar]) -> _Found:
        self._seen_to()
        targets = self._targets(batch)
        about: dict[tuple[str, str], set[str]] = defaultdict(set)
        for name, ident, type_ in {one for some in targets.values() for one in some}:
            about[name, type_].add(ident)
        rows: dict[Target, dict[str, str]] = defaultdict(dict)
        asked = []
        for (name, type_), ids in sorted(about.items()):
            asked += [self._rows_query(name, type_, some) for some in chunks(sorted(ids), MANY)]
        for row in self._people.rows(asked):
            name = row["attributes"]["type"]
            ident = row["PartyId" if name == TYPED else "ContactPointId"]
            key = (name, ident, row.get("ContactPointType") or "")
            rows[key][row["Id"]] = str(row[STATUS] or "")
        return _Found(targets, rows)

    @staticmethod
    def _rows_query(name: str, type_: str, ids: Sequence[str]) -> str:
        if name == TYPED:
            return (
                f"SELECT Id, PartyId, ContactPointType, {STATUS} FROM {TYPED} "  # noqa: S608
                f"WHERE PartyId IN ({listed(ids)}) AND ContactPointType = '{type_}'"
            )
        return (
            f"SELECT Id, ContactPointId, {STATUS} FROM {POINTED} "  # noqa: S608
            f"WHERE ContactPointId IN ({listed(ids)})"
        )

    def _seen_to(self) -> None:
        """Nothing is believed of an object whose fields are hidden."""
        for name in self._there:
            if blind := self._shapes[name].blind:
                details = {"system": self._org.system, "stream": name, "field": blind[0]}
                raise SystemStopped("salesforce.no_hidden", **details)

    def _targets(self, batch: Sequence[Bar]) -> Mapping[Bar, frozenset[Target]]:
        """Whose consents have to say no. A number that several individuals share is nobody's own:
        it says no as a contact point, and takes nobody's other numbers with it."""
        owners: dict[Key, set[str]] = defaultdict(set)
        points: dict[Key, set[str]] = defaultdict(set)
        for row in self._people.rows(list(self._searches(batch))):
            kind = row["attributes"]["type"]
            into = points if kind in POINTS else owners
            for field, text in self._people.reached_by(kind, row):
                of = KeyKind.EMAIL if field == "email" else KeyKind.PHONE
                for key in keys_in(of, text, self._region):
                    into[key].add(row["Id"] if kind in POINTS else row[LINK])
        found = {}
        for bar in batch:
            key, targets = bar.key, set[Target]()
            if TYPED in self._there and len(owners[key]) == 1:
                targets = {(TYPED, one, TYPES[bar.key.kind]) for one in owners[key]}
            if POINTED in self._there:
                targets |= {(POINTED, one, TYPES[bar.key.kind]) for one in points[key]}
            found[bar] = frozenset(targets)
        return found

    def _searches(self, batch: Sequence[Bar]) -> Iterator[str]:
        """Queries for everybody, and every contact point, that may carry one of these."""
        phones = [one.key.value for one in batch if one.key.kind is KeyKind.PHONE]
        mails = [one.key.value for one in batch if one.key.kind is KeyKind.EMAIL]
        if TYPED in self._there:
            for name in self._people.linked:
                fields = self._people.numbers(name)
                wanted = [_holds(v, phones) for c, v in fields if c != "email" and phones]
                wanted += [_is_one_of(v, mails) for c, v in fields if c == "email" and mails]
                if wanted:
                    yield self._people.people_query(
                        name, f"{LINK} != null AND ({' OR '.join(wanted)})"
                    )
        if POINTED in self._there:
            for name, field in POINTS.items():
                texts = phones if name == "ContactPointPhone" else mails
                test = _holds if name == "ContactPointPhone" else _is_one_of
                if texts and name in self._people.points:
                    yield f"SELECT Id, {field} FROM {name} WHERE {test(field, texts)}"  # noqa: S608

    # --- the writes ---

    def _write(self, targets: Sequence[Target], found: _Found) -> Mapping[Target, str]:
        """Rows that say something else are changed, and one is made where there is none; what is
        refused for good, by target. An answer that is lost proves nothing: the next look tells."""
        said = {STATUS: NO, "CaptureDate": _now(self._org), "CaptureSource": MARK}
        edits: list[tuple[Target, Mapping[str, Any]]] = []
        makes: list[tuple[Target, Mapping[str, Any]]] = []
        for target in targets:
            name, ident, type_ = target
            kind = {"type": name}
            there = found.rows.get(_row_of(target), {})
            edits += [
                (target, {"attributes": kind, "id": one, **said})
                for one, status in there.items()
                if status != NO
            ]
            if not there:
                makes.append((target, {"attributes": kind, **_fresh(name, ident, type_), **said}))
        codes = dict(self._sent("PATCH", edits))
        return {**codes, **dict(self._sent("POST", makes))}

    def _sent(
        self, method: str, writes: Sequence[tuple[Target, Mapping[str, Any]]]
    ) -> Iterator[tuple[Target, str]]:
        ordered = sorted(writes, key=lambda one: one[0])
        for some in chunks(ordered, COLLECTION_MOST):
            body = {"allOrNone": False, "records": [record for _, record in some]}
            try:
                answer = self._org.write(method, "/composite/sobjects", body)
            except TryAgain:
                continue
            try:
                results = orjson.loads(answer.content)
            except orjson.JSONDecodeError:
                continue
            if answer.status_code >= HTTPStatus.BAD_REQUEST:
                raise self._org.trouble(answer.status_code, results)
            for (target, _), result in zip(some, results, strict=False):
                code = "" if result["success"] else code_of((result["errors"] or [{}])[0]) or "?"
                if code and code not in _PASSING:
                    yield target, code


def _fresh(name: str, ident: str, type_: str) -> Mapping[str, Any]:
    """The fields of a row that is made."""
    if name == TYPED:
        about = {"PartyId": ident, "ContactPointType": type_, "CaptureContactPointType": type_}
        return {"Name": f"{MARK}: {type_} {NO}", **about}
    return {"Name": f"{MARK}: {NO}", "ContactPointId": ident, "CaptureContactPointType": type_}


def _row_of(target: Target) -> Target:
    """How rows name it: a contact point has one type."""
    name, ident, type_ = target
    return (name, ident, type_ if name == TYPED else "")


def _now(org: Org) -> str:
    return literal(written(org.now()))


def _is_one_of(field: str, texts: Sequence[str]) -> str:
    quoted = (one.replace("\\", "\\\\").replace("'", "\\'") for one in texts)
    listed = ", ".join(f"'{one}'" for one in quoted)
    return f"{field} IN ({listed})"


def _holds(field: str, numbers: Sequence[str]) -> str:
    """Whether a cell may hold one of these numbers, whatever stands between its last eight digits.

    What else it finds is sorted out by reading the cell.
    """
    tails = ("%".join(one.removeprefix("+")[-8:]) for one in numbers)
    tests = " OR ".join(f"{field} LIKE '%{tail}%'" for tail in tails)
    return f"({tests})"
