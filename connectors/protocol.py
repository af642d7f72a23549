"""What a connector is: small roles, a table of facts, and values for outcomes.

A connector implements the roles it has. The engine reads `Stream` and `Capabilities` and never
asks which vendor it is talking to. Errors: any role may raise `SystemStopped` (this system cannot
be used), `TryAgain` (later), `StartOver` (the cursor no longer fits) and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, Protocol, runtime_checkable

from connectors.costs import Costs
from rules.changes import Finding, RecordChange
from rules.flags import Flag
from rules.header_units import unit_of
from rules.records import Kind, Record, Redirect, Ref, Tombstone, Value

if TYPE_CHECKING:
    from rules.headers import Remark

Token = Mapping[str, Any]
"""A cursor's content: JSON, opaque to everybody but the connector that made it."""


@dataclass(frozen=True, slots=True)
class Capabilities:
    """Plain facts about one stream of one system; the contract suite proves them."""

    pull: bool = True
    push: bool = False
    conditional_write: bool = False
    delete_feed: bool = False
    opt_outs: bool = False
    calls: bool = False
    lags: bool = False
    """What a pull shows may be older than what was written: a lost answer is settled by `read`."""
    atomic_batch: bool = False
    """The whole push becomes visible at once or not at all (a file that is renamed)."""
    batch_size: int | None = 200
    """Records a push may hold; None: all of the stream in one go, in the order of `place`."""
    copy: bool = False
    """Corrections cannot be written, but shown in a copy; what is read stays as it is."""
    counts: Literal["records", "bytes"] = "records"
    """What `Page.of` counts."""
    episodes: bool = False
    """A flag that said no and was cleared between two readings is told of."""
    echoes: bool = False
    """Who is put into its list by address is shown as a record from then on, which says no."""
    compares: bool = False
    """Counts and ids can be asked for apart from what has changed: the role `Compares`."""


@dataclass(frozen=True, slots=True)
class Column:
    """How one column or vendor field maps to a canonical field; None when it is left alone.

    `writable`: False for what nobody can write, a column of formulas or a read-only field: the
    rules leave it alone. `unit` is how its header says that a cell is to be read
    (`rules.header_units`); mostly empty. `key` is "phone" or "email" on a field of numbers or
    addresses that is no match key otherwise: its cells come as `Record.also` and are kept hashed.
    """

    name: str
    canonical: str | None
    sure: bool = True
    writable: bool = True
    key: str = ""
    unit: str = field(init=False)

    def __post_init__(self) -> None:
        """The unit follows from the header, in every system alike."""
        object.__setattr__(self, "unit", unit_of(self.canonical or "", self.name))


@dataclass(frozen=True, slots=True)
class Stream:
    """One thing to pull: a vendor object, a file, a sheet. `name` is unique in the system."""

    name: str
    kind: Kind
    can: Capabilities
    columns: tuple[Column, ...] = ()
    identity: str = ""
    """What identifies a record, for people: "column id", "cvr", "e-mail", "content"."""
    notes: Mapping[str, str] = field(default_factory=dict)
    """Facts a person may want to see: encoding, delimiter, size."""
    remarks: tuple[Remark, ...] = ()
    """What a person should know about `kind` and `columns`: texts `header.<code>`."""
    bounces: bool = False
    """Of a list: its rows are addresses that do not answer, and no people who said no."""
    costs: Costs | None = None
    """What its records cost in calls; None where nothing is called."""


@dataclass(frozen=True, slots=True)
class Broken:
    """A row that could not be read as a record: where it is and what to do. The rest goes on."""

    place: int
    finding: Finding


@dataclass(frozen=True, slots=True)
class Episode:
    """A no that was said and taken back between two readings, as the system's history tells of it.

    `record` is as it is now, but for `field`, which holds what it held `since` then. It is heard,
    and not stored. Who has told of it may tell of it again. `theirs`: the history names somebody
    else than us as who said it.
    """

    record: Record
    field: str
    since: datetime
    theirs: bool = False


