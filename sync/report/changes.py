"""The part of the report about changes: what each rule does to each field, with a few samples."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from typing import Final

from rules.catalogue import Catalogue
from state import overview
from state.overview import Changed
from state.shapes import Shape
from state.store import Tx
from sync.report import words
from sync.report.model import ChangeGroup, Sample
from sync.report.part import Words

SAMPLES: Final = 3
CANDIDATES: Final = 9
"""Samples to choose from: those that show most are shown."""

Pair = tuple[str, str]


@dataclass(slots=True)
class Gathered:
    """Records by stream, and by (rule, field) with where to find samples."""

    by_stream: Counter[tuple[str, str]] = field(default_factory=Counter)
    by_pair: Counter[Pair] = field(default_factory=Counter)
    by_field: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    """(system, stream, field) -> records with a change in that field."""
    shapes: dict[Pair, list[Shape]] = field(default_factory=dict)

    @property
    def records(self) -> int:
        """Records with at least one change."""
        return sum(self.by_stream.values())

    @property
    def fields(self) -> int:
        """Changed fields."""
        return sum(self.by_pair.values())


def gather(shapes: Iterable[Shape], only_rule: str | None = None) -> Gathered:
    """Add shapes up; with `only_rule` just that rule's share of them."""
    gathered = Gathered()
    for shape in shapes:
        pairs = [pair for pair in shape.rules if only_rule in (None, pair[0])]
        if not pairs:
            continue
        gathered.by_stream[shape.system, shape.stream] += shape.records
        for pair in pairs:
            gathered.by_pair[pair] += shape.records
            gathered.by_field[shape.system, shape.stream, pair[1]] += shape.records
            gathered.shapes.setdefault(pair, []).append(shape)
    return gathered


def of_plan(tx: Tx, plan: int, gathered: Gathered, catalogue: Catalogue) -> list[ChangeGroup]:
    """The groups of a plan, most records first."""
    wanted = {pair: _numbers(gathered.shapes[pair]) for pair in gathered.by_pair}
    for numbers in wanted.values():
        if numbers:
            more = overview.more_proposed(tx, plan, numbers[0], CANDIDATES)
            numbers += [one for one in more if one not in numbers]
    found = overview.proposed(tx, _all(wanted.values()))
    return _groups(gathered, wanted, found, catalogue)


def of_run(tx: Tx, gathered: Gathered, catalogue: Catalogue) -> list[ChangeGroup]:
    """The groups of what was written."""
    wanted = {pair: _numbers(gathered.shapes[pair]) for pair in gathered.by_pair}
    found = overview.written(tx, _all(wanted.values()))
    return _groups(gathered, wanted, found, catalogue)


def _numbers(shapes: Sequence[Shape]) -> list[int]:
    """Where samples are: of the commonest shapes, each shape's first record before any second."""
    common = sorted(shapes, key=lambda one: (-one.records, one.numbers))[:CANDIDATES]
    turns = [one.numbers[0] for one in common] + [one.numbers[-1] for one in common]
    return list(dict.fromkeys(turns))[:CANDIDATES]


def _all(lists: Iterable[Sequence[int]]) -> list[int]:
    return sorted({number for numbers in lists for number in numbers})


def _groups(
    gathered: Gathered,
    wanted: dict[Pair, list[int]],
    found: dict[int, Changed],
    catalogue: Catalogue,
) -> list[ChangeGroup]:
    pairs = sorted(gathered.by_pair, key=lambda pair: (-gathered.by_pair[pair], pair))
    return [_group(pair, gathered, wanted[pair], found, catalogue) for pair in pairs]


def _group(
    pair: Pair,
    gathered: Gathered,
    numbers: Sequence[int],
    found: dict[int, Changed],
    catalogue: Catalogue,
) -> ChangeGroup:
    rule, name = pair
    records = [found[number] for number in numbers if number in found]
    samples = [sample for one in records for sample in _samples(one, pair)]
    return ChangeGroup(
        rule=rule,
        rule_name=rule_name(rule),
        field=name,
        label=words.label(catalogue, name),
        records=gathered.by_pair[pair],
        streams=tuple(sorted({shape.stream for shape in gathered.shapes[pair]})),
        samples=_telling(samples),
    )


def _telling(samples: Sequence[Sample]) -> tuple[Sample, ...]:
    """The worst first, and no kind of repair twice before each was shown once."""
    ranked = sorted(enumerate(samples), key=lambda one: (_likeness(one[1]), one[0]))
    seen: Counter[str] = Counter()
    turns = []
    for place, (_, sample) in enumerate(ranked):
        turns.append((seen[sample.why.key], place, sample))
        seen[sample.why.key] += 1
    return tuple(sample for _, _, sample in sorted(turns, key=lambda one: one[:2])[:SAMPLES])


def _likeness(sample: Sample) -> float:
    """0 when before and after have nothing in common, 2 when only blanks or capitals differ."""
    before, after = sample.before or "", sample.after or ""
    if before.split() == after.split() or before.strip().casefold() == after.strip().casefold():
        return 2
    return SequenceMatcher(None, before[:100], after[:100], autojunk=False).ratio()


def rule_name(rule: str) -> Words:
    """What a rule does, in a few words; a rule without a text calls itself."""
    key = f"report.rule.{rule}"
    return words.words(key) if words.exists(key) else Words(da=rule, en=rule)


def _samples(one: Changed, pair: Pair) -> list[Sample]:
    return [
        Sample(
            ref=f"{one.system}/{one.kind}/{one.id}",
            stream=one.stream,
            place=one.place,
            before=change.old,
            after=change.new,
            why=words.say(change.reason, **change.details),
        )
        for change in one.changes
        if (change.rule, change.field) == pair
    ]
