"""`sync enrich`: one pass in which sources are asked before it is decided what to write.

The same pass as `sync run`, with one stage more: what the sources answered is kept in the store, and
deciding takes it from there, in this pass and in every later one. So a plan of it is applied,
explained and undone like any other.
"""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, NamedTuple

from rules.enrichment.manual import TOLD
from rules.enrichment.policy import RULE
from rules.errors import SystemStopped, TryAgain, UserError
from rules.spans import COPENHAGEN
from state import calls, gains, history, lookups
from state.lookups import Standing
from state.store import Tx
from sync.app import App
from sync.passes import Outcome, Pass
from sync.report.model import Kept
from sync.report.part import Said
from sync.run import finish
from sync.stages.asking import COMMANDS, Asked, Wish

if TYPE_CHECKING:
    from connectors.sources.source import Source


def enrich(
    app: App, wish: Wish, *, dry: bool, allow: frozenset[str] = frozenset()
) -> tuple[Outcome, list[Asked]]:
    """Pull, decide, ask, decide again; then as `sync run`. A dry run asks what costs nothing."""
    _refuse_unknown(app, wish)
    app.allow = allow
    with Pass(app, COMMANDS[dry]) as one:
        number = one.new_plan()
        one.pull(None, number)
        one.decide(number)
        one.ask(wish)
        one.decide(number)
        return finish(one, number, dry=dry), one.facts.asked


def _refuse_unknown(app: App, wish: Wish) -> None:
    if not app.sources:
        raise UserError("error.no_sources")
    if wish.source is not None and wish.source not in app.sources:
        known = ", ".join(app.sources)
        raise UserError("error.no_such_source", source=wish.source, known=known)
    fields = set().union(*(one.profile.about for one in app.sources.values()))
    if wish.only is not None and wish.only not in fields:
        listed = ", ".join(sorted(fields))
        raise UserError("error.no_source_for", field=wish.only, known=listed)


# --- what there is ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SourceLine:
    """How a source stands: what it may fill, what it costs, what it has said, what is left."""

    source: str
    fields: tuple[str, ...]
    price_ore: int
    answers: Mapping[str, int]
    answered_at: datetime | None
    calls_today: int
    ore_today: int
    credit: int | None
    error: Said | None
    """What stopped it the last time that it was asked."""
    error_at: datetime | None
    not_bought: tuple[Said, ...]
    """Parts of it that were found not to be in the contract then."""
    month: Gained
    """Since the first of this month."""


@dataclass(frozen=True, slots=True)
class Gained:
    """What a source gave, and what it took: fields filled or renewed, addresses and numbers
    verified, findings raised, calls, øre; and how many fields, addresses and numbers for a krone (None
    where nothing was spent)."""

    filled: int
    verified: int
    raised: int
    calls: int
    ore: int
    per_krone: float | None


def sources(app: App) -> list[SourceLine]:
    """Each source that is set up; one that sells look-ups in advance is asked how many are left."""
    with app.store.reading() as tx:
        stands = {one.source: one for one in lookups.standing(tx)}
        spent = {
            name: (
                calls.used(tx, name, app.today).get(calls.TOTAL, 0),
                calls.paid(tx, name, app.today),
            )
            for name in app.sources
        }
        last = _last_asked(tx, app.sources)
        month = gained(tx, app, app.today.replace(day=1), app.today)
    return [
        _line(one, stands.get(name), *spent[name], last.get(name), month[name])
        for name, one in app.sources.items()
    ]


def gained(tx: Tx, app: App, first: date, last: date) -> dict[str, Gained]:
    """What each source that is set up gave and took on these days, both ends included."""
    begun = datetime.combine(first, time(), COPENHAGEN)
    until = datetime.combine(last + timedelta(days=1), time(), COPENHAGEN)
    filled = gains.since(tx, begun, RULE, until)
    raised = gains.raised(tx, begun, TOLD, until)
    answered = gains.answered(tx, begun, until)
    found = {}
    for name, one in app.sources.items():
        verified = answered[name] if one.profile.verifies else 0
        used, ore = calls.spent(tx, name, first, last)
        per = round((filled[name] + verified) * 100 / ore, 2) if ore else None
        found[name] = Gained(filled[name], verified, raised[name], used, ore, per)
    return found


class _Last(NamedTuple):
    """The newest run in which a source was asked: when it ended, what stopped it, what is not bought."""

    at: datetime | None
    error: Said | None
    not_bought: tuple[Said, ...]


def _last_asked(tx: Tx, sources: Collection[str]) -> dict[str, _Last]:
    """By source; a run in which one was not asked says nothing about it."""
    found: dict[str, _Last] = {}
    for run in history.newest_runs(tx, COMMANDS):
        kept = Kept.model_validate(run.totals) if run.totals else None
        if kept is None:
            continue
        errors = {one.system: one.message for one in kept.failures}
        for one in kept.asked:
            if one.source not in found and (one.asked or one.source in errors):
                lacks = tuple(each.message for each in kept.notices if each.system == one.source)
                found[one.source] = _Last(run.ended_at, errors.get(one.source), lacks)
        if found.keys() >= set(sources):
            break
    return found


def _line(
    one: Source,
    stands: Standing | None,
    used: int,
    ore: int,
    last: _Last | None,
    month: Gained,
) -> SourceLine:
    credit = None
    # Who cannot be reached now still has a price, and answers from before.
    with contextlib.suppress(SystemStopped, TryAgain):
        credit = one.credit()
    profile = one.profile
    answers = {str(state): keys for state, keys in stands.keys.items()} if stands else {}
    error = last.error if last else None
    return SourceLine(
        one.name,
        tuple(sorted(profile.about)),
        profile.ore,
        answers,
        stands.answered_at if stands else None,
        used,
        ore,
        credit,
        error,
        last.at if last and error else None,
        last.not_bought if last else (),
        month,
    )
