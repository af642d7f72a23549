"""The lists that commands print: runs, findings, fields. Text in, text out; no store opened here."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from dataclasses import fields as dataclass_fields
from datetime import date, timedelta
from itertools import islice

from rules.catalogue import Catalogue
from rules.changes import Severity
from rules.duties import Duties
from rules.hygiene import RULES
from state import findings, overview
from state.findings import Noted
from state.history import Run
from state.store import Tx
from sync.app import App
from sync.duties import due_of
from sync.fields import rows
from sync.output import duration, moment, number, printable, table
from sync.report import words
from sync.report.causes import groups
from sync.report.model import FindingGroup
from sync.report.phrases import day
from sync.texts import Texts

_WORST_FIRST = {severity.value: order for order, severity in enumerate(Severity)}
_PAGE = 500
NEW = timedelta(days=7)
"""A finding that was first seen within the last week is new."""


def width() -> int | None:
    """A terminal's width; in a pipe nothing is cut."""
    return max(80, shutil.get_terminal_size().columns) if sys.stdout.isatty() else None


# --- runs ------------------------------------------------------------------------------------


def runs_table(runs: Sequence[Run], texts: Texts) -> str:
    """One line a run: number, when, what, by whom, how long, how it ended."""
    if not runs:
        return texts.get("list.no_runs")
    headings = [
        texts.get(f"list.{name}") for name in ("run", "started", "command", "by", "took", "ended")
    ]
    return table(
        headings, [run_row(run, texts) for run in runs], right=frozenset({0}), width=width()
    )


def run_row(run: Run, texts: Texts) -> list[str]:
    """One of them, column by column."""
    took = duration((run.ended_at - run.started_at).total_seconds()) if run.ended_at else ""
    ended = "open" if run.ended_at is None else str(run.exit_code)
    command = f"{run.command} {texts.get('list.dry')}" if run.dry else run.command
    return [
        str(run.run),
        moment(run.started_at, texts.lang),
        command,
        run.actor,
        took,
        texts.get(f"list.exit.{ended}"),
    ]


# --- findings --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which findings are asked for; None means any."""

    severity: str | None = None
    code: str | None = None
    field: str | None = None
    stream: str | None = None
    gone: bool = False
    decided: bool = False
    """Those that a person decided about, and no others."""
    owner: str | None = None
    """Who is to mend them."""


@dataclass(frozen=True, slots=True)
class Assigned(Noted):
    """A finding with who is to mend it, and the last day on which that is in time."""

    owner: str
    due: date


@dataclass(frozen=True, slots=True)
class Found:
    """The worst findings, and how many there are; None when nobody counted."""

    shown: list[Assigned]
    total: int | None


def find(tx: Tx, wanted: Wanted, limit: int, duties: Duties) -> Found:
    """At most `limit` findings, the worst first, then by kind and place."""
    fitting = _fitting(tx, wanted, duties)
    if wanted.gone or wanted.decided:
        return Found(first(tx, wanted, [wanted.code], limit, duties), None)
    codes = list(dict.fromkeys(code for _, code, _ in sorted(fitting)))
    total = sum(count for _, _, count in fitting)
    return Found(first(tx, wanted, codes, limit, duties), total)


def count(tx: Tx, wanted: Wanted, duties: Duties) -> int:
    """How many open findings there are of those."""
    return sum(number for *_, number in _fitting(tx, wanted, duties))


def _fitting(tx: Tx, wanted: Wanted, duties: Duties) -> list[tuple[int, str, int]]:
    """(how bad, code, how many) of the open findings that are asked for."""
    return [
        (_WORST_FIRST[severity], code, count)
        for _system, stream, code, severity, field, count in findings.counts(tx, _systems(tx))
        if wanted.severity in {None, severity}
        and wanted.code in {None, code}
        and wanted.field in {None, field}
        and wanted.stream in {None, stream}
        and wanted.owner in {None, duties.owner(code, field)}
    ]


def first(
    tx: Tx,
    wanted: Wanted,
    codes: Iterable[str | None],
    limit: int,
    duties: Duties,
    after: int = 0,
) -> list[Assigned]:
    """At most `limit` findings of these codes, in their order; nobody counts the rest.

    Of each code those `after` a number: the next page of one that was looked at.
    """
    mine = (
        one
        for one in _listed(tx, wanted, codes, after)
        if wanted.owner in {None, duties.owner(one.finding.code, one.finding.field)}
    )
    return [_assigned(one, duties) for one in islice(mine, limit)]


def causes(app: App, owner: str | None = None) -> list[FindingGroup]:
    """All open findings by cause, the worst and most frequent first, each with a few examples; of one
    owner, or of all."""
    since, duties = app.clock() - NEW, app.duties
    with app.store.reading() as tx:
        found = overview.causes(tx, _systems(tx), since)
        mine = [one for one in found if owner in {None, duties.owner(one.code, one.field)}]
        return groups(tx, mine, duties)


