"""Small pieces of text that terminal and page share, in one language."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime

from rules.spans import COPENHAGEN
from sync.output import moment, number, printable, share
from sync.report.asked import kroner
from sync.report.figures import Across, DataAge
from sync.report.model import (
    Blocked,
    Calls,
    Compared,
    Effects,
    FindingGroup,
    Report,
    Run,
    Stream,
    Totals,
)
from sync.texts import Texts

_SHOWN = ("new", "changed", "known")


def command(text: str, texts: Texts) -> str:
    """What kind of run it was: `apply 3` as "plan 3 carried out"."""
    name, _, which = text.partition(" ")
    said = texts.find(f"report.command.{name}")
    return texts.get(f"report.command.{name}", number=which) if said else text


def again(run: Run, texts: Texts) -> str:
    """That a report was put together afterwards."""
    return texts.get("report.again", again=moment(run.again or run.started_at, texts.lang))


def day(at: datetime | date, lang: str) -> str:
    """A day as a calendar in Denmark shows it."""
    local = at.astimezone(COPENHAGEN) if isinstance(at, datetime) else at
    return local.strftime("%d.%m.%Y" if lang == "da" else "%Y-%m-%d")


def count(value: int | None, texts: Texts) -> str:
    """A number; what nobody knows is said to be unknown."""
    return texts.get("report.unknown") if value is None else number(value, texts.lang)


def fields(group: FindingGroup, texts: Texts) -> str:
    """The field that findings are about most, and how many more."""
    labels = [one.label.of(texts.lang) for one in group.fields if one.label]
    return labels[0] + (f" +{len(labels) - 1}" if len(labels) > 1 else "") if labels else ""


def owner(group: FindingGroup, texts: Texts) -> str:
    """Who mends most of them."""
    return group.owner_name.of(texts.lang)


def value(text: str | None, texts: Texts) -> str:
    """A cell; an empty one says so, and blanks that one would not see are shown as `·`."""
    if not text:
        return texts.get("report.empty")
    inner = text.strip()
    if inner == text and "  " not in text:
        return printable(text)
    before, _, after = text.partition(inner) if inner else (text, "", "")
    return "·" * len(before) + printable(inner).replace("  ", "··") + "·" * len(after)


def place(stream: str, row: int | None, texts: Texts, ref: str | None = None) -> str:
    """Where something stands: a row of a list, else the record's id in its system."""
    if row is not None:
        return f"{stream} {texts.get('report.row', place=row)}"
    if not ref:
        return stream
    return f"{listed(ref.partition('/')[0], stream, texts)} {ident(ref)}"


def ident(ref: str) -> str:
    """The id of a record in its own system."""
    return ref.split("/", 2)[-1]


def channels(counts: Mapping[str, int], texts: Texts) -> str:
    """`calls 40 · e-mail 12 · text messages 12`, all of them, 0 included."""
    parts = [
        f"{texts.get(f'report.channel.{name}')} {number(n, texts.lang)}"
        for name, n in counts.items()
    ]
    return " · ".join(parts)


def channel_names(names: tuple[str, ...], texts: Texts) -> str:
    """`calls, e-mail`."""
    return ", ".join(texts.get(f"report.channel.{name}") for name in names)


def deliveries(states: Mapping[str, int], texts: Texts) -> str:
    """`60 waiting, 2 confirmed`."""
    return ", ".join(
        f"{number(n, texts.lang)} {texts.get(f'report.delivery.{state}')}"
        for state, n in states.items()
    )


def system(name: str, texts: Texts) -> str:
    """A system as people call it."""
    key = f"report.system.{name}"
    return texts.get(key) if texts.find(key) else name


def listed(of: str, stream: str, texts: Texts) -> str:
    """A list by its name; a CRM system's with the system before it: three have contacts."""
    key = f"report.system.{of}"
    return stream if of == "files" or not texts.find(key) else f"{texts.get(key)} {stream}"


def blocked(one: Blocked, texts: Texts) -> list[str]:
    """A blocked record as the cells of a line: where, who, channels, since."""
    since = day(one.since, texts.lang) if one.since else texts.get("report.unknown")
    return [
        place(one.stream, one.place, texts, one.ref),
        printable(one.who) or texts.get("report.unknown"),
        channel_names(one.channels, texts),
        texts.get("report.opt_outs.since", since=since),
    ]


def spent(one: Calls, texts: Texts) -> Iterator[str]:
    """Calls to one system against the fewest there could be, and those that the plan would take."""
    details = {"system": system(one.system, texts), "used": number(one.used, texts.lang)}
    if one.fewest is not None:
        fewest = number(one.fewest, texts.lang)
        yield texts.get("report.effects.fewest", **details, fewest=fewest)
    if one.to_write:
        wanted = number(one.to_write, texts.lang)
        if one.left is None:
            yield texts.get("report.effects.to_write", **details, calls=wanted)
        else:
            left = number(one.left, texts.lang)
            yield texts.get("report.effects.to_write_of", **details, calls=wanted, left=left)


