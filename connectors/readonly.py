"""A connector that cannot write: the dry run's first belt, put on once, at the composition root.

It has no `provision` at all: what a system lacks can be seen in a dry run, and not be made.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime

from connectors.barring import Barring, Bars, Refusal, barring_of
from connectors.costs import Reckons
from connectors.hooks import Hears, Hint
from connectors.protocol import (
    Blocks,
    Compares,
    Connector,
    Enlists,
    KeepsTime,
    Links,
    Moved,
    Outcome,
    Page,
    Problem,
    Pulls,
    Pushes,
    Reads,
    Rereads,
    Stream,
    Token,
)
from connectors.rights import Checks, Lacks, Offered, Offers, Right, Wanted
from rules.barring import Bar
from rules.changes import RecordChange
from rules.errors import WroteInDryRun
from rules.flags import Flag
from rules.records import Record, Ref


class ReadOnly:
    """Passes every read to the wrapped connector and raises `WroteInDryRun` on every write."""

    def __init__(self, inner: Connector) -> None:
        self._inner = inner
        self.name = inner.name
        self._linked = inner if isinstance(inner, Links) else None

    def streams(self) -> Sequence[Stream]:
        """The wrapped connector's streams."""
        return self._inner.streams()

    def problems(self) -> Sequence[Problem]:
        """The wrapped connector's problems."""
        return self._inner.problems()

    def link(self, stream: str, ref: Ref | None, place: int | None) -> str | None:
        """The wrapped connector's address, if it has one."""
        return self._linked.link(stream, ref, place) if self._linked else None

    def check(self) -> Iterator[Right]:
        """The wrapped connector's rights, if it can say."""
        return self._inner.check() if isinstance(self._inner, Checks) else iter(())

    def about(self, streams: Sequence[Stream]) -> Mapping[str, int]:
        """The wrapped connector's counts, if it can say."""
        return self._inner.about(streams) if isinstance(self._inner, Reckons) else {}

    def missing(self) -> Sequence[Wanted]:
        """What the wrapped connector lacks, if it can say."""
        return self._inner.missing() if isinstance(self._inner, Lacks) else ()

    def offered(self) -> Sequence[Offered]:
        """The wrapped connector's further fields, if it can say."""
        return self._inner.offered() if isinstance(self._inner, Offers) else ()

    def sample(self, stream: str, names: Sequence[str]) -> Sequence[Mapping[str, str | None]]:
        """Some records of the wrapped connector."""
        return self._inner.sample(stream, names) if isinstance(self._inner, Offers) else ()

    def pull(self, stream: Stream, token: Token | None) -> Iterator[Page]:
        """The wrapped connector's pages."""
        assert isinstance(self._inner, Pulls)  # noqa: S101 - a configured system can be pulled
        return self._inner.pull(stream, token)

    def anew(self, stream: Stream, token: Token) -> Token | None:
        """The wrapped connector's answer; None means the very beginning."""
        return self._inner.anew(stream, token) if isinstance(self._inner, Rereads) else None

    def members(self, name: str) -> Iterator[Sequence[str]] | None:
        """Who is on a list that the wrapped connector keeps apart, if it keeps any."""
        return self._inner.members(name) if isinstance(self._inner, Enlists) else None

    def count(self, stream: Stream) -> int | None:
        """The wrapped connector's count."""
        assert isinstance(self._inner, Compares)  # noqa: S101 - its stream says that it can
        return self._inner.count(stream)

    def ids(self, stream: Stream) -> Iterator[Ref]:
        """The wrapped connector's ids."""
        assert isinstance(self._inner, Compares)  # noqa: S101
        return self._inner.ids(stream)

    def time_there(self) -> datetime | None:
        """The wrapped connector's answer, if it has one."""
        return self._inner.time_there() if isinstance(self._inner, KeepsTime) else None

    def read(self, stream: Stream, refs: Sequence[Ref]) -> Iterator[Record]:
        """The wrapped connector's records."""
        assert isinstance(self._inner, Reads)  # noqa: S101
        return self._inner.read(stream, refs)

    def push(
        self, stream: Stream, token: Token, batch: Iterable[RecordChange]
    ) -> Iterator[Outcome | Moved]:
        """Never writes."""
        del token, batch
        raise WroteInDryRun(f"a dry run tried to write to {self.name}/{stream.name}")

    def flags(self, stream: Stream) -> Sequence[Flag]:
        """The wrapped connector's flags, if it has any."""
        return self._inner.flags(stream) if isinstance(self._inner, Blocks) else ()

    def block(
        self, stream: Stream, token: Token | None, batch: Iterable[RecordChange]
    ) -> Iterator[Outcome | Moved]:
        """Never writes."""
        del token, batch
        raise WroteInDryRun(f"a dry run tried to set flags in {self.name}/{stream.name}")

    def unblock(
        self, stream: Stream, token: Token, batch: Iterable[RecordChange]
    ) -> Iterator[Outcome | Moved]:
        """Never writes."""
        del token, batch
        raise WroteInDryRun(f"a dry run tried to take flags off in {self.name}/{stream.name}")

    def barring(self) -> Barring:
        """The wrapped connector's facts; none where it keeps no lists."""
        return barring_of(self._inner) or Barring()

    def barred(self, batch: Sequence[Bar]) -> Mapping[Bar, str]:
        """The wrapped connector's answer."""
        assert isinstance(self._inner, Bars)  # noqa: S101 - it has facts
        return self._inner.barred(batch)

    def bar(self, batch: Sequence[Bar]) -> Iterator[Refusal]:
        """Never writes."""
        raise WroteInDryRun(f"a dry run tried to keep {len(batch)} away in {self.name}")

    def hints(
        self, headers: Mapping[str, str], body: bytes, word: str = ""
    ) -> Sequence[Hint] | None:
        """The wrapped connector's answer; None where it is sent nothing."""
        return self._inner.hints(headers, body, word) if isinstance(self._inner, Hears) else None

    def hook_is_off(self) -> bool | None:
        """The wrapped connector's answer, if it has one."""
        return self._inner.hook_is_off() if isinstance(self._inner, Hears) else None

    def expected_version(self, stream: Stream, record: Record, change: RecordChange) -> str | None:
        """The wrapped connector's answer; it writes nothing."""
        assert isinstance(self._inner, Pushes)  # noqa: S101
        return self._inner.expected_version(stream, record, change)

    def copy(
        self, wanted: Sequence[tuple[Stream, Token, Iterable[RecordChange]]]
    ) -> Iterator[Problem]:
        """Never writes."""
        del wanted
        raise WroteInDryRun(f"a dry run tried to write a copy beside {self.name}")
