"""The full list: every proposed or written change, every finding, every blocked record, a row each.

Read page by page from the store and written as it comes, so that a million rows need no memory.
One file: `.csv` for people, `.jsonl` for programs.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

import orjson

from rules.changes import Change
from rules.duties import USUAL, Duties
from state import mirror, overview
from state.overview import Changed, Found
from state.store import Store, Tx
from sync.duties import due_of
from sync.report import words
from sync.report.opt_outs import split, who
from sync.report.phrases import day
from sync.texts import Texts

PAGE: Final = 2000
_FORMULA: Final = frozenset("=+-@\t\r")


class Row(NamedTuple):
    """One line of the full list. `what` is blocked, change or finding."""

    what: str
    system: str
    stream: str
    place: int | None
    ref: str
    who: str
    """Whom a blocked record is about; empty on other rows."""
    field: str
    severity: str
    code: str
    """The finding's code, the change's rule, the channels of a block."""
    before: str
    after: str
    text: str
    owner: str = ""
    due: str = ""
    """Who mends a finding, and by when (ISO); empty on other rows."""


@dataclass(frozen=True, slots=True)
class Listing:
    """Where the rows come from: a plan, or what a run wrote; and what stands open now."""

    store: Store
    systems: tuple[str, ...]
    run: int
    plan: int | None
    only_rule: str | None
    wrote: bool
    duties: Duties = USUAL

    def rows(self, texts: Texts) -> Iterator[Row]:
        """All of them, blocks first, then changes, then findings; each page a transaction."""
        yield from self._blocked(texts)
        yield from self._changes(texts)
        yield from self._findings(texts)

    def _blocked(self, texts: Texts) -> Iterator[Row]:
        after = 0
        while True:
            with self.store.reading() as tx:
                page = overview.blocked_page(tx, self.systems, after, PAGE)
                held = mirror.held(tx, [one.rid for one in page])
            for one in page:
                since = day(one.since, texts.lang) if one.since else texts.get("report.unknown")
                channels = ", ".join(texts.get(f"report.channel.{c}") for c in split(one.channels))
                yield Row(
                    "blocked",
                    one.system,
                    one.stream,
                    one.place,
                    f"{one.system}/{one.kind}/{one.id}",
                    who(held[one.rid].record.values) if one.rid in held else "",
                    "",
                    "",
                    ",".join(split(one.channels)),
                    "",
                    "",
                    texts.get("report.list.blocked", channels=channels, since=since),
                )
            if len(page) < PAGE:
                return
            after = page[-1].rid

    def _changes(self, texts: Texts) -> Iterator[Row]:
        for one in self._changed():
            for change in one.changes:
                if self.only_rule in (None, change.rule):
                    yield _change_row(one, change, texts)

    def _changed(self) -> Iterator[Changed]:
        after = 0
        while self.wrote or self.plan is not None:
            with self.store.reading() as tx:
                page = self._page(tx, after)
            yield from page
            if len(page) < PAGE:
                return
            after = page[-1].number

    def _page(self, tx: Tx, after: int) -> Sequence[Changed]:
        if self.wrote or self.plan is None:
            return overview.written_page(tx, self.run, after, PAGE)
        return overview.proposed_page(tx, self.plan, self.systems, after, PAGE)

    def _findings(self, texts: Texts) -> Iterator[Row]:
        after = 0
        while True:
            with self.store.reading() as tx:
                page = overview.found_page(tx, after, PAGE)
            yield from (
                _finding_row(one, texts, self.duties) for one in page if one.system in self.systems
            )
            if len(page) < PAGE:
                return
            after = page[-1].number


def _change_row(one: Changed, change: Change, texts: Texts) -> Row:
    return Row(
        "change",
        one.system,
        one.stream,
        one.place,
        f"{one.system}/{one.kind}/{one.id}",
        "",
        change.field,
        "",
        change.rule,
        change.old or "",
        change.new or "",
        texts.get(change.reason, **change.details),
    )


def _finding_row(one: Found, texts: Texts, duties: Duties) -> Row:
    found = one.finding
    return Row(
        "finding",
        one.system,
        one.stream,
        one.place,
        f"{one.system}/{one.kind}/{one.id}" if one.id else "",
        "",
        found.field or "",
        found.severity.value,
        found.code,
        "",
        "",
        words.found(found, duties.catalogue).of(texts.lang),
        texts.get(f"list.owner.{duties.owner(found.code, found.field)}"),
        due_of(found, one.first_seen_at, duties).isoformat(),
    )


def beside(report: Path) -> Path:
    """Where the full list of an HTML report stands: `report.html` -> `report-all.csv`."""
    return report.with_name(f"{report.stem}-all.csv")


def write(listing: Listing, path: Path, lang: str) -> None:
    """All rows into `path`: JSON lines when it ends in .jsonl, else CSV. Readable by its owner."""
    path.unlink(missing_ok=True)
    path.touch(mode=0o600)
    texts = Texts(lang)
    rows = listing.rows(texts)
    if path.suffix == ".jsonl":
        with path.open("wb") as lines:
            lines.writelines(orjson.dumps(row._asdict()) + b"\n" for row in rows)
        return
    # A BOM and, in Danish, semicolons: what the office programs of these countries open rightly.
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file, delimiter=";" if lang == "da" else ",")
        writer.writerow([texts.get(f"report.list.{name}") for name in Row._fields])
        writer.writerows(map(_safe, rows))


def _safe(row: Row) -> list[object]:
    """Cells that no spreadsheet takes for formulas: an apostrophe before what looks like one."""
    return [f"'{cell}" if cell.__class__ is str and cell[:1] in _FORMULA else cell for cell in row]