def causes_table(found: Sequence[FindingGroup], texts: Texts) -> str:
    """One line a cause: how bad, how many, how many of them are new, who mends it, by when."""
    if not found:
        return texts.get("list.no_findings")
    names = ("severity", "cause", "count", "new", "owner", "due")
    rows = [
        [
            texts.get(f"severity.{one.severity.value}"),
            one.title.of(texts.lang),
            number(one.count, texts.lang),
            number(one.new, texts.lang),
            one.owner_name.of(texts.lang),
            day(one.due, texts.lang),
        ]
        for one in found
    ]
    headings = [texts.get(f"causes.{name}") for name in names]
    return table(headings, rows, right=frozenset({2, 3}), whole=frozenset({0, 5}), width=width())


def _assigned(noted: Noted, duties: Duties) -> Assigned:
    finding = noted.finding
    told = {one.name: getattr(noted, one.name) for one in dataclass_fields(noted)}
    owner = duties.owner(finding.code, finding.field)
    return Assigned(**told, owner=owner, due=due_of(finding, noted.first_seen_at, duties))


def _systems(tx: Tx) -> list[str]:
    import sqlalchemy as sa

    from state.tables import findings as noted

    return list(tx.execute(sa.select(noted.c.system).distinct()).scalars())


def _listed(tx: Tx, wanted: Wanted, codes: Iterable[str | None], after: int = 0) -> Iterator[Noted]:
    for code in codes:
        last = after
        while page := findings.listed(
            tx, code=code, after=last, limit=_PAGE, with_gone=wanted.gone, decided=wanted.decided
        ):
            yield from (one for one in page if _fits(one, wanted))
            last = page[-1].fid


def _fits(noted: Noted, wanted: Wanted) -> bool:
    return (
        wanted.severity in {None, noted.finding.severity.value}
        and wanted.field in {None, noted.finding.field}
        and wanted.stream in {None, noted.stream}
    )


def findings_table(found: Found, texts: Texts) -> str:
    """One line a finding, and how many more there are."""
    if not found.shown:
        return texts.get("list.no_findings")
    headings = [
        texts.get(f"list.{name}") for name in ("number", "severity", "where", "field", "finding")
    ]
    headings += [texts.get(f"report.column.{name}") for name in ("owner", "due")]
    text = table(
        headings,
        [_finding(one, texts) for one in found.shown],
        right=frozenset({0}),
        whole=frozenset({0, 1, 2, 6}),
        width=width(),
    )
    hidden = (found.total or 0) - len(found.shown)
    if hidden <= 0:
        return text
    return f"{text}\n{texts.get('list.more', count=number(hidden, texts.lang))}"


def _finding(noted: Assigned, texts: Texts) -> list[str]:
    severity = texts.get(f"severity.{noted.finding.severity.value}")
    said = words.found(noted.finding).of(texts.lang)
    owner = texts.get(f"list.owner.{noted.owner}")
    return [
        str(noted.fid),
        severity,
        where(noted),
        noted.finding.field or "",
        said,
        owner,
        day(noted.due, texts.lang),
    ]


def where(noted: Noted) -> str:
    """The record or the place that a finding is about."""
    if noted.ref_id:
        return f"{noted.system}/{noted.kind}/{noted.ref_id}"
    return f"{noted.stream}:{noted.place}" if noted.place is not None else noted.stream


# --- fields ----------------------------------------------------------------------------------


def fields_table(catalogue: Catalogue, texts: Texts) -> str:
    """One line a field."""
    names = ("name", "label", "type", "owner", "mandatory", "age", "personal")
    headings = [texts.get(f"list.{name}") for name in names]
    lines = [[getattr(row, name) for name in names] for row in rows(catalogue, None, texts.lang)]
    return table(headings, lines, whole=frozenset({0}), width=width())


def field_sheet(catalogue: Catalogue, name: str, texts: Texts) -> str:
    """Everything about one field, one line a fact."""
    field = catalogue[name]
    row = next(row for row in rows(catalogue, None, texts.lang) if row.name == name)
    facts = {one.name: getattr(row, one.name) for one in dataclass_fields(row)}
    facts |= {
        "layer": texts.get(f"list.layer.{field.layer}"),
        "sources": " > ".join(row.sources.split(", ")),
        "choices": ", ".join(one.value for one in field.choices),
        "headers": ", ".join(field.aliases),
        "rules": ", ".join(rule.name for rule in RULES if name in rule.fields),
    }
    labels = {one: texts.get(f"list.{one}") for one in facts}
    width = max(map(len, labels.values()))
    lines = [
        f"{labels[one].ljust(width)}  {printable(fact)}" for one, fact in facts.items() if fact
    ]
    return "\n".join(lines)
