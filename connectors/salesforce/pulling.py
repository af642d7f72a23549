"""Reading an object: what has changed since a cursor, page by page, with what was deleted.

A reading of changes has a frozen end, by the server's clock and a few seconds before it. Rows come in the
order of (stamp, id), so that a reading goes on where it was stopped. The next one begins ten minutes
before the end of the last, or earlier while a transaction that began before is still running, and
what was shown in that overlap is told apart by comparing sets: stamps are whole seconds, thousands
of rows share one, and rows become visible below a stamp that was already passed.

A cursor is one of
    {"low", "until", "after", "covered", "log", "old", "seen"}    under way; with
    {"job", "locator"} too                                        through a bulk job
    {"done", "until", "covered", "log", "seen"}                   at its end
    {"anew"}                               at the beginning once more: changes since then are asked for
both with {"told"} where the delete log was asked: what it said of the time that is asked once more,
{"starts"}, since when that log has been kept, {"first"}, the end of the very first reading, {"was"}, the beginning of the last one, and {"past"}:
from when on it is asked what flags were.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import quote

from connectors.protocol import Page, Token
from connectors.salesforce.bulk import FROM, JobFailed, JobGone, begin, page
from connectors.salesforce.client import LocatorDead, Org
from connectors.salesforce.paging import (
    OVERLAP,
    SEEN_MOST,
    Paging,
    changes_query,
    literal,
    moment,
    select,
    written,
)
from connectors.salesforce.pasts import Pasts, Said, episodes
from connectors.salesforce.shapes import Shape
from rules.errors import RingrenError, StartOver, SystemStopped
from rules.records import Tombstone

LOG_LIFE: Final = timedelta(days=14)
"""The delete log can be asked 15 days back; a day of margin. Longer away means reading anew."""
LOOK_BACK: Final = timedelta(days=30)
"""How far back it is asked what flags were of who has changed. Whoever is changed again and again,
always just before we look, is not shown for what he was in between."""
LOG_LEAST: Final = timedelta(minutes=1)
AHEAD: Final = timedelta(minutes=5)
"""So far the clock of answers may be ahead of the one that stamps rows, where the delete log is
closed to us: with it, the org itself tells up to when all is there."""
QUERIES_MOST: Final = 5

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class First:
    """The first answers of a change pull: its cursor, the query's page, the delete log's answer."""

    token: dict[str, Any]
    page: Mapping[str, Any]
    log: Mapping[str, Any] | None


class Pulling:
    """The readings of one org. `known` gives a stream's stored cursor by its name."""

    def __init__(
        self,
        org: Org,
        shapes: Mapping[str, Shape],
        known: Callable[[str], Token | None],
        bulk_from: int = FROM,
    ) -> None:
        self._org, self._shapes, self._known = org, shapes, known
        self.bulk_from = bulk_from
        self._pasts = Pasts(org, shapes)
        self._asked: dict[str, tuple[Token, First]] = {}

    def pull(self, shape: Shape, token: Token | None) -> Iterator[Page]:
        """Pages from `token` on; everything when it is None."""
        calls = self._org.calls
        if token is None or "anew" in token:
            begun = self._from_the_beginning(shape, token or {})
            yield from self._pages(shape, begun, calls)
        elif not token.get("done"):
            yield from self._pages(shape, dict(token), calls)
        else:
            first = self._first(shape, token)
            yield from self._pages(shape, first.token, calls, first)

    def _from_the_beginning(self, shape: Shape, token: Token) -> dict[str, Any]:
        settled = self._org.settled()
        end = begins = written(settled)
        covered = written(settled - AHEAD)
        starts = None
        # What is still running now may commit below the end of this reading.
        if log := self._log_of(shape.name, settled - 2 * LOG_LEAST, settled):
            covered = min(end, written(moment(log["latestDateCovered"])))
            # Nothing that was deleted before the log begins is shown by a query that starts now.
            starts = log["earliestDateAvailable"]
            begins = max(end, written(moment(starts)))
        covered = min(covered, token.get("anew", covered))
        return {
            "low": None, "until": end, "after": None, "covered": covered, "log": begins, "old": [],
            "seen": [], "first": token.get("first", written(settled - OVERLAP)),
            **({"starts": starts} if starts else {}),
        }  # fmt: skip

    def _log_of(self, name: str, start: datetime, end: datetime) -> Mapping[str, Any] | None:
        """The delete log; None where we may not see it: then everything is read anew at times."""
        try:
            return self._org.deleted(name, start, end)
        except SystemStopped:
            return None

    # --- the pages of one reading ---

    def _pages(
        self,
        shape: Shape,
        token: dict[str, Any],
        calls: int,
        first: First | None = None,
    ) -> Iterator[Page]:
        done = 0
        stones = _buried(shape, token, first.log) if first and first.log else []
        past = token.get("past") or token["low"]
        said: Said | None = None if token["low"] and shape.stream.can.episodes else {}
        with closing(self._answers(shape, token, first)) as answers:
            for answer in answers:
                rows = answer["records"]
                if token["low"] is None and answer["done"]:
                    rows = [*rows, *self._departed(shape, token["until"])]
                if rows and said is None:
                    said = self._pasts.said(shape, past)
                done += len(answer["records"])
                paging = Paging(shape, token, rows, stones, answer)
                stones = []
                token = dict(paging.next)
                told = list(episodes(shape, rows, said or {}, past))
                # The next page may be asked for while this one is used: its call counts there.
                known, calls = calls, self._org.calls
                yield paging.page(done, max(done, answer["totalSize"]), calls - known, told)

    def _answers(
        self, shape: Shape, token: dict[str, Any], first: First | None
    ) -> Generator[Mapping[str, Any]]:
        """The pages, each fetched while the one before is used."""
        if token.get("job"):
            yield from self._of_job(shape, token["job"], token["locator"])
            return
        deleted = token["low"] is not None
        after = token["after"]
        answer = first.page if first else self._ask(shape, token, after, deleted=deleted)
        if not (deleted or after) and answer["totalSize"] >= self.bulk_from:
            with suppress(JobFailed):
                job = begin(self._org, changes_query(shape, token, None, ordered=False))
                yield from self._of_job(shape, job, "", answer["totalSize"])
                return
        with ThreadPoolExecutor(1, "salesforce-ahead") as hands:
            while not answer["done"]:
                rows = answer["records"]
                after = [rows[-1]["SystemModstamp"], rows[-1]["Id"]] if rows else after
                coming: Future[Mapping[str, Any]] = hands.submit(
                    self._more, shape, token, after, answer["nextRecordsUrl"]
                )
                yield answer
                answer = coming.result()
        yield answer

    def _of_job(
        self, shape: Shape, job: str, locator: str, total: int = 0
    ) -> Generator[Mapping[str, Any]]:
        """The pages of a bulk job's results; `StartOver` when it is gone."""
        with ThreadPoolExecutor(1, "salesforce-ahead") as hands:
            coming = hands.submit(page, self._org, shape, job, locator)
            while True:
                try:
                    rows, locator = coming.result()
                except JobGone:
                    raise StartOver("salesforce.job_gone", stream=shape.name) from None
                if locator:
                    coming = hands.submit(page, self._org, shape, job, locator)
                yield {
                    "records": rows, "done": not locator, "totalSize": total,
                    "job": {"job": job, "locator": locator},
                }  # fmt: skip
                if not locator:
                    return

    def _more(
        self, shape: Shape, token: Mapping[str, Any], after: Any, url: str
    ) -> Mapping[str, Any]:
        try:
            return self._org.more(url)
        except LocatorDead:
            return self._ask(shape, token, after, deleted=token["low"] is not None)

    def _ask(
        self, shape: Shape, token: Mapping[str, Any], after: Any, *, deleted: bool
    ) -> Mapping[str, Any]:
        return self._org.query(changes_query(shape, token, after), deleted=deleted)

    # --- change pulls, several objects in one call ---

    def _first(self, shape: Shape, token: Token) -> First:
        there = self._asked.pop(shape.name, None)
        if there is None or there[0] != token:
            self._ask_several(shape, token)
            there = self._asked.pop(shape.name)
        return there[1]

    def _ask_several(self, shape: Shape, token: Token) -> None:
        """This object's first page, and with it those of others whose cursor is at its end."""
        end = self._org.settled()
        wanted = {shape.name: (token, _begun(token, end, shape.name))}
        for name in self._shapes:
            stored = self._known(name) if name not in wanted and name not in self._asked else None
            if stored and stored.get("done") and len(wanted) < QUERIES_MOST:
                with suppress(StartOver):
                    wanted[name] = (stored, _begun(stored, end, name))
        parts = [self._query_part(self._shapes[name], one) for name, (_, one) in wanted.items()]
        asked = [name for name, (_, one) in wanted.items() if _log_window(one)]
        parts += [self._log_part(name, wanted[name][1]) for name in asked]
        question = self._org.question()
        answers = self._org.composite([*parts, *question])
        if question:
            self._org.heard(answers.pop())
        logs = dict(zip(asked, answers[len(wanted) :], strict=True))
        for (name, (stored, begun)), answer in zip(wanted.items(), answers, strict=False):
            # What goes wrong with another object is told when that one is read.
            with suppress(*(() if name == shape.name else (RingrenError,))):
                self._asked[name] = (stored, self._heard(name, begun, answer, logs.get(name)))

    def _query_part(self, shape: Shape, token: Mapping[str, Any]) -> Mapping[str, Any]:
        soql = changes_query(shape, token, None)
        return {"method": "GET", "url": self._org.query_path(soql, deleted=True)}

    def _log_part(self, name: str, token: Mapping[str, Any]) -> Mapping[str, Any]:
        start, end = (quote(one.isoformat()) for one in _log_window(token) or ())
        path = self._org.path(f"/sobjects/{name}/deleted/?start={start}&end={end}")
        return {"method": "GET", "url": path}

    def _heard(
        self,
        name: str,
        begun: dict[str, Any],
        answer: Mapping[str, Any],
        told: Mapping[str, Any] | None,
    ) -> First:
        if answer["httpStatusCode"] != HTTPStatus.OK:
            raise self._org.trouble(answer["httpStatusCode"], answer["body"])
        log = self._log(name, begun, told)
        if log is not None:
            begun["log"], begun["starts"] = begun["until"], log["earliestDateAvailable"]
            begun["covered"] = min(begun["until"], written(moment(log["latestDateCovered"])))
        elif _log_window(begun):
            # Nobody tells what is still running: the overlap has to do.
            begun["covered"] = written(moment(begun["until"]) - AHEAD)
        return First(begun, answer["body"], log)

    def _log(
        self, name: str, begun: Mapping[str, Any], told: Mapping[str, Any] | None
    ) -> Mapping[str, Any] | None:
        """The delete log's answer. Where a composite call may not ask for it, it is asked alone."""
        window = _log_window(begun)
        if window is None:
            return None
        start, end = window
        log: Mapping[str, Any] | None
        if told is not None and told["httpStatusCode"] == HTTPStatus.OK:
            log = told["body"]
        else:
            log = self._log_of(name, start, end)
        starts = log["earliestDateAvailable"] if log is not None else begun.get("starts")
        if starts and starts != begun.get("starts") and moment(starts) > start:
            # The log was purged over our cursor: who was deleted meanwhile is told by nobody.
            raise StartOver("salesforce.log_purged", stream=name)
        return log

    def _departed(self, shape: Shape, until: str) -> list[Row]:
        """Deleted, merged and converted records that say no, at the end of a reading of everything:
        who said no and was deleted yesterday may come back by an import tomorrow.

        Those from before `until`: the others come with the changes.
        """
        if not shape.flags:
            return []
        gone = [f"{name} = true" for name in ("IsDeleted", "IsConverted") if name in shape.extra]
        noes = [f"{name} = true" for name in shape.flags]
        before = f"SystemModstamp < {literal(until)}"
        where = [f"({' OR '.join(gone)})", f"({' OR '.join(noes)})", before]
        answer = self._org.query(select(shape, where), deleted=True)
        rows = list(answer["records"])
        while not answer["done"]:
            answer = self._org.more(answer["nextRecordsUrl"])
            rows += answer["records"]
        return rows


