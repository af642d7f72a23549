"""The full list: every proposed or written change, every finding, every blocked record, a row each.

Read page by page from the store and passed on as it comes, so that a million rows need no memory.
`sheets.py` and `page.py` write it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from rules.changes import Change
from rules.duties import USUAL, Duties
from rules.records import Kind, Ref
from state import mirror, overview
from state.overview import Changed, Found
from state.store import Store, Tx
from sync.duties import due_of
from sync.report import words
from sync.report.opt_outs import split, who
from sync.report.phrases import day
from sync.systems.opening import Linker
from sync.texts import Texts

PAGE: Final = 2000


def no_links(_system: str, _stream: str, _ref: Ref | None, _place: int | None) -> str:
    """For systems whose records cannot be opened by an address."""
    return ""


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
    link: str = ""
    """Where the record can be opened."""


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
    link: Linker = no_links

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
                ref = Ref(one.system, Kind(one.kind), one.id)
                yield Row(
                    "blocked",
                    one.system,
                    one.stream,
                    one.place,
                    str(ref),
                    who(held[one.rid].record.values) if one.rid in held else "",
                    "",
                    "",
                    ",".join(split(one.channels)),
                    "",
                    "",
                    texts.get("report.list.blocked", channels=channels, since=since),
                    link=self.link(one.system, one.stream, ref, one.place),
                )
            if len(page) < PAGE:
                return
            after = page[-1].rid

    def _changes(self, texts: Texts) -> Iterator[Row]:
        for one in self._changed():
            ref = Ref(one.system, mirror.KINDS[one.kind], one.id)
            link, named = self.link(one.system, one.stream, ref, one.place), str(ref)
            for change in one.changes:
                if self.only_rule is None or self.only_rule == change.rule:
                    yield _change_row(one, named, change, link, texts)

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
            yield from (self._finding(one, texts) for one in page if one.system in self.systems)
            if len(page) < PAGE:
                return
            after = page[-1].number

    def _finding(self, one: Found, texts: Texts) -> Row:
        found = one.finding
        ref = Ref(one.system, Kind(one.kind), one.id) if one.id and one.kind else None
        return Row(
            "finding",
            one.system,
            one.stream,
            one.place,
            str(ref) if ref else "",
            "",
            found.field or "",
            found.severity.value,
            found.code,
            "",
            "",
            words.found_in(found, self.duties.catalogue, texts.lang),
            texts.get(f"list.owner.{self.duties.owner(found.code, found.field)}"),
            due_of(found, one.first_seen_at, self.duties).isoformat(),
            link=self.link(one.system, one.stream, ref, one.place),
        )


def _change_row(one: Changed, ref: str, change: Change, link: str, texts: Texts) -> Row:
    return Row(
        "change",
        one.system,
        one.stream,
        one.place,
        ref,
        "",
        change.field,
        "",
        change.rule,
        change.old or "",
        change.new or "",
        texts.get(change.reason, **change.details),
        link=link,
    )
