"""A system that says exactly what a test has it say: pages of records, tombstones and redirects."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from connectors.protocol import (
    Applied,
    Capabilities,
    Column,
    Episode,
    Moved,
    Outcome,
    Page,
    Problem,
    Stream,
    Token,
    Unknown,
)
from rules.changes import RecordChange
from rules.records import Kind, Record, Redirect, Ref, Tombstone, Value

FIELDS = (
    "full_name", "company_name", "direct_phone", "other_phone", "main_phone", "email", "cvr",
    "address", "postcode", "city", "website", "country", "title", "opt_out", "opt_out_email",
)  # fmt: skip


class Scripted:
    """The connector. What is told between two pulls comes in the next one, page by page."""

    def __init__(self, name: str, *kinds: Kind, fields: Sequence[str] = FIELDS) -> None:
        self.name = name
        self.loses_answers = False
        self.claims = False
        self.written: list[RecordChange] = []
        can = Capabilities(push=True, conditional_write=True, delete_feed=True)
        columns = tuple(Column(one, one) for one in fields)
        self._streams = [Stream(one.value, one, can, columns, "id") for one in kinds]
        self._fields = fields
        self._told: dict[str, list[Page]] = {one.name: [] for one in self._streams}
        self._versions = 0

    def ref(self, ident: str, kind: Kind = Kind.CONTACT) -> Ref:
        return Ref(self.name, kind, ident)

    def record(self, ident: str, kind: Kind = Kind.CONTACT, **values: str) -> Record:
        """A record in a version of its own."""
        self._versions += 1
        cells: dict[str, Value] = {name: values.get(name) for name in self._fields}
        return Record(self.ref(ident, kind), f"v{self._versions}", cells)

    def tell(
        self,
        *records: Record,
        gone: Iterable[str] = (),
        ways: Iterable[tuple[str, str]] = (),
        kind: Kind = Kind.CONTACT,
        to: Kind | None = None,
        episodes: Iterable[Episode] = (),
    ) -> None:
        """One page of the next pull; `ways` are (old, new), to records of the kind `to`."""
        page = Page(
            records,
            {},
            complete=False,
            tombstones=[Tombstone(self.ref(one, kind)) for one in gone],
            redirects=[Redirect(self.ref(a, kind), self.ref(b, to or kind)) for a, b in ways],
            episodes=list(episodes),
        )
        self._told[kind.value].append(page)

    def streams(self) -> Sequence[Stream]:
        return self._streams

    def problems(self) -> Sequence[Problem]:
        return ()

    def pull(self, stream: Stream, token: Token | None) -> Iterator[Page]:
        """The first reading shows all there is, later ones what was told since."""
        told, self._told[stream.name] = self._told[stream.name], []
        for at, page in enumerate(told):
            yield Page(
                page.records,
                {"page": at},
                complete=False,
                tombstones=page.tombstones,
                redirects=page.redirects,
                episodes=page.episodes,
            )
        yield Page((), {"done": True}, complete=True)

    def read(self, stream: Stream, refs: Sequence[Ref]) -> Iterator[Record]:
        yield from ()

    def push(
        self, stream: Stream, token: Token, batch: Iterable[RecordChange]
    ) -> Iterator[Outcome | Moved]:
        """Each is written; with `loses_answers` nobody hears of it, and what it only `claims` to
        write is not stored."""
        for change in batch:
            self.written.append(change)
            self._versions += 1
            if self.loses_answers:
                yield Unknown(change.ref, "timeout")
            elif self.claims:
                yield Unknown(change.ref, "no_effect", claimed=True)
            else:
                yield Applied(change.ref, f"v{self._versions}")

    def expected_version(self, stream: Stream, record: Record, change: RecordChange) -> str | None:
        return None