@dataclass(frozen=True, slots=True)
class Page:
    """One step of a pull. `next` is the cursor to store with this page's effects.

    `complete` is set on the last page only. `full` says that the pull as a whole has shown every
    record that exists, so that what was not seen is gone. `of` is a (done, total) pair of what
    the stream `counts`, for the progress bar.
    """

    records: Sequence[Record]
    next: Token
    complete: bool
    full: bool = False
    tombstones: Sequence[Tombstone] = ()
    redirects: Sequence[Redirect] = ()
    broken: Sequence[Broken] = ()
    of: tuple[int, int] | None = None
    calls_used: int = 0
    episodes: Sequence[Episode] = ()
    again: int = 0
    """Rows that this reading met once more, because readings overlap, and left out as known."""


WRITTEN_AS: Final = "written_as"
"""The detail of a change that takes another back: what `Applied.before` said of the field."""


@dataclass(frozen=True, slots=True)
class Applied:
    """Written, and confirmed by the system; `version` is the record's new version."""

    ref: Ref
    version: str
    place: int | None = None
    before: Mapping[str, str] = field(default_factory=dict)
    """By field: how the old value was written, where its text does not tell (a number, a date).
    It comes back as the detail `WRITTEN_AS` of the change that takes this one back."""


@dataclass(frozen=True, slots=True)
class Conflict:
    """Somebody else changed the record first: nothing was written, decide again."""

    ref: Ref


@dataclass(frozen=True, slots=True)
class Rejected:
    """The system refuses this value: a finding, and no retry until something changes."""

    ref: Ref
    code: str
    details: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Unknown:
    """The answer was lost: the record has to be read back before anything else is done.

    `claimed`: no answer was lost. The system says that it was written, and it does not stand there:
    nothing was stored, or a program turned it back before anybody could see it.
    """

    ref: Ref
    cause: str
    claimed: bool = False


Outcome = Applied | Conflict | Rejected | Unknown


@dataclass(frozen=True, slots=True)
class Moved:
    """The cursor after our own writes: a pull from it does not show them again."""

    token: Token


@dataclass(frozen=True, slots=True)
class Problem:
    """Something in the system that cannot be used as a stream; the others go on.

    `stream` may also hold several (`kunder.xlsx` for `kunder.xlsx#Ark1`). `message` and `remedy`
    are text keys, `details` their arguments. What is not `stops` is worth a word, and no failure.
    """

    stream: str
    message: str
    remedy: str
    details: Mapping[str, str] = field(default_factory=dict)
    stops: bool = True

    def covers(self, stream: str) -> bool:
        """Whether the stream of that name is meant: what cannot be read has not gone."""
        return stream == self.stream or stream.startswith(f"{self.stream}#")


class Connector(Protocol):
    """What every connector has."""

    name: str

    def streams(self) -> Sequence[Stream]:
        """The streams there are now, in a fixed order."""
        ...

    def problems(self) -> Sequence[Problem]:
        """What looks like a stream and cannot be used as one."""
        ...


@runtime_checkable
class Pulls(Protocol):
    """Can be read."""

    def pull(self, stream: Stream, token: Token | None) -> Iterator[Page]:
        """Pages from `token` (None: from the beginning) to the end.

        The last page has `complete`. A token of a complete pull, given again, yields what has
        changed since; when nothing has, it yields one empty complete page with `full=False`.
        """
        ...


@runtime_checkable
class Reads(Protocol):
    """Can show single records, for settling and re-checks."""

    def read(self, stream: Stream, refs: Sequence[Ref]) -> Iterator[Record]:
        """The records of `refs` that exist, in any order."""
        ...


@runtime_checkable
class Rereads(Protocol):
    """Can read all anew and not forget what it has yet to ask of the time since its last reading."""

    def anew(self, stream: Stream, token: Token) -> Token | None:
        """A cursor that begins at the beginning, in place of `token`, which fits no longer."""
        ...


@runtime_checkable
class Compares(Protocol):
    """Can tell what there is apart from what has changed, to find what a feed has missed."""

    def count(self, stream: Stream) -> int | None:
        """How many records a whole reading would show; None when the system cannot tell."""
        ...

    def ids(self, stream: Stream) -> Iterator[Ref]:
        """The id of each of them, in any order."""
        ...


@runtime_checkable
class Enlists(Protocol):
    """Keeps lists of people that stand on no record of theirs."""

    def members(self, name: str) -> Iterator[Sequence[str]] | None:
        """Ids of the contacts on the list of that name; None when none is called so."""
        ...


