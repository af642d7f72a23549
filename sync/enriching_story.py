"""What `sync enrich` and `sync sources` say."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sync.enriching import SourceLine
from sync.output import moment, number, table
from sync.stages.asking import Asked
from sync.texts import Texts


def asked_lines(found: Sequence[Asked], texts: Texts) -> Iterator[str]:
    """A line or two for each source: what it was asked, what that took, what came of it."""
    for one in found:
        key = "counted" if one.only_counted else "nothing" if not one.due else "asked"
        yield texts.get(f"enrich.{key}", **_figures(one, texts))
        if one.left and not one.only_counted:
            yield texts.get("enrich.left", **_figures(one, texts))
        if one.error is not None:
            message, remedy = texts.of_error(one.error)
            yield texts.get("enrich.stopped", source=_name(one.source, texts), why=message)
            if remedy:
                yield f"  → {remedy}"


def _figures(one: Asked, texts: Texts) -> dict[str, str]:
    names = ("due", "asked", "found", "absent", "unknown", "changed", "used", "calls", "left")
    figures = {name: number(getattr(one, name), texts.lang) for name in names}
    spent = one.ore if one.only_counted else one.spent
    return {
        **figures,
        "source": _name(one.source, texts),
        "kroner": number(spent / 100, texts.lang, 2 if spent % 100 else 0),
    }


def _name(source: str, texts: Texts) -> str:
    return texts.find(f"source.name.{source}") or source


def sources_text(found: Sequence[SourceLine], texts: Texts, width: int | None) -> str:
    """A table, one line a source."""
    names = ("source", "price", "answers", "absent", "open", "told", "calls", "spent", "credit")
    heads = [texts.get(f"sources.{name}") for name in names]
    right = frozenset(range(1, len(heads)))
    lines = [table(heads, [_row(one, texts) for one in found], right=right, width=width)]
    lines += [f"✗ {_name(one.source, texts)}: {texts.get(one.error)}" for one in found if one.error]
    return "\n".join(lines)


def _row(one: SourceLine, texts: Texts) -> list[str]:
    lang = texts.lang
    open_ones = one.answers.get("asked", 0) + one.answers.get("unknown", 0)
    return [
        _name(one.source, texts),
        number(one.price_ore / 100, lang, 2) if one.price_ore else texts.get("sources.free"),
        number(one.answers.get("found", 0), lang),
        number(one.answers.get("absent", 0), lang),
        number(open_ones, lang),
        moment(one.answered_at, lang) if one.answered_at else "–",
        number(one.calls_today, lang),
        number(one.ore_today / 100, lang, 2) if one.price_ore else "–",
        "–" if one.credit is None else number(one.credit, lang),
    ]
