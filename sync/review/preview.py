"""What new settings would change (`sync preview`): the same records, decided both ways, side by side.

Only what has been read already is looked at, and only streams whose outcome can differ. Nothing is
written: no store, no plan, no outside system. Memory is bounded by the kinds of difference, not by
the records.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Any, Final

from rules.catalogue import DEFAULT
from rules.changes import NO_DETAILS, Decision
from rules.decide import Context, decide
from rules.errors import UserError
from rules.hygiene import RULES
from rules.records import Record, Ref
from rules.trust import NO_PAST, Past
from state import cursors, mirror
from state.cursors import Lease
from state.mirror import Dirty, values_of
from sync import fingerprint, switches
from sync.app import App
from sync.fields import label
from sync.output import moment, number, printable
from sync.settings import Settings
from sync.settings.problems import dotted
from sync.stages.pasts import pasts_of
from sync.switches import all_rules
from sync.texts import Texts

PAGE: Final = 2000
SAMPLES: Final = 3
WAYS: Final = ("appears", "disappears", "differs", "waits", "unasked")
"""How an outcome differs; the last two: it is only proposed from now on, or written unasked."""

Outcome = tuple[Any, bool]
"""A change's new value, or a finding's details; and whether it is written unasked."""
Key = tuple[str, str | None]
"""(rule, field) of a change, (code, field) of a finding."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One record: the cell as it stands, and what the present and the planned settings make of it.

    Of a finding `details` are told, as it has them: its cell may hold what must not be shown.
    """

    ref: str
    way: str
    cell: str | None = None
    present: str | None = None
    planned: str | None = None
    details: Mapping[str, str] = dataclasses.field(default_factory=dict)


@dataclass(slots=True)
class Difference:
    """What differs for one rule and field, or for one finding and field: way -> how many records."""

    name: str
    field: str | None
    records: dict[str, int] = dataclasses.field(default_factory=lambda: dict.fromkeys(WAYS, 0))
    samples: list[Sample] = dataclasses.field(default_factory=list)

    def add(self, sample: Sample) -> None:
        """Count one record; the first few of each way are kept."""
        self.records[sample.way] += 1
        if self.records[sample.way] <= SAMPLES:
            self.samples.append(sample)


@dataclass(slots=True)
class Preview:
    """The whole answer. `settings` are keys, never values; `read_anew` streams that are not judged."""

    settings: list[str]
    read_anew: list[str]
    as_of: datetime | None
    records: int = 0
    looked_at: int = 0
    differing: int = 0
    changes: list[Difference] = dataclasses.field(default_factory=list)
    findings: list[Difference] = dataclasses.field(default_factory=list)

    @property
    def differs(self) -> bool:
        """Whether the new settings would change anything that a person would see."""
        return bool(self.changes or self.findings or self.read_anew)


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two settings at work on one stream."""

    context: Context
    system: str
    switch: Callable[[str, str, str], str]

    def changes(self, decision: Decision) -> dict[Key, Outcome]:
        """(rule, field) -> what it writes, and whether unasked."""
        return {
            (one.rule, one.field): (one.new, self.switch(one.rule, one.field, self.system) == "on")
            for one in decision.changes
        }


def preview(app: App, planned: Settings) -> Preview:
    """Hold the outcome of the app's settings against that of `planned`.

    UserError when nothing has been read yet.
    """
    new = replace(app, settings=planned)
    with app.store.reading() as tx:
        streams = cursors.seen(tx, sorted(app.systems))
    if not streams:
        raise UserError("error.nothing_read")
    read_anew = [one.stream for one in streams if _is_read_anew(app, new, one)]
    touched = [one for one in streams if _may_differ(app, new, one)]
    total = sum(one.records for one in touched)
    read_at = [one.compared_at for one in streams if one.compared_at]
    seen = Preview(
        _changed_keys(app.settings, planned),
        read_anew,
        min(read_at, default=None),
        records=sum(one.records for one in streams),
    )
    tally = _Tally(seen)
    app.progress.start("progress.preview", total, "unit.records")
    for done in _decide_both(tally, (app, new), touched):
        app.progress.advance(done, total)
    app.progress.end()
    seen.changes, seen.findings = _sorted(tally.changes), _sorted(tally.findings)
    return seen


