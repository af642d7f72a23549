"""What is told of single records as text: why one looks as it does, and what undo would do.

A cell's text may hold anything; it is shown in quotes, on one line, and never longer than fits.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from rules.changes import Change
from rules.records import ABSENT, Value
from state.findings import Noted
from state.history import Written
from sync.output import moment, number, printable
from sync.texts import Texts

if TYPE_CHECKING:
    from sync.explain import Explanation
    from sync.undo import Undo

LONGEST = 120


def quoted(value: Value, texts: Texts) -> str:
    """A cell as shown: in quotes, or in words when there is nothing in it."""
    if value is ABSENT:
        return texts.get("account.absent")
    if not value:
        return texts.get("account.empty")
    text = printable(str(value))
    return f"»{text if len(text) <= LONGEST else text[: LONGEST - 1] + '…'}«"


def change_lines(change: Change, texts: Texts) -> Iterator[str]:
    """`field: »old« → »new«`, then by which rule and why."""
    old, new = quoted(change.old, texts), quoted(change.new, texts)
    yield f"{change.field}: {old} → {new}"
    why = texts.get(change.reason, **change.details) if change.reason else ""
    said = texts.get("account.by_rule", rule=change.rule, source=change.source)
    yield f"  {said}{': ' + printable(why) if why else ''}"


def explanation_text(told: Explanation, texts: Texts) -> str:
    """The record, who blocks it, what was changed when, what is proposed, what was found."""
    record = told.held.record
    lines = [str(record.ref)]
    if record.place is not None:
        lines[0] += texts.get("account.place", stream=told.held.stream, place=record.place)
    shown = [name for name in record.values if told.field in {None, name}]
    width = max(map(len, shown), default=0)
    lines += [f"  {name.ljust(width)}  {quoted(record.values[name], texts)}" for name in shown]
    lines += _part("blocked", [f"  {event}" for event in told.blocked_by], texts)
    lines += _part("written", list(_written(told.written, told.field, texts)), texts)
    proposed = [
        change
        for proposal in told.proposed
        if proposal.closed_as is None
        for change in proposal.changes
        if told.field in {None, change.field}
    ]
    lines += _part("proposed", [f"  {x}" for c in proposed for x in change_lines(c, texts)], texts)
    found = [one for one in told.found if told.field in {None, one.finding.field}]
    lines += _part("found", [f"  {_found(one, texts)}" for one in found], texts)
    return "\n".join(lines)


def _part(name: str, lines: Sequence[str], texts: Texts) -> list[str]:
    """A heading with its lines; what is not there is said too, but for blocks and findings."""
    heading = texts.get(f"account.{name}")
    if lines:
        return ["", heading, *lines]
    none = texts.find(f"account.{name}.none")
    return ["", none] if none else []


def _written(written: Sequence[Written], field: str | None, texts: Texts) -> Iterator[str]:
    for one in written:
        changes = [change for change in one.changes if field in {None, change.field}]
        if changes:
            at = moment(one.applied_at, texts.lang)
            undone = ""
            if one.undone_by is not None:
                undone = texts.get("account.undone", run=one.undone_by)
            yield f"  {texts.get('account.run', at=at, run=one.run, actor=one.actor)}{undone}"
        for change in changes:
            yield from (f"    {line}" for line in change_lines(change, texts))


def _found(noted: Noted, texts: Texts) -> str:
    severity = texts.get(f"severity.{noted.finding.severity}")
    text = texts.get(f"finding.{noted.finding.code}", **noted.finding.details)
    since = moment(noted.first_seen_at, texts.lang)
    parts = [f"{severity}: {printable(text)}", texts.get("account.since", at=since)]
    if noted.gone_at is not None:
        parts.append(texts.get("account.gone", at=moment(noted.gone_at, texts.lang)))
    return " · ".join(parts)


def undo_text(seen: Undo, texts: Texts) -> str:
    """What taking a run back would do: how much, examples, and what is left alone and why."""
    lang = texts.lang
    amounts = {"fields": number(seen.fields, lang), "records": number(seen.records, lang)}
    lines = [texts.get("undo.would", run=seen.run, **amounts)]
    if not seen.records:
        lines = [texts.get("undo.nothing", run=seen.run)]
    for name, change in seen.samples:
        old, new = quoted(change.old, texts), quoted(change.new, texts)
        lines.append(f"  {printable(name)} {change.field}: {old} → {new}")
    if seen.fields > len(seen.samples):
        more = number(seen.fields - len(seen.samples), lang)
        lines.append(f"  {texts.get('undo.more', count=more)}")
    for why, many in sorted(seen.skipped.items()):
        reason = texts.get(f"undo.why.{why}")
        lines += ["", texts.get("undo.left_alone", count=number(many, lang), reason=reason)]
        lines += [f"  {printable(name)}" for name, because in seen.left_alone if because == why]
    return "\n".join(lines)
