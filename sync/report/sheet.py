"""Smaller results for people - what an undo would do, why a record looks as it does - as tables.

A sheet is words and tables in both languages, so that terminal and page need to know no more.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence

from rules.changes import Change
from rules.records import ABSENT
from state.findings import Noted
from state.membership import Party
from sync.output import number, printable
from sync.report import changes, words
from sync.report.part import Part, Said, Words
from sync.review.explain import Explanation
from sync.review.undo import Undo
from sync.service.month import Month
from sync.suppression.receipts import Receipts


class Table(Part):
    """Rows under headings, each with a note below it or none; `more` rows are not shown."""

    title: Words
    headings: tuple[Words, ...]
    rows: tuple[tuple[Words, ...], ...]
    notes: tuple[Words, ...] = ()
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
    if isinstance(result, Receipts):
        from sync.report.receipt import of_receipts

        return of_receipts(result)
    if isinstance(result, Month):
        from sync.report.month import of_month

        return of_month(result)
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
            (_short(ref), _field(one.field), _cell(one.old), _cell(one.new))
            for ref, one in undo.samples
        ]
        tables.append(_table("undo.back", ("where", "field", "before", "after"), rows))
    if undo.skipped:
        counted = [(_reason(why), _number(n)) for why, n in undo.skipped.most_common()]
        tables.append(_table("undo.skipped", ("why", "records"), counted))
        alone = [(_short(ref), _reason(why)) for ref, why in undo.left_alone]
        more = skipped - len(alone)
        tables.append(_table("undo.left_alone", ("where", "why"), alone, more=more))
    title = words.say("report.undo.title", run=undo.run)
    return Sheet(title=title, sentences=tuple(sentences), tables=tuple(tables))


def _reason(why: str) -> Words:
    key = f"report.undo.why.{why}"
    return words.words(key) if words.exists(key) else _same(why)


# --- explain ---------------------------------------------------------------------------------


def of_explanation(told: Explanation) -> Sheet:
    """A record: how it stands, what we did and would do, what was found, who blocks it."""
    stands = told.held.record.values if told.held else {}
    values = [
        (_field(name), _cell(value if isinstance(value, str) else None))
        for name, value in stands.items()
        if value is not ABSENT and told.field in {None, name}
    ]
    tables = [_table(f"explain.{'stood' if told.gone else 'values'}", ("field", "value"), values)]
    tables += [_party(told, one) for one in told.parties]
    tables += [_changes("explain.written", [*_written(told)])] if told.written else []
    tables += [_changes("explain.proposed", [*_proposed(told)])] if told.proposed else []
    tables += [_findings(told)]
    title = words.say("report.explain.title", ref=str(told.ref))
    shown = tuple(part for part in tables if part.rows)
    return Sheet(title=title, sentences=tuple(_sentences(told)), tables=shown)


def _sentences(told: Explanation) -> Iterator[Said]:
    """What became of it, who blocks it, what went up in it."""
    if told.went_to:
        ref, old = str(told.went_to), str(told.ref)
        why = f"sync explain {shlex.quote(ref)}"
        key = "merged" if told.went_to.kind is told.ref.kind else "converted"
        yield words.say(f"report.explain.{key}", old=old, ref=ref, command=why)
    elif told.gone:
        yield words.say("report.explain.deleted")
    if told.blocked_by and not told.gone:
        why = f"sync suppression why {shlex.quote(str(told.ref))}"
        yield words.count("report.explain.blocked", len(told.blocked_by), command=why)
    for name, end in told.leads_to.items():
        yield words.say("report.explain.leads_to", field=_field(name), ref=str(end))
    if told.came_from:
        listed = ", ".join(str(one) for one in told.came_from)
        yield words.say("report.explain.came_from", refs=listed)


def _party(told: Explanation, party: Party) -> Table:
    """The same person or company elsewhere, and what says so."""
    others = [one for one in party.members if one.ref != told.ref]
    rows = [(_same(str(one.ref)), _reasons(one.reasons)) for one in others]
    return _table(f"explain.{party.kind.value}", ("where", "why"), rows)


def _reasons(reasons: Sequence[str]) -> Words:
    """What a record has in common with others, a person's own words as they are."""
    keys = [f"party.why.{one}" for one in reasons]
    if not all(words.exists(key) for key in keys):
        return _same(" ".join(reasons))
    said = [words.words(key) for key in keys]
    return Words(da=", ".join(one.da for one in said), en=", ".join(one.en for one in said))


