"""Reading: everything once by pages of the list, then what changed by search, then the bin.

The first reading is by list (100 a call) and not by search (200 a call), though that takes twice
the calls: it shows the records themselves and not an index that lags, is not held to five calls a
second that the whole account shares, and needs no order. Changes are searched in a window with
a fixed end, by ascending id: HubSpot shows at most 10,000 rows of one query, so the last id is the
cursor, and `after` is never used.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import replace
from datetime import UTC, datetime
from itertools import dropwhile
from typing import Any, Final

from connectors.flags import Over, told
from connectors.hubspot.client import Api
from connectors.hubspot.shapes import BATCH, Row, Shape, raw_of, to_ms, with_links
from connectors.hubspot.windows import BIN_EVERY_MS, OVERLAP_MS, Mark
from connectors.protocol import Episode, Page
from rules.records import Record, Redirect, Tombstone

SEARCH_MOST: Final = 200
PROGRAMS: Final = frozenset({"INTEGRATION", "API", ""})
"""Where a value came from that may be ours, as HubSpot names it."""
PAST_MOST: Final = 10_000
"""So many changed records are asked for what their flags have been; after an import it is left."""


class Pulling:
    """One pull of one object. `counted`: how many records there are, when that was asked before."""

    def __init__(self, api: Api, shape: Shape, counted: int | None = None) -> None:
        self._api, self._shape, self._counted = api, shape, counted
        self._calls = api.calls

    def pages(self, mark: Mark | None) -> Iterator[Page]:
        """From the mark to the end."""
        if mark is None or (mark.at == "list" and not mark.high):
            # Asked first: it tells HubSpot's time too.
            total = self._api.count(self._shape.name) if self._counted is None else self._counted
            mark = replace(mark or Mark("list", high=0), high=self._now_ms(), total=total)
        if mark.at == "done":
            mark = mark.next_window(self._now_ms())
        held: Page | None = None
        if mark.at != "bin":
            pages = self._everything(mark) if mark.at == "list" else self._window(mark)
            for page, behind in pages:
                if behind.at == "bin":
                    held, mark = page, behind
                else:
                    yield page
        yield from self._bin(mark, held)

    # --- the first reading --------------------------------------------------------------------

    def _everything(self, mark: Mark) -> Iterator[tuple[Page, Mark]]:
        """Pages of the list, each with the mark behind it; the last leads to the bin."""
        shape = self._shape

        def fetch(after: str) -> Any:
            return self._api.page(shape.name, shape.asked, after or None, links=shape.links)

        for body, after in _ahead(fetch, mark.after, _next_page):
            rows = body["results"]
            shape.check(rows)
            fresh = dict(mark.fresh)
            records = []
            for row in rows:
                records.append(shape.record(row))
                stamp = shape.stamp(row)
                if not mark.low and mark.high - OVERLAP_MS <= stamp < mark.high:
                    # Who is changed while pages are turned, or was since an earlier reading, is
                    # to be shown by the search too: it asks what his flags have been.
                    _, fresh[row["id"]] = mark.remember(row["id"], stamp, self._content(row))
            shown = mark.shown + len(rows)
            mark = replace(mark, after=after or "", shown=shown, fresh=fresh)
            if not after:
                mark = replace(mark, at="bin", whole=True)
            ways = [way for row in rows for way in shape.redirects(row)]
            of = (shown, max(mark.total, shown))
            yield self._page(records, mark, redirects=ways, of=of), mark

    # --- what changed -------------------------------------------------------------------------

    def _window(self, mark: Mark) -> Iterator[tuple[Page, Mark]]:
        """Pages of the window, each with the mark behind it; the last leads to the bin."""

        def fetch(after: str) -> Any:
            return self._api.search(self._shape.name, self._query(mark, after))

        for body, after in _ahead(fetch, mark.after, _next_id):
            rows = body["results"]
            self._shape.check(rows)
            news, fresh = self._news(rows, mark)
            if not mark.after:
                mark = replace(mark, total=int(body["total"]))
            episodes = self._episodes(news, mark.first) if mark.total <= PAST_MOST else []
            again = len(rows) - len(news)
            mark = replace(mark, at="search" if after else "bin", after=after or "", fresh=fresh)
            records = [self._shape.record(row) for row in linked(self._api, self._shape, news)]
            eaten = [
                (way, self._shape.stamp(row)) for row in news for way in self._shape.redirects(row)
            ]
            # The index may go on showing who went up in another record: that is no news.
            mark = mark.bury({way.old.id: stamp for way, stamp in eaten})
            ways = [way for way, _ in eaten]
            page = self._page(records, mark, redirects=ways, stones=_stones(ways))
            yield replace(page, episodes=episodes, again=again), mark

    def _episodes(self, rows: Sequence[Row], low: int, *, archived: bool = False) -> list[Episode]:
        """The noes that these rows said for a while since then.

        Since our first reading, and not since the last one: whoever is changed again and again,
        always just before we look, is not shown for what he was in between.
        """
        flags, found = self._shape.flags, list[Episode]()
        for at in range(0, len(rows) if flags else 0, BATCH):
            now = {str(row["id"]): row for row in rows[at : at + BATCH]}
            asked = (self._shape.name, list(now), (), flags)
            for past in self._api.read(*asked, archived=archived):
                if (row := now.get(str(past["id"]))) is not None:
                    found += self._said_for_a_while(row, past, low)
        return found

    def _said_for_a_while(self, row: Row, past: Row, low: int) -> Iterator[Episode]:
        for name, said in (past.get("propertiesWithHistory") or {}).items():
            # The newest comes first. Who says no now will be shown, whatever the index shows; what he
            # said before counts all the same: the flag that stands may be ours, set before we looked.
            over = dropwhile(lambda one: one.get("value") == "true", said)
            noes = [_no(one) for one in over if one.get("value") == "true"]
            # Whose no is over, and still shown by the index, is told of all the same: he may be
            # read by himself before the page is taken.
            since = datetime.fromtimestamp(low / 1000, UTC)
            if late := [one for one in noes if one.since >= since]:
                values = {**row["properties"], name: "true"}
                record = self._shape.record({**row, "properties": values})
                yield from told(record, self._shape.canonical(name), late)

    def _query(self, mark: Mark, after: str) -> dict[str, Any]:
        """Open at the end: who is changed again and again, always just before we look, would be
        beyond any end. What is changed meanwhile the next window shows."""
        asked = ((self._shape.thing.stamp, "GTE", mark.low), ("hs_object_id", "GT", after))
        filters = [
            {"propertyName": name, "operator": how, "value": str(value or 0)}
            for name, how, value in asked
        ]
        return {
            "filterGroups": [{"filters": filters}],
            "sorts": [{"propertyName": "hs_object_id", "direction": "ASCENDING"}],
            "properties": list(self._shape.asked),
            "limit": SEARCH_MOST,
        }

    def _news(self, rows: Sequence[Row], mark: Mark) -> tuple[list[Row], dict[str, str]]:
        """The rows that were not shown before, and what is to be remembered of all."""
        fresh, news = dict(mark.fresh), []
        for row in rows:
            stamp, content = self._shape.stamp(row), self._content(row)
            is_news, fresh[row["id"]] = mark.remember(row["id"], stamp, content)
            if is_news:
                news.append(row)
        return news, fresh

    def _content(self, row: Row) -> str:
        """What a row holds, as far as a search shows it too."""
        return "" if self._shape.links else self._shape.version(raw_of(row))

    # --- what was deleted ---------------------------------------------------------------------

    def _bin(self, mark: Mark, held: Page | None) -> Iterator[Page]:
        """What lies in the bin since it was last read, behind the last page of the list or window.

        Behind the list only those count who say no: who said no and was deleted before we came may
        be entered again tomorrow.
        """
        page = held or self._page((), mark)
        self._calls -= page.calls_used
        if mark.whole and not self._shape.flags:
            end = replace(mark, bin_at=mark.high).settled().token
            yield replace(page, next=end, complete=True, full=True)
            return
        whole = mark.whole or mark.high - mark.bin_at >= BIN_EVERY_MS

        def fetch(after: str) -> Any:
            asked = self._shape.asked if self._shape.flags else ()
            return self._api.page(self._shape.name, asked, after or None, archived=True)

        for body, following in _ahead(fetch, mark.after, _next_page, most=None if whole else 1):
            found = self._buried(body["results"], mark)
            rows = [row for row in body["results"] if row["id"] in found]
            # Who had eaten others, and was deleted then: nobody else tells of those.
            eaten = [way for row in rows for way in self._shape.redirects(row)]
            stones = [*page.tombstones, *(self._stone(*one) for one in found.items())]
            stones += _stones(eaten)
            last = self._last_words(rows)
            named = {record.ref.id for record in last}
            late = [row for row in rows if mark.first and found[row["id"]] >= mark.first]
            episodes = self._episodes(late[:PAST_MOST], mark.first, archived=True)
            goes_on = following is not None and whole
            # Only what the next reading of the bin may meet again is remembered.
            again = {i: at for i, at in found.items() if not whole or at >= mark.high - OVERLAP_MS}
            mark = replace(mark.bury(again), after=following or "")
            if following is None:
                mark = replace(mark, bin_at=mark.high)
            shown = self._page(
                [*(record for record in page.records if record.ref.id not in named), *last],
                mark if goes_on else mark.settled(),
                complete=not goes_on,
                full=mark.whole and not goes_on,
                redirects=page.redirects,
                stones=stones,
                of=page.of,
            )
            yield replace(shown, episodes=[*page.episodes, *episodes], again=page.again)
            page = self._page((), mark)

    def _last_words(self, rows: Sequence[Row]) -> list[Record]:
        """Those in the bin who say no: a no outlives the record that said it.

        What the index shows of them may be older.
        """
        return [
            self._shape.record(row)
            for row in rows
            if any(row["properties"].get(name) == "true" for name in self._shape.flags)
        ]

    def _buried(self, rows: Sequence[Row], mark: Mark) -> dict[str, int]:
        since = mark.bin_at - OVERLAP_MS
        times = {str(row["id"]): to_ms(row["archivedAt"]) for row in rows if row.get("archivedAt")}
        return {
            ident: at for ident, at in times.items() if at >= since and mark.gone.get(ident) != at
        }

    def _stone(self, ident: str, at: int) -> Tombstone:
        return Tombstone(self._shape.ref(ident), datetime.fromtimestamp(at / 1000, UTC))

    # --- inside -------------------------------------------------------------------------------

    def _page(
        self,
        records: Sequence[Record],
        mark: Mark,
        *,
        complete: bool = False,
        full: bool = False,
        redirects: Sequence[Redirect] = (),
        stones: Sequence[Tombstone] = (),
        of: tuple[int, int] | None = None,
    ) -> Page:
        used, self._calls = self._api.calls - self._calls, self._api.calls
        return Page(
            records, mark.token, complete, full, tuple(stones), tuple(redirects), (), of, used
        )

    def _now_ms(self) -> int:
        """HubSpot's time. Its header knows whole seconds: the second under way counts as over."""
        return int(self._api.now().timestamp()) * 1000 + 999


