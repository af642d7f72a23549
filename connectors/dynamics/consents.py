"""Consents of Customer Insights - Journeys: one row for a number or address, a channel and a purpose.

Read, a row that says no is a row of a list. Written, they are a list by number and address: whoever is a
contact or lead here, or has rows already, says no for every commercial purpose of the channel, in each
spelling in which his number stands. Rows of purposes that are not about advertising are left alone, and
nobody is ever opted in. (MicrosoftDocs/customer-insights: consent-record-creation.md.)
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from http import HTTPStatus
from typing import Any, Final, NamedTuple

from connectors.barring import Barring, Refusal
from connectors.dynamics import batches
from connectors.dynamics.client import PATH, Org, TooMuch, among, code_of
from connectors.dynamics.describing import who
from connectors.dynamics.mapping import CONSENT
from connectors.dynamics.pulling import NEXT
from connectors.dynamics.shapes import Row, Shape
from connectors.session import NoAnswer
from rules.barring import Bar, Each, Spelling, spelt
from rules.errors import SystemStopped, TryAgain
from rules.keys import Key, KeyKind, keys_in
from rules.records import Record
from rules.suppression import Channel

PURPOSES: Final = "msdynmkt_purposes"
COMMERCIAL, TRACKING = 534120000, 534120002
IS_PURPOSE: Final = 534120000
NO: Final = 534120002
NO_REASON: Final = 534119999
INTERNAL: Final = 534120000
MARK: Final = "Ringren"
"""The reason of what we wrote. The vendor's guide has it so, to break loops."""
TYPES: Final[Mapping[tuple[KeyKind, Channel], int]] = {
    (KeyKind.EMAIL, Channel.EMAIL): 534120000,
    (KeyKind.PHONE, Channel.SMS): 534120001,
    (KeyKind.PHONE, Channel.CALL): 534120003,
}
FORBIDS: Final = {
    KeyKind.PHONE: Each({Channel.CALL, Channel.SMS}),
    KeyKind.EMAIL: Each({Channel.EMAIL}),
}
WORD: Final = "consent"
BATCH: Final = 100
KEYS_A_QUERY: Final = 12
"""Keys of one query: an address may be some 32 KB long, and a number stands in many spellings."""
_VALUE, _TYPE, _SAID = "msdynmkt_contactpointvalue", "msdynmkt_contactpointtype", "msdynmkt_value"
_PURPOSE, _KIND = "_msdynmkt_purposeid_value", "msdynmkt_contactpointconsenttype"
_REASON: Final = "msdynmkt_reason"
_JSON: Final = {"Content-Type": "application/json"}


class Point(NamedTuple):
    """A number or address as it is spelt here, and a channel's type."""

    text: str
    type: int


Found = tuple[Mapping[Bar, set[Point]], Sequence[Row]]
"""For each bar the points that have to say no, and all rows about them."""


