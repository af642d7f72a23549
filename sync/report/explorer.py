"""The rows that stand in the page itself, to be searched and filtered without a network.

A page stays a few megabytes whatever there is: of each kind of change and finding some rows are
taken, of rare ones all. The full list beside the page has every row.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Final, NamedTuple, TypeVar

import orjson
from markupsafe import Markup

from rules.catalogue import Catalogue
from sync.report import changes, phrases
from sync.report.causes import title
from sync.report.listing import Row
from sync.report.model import Report
from sync.report.phrases import day
from sync.report.words import label
from sync.texts import Texts

G = TypeVar("G")

MOST_CHANGES: Final = 5000
MOST_FINDINGS: Final = 3000
LONGEST: Final = 200
"""Signs of a cell that are shown; the full list has all."""

_Group = tuple[str, str, str]
"""(change or finding, rule or code, field): findings are grouped by code alone."""


class Table(NamedTuple):
    """One table as the template needs it. `of`: how many rows there are in all."""

    name: str
    title: str
    columns: tuple[str, ...]
    filters: tuple[int, ...]
    rows: Sequence[Sequence[str]]
    of: int
    links: Sequence[str] = ()
    """For each row where its record can be opened; behind the last cell."""

    @property
    def data(self) -> Markup:
        """The rows as JSON for a script element; what repeats stands once, in `words`."""
        words: dict[str, int] = {}
        coded = [place for place in range(len(self.columns)) if self._repeats(place)]
        rows = [
            [
                words.setdefault(cell, len(words)) if place in coded else cell
                for place, cell in enumerate(row)
            ]
            for row in self.rows
        ]
        links = list(self.links) if any(self.links) else []
        found = {"coded": coded, "words": list(words), "rows": rows, "links": links}
        # No cell can end the element: "<" is written so that only JSON reads it.
        return Markup(orjson.dumps(found).decode().replace("<", "\\u003c"))  # noqa: S704

    def _repeats(self, place: int) -> bool:
        return len({row[place] for row in self.rows}) * 2 < len(self.rows) or place in self.filters


@dataclass
class Chosen:
    """Watches the full list on its way into its file and keeps some rows of each group."""

    report: Report
    catalogue: Catalogue
    texts: Texts
    _changes: list[Row] = field(default_factory=list)
    _findings: list[Row] = field(default_factory=list)
    _seen: Counter[tuple[str, ...]] = field(default_factory=Counter)
    _full: set[tuple[str, ...]] = field(default_factory=set)

    def __post_init__(self) -> None:
        changes_: Counter[_Group] = Counter()
        findings: Counter[_Group] = Counter()
        lists: dict[_Group, set[str]] = {}
        for one in self.report.changes:
            changes_["change", one.rule, one.field] += one.records
            lists.setdefault(("change", one.rule, one.field), set()).update(one.streams)
        for cause in self.report.findings:
            findings["finding", cause.code, ""] += cause.count
            lists.setdefault(("finding", cause.code, ""), set()).update(cause.streams)
        self._room = shares(changes_, MOST_CHANGES) | shares(findings, MOST_FINDINGS)
        # No list takes all the room of a group before the others had their turn.
        self._fair = {
            group: room if room >= (changes_ + findings)[group] else -(-room // len(lists[group]))
            for group, room in self._room.items()
        }

    def watch(self, rows: Iterable[Row]) -> Iterator[Row]:
        """The rows, unchanged."""
        for row in rows:
            if row.what != "blocked":
                self._look(row)
            yield row

    def _look(self, row: Row) -> None:
        is_change = row.what == "change"
        here = (row.what, row.code, row.field if is_change else "", row.stream)
        if here in self._full:
            return
        group = here[:3]
        if self._seen[group] >= self._room.get(group, 0) or self._seen[here] >= self._fair[group]:
            # Of a million rows most come by after their group is full.
            self._full.add(here)
            return
        self._seen[group] += 1
        self._seen[here] += 1
        (self._changes if is_change else self._findings).append(row)

    def tables(self) -> dict[str, Table]:
        """What was kept, as the page shows it."""
        return {"changes": self._change_table(), "findings": self._finding_table()}

    def _change_table(self) -> Table:
        names = ("field", "rule", "before", "after", "why", "list", _column(self._changes))
        return Table(
            "changes",
            self._t("heading.samples"),
            tuple(self._t(f"column.{name}") for name in names),
            (0, 1, 5),
            [self._change(row) for row in self._changes],
            sum(one.records for one in self.report.changes),
            [opened(row.link) for row in self._changes],
        )

    def _change(self, row: Row) -> list[str]:
        return [
            self._label(row.field),
            changes.rule_name(row.code).of(self.texts.lang),
            phrases.value(row.before[:LONGEST], self.texts),
            phrases.value(row.after[:LONGEST], self.texts),
            row.text[:LONGEST],
            phrases.listed(row.system, row.stream, self.texts),
            _place(row),
        ]

    def _finding_table(self) -> Table:
        names = (
            "severity", "finding", "field", "explanation", "owner", "due", "list",
            _column(self._findings),
        )  # fmt: skip
        return Table(
            "findings",
            self._t("heading.all_findings"),
            tuple(self._t(f"column.{name}") for name in names),
            (0, 1, 4, 6),
            [self._finding(row) for row in self._findings],
            sum(one.count for one in self.report.findings),
            [opened(row.link) for row in self._findings],
        )

    def _finding(self, row: Row) -> list[str]:
        return [
            self.texts.get(f"severity.{row.severity}"),
            title(row.code).of(self.texts.lang),
            self._label(row.field),
            row.text[:LONGEST],
            row.owner,
            day(date.fromisoformat(row.due), self.texts.lang) if row.due else "",
            phrases.listed(row.system, row.stream, self.texts),
            _place(row),
        ]

    def _label(self, name: str) -> str:
        return label(self.catalogue, name).of(self.texts.lang) if name else ""

    def _t(self, key: str) -> str:
        return self.texts.get(f"report.{key}")


def _place(row: Row) -> str:
    if row.place is not None:
        return str(row.place)
    return phrases.ident(row.ref)[:LONGEST]


def _column(rows: Sequence[Row]) -> str:
    """What the column of places is called: systems know no rows."""
    return "record" if any(row.place is None and row.ref for row in rows) else "row"


def opened(link: str) -> str:
    """An address that a page may lead to: nothing but the web's own."""
    return link if link.startswith("https://") else ""


def shares(groups: Mapping[G, int], room: int) -> dict[G, int]:
    """How many rows each group may show: small ones all, large ones the same."""
    left, given = room, dict[G, int]()
    for place, (key, number) in enumerate(sorted(groups.items(), key=lambda one: one[1])):
        given[key] = min(number, left // (len(groups) - place))
        left -= given[key]
    return given
