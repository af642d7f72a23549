"""One source's data are purged: what is kept of it goes, what it has filled is named.

What was written into the customer's systems is his own and stays, unless the run is undone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from connectors.sources.registry import SOURCES
from rules.enrichment.policy import RULE
from rules.errors import UserError
from rules.fields.field import PARTIES
from state import gains, lookups, mirror
from sync.app import App
from sync.output import number
from sync.report import words
from sync.report.asked import called
from sync.texts import Texts

_BATCH: Final = 2000
MOST_RUNS: Final = 5


@dataclass(frozen=True, slots=True)
class Purgeable:
    """What is kept of a source: keys asked about, answers as they came; and by run and field what it
    has filled and nobody took back."""

    source: str
    answers: int
    raw: int
    filled: Mapping[int, Mapping[str, int]]

    @property
    def fields(self) -> Counter[str]:
        """Values by field."""
        return sum((Counter(one) for one in self.filled.values()), Counter())


def preview(app: App, source: str) -> Purgeable:
    """What would go and what would stay. UserError for a name that is no source's."""
    if source not in SOURCES:
        raise UserError("error.no_such_source", source=source, known=", ".join(SOURCES))
    with app.store.reading() as tx:
        filled = gains.by_run(tx, source, RULE)
        return Purgeable(source, *lookups.kept(tx, source), filled)


def as_text(found: Purgeable, app: App, texts: Texts) -> str:
    """The preview in words."""
    source, fields = called(found.source, texts), found.fields
    answers, raw = number(found.answers, texts.lang), number(found.raw, texts.lang)
    lines = [texts.get("purged.preview", source=source, answers=answers, raw=raw)]
    if found.answers:
        lines.append(texts.get("purged.goes"))
    if not fields:
        return "\n".join([*lines, texts.get("purged.nothing_stays", source=source)])
    named = ", ".join(
        f"{words.label(app.catalogue, name).of(texts.lang)} {number(many, texts.lang)}"
        for name, many in fields.most_common()
    )
    filled = number(fields.total(), texts.lang)
    lines.append(texts.get("purged.stays", source=source, filled=filled, fields=named))
    newest = sorted(found.filled, reverse=True)[:MOST_RUNS]
    commands = ", ".join(f"sync undo {run} --rule {RULE}" for run in newest)
    return "\n".join([*lines, texts.get("purged.undo", commands=commands)])


def purge(app: App, source: str) -> int:
    """Delete all that a source has answered, set up or not; gives how many answers went.

    Records are decided once more without them. What was written from them stays: it is the
    customer's own.
    """
    gone = 0
    while some := _some(app, source):
        gone += some
    after: int | None = 0
    while after is not None:
        after = _decide_anew(app, after)
    return gone


def _some(app: App, source: str) -> int:
    with app.store.transaction() as tx:
        return lookups.forget(tx, source, _BATCH)


def _decide_anew(app: App, after: int) -> int | None:
    """A page of people and companies; the last of them, None behind the end."""
    with app.store.transaction() as tx:
        rids = [row.rid for *_, row in mirror.alive(tx, after, _BATCH, PARTIES)]
        mirror.make_dirty(tx, rids)
    return rids[-1] if rids else None