def _decide_both(tally: _Tally, apps: tuple[App, App], streams: Sequence[Lease]) -> Iterator[int]:
    """Every record of these streams, both ways; gives how many were looked at, page by page."""
    sides = {(one.system, one.stream): [_side(app, one) for app in apps] for one in streams}
    offered = any(app.fills_from_others for app in apps)
    for stream, rows, pasts in _pages(apps[0], streams, offered=offered):
        for row in rows:
            ref = Ref(stream.system, stream.kind, row.id)
            record = Record(ref, row.version, values_of(row.cells), row.place)
            past, both = pasts.get(row.rid, NO_PAST), sides[stream.system, stream.stream]
            tally.add(record, both, [decide(record, side.context, past) for side in both])
        yield tally.looked_at


def _side(app: App, stream: Lease) -> Side:
    context = app.context(stream.system, stream.headings, stream.kind)
    return Side(context, stream.system, partial(switches.of, app.settings))


class _Tally:
    """Adds up the differences, record by record."""

    def __init__(self, seen: Preview) -> None:
        self._seen = seen
        self.changes: dict[Key, Difference] = {}
        self.findings: dict[Key, Difference] = {}

    @property
    def looked_at(self) -> int:
        """Records so far."""
        return self._seen.looked_at

    def add(self, record: Record, sides: Sequence[Side], decisions: Sequence[Decision]) -> None:
        self._seen.looked_at += 1
        if decisions[0] == decisions[1] and not decisions[0].changes:
            return
        differs = False
        ref = str(record.ref)
        changes = [side.changes(one) for side, one in zip(sides, decisions, strict=True)]
        for one, old, new in _differing(self.changes, *changes):
            differs = True
            cell = record.values.get(one.field or "")
            shown = cell if isinstance(cell, str) else None
            one.add(Sample(ref, _way(old, new), shown, old and old[0], new and new[0]))
        found = [_findings(one) for one in decisions]
        for one, old, new in _differing(self.findings, *found):
            differs = True
            details, _ = new or old or (NO_DETAILS, True)
            one.add(Sample(ref, _way(old, new), details=details))
        self._seen.differing += differs


def _findings(decision: Decision) -> dict[Key, Outcome]:
    """(code, field) -> what it says."""
    return {(one.code, one.field): (one.details, True) for one in decision.findings}


def _differing(
    into: dict[Key, Difference], present: Mapping[Key, Outcome], planned: Mapping[Key, Outcome]
) -> Iterator[tuple[Difference, Outcome | None, Outcome | None]]:
    for key in present.keys() | planned.keys():
        old, new = present.get(key), planned.get(key)
        if old != new:
            yield into.setdefault(key, Difference(*key)), old, new


def _way(old: Outcome | None, new: Outcome | None) -> str:
    if old is None:
        return "appears"
    if new is None:
        return "disappears"
    if old[0] != new[0]:
        return "differs"
    return "unasked" if new[1] else "waits"


def _sorted(found: Mapping[Key, Difference]) -> list[Difference]:
    """In the order of the rules, then by name and field."""
    order = {row.name: at for at, row in enumerate(RULES)}
    return sorted(
        found.values(), key=lambda one: (order.get(one.name, len(order)), one.name, one.field or "")
    )


# --- what is looked at -----------------------------------------------------------------------


def _is_read_anew(app: App, new: App, stream: Lease) -> bool:
    """Whether the file is read otherwise: its columns, kind, encoding or delimiter."""
    return app.settings.files.of(stream.stream) != new.settings.files.of(stream.stream)


def _may_differ(app: App, new: App, stream: Lease) -> bool:
    marks = [fingerprint.of_stream(one, stream) for one in (app, new)]
    switches = [_switches(one.settings, stream) for one in (app, new)]
    return marks[0] != marks[1] or switches[0] != switches[1]


