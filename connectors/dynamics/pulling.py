"""Pages and cursors: the first load and what changed since are one chain of links of the server's.

A link holds row versions, not times, so no clock can be wrong; it dies when it is left unused for
too long (7 days by the documentation). Then the table is read anew, and what is not seen is gone.
A table whose changes are not tracked is read whole each time.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final, Self

from connectors.dynamics.client import PAGE, TRACKED, Org
from connectors.dynamics.pasts import DELETED, History, Pasts, episodes, says_no
from connectors.dynamics.shapes import Row, Shape
from connectors.protocol import Episode, Page, Token
from rules.errors import StartOver
from rules.records import Record, Redirect, Ref, Tombstone

FORMAT: Final = 2
OVERLAP: Final = timedelta(minutes=10)
BEGINNINGS: Final = 3
APART: Final = timedelta(hours=1)
"""Of so many readings it is kept when they began, each so long after the one before: a no that a
write under way kept from a reading is asked for by those that follow, however soon they come."""
DELETES: Final = timedelta(days=30)
"""How far back a first reading asks for the deleted who said no."""
NEXT: Final = "@odata.nextLink"
DELTA: Final = "@odata.deltaLink"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a reading stands. `whole`: it shows every row; `done`: `link` leads to the changes.

    `mark` tells which columns are read. An empty `link` leads to the beginning. `since` is when
    earlier readings began, the oldest first: from that one on it is asked what flags were, because
    changes are told up to the oldest write still under way only, and who is changed again until
    that one ends is never shown as he was. `began` is this reading's time.
    """

    mark: str
    link: str = ""
    whole: bool = True
    done: bool = False
    since: tuple[str, ...] = ()
    began: str = ""

    @property
    def past(self) -> str:
        """From when on it is asked what flags were; "" in a first reading."""
        return self.since[0] if self.since else ""

    def token(self) -> Token:
        """The same as JSON."""
        return {"format": FORMAT, **asdict(self), "since": list(self.since)}

    @classmethod
    def of(cls, token: Token | None, shape: Shape) -> Self:
        """The place in a token; `StartOver` when it was made by other columns or another version."""
        if token is None:
            return cls(shape.mark)
        if token.get("format") != FORMAT or token.get("mark") != shape.mark:
            raise StartOver("dynamics.other_columns", system=shape.system, stream=shape.name)
        where = (token["link"], token["whole"], token["done"])
        return cls(shape.mark, *where, tuple(token["since"]), token["began"])


def anew(shape: Shape, token: Token) -> Token | None:
    """The place of another first reading, which tells of flags since the old place."""
    times = token.get("since") or [token.get("began")]
    if token.get("format") != FORMAT or not times[0]:
        return None
    return Place(shape.mark, since=tuple(times)).token()


def pull(org: Org, shape: Shape, token: Token | None, pasts: Pasts) -> Iterator[Page]:
    """Pages from `token` on; the next one is fetched while one is being used."""
    at = Place.of(token, shape)
    calls, history = org.calls, None
    alive: set[Ref] = set()
    whole = at.whole and not at.done
    if at.done and not shape.described.tracked:
        whole, at = True, Place(shape.mark, since=at.since)
    prefer = TRACKED if shape.described.tracked else f"odata.maxpagesize={PAGE}"
    address = at.link or shape.address
    with ThreadPoolExecutor(1) as ahead:
        waiting = ahead.submit(org.page, address, prefer)
        while True:
            body = waiting.result()
            began = at.began or _time(org)
            link = org.relative(body[NEXT]) if NEXT in body else ""
            if link:
                waiting = ahead.submit(org.page, link, prefer)
                place = Place(shape.mark, link, whole, since=at.since, began=began)
            else:
                delta = org.relative(body[DELTA]) if DELTA in body else ""
                place = Place(shape.mark, delta, done=True, since=_beginnings(at.since, began))
            page = _page(shape, body, place, alive, whole=whole)
            if history is None and at.past and (whole or page.records or page.tombstones):
                history = pasts.since(shape, at.past)
            elif history is None and whole:
                history = pasts.since(shape, _time(org, DELETES), (DELETED,))
            if history:
                rows = list(_rows(shape, body))
                told = list(episodes(shape, rows, history))
                page = _with_departed(shape, replace(page, episodes=told), rows, history)
            used, calls = org.calls - calls, org.calls
            yield replace(page, calls_used=used)
            at = place
            if not link:
                return


def _with_departed(shape: Shape, page: Page, rows: Sequence[Row], history: History) -> Page:
    """With the noes of those who were deleted: those that the page buries, or, behind everything
    that there is, all who are not among it. A no outlives the record that said it."""
    if not history.gone:
        return page
    for row in rows:
        history.gone.pop(str(row[shape.described.key]), None)
    buried = {stone.ref.id for stone in page.tombstones}
    gone = [row for ident, row in history.gone.items() if page.full or ident in buried]
    last = [shape.record(row) for row in gone if says_no(shape, row)]
    stones = [shape.stone(one.ref.id) for one in last if one.ref.id not in buried]
    told: list[Episode] = [*page.episodes, *episodes(shape, gone, history)]
    return replace(
        page,
        records=[*page.records, *last],
        tombstones=[*page.tombstones, *stones],
        episodes=told,
    )


def _time(org: Org, back: timedelta = OVERLAP) -> str:
    """The server's time, and a while before it: the log is written as late as rows are."""
    return f"{org.dated - back:%Y-%m-%dT%H:%M:%SZ}" if org.dated else ""


def _beginnings(known: tuple[str, ...], began: str) -> tuple[str, ...]:
    """When the last readings began, with one more if it is long enough after the others."""
    if not began or (known and _at(began) < _at(known[-1]) + APART):
        return known
    return (*known, began)[-BEGINNINGS:]


def _at(time: str) -> datetime:
    return datetime.fromisoformat(time)


def _rows(shape: Shape, body: Mapping[str, Any]) -> Iterator[Row]:
    return (row for row in body["value"] if not _is_stone(row) and shape.counts(row))


def _page(
    shape: Shape, body: Mapping[str, Any], place: Place, alive: set[Ref], *, whole: bool
) -> Page:
    """A page; `alive` is who was shown on the pages before it, where deletes are told at all."""
    records: list[Record] = []
    stones: list[Tombstone] = []
    ways: list[Redirect] = []
    for row in body["value"]:
        if _is_stone(row):
            stones.append(shape.stone(row["id"]))
        elif not shape.counts(row):
            if not whole:
                stones.append(shape.stone(row[shape.described.key]))
        else:
            records.append(shape.record(row))
            if shape.merged(row):
                # Shown once more, for what it says of being contacted, and buried.
                stones.append(shape.stone(row[shape.described.key]))
                if way := shape.way(row):
                    ways.append(way)
    shown = {record.ref for record in records} - {way.old for way in ways}
    if not whole:
        alive |= shown
        shown = alive
    return Page(
        records,
        place.token(),
        complete=place.done,
        full=place.done and whole,
        # A row that was made anew under its old id is in the list of the deleted as well.
        tombstones=[stone for stone in stones if stone.ref not in shown],
        redirects=ways,
    )


def _is_stone(row: Row) -> bool:
    return "reason" in row and str(row.get("@odata.context", "")).endswith("/$deletedEntity")