_Row = tuple[tuple[Words, ...], Words]
"""The cells of a row, and the note below it."""


def _written(told: Explanation) -> Iterator[_Row]:
    for one in told.written:
        when = words.say("report.explain.in_run", at=one.applied_at, run=one.run, actor=one.actor)
        for change in one.changes:
            if told.field in {None, change.field}:
                yield _change(change, when)


def _proposed(told: Explanation) -> Iterator[_Row]:
    for one in told.proposed:
        state = words.words(f"report.explain.{_state(one.closed_as)}")
        for change in one.changes:
            if told.field in {None, change.field} and one.closed_as != "applied":
                yield _change(change, state)


def _state(closed_as: str | None) -> str:
    if closed_as == "merged":
        return "merged_away"
    return "no_longer" if closed_as else "stands"


def _change(change: Change, when: Words) -> _Row:
    why = words.say(change.reason, **change.details)
    rule = changes.rule_name(change.rule)
    note = words.say(
        "report.explain.note",
        why=why,
        rule=rule,
        name=change.rule,
        source=words.words(f"report.source.{change.source}"),
        when=when,
        otherwise=_otherwise(change),
    )
    return (_field(change.field), _cell(change.old), _cell(change.new)), note


def _otherwise(change: Change) -> Words:
    """What would stand there without this rule. As yet nothing but the cell itself has a say."""
    return words.words(f"report.otherwise.{'kept' if change.old else 'empty'}")


def _changes(name: str, rows: Sequence[_Row]) -> Table:
    cells = [row for row, _ in rows]
    return _table(name, ("field", "before", "after"), cells, [note for _, note in rows])


def _findings(told: Explanation) -> Table:
    noted = [one for one in told.found if told.field in {None, one.finding.field}]
    rows = [
        (
            words.words(f"severity.{one.finding.severity}"),
            _field(one.finding.field) if one.finding.field else _same(""),
            _seen(one),
        )
        for one in noted
    ]
    notes = [words.found(one.finding) for one in noted]
    return _table("explain.found", ("severity", "field", "when"), rows, notes)


def _seen(one: Noted) -> Words:
    if one.gone_at:
        return words.say("report.explain.gone", at=one.gone_at)
    key = "report.explain.decided" if one.decision else "report.explain.since"
    return words.say(key, at=one.first_seen_at, act=one.decision)


# --- cells -----------------------------------------------------------------------------------


def _table(
    name: str,
    headings: Sequence[str],
    rows: Sequence[tuple[Words, ...]],
    notes: Sequence[Words] = (),
    more: int = 0,
) -> Table:
    return Table(
        title=words.words(f"report.{name}"),
        headings=tuple(words.words(f"report.column.{heading}") for heading in headings),
        rows=tuple(tuple(map(_plain, row)) for row in rows),
        notes=tuple(map(_plain, notes)),
        more=max(0, more),
    )


def _plain(said: Words) -> Words:
    """Without what only a sentence of the report has."""
    return Words(da=said.da, en=said.en)


def _short(ref: str) -> Words:
    """The id of a reference: system and kind are the same all down a table."""
    return _same(ref.split("/", 2)[-1])


def _same(text: str) -> Words:
    return Words(da=printable(text), en=printable(text))


def _number(value: int) -> Words:
    return Words(da=number(value, "da"), en=number(value, "en"))


def _cell(text: str | None) -> Words:
    return _same(text) if text else words.words("report.empty")


def _field(name: str) -> Words:
    from rules.catalogue import DEFAULT

    return words.label(DEFAULT, name)
