"""What `sync sources` says."""

from __future__ import annotations

from collections.abc import Sequence

from sync.enrichment.enriching import SourceLine
from sync.output import moment, number, printable, table
from sync.report.asked import called
from sync.texts import Texts


def sources_text(found: Sequence[SourceLine], texts: Texts, width: int | None) -> str:
    """A table, one line a source."""
    names = ("source", "price", "answers", "absent", "open", "told", "calls", "spent", "credit")
    heads = [texts.get(f"sources.{name}") for name in names]
    right = frozenset(range(1, len(heads)))
    lines = [table(heads, [row(one, texts) for one in found], right=right, width=width)]
    lines += ["", texts.get("sources.month"), _gained(found, texts, width)]
    for one in found:
        lines += [f"✗ {stopped(one, texts)}"] if one.error else []
        lines += [f"– {printable(lack.of(texts.lang))}" for lack in one.not_bought]
    return "\n".join(lines)


def stopped(one: SourceLine, texts: Texts) -> str:
    """What stopped a source, and when; empty where nothing did."""
    if one.error is None or one.error_at is None:
        return ""
    said, when = printable(one.error.of(texts.lang)), moment(one.error_at, texts.lang)
    return texts.get("sources.stopped", source=called(one.source, texts), why=said, at=when)


def _gained(found: Sequence[SourceLine], texts: Texts, width: int | None) -> str:
    names = ("source", "filled", "verified", "raised", "month_calls", "month_kroner", "per_krone")
    heads = [texts.get(f"sources.{name}") for name in names]
    rows = [[called(one.source, texts), *gained(one, texts)] for one in found]
    return table(heads, rows, right=frozenset(range(1, len(heads))), width=width)


def gained(one: SourceLine, texts: Texts) -> list[str]:
    """What a source gave and took this month, as cells."""
    month, lang = one.month, texts.lang
    return [
        number(month.filled, lang),
        number(month.verified, lang),
        number(month.raised, lang),
        number(month.calls, lang),
        number(month.ore / 100, lang, 2),
        "–" if month.per_krone is None else number(month.per_krone, lang, 1),
    ]


def row(one: SourceLine, texts: Texts) -> list[str]:
    """How a source stands, as cells."""
    lang = texts.lang
    open_ones = one.answers.get("asked", 0) + one.answers.get("unknown", 0)
    return [
        called(one.source, texts),
        number(one.price_ore / 100, lang, 2) if one.price_ore else texts.get("sources.free"),
        number(one.answers.get("found", 0), lang),
        number(one.answers.get("absent", 0), lang),
        number(open_ones, lang),
        moment(one.answered_at, lang) if one.answered_at else "–",
        number(one.calls_today, lang),
        number(one.ore_today / 100, lang, 2) if one.price_ore else "–",
        "–" if one.credit is None else number(one.credit, lang),
    ]
