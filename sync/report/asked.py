"""The part of the report about sources: what each was asked, what that cost, what it gave."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from rules.enrichment.manual import TOLD
from rules.enrichment.policy import RULE
from state import gains
from state.store import Tx
from sync.facts import PassFacts
from sync.output import number
from sync.report.model import SourceAsked
from sync.texts import Texts


def asked(tx: Tx, facts: PassFacts, *, wrote: bool) -> tuple[SourceAsked, ...]:
    """One line for each source that was asked in this run."""
    if not facts.asked:
        return ()
    gained = _gained(tx, facts, wrote=wrote)
    raised = gains.raised(tx, facts.started_at, TOLD)
    return tuple(
        SourceAsked(
            source=one.source,
            due=one.due,
            asked=one.asked,
            found=one.found,
            absent=one.absent,
            unknown=one.unknown,
            changed=one.changed,
            left=one.left,
            calls=one.calls if one.only_counted else one.used,
            ore=one.ore if one.only_counted else one.spent,
            filled=gained.get(one.source, 0),
            only_counted=one.only_counted,
            verified=one.found if one.verifies else 0,
            raised=raised.get(one.source, 0),
        )
        for one in facts.asked
    )


def _gained(tx: Tx, facts: PassFacts, *, wrote: bool) -> Mapping[str, int]:
    if wrote:
        return gains.of_run(tx, facts.run, RULE)
    return gains.of_plan(tx, facts.plan, facts.systems, RULE) if facts.plan else {}


def lines(one: SourceAsked, texts: Texts) -> Iterator[str]:
    """What a source was asked, and what came of it, in words."""
    figures = _figures(one, texts)
    if one.only_counted:
        yield texts.get("enrich.counted", **figures)
    elif not one.due:
        yield texts.get("enrich.nothing", **figures)
    else:
        yield texts.get("enrich.asked", **figures)
        if one.left:
            yield texts.get("enrich.left", **figures)
    gained = one.filled + one.verified
    if gained or one.raised:
        yield texts.get("enrich.gain", **figures)
    if gained and one.ore and not one.only_counted:
        each, per = kroner(one.ore / gained, texts), number(gained * 100 / one.ore, texts.lang, 1)
        yield texts.get("enrich.gain_for", **figures, each=each, per=per)


def _figures(one: SourceAsked, texts: Texts) -> dict[str, str]:
    names = ("due", "asked", "found", "absent", "unknown", "changed", "calls", "left", "filled",
             "verified", "raised")  # fmt: skip
    figures = {name: number(getattr(one, name), texts.lang) for name in names}
    return {**figures, "source": called(one.source, texts), "kroner": kroner(one.ore, texts)}


def kroner(ore: float, texts: Texts) -> str:
    """An amount in kroner, with øre where there are any."""
    return number(ore / 100, texts.lang, 2 if ore % 100 else 0)


def called(source: str, texts: Texts) -> str:
    """A source by the name that people know."""
    return texts.find(f"source.name.{source}") or source
