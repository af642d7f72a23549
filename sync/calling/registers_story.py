"""What `sync registers` says, as text."""

from __future__ import annotations

from collections.abc import Iterator

from rules.permission import quarter
from rules.registers import Issue
from sync.calling.registers import Held, Planned, State
from sync.output import moment, number, table
from sync.texts import Texts


def told_state(found: State, texts: Texts) -> str:
    """A line for each register, what to do about it, and what is known of protection."""
    columns = ("name", "state", "issue", "age", "entries", "imported")
    headings = [texts.get(f"registers.column.{name}") for name in columns]
    rows = [_row(one, texts) for one in found.registers]
    lines = [table(headings, rows, right=frozenset({4}))]
    lines += [
        texts.get(f"registers.remedy.{one.state}", name=one.register)
        for one in found.registers
        if one.state != "current"
    ]
    known = found.protection
    facts = {"known": number(known.known, texts.lang), "records": number(known.records, texts.lang)}
    lines += ["", texts.get("registers.protection", **facts, days=known.days)]
    return "\n".join(lines)


def _row(one: Held, texts: Texts) -> list[str]:
    state = texts.get(f"registers.state.{one.state}")
    if one.dated is None or one.imported_at is None:
        return [one.register, state, "", "", "", ""]
    year, number_of_it = quarter(one.dated)
    return [
        one.register,
        state,
        texts.get("registers.issue", date=one.dated, year=year, number=number_of_it),
        texts.count("registers.days", one.days or 0),
        number(one.entries, texts.lang),
        texts.get("registers.imported", at=moment(one.imported_at, texts.lang), by=one.by),
    ]


def told_plan(planned: Planned, texts: Texts) -> str:
    """What the file holds, what would change, and the rows that cannot be used."""
    return "\n".join(_plan(planned, texts))


def _plan(planned: Planned, texts: Texts) -> Iterator[str]:
    figures = {
        name: number(getattr(planned, name), texts.lang)
        for name in ("rows", "entries", "added", "removed", "unusable")
    }
    yield texts.get("registers.read", file=planned.file, name=planned.register, **figures)
    if planned.replaces:
        yield texts.get("registers.replaces", date=planned.replaces, **figures)
    else:
        yield texts.get("registers.first", name=planned.register)
    if planned.unusable:
        yield texts.count("registers.unusable", planned.unusable)
    for one in planned.troubles:
        why = texts.get(f"registers.row.{one.code}")
        yield texts.get("registers.row", list=one.stream, row=one.row, why=why)
    if more := planned.unusable - len(planned.troubles):
        yield texts.count("registers.more", more)


def told_dropped(gone: Issue, texts: Texts) -> str:
    """Which one went."""
    return texts.get("registers.dropped", name=gone.register, date=gone.dated)