def _switches(settings: Settings, stream: Lease) -> list[str]:
    mapped = set(stream.fields)
    return [
        settings.rules.of(row.name, name, stream.system)
        for row in all_rules(settings)
        for name in (*row.fields, *row.moves)
        if name in mapped
    ]


def _pages(
    app: App, streams: Sequence[Lease], *, offered: bool
) -> Iterator[tuple[Lease, Sequence[Dirty], Mapping[int, Past]]]:
    """The streams' records with the pasts of those that have one, in one walk over the mirror."""
    wanted = {(one.system, one.stream): one for one in streams}
    after = 0
    while wanted:
        with app.store.reading() as tx:
            page = mirror.alive(tx, after, PAGE)
            parts: dict[tuple[str, str], list[Dirty]] = {}
            for system, stream, row in page:
                parts.setdefault((system, stream), []).append(row)
            parts = {key: rows for key, rows in parts.items() if key in wanted}
            pasts = {
                key: pasts_of(tx, wanted[key], rows, offered=offered) for key, rows in parts.items()
            }
        yield from ((wanted[key], rows, pasts[key]) for key, rows in parts.items())
        if not page:
            return
        after = page[-1][2].rid


def _changed_keys(present: Settings, planned: Settings) -> list[str]:
    """The dotted keys that differ. Never their values: they may be secrets."""
    old, new = dict(_leaves(present.model_dump())), dict(_leaves(planned.model_dump()))
    return sorted(dotted(key) for key in old.keys() | new.keys() if old.get(key) != new.get(key))


def _leaves(value: Any, at: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    if isinstance(value, dict):
        for key, one in value.items():
            yield from _leaves(one, (*at, str(key)))
    else:
        yield at, value


# --- for people ------------------------------------------------------------------------------


def as_text(seen: Preview, texts: Texts) -> str:
    """What differs, by rule and field, then by finding, with samples."""
    lines = [*_head(seen, texts)]
    for part in ("changes", "findings"):
        found: list[Difference] = getattr(seen, part)
        if found:
            lines += ["", texts.get(f"preview.{part}")]
        for one in found:
            lines += _difference(one, part, texts)
    return "\n".join(lines)


def _head(seen: Preview, texts: Texts) -> Iterator[str]:
    if seen.settings:
        yield texts.get("preview.settings", keys=", ".join(seen.settings))
    else:
        yield texts.get("preview.same_settings")
    if seen.read_anew:
        yield texts.get("preview.read_anew", streams=", ".join(map(printable, seen.read_anew)))
    counts = {
        name: number(getattr(seen, name), texts.lang)
        for name in ("records", "looked_at", "differing")
    }
    at = moment(seen.as_of, texts.lang) if seen.as_of else "–"
    if not seen.looked_at:
        yield texts.get("preview.nothing_looked_at", at=at, **counts)
    elif not seen.differing:
        yield texts.get("preview.nothing_differs", at=at, **counts)
    else:
        yield texts.get("preview.differs", at=at, **counts)


def _difference(one: Difference, part: str, texts: Texts) -> Iterator[str]:
    counts = [
        texts.get(f"preview.{part}.{way}", count=number(n, texts.lang))
        for way, n in one.records.items()
        if n
    ]
    if part == "findings":
        name = f"{texts.get(f'report.cause.{one.name}')} ({one.name})"
    else:
        name = one.name
    field = f" · {one.field}" if one.field not in {None, one.name} else ""
    yield f"  {name}{field}: {', '.join(counts)}"
    for sample in one.samples[:SAMPLES]:
        yield f"    {printable(sample.ref)}  {_told(one, sample, part, texts)}"


def _told(one: Difference, sample: Sample, part: str, texts: Texts) -> str:
    if part == "findings":
        row = DEFAULT.get(one.field or "")
        field = label(row, texts.lang) if row else one.field
        return printable(texts.get(f"finding.{one.name}", **{"field": field, **sample.details}))
    cells = {name: _shown(getattr(sample, name), texts) for name in ("cell", "present", "planned")}
    return texts.get(f"preview.sample.{sample.way}", **cells)


def _shown(value: str | None, texts: Texts) -> str:
    return f"»{printable(value)}«" if value else texts.get("preview.empty")