def cost(effects: Effects, texts: Texts) -> str:
    """What the run cost, in one line: also what is left of a vendor's quota, where it told."""
    count, ore = effects.paid_lookups, effects.paid_ore
    spent_on = {"count": number(count, texts.lang), "kroner": kroner(ore, texts)}
    paid = texts.get("report.effects.paid.value", **spent_on)
    calls = number(effects.api_calls, texts.lang)
    parts = [
        f"{texts.get('report.effects.paid')}: {paid}",
        f"{texts.get('report.effects.calls')}: {calls}",
    ]
    for one in effects.calls:
        parts += spent(one, texts)
        if one.quota is not None and one.quota_used is not None:
            used, quota = number(one.quota_used, texts.lang), number(one.quota, texts.lang)
            parts.append(
                texts.get("report.effects.quota", system=one.system, used=used, quota=quota)
            )
    return " · ".join(parts)


def summary(report: Report, texts: Texts) -> Iterator[str]:
    """Age, duplicates and what a clean-up is worth, a line each; what nobody knows is left out."""
    age, sum_ = report.age, report.what_if
    if age.known:
        yield old(age, texts)
    found = [one for one in report.doubles if one.surplus]
    if found:
        shown = " · ".join(
            f"{one.label.of(texts.lang)} {number(one.surplus, texts.lang)}" for one in found
        )
        yield f"{texts.get('report.heading.doubles')}: {shown}"
    yield from across(report.across, texts)
    if sum_ is not None:
        yield texts.get(
            f"report.what_if.line.{'own' if sum_.measured else 'assumed'}",
            calls=number(sum_.calls, texts.lang),
            before=number(sum_.meetings_before, texts.lang, 0),
            after=number(sum_.meetings_after, texts.lang, 0),
        )


def across(counted: Sequence[Across], texts: Texts) -> Iterator[str]:
    """Who stands in several lists, a line for people and one for companies."""
    for one in counted:
        yield texts.get(
            "report.across.line",
            label=one.label.of(texts.lang),
            parties=number(one.parties, texts.lang),
            systems=number(one.in_systems, texts.lang),
        )


def old(age: DataAge, texts: Texts) -> str:
    """How much of what is known is too old."""
    part = share(age.old / age.known, texts.lang)
    return texts.get("report.age.old", share=part, days=number(age.limit_days, texts.lang))


def sums(report: Report, texts: Texts) -> Iterator[str]:
    """The totals as sums that a reader can check."""
    totals = report.totals
    yield from _read(report, texts)
    yield _sum(texts, "records", totals.records, _pairs(totals, "untouched", "touched"))
    if totals.changed:
        parts = _pairs(totals, "waiting", "applied", "conflict", "rejected", "unknown")
        yield _sum(texts, "changed", totals.changed, [*parts, ("dropped", totals.dropped_total)])
    if totals.dropped:
        reasons = [
            f"{number(n, texts.lang)} {dropped(why, texts)}" for why, n in totals.dropped.items()
        ]
        yield f"{texts.get('report.total.dropped')}: {' · '.join(reasons)}"
    named = [("fields", totals.fields), ("findings", sum(totals.findings.values()))]
    named += [("broken", totals.broken), ("blocked", totals.blocked)]
    yield " · ".join(
        f"{texts.get(f'report.total.{name}')}: {number(n, texts.lang)}" for name, n in named
    )


def _read(report: Report, texts: Texts) -> Iterator[str]:
    """What was read, and what was compared with what."""
    streams = [one for one in report.streams if one.read and one.known is not None]
    if streams:
        counts = [sum(getattr(one, name) or 0 for one in streams) for name in _SHOWN]
        read = sum(one.read or 0 for one in streams)
        named = ("new", "moved", "known", "shown_again")
        yield _sum(
            texts, "read", read, list(zip(named, [*counts, read - sum(counts)], strict=True))
        )
    if again := sum(one.again or 0 for one in report.streams):
        yield f"{texts.get('report.total.again')}: {number(again, texts.lang)}"
    compared = [_compared(one, one.compared, texts) for one in report.streams if one.compared]
    if compared:
        yield f"{texts.get('report.total.compared')}: {' · '.join(compared)}"


def _compared(stream: Stream, done: Compared, texts: Texts) -> str:
    how = "equal" if done.listed is None else "listed"
    figures = {
        name: "–" if value is None else number(value, texts.lang)
        for name, value in done.model_dump(exclude={"anew"}).items()
    }
    where = listed(stream.system, stream.stream, texts)
    return texts.get(f"report.total.compared.{how}", where=where, **figures)


def _pairs(totals: Totals, *names: str) -> list[tuple[str, int]]:
    return [(name, getattr(totals, name)) for name in names]


def _sum(texts: Texts, name: str, total: int, parts: list[tuple[str, int]]) -> str:
    shown = [
        f"{number(n, texts.lang)} {texts.get(f'report.total.{part}')}"
        for part, n in parts
        if n or part in {"untouched", "touched"}
    ]
    return f"{texts.get(f'report.total.{name}')}: {number(total, texts.lang)} = {' + '.join(shown)}"


def dropped(why: str, texts: Texts) -> str:
    """Why a record of a plan was left out."""
    key = f"report.dropped.{why}"
    return texts.get(key) if texts.find(key) else why
