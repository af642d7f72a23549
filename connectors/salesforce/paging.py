"""One answer of a reading: the query that asked for it, its rows sorted, the cursor behind it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from typing import Any, Final

from connectors.protocol import Episode, Page, Token
from connectors.salesforce.shapes import Shape
from rules.records import Record, Redirect, Tombstone

OVERLAP: Final = timedelta(minutes=10)
"""The longest that a request may run (Salesforce: 10 minutes), and so commit late."""
SEEN_MOST: Final = 4000
"""More than this in an overlap is shown again instead of remembered: it changes nothing twice."""

Row = Mapping[str, Any]


class Paging:
    """One answer's rows, sorted into what a page holds, and the cursor after them."""

    def __init__(
        self,
        shape: Shape,
        token: Mapping[str, Any],
        rows: Sequence[Row],
        stones: Sequence[Tombstone],
        answer: Mapping[str, Any],
    ) -> None:
        self.shape, self.token, self.last = shape, token, bool(answer["done"])
        self.job = answer.get("job", {})
        self.records: list[Record] = []
        self.stones: dict[str, Tombstone] = {stone.ref.id: stone for stone in stones}
        self.ways: list[Redirect] = []
        self.again = 0
        self.told = token.get("told", [])
        self.full = token["low"] is None
        old, seen = set(token["old"] or ()), token["seen"]
        edge = written(moment(token["covered"]) - OVERLAP)
        seen = None if seen is None else list(seen)
        for row in rows:
            late = row["SystemModstamp"] >= edge
            # Only what may be shown twice has to be told apart.
            mark = _mark(shape, row) if late or old else ""
            if late and seen is not None:
                seen.append(mark)
            if mark in old:
                self.again += 1
            else:
                self._sort(row)
        self.next = self._cursor(rows, None if seen is None or len(seen) > SEEN_MOST else seen)

    def _sort(self, row: Row) -> None:
        shape = self.shape
        if not shape.gone(row):
            self.records.append(shape.record(row))
            # The log may still hold who was taken out of the recycle bin again.
            self.stones.pop(row["Id"], None)
            return
        if shape.says_no(row):
            # Shown for what it says, and buried at once: a no outlives the record that said it.
            self.records.append(shape.record(row))
        self.stones[row["Id"]] = shape.stone(row)
        if way := shape.way(row):
            self.ways.append(way)

    def _cursor(self, rows: Sequence[Row], seen: list[str] | None) -> Token:
        token = self.token
        if self.last:
            kept = {
                name: token[name] for name in ("until", "covered", "log", "starts") if name in token
            }
            told = {"told": self.told} if self.told else {}
            past = {"first": token["first"], **({"was": token["low"]} if token["low"] else {})}
            return {"done": True, **kept, "seen": seen, **told, **past}
        after = token["after"]
        if rows and not self.job:
            after = [rows[-1]["SystemModstamp"], rows[-1]["Id"]]
        return {**token, "after": after, "seen": seen, **self.job}

    def page(self, done: int, total: int, calls: int, episodes: Sequence[Episode]) -> Page:
        """As the engine takes it."""
        return Page(
            self.records,
            self.next,
            complete=self.last,
            full=self.last and self.full,
            tombstones=tuple(self.stones.values()),
            redirects=tuple(self.ways),
            of=(done, total),
            calls_used=calls,
            episodes=episodes,
            again=self.again,
        )


def changes_query(
    shape: Shape, token: Mapping[str, Any], after: Any, *, ordered: bool = True
) -> str:
    """The rows of a reading, from `after` on.

    Everything at once is asked for without an end: the query itself is a moment's picture, and
    who is changed just then must not look as if he had gone.
    """
    where = []
    if token["low"] is not None:
        where.append(f"SystemModstamp >= {literal(token['low'])}")
    elif "IsConverted" in shape.extra:
        where.append("IsConverted = false")
    if token["low"] is not None or after:
        where.append(f"SystemModstamp < {literal(token['until'])}")
    if shape.thing.only:
        where.append(shape.thing.only)
    if after:
        at, ident = literal(after[0]), after[1]
        where.append(f"(SystemModstamp > {at} OR (SystemModstamp = {at} AND Id > '{ident}'))")
    return select(shape, where) + (" ORDER BY SystemModstamp, Id" if ordered else "")


def select(shape: Shape, where: Sequence[str]) -> str:
    """The object's fields, of the rows that meet all conditions."""
    # All parts are names that describe gave us, and literals of our own making.
    asked = f"SELECT {', '.join(shape.asked)} FROM {shape.name}"  # noqa: S608
    return f"{asked} WHERE {' AND '.join(where)}" if where else asked


def _mark(shape: Shape, row: Row) -> str:
    """A row and its state, in a few letters."""
    # Who is converted or deleted in the second that was shown has neither another stamp nor other values.
    raw = f"{row['Id']}{shape.version(row)}{shape.gone(row)}".encode()
    return blake2b(raw, digest_size=9).hexdigest()


def written(at: datetime) -> str:
    """A moment as Salesforce's rows hold it."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000+0000")


def literal(stamp: str) -> str:
    """A stamp as SOQL writes it: a plus would have to be escaped."""
    return stamp.replace("+0000", "Z")


def moment(stamp: str) -> datetime:
    """The moment that a stamp names."""
    return datetime.fromisoformat(stamp)