class Consents:
    """The consents of one environment. `shape` is their table's, `people` those of contacts and leads."""

    def __init__(self, org: Org, shape: Shape, people: Sequence[Shape], region: str) -> None:
        self._org, self._shape, self._people, self._region = org, shape, people, region
        self._looked: Found | None = None

    @cached_property
    def _me(self) -> str:
        return who(self._org)

    @cached_property
    def _purposes(self) -> Mapping[str, int | None]:
        """What each purpose is about, by id; where that is not told, it counts as advertising."""
        rows = self._org.get(f"{PURPOSES}?$select=msdynmkt_purposeid,msdynmkt_type")["value"]
        return {str(row["msdynmkt_purposeid"]): row.get("msdynmkt_type") for row in rows}

    @property
    def _commercial(self) -> list[str]:
        return [one for one, type_ in self._purposes.items() if type_ in {None, COMMERCIAL}]

    # --- reading ---

    def about(self, records: Iterable[Record]) -> Iterator[Record]:
        """Rows as rows of a list: what we wrote is left out, and so is tracking."""
        for one in records:
            if not self._is_ours(one) and not self._is_tracking(one):
                yield _told(one)

    def _is_ours(self, one: Record) -> bool:
        return one.values.get("opt_out_source") == MARK and one.values.get("agent") == self._me

    def _is_tracking(self, one: Record) -> bool:
        return self._purposes.get(str(one.values.get("campaign"))) == TRACKING

    # --- a list by number and address ---

    def barring(self) -> Barring:
        """The facts."""
        return Barring(FORBIDS, batch_size=BATCH)

    def barred(self, batch: Sequence[Bar]) -> Mapping[Bar, str]:
        """Those whose points all say no, for every commercial purpose: one call."""
        points, rows = self._looked = self._found(batch)
        return {
            bar: WORD if some else "absent"
            for bar, some in points.items()
            if all(not self._lacking(one, rows) for one in some)
        }

    def bar(self, batch: Sequence[Bar]) -> Iterator[Refusal]:
        """Say no, in one call; what was looked at just before need not be looked at again."""
        looked, self._looked = self._looked, None
        points, rows = looked if looked and looked[0].keys() >= set(batch) else self._found(batch)
        points = {bar: points[bar] for bar in batch}
        wanted = sorted({one for some in points.values() for one in some})
        writes = [(one, part) for one in wanted for part in self._lacking(one, rows)]
        codes = self._sent(writes)
        for bar, some in points.items():
            if code := next((codes[one] for one in sorted(some) if one in codes), ""):
                yield Refusal(bar, code)

    def _found(self, batch: Sequence[Bar]) -> Found:
        """For each bar the points that have to say no, and all rows about them."""
        if self._shape.blind:
            details = {"system": self._org.system, "stream": CONSENT, "field": self._shape.blind[0]}
            raise SystemStopped("dynamics.no_hidden", **details)
        spelt_: dict[Key, set[str]] = defaultdict(set)
        rows: list[Row] = []
        for table, row in self._asked(self._queries([one.key for one in batch])):
            if table == CONSENT:
                rows.append(row)
            for key, text in self._keys(table, row):
                spelt_[key].add(text)
        found = {
            bar: {
                Point(text, TYPES[bar.key.kind, channel])
                for text in spelt_[bar.key]
                for channel in bar.channels
            }
            for bar in batch
        }
        return found, rows

    def _keys(self, table: str, row: Row) -> Iterator[tuple[Key, str]]:
        texts = (str(row.get(one) or "") for one in self._columns(table))
        for text in texts:
            for kind in KeyKind.PHONE, KeyKind.EMAIL:
                yield from ((key, text) for key in keys_in(kind, text, self._region))

    def _columns(self, table: str) -> Sequence[str]:
        if table == CONSENT:
            return (_VALUE,)
        shape = next(one for one in self._people if one.name == table)
        return [
            *(v for _, v in _numbers(shape, "phone")),
            *(v for _, v in _numbers(shape, "email")),
        ]

    def _queries(self, keys: Sequence[Key]) -> Iterator[tuple[str, str]]:
        """Tables and addresses of everything that may be about these keys."""
        chosen = [self._shape.described.key, _VALUE, _TYPE, _SAID, _PURPOSE, _KIND]
        for kind in KeyKind.PHONE, KeyKind.EMAIL:
            of_kind = sorted({one.value for one in keys if one.kind is kind})
            for at in range(0, len(of_kind), KEYS_A_QUERY):
                texts = [
                    t for one in of_kind[at : at + KEYS_A_QUERY] for t in _spellings(kind, one)
                ]
                head = f"{self._shape.described.set}?$select={','.join(chosen)}"
                yield CONSENT, f"{head}&$filter={among(_VALUE, texts)}"
                for shape in self._people:
                    columns = [v for _, v in _numbers(shape, kind.value)]
                    tests = "%20or%20".join(among(one, texts) for one in columns)
                    if columns:
                        wanted = ",".join(self._columns(shape.name))
                        yield shape.name, f"{shape.described.set}?$select={wanted}&$filter={tests}"

    def _asked(self, queries: Iterable[tuple[str, str]]) -> Iterator[tuple[str, Row]]:
        """Rows of all these queries, in one call; each with its table."""
        listed = list(queries)
        parts = [batches.Request("GET", f"{PATH}{address}") for _, address in listed]
        answers = self._org.batch(parts) if parts else []
        for (table, address), answer in zip(listed, answers, strict=True):
            if answer is None or answer.status != HTTPStatus.OK:
                code = code_of(answer.body) if answer else "?"
                why = f"{address.partition('?')[0]} {code}"
                raise SystemStopped("dynamics.refused", system=self._org.system, why=why)
            body = answer.body
            while True:
                yield from ((table, row) for row in body["value"])
                if NEXT not in body:
                    break
                body = self._org.get(self._org.relative(body[NEXT]))

    def _lacking(self, point: Point, rows: Sequence[Row]) -> list[batches.Request]:
        """The writes that a point needs to say no; none where it does."""
        mine = [
            row
            for row in rows
            if (row[_VALUE] or "").casefold() == point.text.casefold() and row[_TYPE] == point.type
        ]
        commercial = self._commercial
        there = {row.get(_PURPOSE) for row in mine if row.get(_KIND) == IS_PURPOSE}
        edits = [
            self._edit(row[self._shape.described.key])
            for row in mine
            if row[_SAID] != NO and (row.get(_PURPOSE) in commercial or not row.get(_PURPOSE))
        ]
        return [*edits, *(self._make(point, one) for one in commercial if one not in there)]

    def _said(self) -> dict[str, Any]:
        has = self._shape.described.columns
        return {_SAID: NO, **({_REASON: MARK} if _REASON in has else {})}

    def _edit(self, ident: str) -> batches.Request:
        path = f"{PATH}{self._shape.described.set}({ident})"
        return batches.Request("PATCH", path, {**_JSON, "If-Match": "*"}, self._said())

    def _make(self, point: Point, purpose: str) -> batches.Request:
        body = {
            _VALUE: point.text,
            _TYPE: point.type,
            _KIND: IS_PURPOSE,
            "msdynmkt_purposeId@odata.bind": f"/{PURPOSES}({purpose})",
            "msdynmkt_source": INTERNAL,
            "msdynmkt_logicalreason": NO_REASON,
            **self._said(),
        }
        return batches.Request("POST", f"{PATH}{self._shape.described.set}", _JSON, body)

    def _sent(self, writes: Sequence[tuple[Point, batches.Request]]) -> Mapping[Point, str]:
        """What is refused for good, by point. An answer that is lost proves nothing."""
        codes: dict[Point, str] = {}
        for at in range(0, len(writes), batches.MOST):
            some = writes[at : at + batches.MOST]
            try:
                answers = self._org.batch([part for _, part in some])
            except (NoAnswer, TryAgain):
                continue
            except TooMuch as error:
                raise SystemStopped(
                    "dynamics.refused", system=self._org.system, why=error.code
                ) from None
            for (point, _), answer in zip(some, answers, strict=True):
                if answer is not None and answer.status in _FOR_GOOD:
                    codes[point] = code_of(answer.body) or str(answer.status)
        return codes


