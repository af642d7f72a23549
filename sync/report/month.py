"""The report of a month as sentences and tables, in both languages."""

from __future__ import annotations

from collections.abc import Iterator

from rules.catalogue import DEFAULT
from sync.output import number, printable, share
from sync.report import words
from sync.report.part import Said, Words
from sync.report.sheet import Sheet, Table
from sync.service.month import Cover, Month, Of, changed

NOTHING = Words(da="–", en="–")


def of_month(found: Month) -> Sheet:
    """What fell comes first, then everything."""
    tables = (
        _table("fell", _COLUMNS, [_cover(one) for one in found.fallen]),
        _table("figures", ("figure", "now", "before", "change"), list(_figures(found))),
        _table("coverage", _COLUMNS, [_cover(one) for one in found.fields]),
        _table("repaired", ("rule", "fields"), list(_repaired(found))),
        _table("sources", _GAINED, list(_sources(found))),
    )
    return Sheet(
        title=words.say(
            "monthly.title",
            month=words.words(f"monthly.month.{found.month[5:]}"),
            year=found.month[:4],
        ),
        sentences=tuple(_sentences(found)),
        tables=tuple(one for one in tables if one.rows),
    )


_COLUMNS = ("system", "field", "records", "filled", "change", "valid", "valid_change")
_GAINED = ("source", "filled_by", "verified", "raised", "calls", "kroner", "per_krone")


def _sentences(found: Month) -> Iterator[Said]:
    if found.day is None:
        yield words.say("monthly.nothing")
    elif found.before is None:
        yield words.say("monthly.no_before", day=found.day)
    elif found.fallen:
        yield words.count("monthly.fell", len(found.fallen), day=found.day, before=found.before)
    else:
        yield words.say("monthly.none_fell", day=found.day, before=found.before)
    yield words.count("monthly.noes", found.noes, lifted=found.lifted)
    wrong = found.certain + found.possible
    if wrong:
        yield words.count(
            "monthly.forbidden", wrong, certain=found.certain, unanswered=found.unanswered
        )
    else:
        yield words.say("monthly.none_forbidden")
    if found.repaired.records:
        fields = sum(found.repaired.by_rule.values())
        yield words.count("monthly.repaired", found.repaired.records, fields=fields)
    if found.repaired.taken_back:
        yield words.count("monthly.taken_back", found.repaired.taken_back)


def _cover(one: Cover) -> tuple[Words, ...]:
    valid_change = changed(one.valid, one.valid_before)
    return (
        _same(one.system),
        words.label(DEFAULT, one.field),
        _number(one.filled.of),
        _share(one.filled),
        _points(one.change),
        _share(one.valid),
        _points(valid_change),
    )


def _figures(found: Month) -> Iterator[tuple[Words, ...]]:
    for one in found.figures:
        key = f"report.figure.{one.name}"
        label = words.words(key) if words.exists(key) else _same(one.name)
        before = _share(one.before) if one.before else NOTHING
        yield label, _share(one.now), before, _points(changed(one.now, one.before))


def _repaired(found: Month) -> Iterator[tuple[Words, ...]]:
    for rule, fields in found.repaired.by_rule.most_common():
        key = f"rule.{rule}"
        yield words.words(key) if words.exists(key) else _same(rule), _number(fields)


def _sources(found: Month) -> Iterator[tuple[Words, ...]]:
    for name, one in found.sources.items():
        per = NOTHING if one.per_krone is None else _number(one.per_krone, 1)
        counts = (one.filled, one.verified, one.raised, one.calls)
        key = f"report.source.{name}"
        label = words.words(key) if words.exists(key) else _same(name)
        yield label, *map(_number, counts), _number(one.ore / 100, 2), per


# --- cells ------------------------------------------------------------------------------------


def _table(name: str, headings: tuple[str, ...], rows: list[tuple[Words, ...]]) -> Table:
    return Table(
        title=words.words(f"monthly.table.{name}"),
        headings=tuple(words.words(f"monthly.column.{one}") for one in headings),
        rows=tuple(tuple(Words(da=cell.da, en=cell.en) for cell in row) for row in rows),
    )


def _same(text: str) -> Words:
    return Words(da=printable(text), en=printable(text))


def _number(value: float, decimals: int | None = None) -> Words:
    return Words(da=number(value, "da", decimals), en=number(value, "en", decimals))


def _share(one: Of) -> Words:
    if one.share is None:
        return NOTHING
    return Words(da=share(one.share, "da"), en=share(one.share, "en"))


def _points(change: float | None) -> Words:
    """Percentage points, with their sign."""
    if change is None:
        return NOTHING
    sign = "+" if change > 0 else "−" if change < 0 else ""
    return Words(
        da=f"{sign}{number(abs(change) * 100, 'da', 1)}",
        en=f"{sign}{number(abs(change) * 100, 'en', 1)}",
    )
