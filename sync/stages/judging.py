"""The pure part of deciding: a batch of mirror rows to the rules, and back what is to be written.

No store, no clock: a batch and its outcome are plain values, so that another process can do it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from rules import marks
from rules.changes import Decision, Finding, Severity
from rules.decide import Context, decide
from rules.keys import SITE, site_key
from rules.matching import further_keys
from rules.records import Kind, Record, Ref
from rules.trust import NO_PAST, Past
from state import findings
from state.keys import KeyRing
from state.mirror import values_of
from state.proposals import changes_text, shape_of
from state.screen import HashedRecord, all_digests, hash_record

Row = tuple[int, str, str, str, int | None, str | None]
"""(rid, id, version, cells, place, also) of a mirror row that is to be decided."""

Pasts = Mapping[int, Past]
"""What was done to records before, by rid; most have no past."""


@dataclass(frozen=True, slots=True)
class Brief:
    """What all batches of a stream have in common.

    `fields` are the stream's mapped fields in the order of the mirror's bits; `ledger_kinds` the
    kinds of key that the ledger held when the stage began. `matched`: there are other lists of such
    records, so that they are given the keys by which they are found there.
    """

    system: str
    kind: Kind
    fields: tuple[str, ...]
    context: Context
    ring: KeyRing
    ledger_kinds: frozenset[str] = frozenset()
    matched: bool = False


class Judgement(NamedTuple):
    """What deciding one record says, ready to be written.

    `changes` is the stored text, empty when nothing is to change. `keys` are (rid, kind, hash) as
    `match_keys` holds them; `digests` every hash by which the ledger could know the record.
    Values are plain and small, because they go from process to process.
    """

    rid: int
    filled: int
    valid: int
    marks: int
    shape: str
    changes: str
    findings: tuple[findings.Stored, ...]
    keys: tuple[tuple[int, str, bytes], ...]
    digests: tuple[bytes, ...]
    again_on: str | None = None
    """The day on which to decide it again, ISO."""


def judge(brief: Brief, rows: Sequence[Row], pasts: Pasts) -> list[Judgement]:
    """Decide a batch. The same rows give the same judgements, whoever asks.

    One after the other to its end, so that little is in the processor's memory at a time.
    """
    bits = [(name, 1 << at) for at, name in enumerate(brief.fields)]
    marking = marks.steps(brief.kind, brief.fields)
    system, kind, context = brief.system, brief.kind, brief.context
    judged = []
    for rid, ident, version, cells, place, also in rows:
        record = Record(Ref(system, kind, ident), version, values_of(cells), place)
        decision = decide(record, context, pasts.get(rid, NO_PAST))
        judged.append(_judgement(brief, bits, marking, rid, record, decision, also))
    return judged


def _judgement(
    brief: Brief,
    bits: Sequence[tuple[str, int]],
    marking: Sequence[marks.Step],
    rid: int,
    record: Record,
    decision: Decision,
    also: str | None,
) -> Judgement:
    changes, found, again_on, clean = decision
    before = record.values
    filled = sum([bit for name, bit in bits if before.get(name)])
    wrong = _wrong(found)
    mended = filled & ~sum([bit for name, bit in bits if name in wrong]) if wrong else filled
    # Keys of the cleaned values: they are the same, and cleaning need not be done twice.
    if changes:
        record = Record(record.ref, record.version, clean, record.place)
    hashed = hash_record(brief.ring, rid, record, brief.context.region, also)
    return Judgement(
        rid,
        filled,
        mended,
        marks.packed(marking, before, clean, wrong),
        shape_of(changes) if changes else "",
        changes_text(changes) if changes else "",
        tuple([findings.stored(finding) for finding in found]) if found else (),
        _keys(brief, hashed),
        all_digests(brief.ring, hashed, brief.ledger_kinds),
        again_on.isoformat() if again_on else None,
    )


def _keys(brief: Brief, one: HashedRecord) -> tuple[tuple[int, str, bytes], ...]:
    """The keys in its fields, and those by which it is known besides: they reach nobody."""
    keys, values, region = one.match_keys(), one.record.values, brief.context.region
    if brief.matched:
        further = further_keys(brief.kind, values, region)
        return (*keys, *((one.rid, name, brief.ring.digest(key)) for name, key in further))
    if brief.kind is Kind.COMPANY:
        site = site_key(values, region)
        if site:
            return (*keys, (one.rid, SITE, brief.ring.digest(site)))
    return keys


_NOTHING: Final[frozenset[str]] = frozenset()


def _wrong(found: Sequence[Finding]) -> frozenset[str]:
    """The fields that hold something a person should mend."""
    if not found:
        return _NOTHING
    return frozenset([one.field for one in found if one.field and one.severity in _MEND])


_MEND: Final = (Severity.ERROR, Severity.WARNING)