_FOR_GOOD: Final = frozenset({HTTPStatus.BAD_REQUEST, HTTPStatus.FORBIDDEN})


def _told(one: Record) -> Record:
    values = {n: text for n, text in one.values.items() if n not in {"agent", "campaign"}}
    text = values.get("direct_phone")
    if isinstance(text, str) and "@" in text:
        values["email"] = values.pop("direct_phone")
    return one._replace(values=values)


def _numbers(shape: Shape, kind: str) -> list[tuple[str, str]]:
    """The fields of a table that hold somebody's own numbers, or addresses."""
    wanted = {"email"} if kind == "email" else {"direct_phone", "other_phone"}
    return [(row.canonical, row.vendor) for row in shape.rows if row.canonical in wanted]


def _spellings(kind: KeyKind, value: str) -> list[str]:
    """Ways in which a key may be written; In() takes no patterns."""
    if kind is KeyKind.EMAIL:
        return [value.replace("'", "''")]
    found = [spelt(value, one) for one in Spelling]
    if value.startswith("+45") and len(value) == 11:
        own = value[3:]
        pairs, halves = " ".join(own[at : at + 2] for at in range(0, 8, 2)), f"{own[:4]} {own[4:]}"
        found += [
            f"{code}{text}" for code in ("", "+45 ", "0045 ") for text in (pairs, halves, own)
        ]
    return list(dict.fromkeys(found))