def _no(version: Mapping[str, Any]) -> Over:
    at = datetime.fromtimestamp(to_ms(version["timestamp"]) / 1000, UTC)
    return Over(at, str(version.get("sourceType") or "") not in PROGRAMS)


def linked(api: Api, shape: Shape, rows: Sequence[Row]) -> list[Row]:
    """Rows of a search or a batch do not tell what they belong to: one call more for each kind."""
    found = list(rows)
    for to in shape.links:
        ids = [str(row["id"]) for row in found]
        links = api.linked(shape.name, to, ids) if ids else {}
        found = [with_links(row, to, links.get(str(row["id"]), ())) for row in found]
    return found


def _stones(ways: Sequence[Redirect]) -> list[Tombstone]:
    """A record that went up in another one is no more."""
    return [Tombstone(way.old, way.at) for way in ways]


def _next_page(body: Mapping[str, Any]) -> str | None:
    after = ((body.get("paging") or {}).get("next") or {}).get("after")
    return str(after) if after else None


def _next_id(body: Mapping[str, Any]) -> str | None:
    """The last id, as long as there are more rows than this page shows."""
    rows = body["results"]
    if not rows or int(body["total"]) <= len(rows):
        return None
    return str(max(int(row["id"]) for row in rows))


def _ahead(
    fetch: Callable[[str], Any],
    after: str,
    following: Callable[[Mapping[str, Any]], str | None],
    most: int | None = None,
) -> Iterator[tuple[Any, str | None]]:
    """Each answer with where the next one begins, which is under way while this one is worked on."""
    with ThreadPoolExecutor(1) as pool:
        body = fetch(after)
        while True:
            then = following(body)
            goes_on = then is not None and most is None
            coming: Future[Any] | None = (
                pool.submit(copy_context().run, fetch, str(then)) if goes_on else None
            )
            yield body, then
            if coming is None:
                return
            body = coming.result()