def anew(token: Token) -> Token | None:
    """The cursor of another first reading, which leads to the changes since the old cursor's end."""
    times = [token[name] for name in ("covered", "low", "anew") if token.get(name)]
    if not times:
        return None
    return {"anew": min(times), "first": token.get("first", min(times))}


def _begun(token: Token, end: datetime, name: str) -> dict[str, Any]:
    """The cursor of a change pull that begins where a complete one ended."""
    if end - moment(token["log"]) > LOG_LIFE:
        raise StartOver("salesforce.away_too_long", stream=name)
    low = min(moment(token["covered"]), end) - OVERLAP
    until = max(moment(token["until"]), end)
    first, past = token.get("first", token["until"]), written(low - LOOK_BACK)
    return {
        "low": written(low), "until": written(until), "after": None, "covered": token["covered"],
        "log": token["log"], "old": token["seen"], "seen": [],
        "first": first, "past": max(first, min(token.get("was", past), past)),
        **{name: token[name] for name in ("told", "starts") if token.get(name)},
    }  # fmt: skip


def _log_window(token: Mapping[str, Any]) -> tuple[datetime, datetime] | None:
    """From where to where the delete log is asked.

    It overlaps as the rows do: whoever is deleted in a long transaction, or by another clock than
    that of the answer's header, is entered below an end that was already passed.
    """
    start, end = moment(token["log"]) - OVERLAP, moment(token["until"])
    return (start, end) if end - start >= LOG_LEAST else None


def _buried(shape: Shape, token: dict[str, Any], log: Mapping[str, Any]) -> list[Tombstone]:
    """What the log tells that it did not tell before; `told` is kept for the next time."""
    known, edge = set(token.get("told", ())), moment(token["until"]) - OVERLAP
    fresh, told = [], []
    for one in log["deletedRecords"]:
        mark, at = f"{one['id']} {one['deletedDate']}", moment(one["deletedDate"])
        if mark not in known:
            fresh.append(Tombstone(shape.ref(one["id"]), at))
        if at >= edge:
            told.append(mark)
    token["told"] = told[-SEEN_MOST:]
    return fresh
