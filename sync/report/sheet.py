"""Smaller results for people - what an undo would do, why a record looks as it does - as tables.

A sheet is words and tables in both languages, so that terminal and page need to know no more.
"""

from __future__ import annotations

from collections.abc import Sequence

from rules.changes import Change
from rules.records import ABSENT
from state.findings import Noted
from state.history import Written
from state.proposals import Proposal
from sync.explain import Explanation
from sync.output import number, printable
from sync.report import changes, words
from sync.report.model import Part, Said, Words
from sync.undo import Undo


class Table(Part):
    """Rows under headings; `more` of them are not shown."""

    title: Words
    headings: tuple[Words, ...]
    rows: tuple[tuple[Words, ...], ...]
    more: int = 0


class Sheet(Part):
    """A title, what it comes to, and tables."""

    title: Said
    sentences: tuple[Said, ...]
    tables: tuple[Table, ...]


def sheet_of(result: object) -> Sheet | None:
    """The sheet of a result that has one."""
    if isinstance(result, Undo):
        return of_undo(result)
    if isinstance(result, Explanation):
        return of_explanation(result)
    return None


# --- undo ------------------------------------------------------------------------------------


def of_undo(undo: Undo) -> Sheet:
    """What taking a run back would do, and what it leaves alone."""
    skipped = sum(undo.skipped.values())
    sentences = [words.say("report.undo.would", records=undo.records, fields=undo.fields)]
    if skipped:
        sentences.append(words.say("report.undo.skips", count=skipped))
    sentences.append(words.say("report.undo.blocks"))
    tables = []
    if undo.samples:
        rows = [
            (_same(ref), _field(one.field), _cell(one.old), _cell(one.new))
            for ref, one in undo.samples
        ]
        tables.append(_table("undo.back", ("where", "field", "before", "after"), rows))
    if undo.skipped:
        counted = [(_reason(why), _number(n)) for why, n in undo.skipped.most_common()]
        tables.append(_table("undo.skipped", ("why", "records"), counted))
        alone = [(_same(ref), _reason(why)) for ref, why in undo.left_alone]
        more = skipped - len(alone)
        tables.append(_table("undo.left_alone", ("where", "why"), alone, more))
    title = words.say("report.undo.title", run=undo.run)
    return Sheet(title=title, sentences=tuple(sentences), tables=tuple(tables))


def _reason(why: str) -> Words:
    key = f"report.undo.why.{why}"
    return words.words(key) if words.exists(key) else _same(why)


# --- explain ---------------------------------------------------------------------------------


def of_explanation(told: Explanation) -> Sheet:
    """A record: how it stands, what we did and would do, what was found, who blocks it."""
    record = told.held.record
    title = words.say("report.explain.title", ref=str(record.ref))
    sentences = []
    if told.blocked_by:
        sentences.append(words.count("report.explain.blocked", len(told.blocked_by)))
    values = [
        (_field(name), _cell(value if isinstance(value, str) else None))
        for name, value in record.values.items()
        if value is not ABSENT and told.field in {None, name}
    ]
    tables = [_table("explain.values", ("field", "value"), values)]
    tables += _changes_of(told)
    found = [_finding(one) for one in told.found if told.field in {None, one.finding.field}]
    if found:
        tables.append(_table("explain.found", ("severity", "field", "finding", "when"), found))
    if told.blocked_by:
        events = [(_same(event),) for event in told.blocked_by]
        tables.append(_table("explain.events", ("event",), events))
    return Sheet(title=title, sentences=tuple(sentences), tables=tuple(tables))


def _changes_of(told: Explanation) -> list[Table]:
    headings = ("when", "field", "before", "after", "rule", "why")
    written = [
        (_when(one), *_change(change))
        for one in told.written
        for change in one.changes
        if told.field in {None, change.field}
    ]
    proposed = [
        (_state(one), *_change(change))
        for one in told.proposed
        for change in one.changes
        if told.field in {None, change.field} and one.closed_as != "applied"
    ]
    return [
        _table(f"explain.{name}", headings, rows)
        for name, rows in (("written", written), ("proposed", proposed))
        if rows
    ]


def _when(one: Written) -> Words:
    said = words.say("report.explain.in_run", at=one.applied_at, run=one.run, actor=one.actor)
    return Words(da=said.da, en=said.en)


def _state(one: Proposal) -> Words:
    return words.words(
        "report.explain.stands" if one.closed_as is None else "report.explain.no_longer"
    )


def _change(change: Change) -> tuple[Words, ...]:
    said = words.say(change.reason, **change.details)
    return (
        _field(change.field),
        _cell(change.old),
        _cell(change.new),
        changes.rule_name(change.rule),
        Words(da=said.da, en=said.en),
    )


def _finding(one: Noted) -> tuple[Words, ...]:
    finding = one.finding
    said = words.say(f"finding.{finding.code}", **finding.details)
    gone = one.gone_at
    when = words.say(
        "report.explain.gone" if gone else "report.explain.since", at=gone or one.first_seen_at
    )
    return (
        words.words(f"severity.{finding.severity}"),
        _field(finding.field) if finding.field else _same(""),
        Words(da=said.da, en=said.en),
        Words(da=when.da, en=when.en),
    )


# --- cells -----------------------------------------------------------------------------------


def _table(
    name: str, headings: Sequence[str], rows: Sequence[tuple[Words, ...]], more: int = 0
) -> Table:
    return Table(
        title=words.words(f"report.{name}"),
        headings=tuple(words.words(f"report.column.{heading}") for heading in headings),
        rows=tuple(rows),
        more=max(0, more),
    )


def _same(text: str) -> Words:
    return Words(da=printable(text), en=printable(text))


def _number(value: int) -> Words:
    return Words(da=number(value, "da"), en=number(value, "en"))


def _cell(text: str | None) -> Words:
    return _same(text) if text else words.words("report.empty")


def _field(name: str) -> Words:
    from rules.catalogue import DEFAULT

    return words.label(DEFAULT, name)