@runtime_checkable
class Pushes(Protocol):
    """Can be written."""

    def push(
        self, stream: Stream, token: Token, batch: Iterable[RecordChange]
    ) -> Iterator[Outcome | Moved]:
        """Write each change if its record still has `base_version`; exactly one outcome each.

        `token` is the cursor of the last complete pull. Changes come in the order of `place`.
        A connector that knows the cursor after its own writes says so with a last `Moved`.
        """
        ...

    def expected_version(self, stream: Stream, record: Record, change: RecordChange) -> str | None:
        """The version the record will have once `change` is applied; None if only the system knows."""
        ...


@runtime_checkable
class Blocks(Protocol):
    """Can show on its records that somebody must not be contacted.

    What was written counts only once `Reads.read` shows it.
    """

    def flags(self, stream: Stream) -> Sequence[Flag]:
        """The fields of the stream that can say no. A channel that none of them is about cannot
        be shown there."""
        ...

    def block(
        self, stream: Stream, token: Token | None, batch: Iterable[RecordChange]
    ) -> Iterator[Outcome | Moved]:
        """Set flags, whatever else was changed on the record since; exactly one outcome each. An
        error is raised behind the outcomes: who has none by then was not written to.

        Nothing but flags of `flags` is written, and they are only set. Where the record was not in
        its `base_version` any more, `Applied` names that version again: the next pull has to show
        what others did. `token` as in `push`; None where the stream is not being read just now.
        """
        ...


@runtime_checkable
class Unblocks(Protocol):
    """Can take flags off its records again, which nothing but a lift or a correction asks for."""

    def unblock(
        self, stream: Stream, token: Token, batch: Iterable[RecordChange]
    ) -> Iterator[Outcome | Moved]:
        """As `Pushes.push`, of flags of `Blocks.flags` that are not sticky: guarded like any
        change, for somebody may have said no meanwhile."""
        ...


@dataclass(frozen=True, slots=True)
class Clearing:
    """Who or what took a flag off, as far as the system says.

    `how`: import, merge, integration, person; "" where it does not tell. `who`: a name, or "".
    """

    how: str = ""
    who: str = ""


@runtime_checkable
class Remembers(Protocol):
    """Can say who changed its records."""

    def cleared(
        self, stream: Stream, refs: Sequence[Ref], fields: Sequence[str]
    ) -> Mapping[Ref, Clearing]:
        """Who took a flag of `fields` off each of these records."""
        ...


@runtime_checkable
class KeepsTime(Protocol):
    """Has a clock of its own, by which its history tells when something was set."""

    def time_there(self) -> datetime | None:
        """Its time by its last answer, to the second; None before it has given one."""
        ...


@runtime_checkable
class Copies(Protocol):
    """Can show corrections in a copy where it cannot write them."""

    def copy(
        self, wanted: Sequence[tuple[Stream, Token, Iterable[RecordChange]]]
    ) -> Iterator[Problem]:
        """Write the copies of these streams; each stream with the cursor of its last complete pull
        and its changes in the order of `place`. What a person should know of each copy is yielded.
        """
        ...


@runtime_checkable
class Links(Protocol):
    """A system whose records a person can open by an address."""

    def link(self, stream: str, ref: Ref | None, place: int | None) -> str | None:
        """Where a record of the stream, or a place in it, can be looked at; None: nowhere."""


UNREADABLE: Final = "unreadable"
"""What a judge gets in place of the values of a row that cannot be read."""

Judged = Mapping[str, Value] | str | None
"""One row for a judge: its values, `UNREADABLE`, or None for a blank one."""

Judge = Callable[[int, Sequence[Judged]], Sequence[bool]]
"""(place of the first row, rows) -> which to keep; None and `UNREADABLE` are never kept."""


@runtime_checkable
class Sifts(Protocol):
    """A list of which a copy with fewer rows can be made."""

    def sift(self, stream: Stream, judge: Judge, out: Path | None) -> None:
        """Show `judge` all rows in their order; the kept ones go to `out`, in the list's own form.

        Nothing is at `out` before all is written. `StartOver` when the list changed meanwhile.
        """
        ...
