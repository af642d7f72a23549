"""When a run stops itself: too many changes, a source that shrank, columns that changed places.

Blocks are none of this module's business: no limit ever stops, delays or reverses one
(promise 1). Shares are of the stream's live records.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Policy:
    """The limits. Below `fewest_records` no share is judged: it would stop on every small list."""

    change_share: float = 0.3
    changes: int | None = None
    shrink_share: float = 0.5
    swap_share: float = 0.5
    fewest_records: int = 20


@dataclass(frozen=True, slots=True)
class Tally:
    """One stream after deciding. `valid` and `was_valid` are field -> (filled, valid)."""

    system: str
    stream: str
    records: int
    changed: int
    valid: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    was_valid: Mapping[str, tuple[int, int]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Stop:
    """Why a stream must not be written without a person's word. `code` is a text key's end."""

    code: str
    system: str
    stream: str
    details: Mapping[str, str]


def judge(tally: Tally, policy: Policy) -> tuple[Stop, ...]:
    """All reasons to stop before writing to this stream; empty means go on."""
    stops = []
    if policy.changes is not None and tally.changed > policy.changes:
        stops.append(_stop("too_many", tally, n=tally.changed, limit=policy.changes))
    if tally.records >= policy.fewest_records:
        share = tally.changed / tally.records
        if share > policy.change_share:
            stops.append(
                _stop(
                    "large_share", tally, share=f"{share:.0%}", limit=f"{policy.change_share:.0%}"
                )
            )
    stops += [
        _stop("swapped", tally, field=name)
        for name in tally.valid
        if _looks_swapped(tally.was_valid.get(name, (0, 0)), tally.valid[name], policy)
    ]
    return tuple(stops)


def shrank(before: int, after: int, policy: Policy) -> bool:
    """Whether a source lost so much that it is more likely broken than right.

    An emptied source always counts, whatever its size was.
    """
    if before == 0 or after >= before:
        return False
    if after == 0:
        return True
    return before >= policy.fewest_records and (before - after) / before >= policy.shrink_share


def _looks_swapped(was: tuple[int, int], now: tuple[int, int], policy: Policy) -> bool:
    """A field that used to be right and suddenly is not: most likely another column's content."""
    if min(was[0], now[0]) < policy.fewest_records:
        return False
    return was[1] / was[0] - now[1] / now[0] >= policy.swap_share


def _stop(code: str, tally: Tally, **details: object) -> Stop:
    return Stop(code, tally.system, tally.stream, {k: str(v) for k, v in details.items()})
