"""What a source of facts is: a table of what it can do and costs, and one answer for each key asked.

Errors: `look_up` may raise `SystemStopped` (this source cannot be used: rights, money, wire format),
`TryAgain` (later), `Detour` (it answered all the same) and nothing else. A key that a source has not answered by then was not answered:
whether it was counted, or charged, is not known.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final, Protocol

from connectors.rights import Right
from rules.enrichment.record import CompanyRecord
from rules.enrichment.verdict import Verified
from rules.errors import RingrenError, TryAgain
from rules.keys import Key, KeyKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """How a source is asked by one kind of key. `batch`: keys that are asked for together, with
    `calls` calls, `each` more for each of them, and one more for each `page` of them (0: none);
    `life`: so long an answer is as good as new, and is not asked for again."""

    batch: int
    life: timedelta
    calls: int = 1
    page: int = 0
    each: int = 0

    def calls_for(self, keys: int) -> int:
        """About how many calls so many keys take."""
        pages = -(-keys // self.page) if self.page else 0
        return -(-keys // self.batch) * self.calls + keys * self.each + pages

    def keys_for(self, calls: int) -> int:
        """How many keys so many calls reach for at most."""
        whole, rest = divmod(calls, self.calls_for(self.batch))
        left = max(0, rest - self.calls)
        return whole * self.batch + (left // self.each if self.each else left * self.page)


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """Plain facts about a source.

    `fields` are those of the catalogue that it may fill, `verifies` those of which it says whether
    what stands in them works. `ore` is the price of one key, in øre
    (hundredths of a krone); who asks for nothing has no price. `repeats_free`: the same key asked
    again costs nothing, so that a lost answer may be asked for again. `keeps_days`: so long the
    licence lets its answers be kept; None: without end. `licence` is a text key. `seconds`: about
    how long a call takes. `renews`: it is worth asking where no field is empty, for what it says
    overwrites; of who only fills, nobody is asked about a record in which there is nothing to fill.
    `asked_dry`: a dry run may ask it, where nothing is to pay. `not_bought`: parts, by the vendor's
    own names, that were asked for and are not in the contract; they are asked for no more.
    """

    asking: Mapping[KeyKind, Asking]
    fields: frozenset[str]
    licence: str
    verifies: frozenset[str] = frozenset()
    ore: int = 0
    repeats_free: bool = True
    keeps_days: int | None = None
    seconds: float = 1.0
    renews: bool = False
    asked_dry: bool = True
    not_bought: tuple[str, ...] = ()

    @property
    def about(self) -> frozenset[str]:
        """The fields that it has anything to say of."""
        return self.fields | self.verifies


@dataclass(frozen=True, slots=True)
class Found:
    """What the source knows: one record by a number that is one company's, or all that fit a key.

    `raw` is the answer as it came, as far as it is about this key. `life`: so long it is as good as
    new, where not as long as others of its kind.
    """

    key: Key
    records: tuple[CompanyRecord, ...]
    raw: bytes = field(default=b"", repr=False)
    life: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Judged:
    """Whether the address or number that is the key works. `life`: so long it is as good as new, where
    not as long as such verdicts are."""

    key: Key
    verdict: Verified
    raw: bytes = field(default=b"", repr=False)
    life: timedelta | None = None


@dataclass(frozen=True, slots=True)
class NotFound:
    """The source answered, and has nothing under this key."""

    key: Key


@dataclass(frozen=True, slots=True)
class Unknown:
    """The source did not say: an answer that is incomplete, an error inside a good one. `why` is a
    code. No statement about the key. `waits`: not asked again before; None: until another night.
    `free`: nothing was charged for it."""

    key: Key
    why: str
    waits: timedelta | None = None
    free: bool = False


Reply = Found | Judged | NotFound | Unknown

INCOMPLETE: Final = "incomplete"


class Detour(TryAgain):
    """Every key was answered, by another way than the first: `why` that one could not be used."""

    def __init__(self, why: RingrenError) -> None:
        super().__init__(why.message, why.remedy)
        self.details = why.details


class Source(Protocol):
    """What every source has."""

    name: str
    profile: Profile

    def look_up(self, keys: Sequence[Key]) -> Iterator[Reply]:
        """Exactly one reply for each of these keys, which are of one kind and no more than a batch."""
        ...

    def credit(self) -> int | None:
        """How many look-ups are left that were paid for; None where none are bought in advance."""
        ...

    def check(self) -> Iterator[Right]:
        """Whether we are let in, and what else a person should know."""
        ...
