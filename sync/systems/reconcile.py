"""`sync reconcile`: what systems say there is, held against what we know, and mended; in numbers.

A pass that only reads: each list is pulled to its end, then compared. The figures add up, or the
command ends as a bug of ours: listed = known + fetched + vanished, ours = known + buried + kept.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from rules.errors import Exit, InvariantBroken
from sync.app import App
from sync.facts import Failure, StreamFacts
from sync.output import number, printable, table
from sync.passes import Pass
from sync.stages.compare import Compared
from sync.texts import Texts

_COLUMNS: Final = ("ours", "theirs", "listed", "known", "fetched", "vanished", "buried", "kept")


@dataclass(frozen=True, slots=True)
class Stream:
    """One list: how it was compared. `how`: counts, ids, not (it cannot, or was stopped)."""

    system: str
    stream: str
    how: str
    read: int
    new: int
    changed: int
    as_known: int
    met_again: int
    compared: Compared | None


@dataclass(frozen=True, slots=True)
class Reconciled:
    """What came of it, list by list, and what could not be compared."""

    run: int
    streams: tuple[Stream, ...]
    failures: tuple[Failure, ...]
    exit_code: Exit


def reconcile(
    app: App, system: str | None, *, whole: bool, allow: frozenset[str] = frozenset()
) -> Reconciled:
    """Pull and compare; `whole`: the ids of every list, also where the counts are equal."""
    if system is not None:
        app.only = (system,)
    app.allow = allow
    with Pass(app, "reconcile") as one:
        one.pull(compare="ids" if whole else "counts")
        one.facts.stopped |= any(part.stops for part in one.facts.streams)
        outcome = one.end()
        return Reconciled(
            one.facts.run,
            tuple(_stream(part) for part in one.facts.streams),
            tuple(one.facts.failures),
            outcome.exit_code,
        )


def _stream(part: StreamFacts) -> Stream:
    pulled, compared = part.pulled, part.compared
    if compared is not None:
        _check(part, compared)
    how = "not" if compared is None else "counts" if compared.listed is None else "ids"
    figures = (pulled.read, pulled.born, pulled.moved, pulled.known, pulled.again) if pulled else ()
    return Stream(part.system, part.stream.name, how, *(figures or (0,) * 5), compared)


def _check(part: StreamFacts, done: Compared) -> None:
    if done.listed is None:
        return
    listed = done.known + done.fetched + done.vanished
    ours = done.known + done.buried + done.kept
    if (listed, ours) != (done.listed, done.ours):
        where = f"{part.system}/{part.stream.name}"
        raise InvariantBroken(f"what was compared does not add up in {where}: {done!r}")


# --- as text ----------------------------------------------------------------------------------


def as_text(found: Reconciled, texts: Texts, width: int | None) -> str:
    """The table, a line for each list that differed or could not be compared, and what failed."""
    heads = [texts.get(f"reconcile.{name}") for name in ("stream", *_COLUMNS)]
    rows = [_row(one, texts) for one in found.streams]
    right = frozenset(range(1, len(heads)))
    lines = [table(heads, rows, right=right, whole=right, width=width), ""]
    lines += [line for one in found.streams for line in _said(one, texts)]
    lines += [line for one in found.failures for line in _failed(one, texts)]
    return "\n".join(lines)


def _row(one: Stream, texts: Texts) -> list[str]:
    figures = [getattr(one.compared, name) if one.compared else None for name in _COLUMNS]
    if one.how == "counts":
        figures[2:] = [None] * (len(figures) - 2)
    shown = ["–" if value is None else number(value, texts.lang) for value in figures]
    return [f"{one.system}/{one.stream}", *shown]


def _said(one: Stream, texts: Texts) -> Iterator[str]:
    where, done = f"{one.system}/{one.stream}", one.compared
    if done is None:
        yield texts.get("reconcile.not", where=where)
    elif done.anew:
        yield texts.get("reconcile.anew", where=where)
    elif done.is_equal:
        yield texts.get(f"reconcile.equal.{one.how}", where=where)
    else:
        counts = {name: number(getattr(done, name), texts.lang) for name in ("fetched", "buried")}
        yield texts.get("reconcile.mended", where=where, **counts)


def _failed(one: Failure, texts: Texts) -> Iterator[str]:
    yield f"✗ {one.system}: {printable(texts.get(one.message, **dict(one.details)))}"
    if one.remedy:
        yield f"  → {printable(texts.get(one.remedy, **dict(one.details)))}"
