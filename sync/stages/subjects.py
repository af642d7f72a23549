"""Records as sources are asked about them: their values as the rules leave them, and their keys."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

from rules.decide import after
from rules.enrichment.identity import asked, identity
from rules.enrichment.verifying import VERIFIED, reached
from rules.hygiene import clean
from rules.keys import Key, KeyKind
from rules.records import Record, Ref, Value
from rules.suppression import Channel
from rules.trust import Cleaned
from state import blocked
from state.cursors import Lease
from state.mirror import Dirty, values_of
from state.store import Tx
from sync.app import App

if TYPE_CHECKING:
    from connectors.sources.source import Source

_SAID_NO_TO: Final = {KeyKind.EMAIL: Channel.EMAIL, KeyKind.PHONE: Channel.CALL}


class Subject(NamedTuple):
    """A record, and what is to be known of it: its keys, and its fields with what is in them."""

    rid: int
    keys: tuple[Key, ...]
    values: Mapping[str, Value]


class Keys:
    """The keys by which a record is asked about: of its company, and those that these sources verify."""

    def __init__(self, sources: Iterable[Source]) -> None:
        kinds = {kind for one in sources for kind in one.profile.asking}
        self.verified = VERIFIED & kinds

    def __call__(self, values: Mapping[str, Value]) -> tuple[Key, ...]:
        """Of a record with these values, as the rules leave them."""
        company = asked(identity(values))
        return (*company, *reached(values, self.verified)) if self.verified else company


def subjects(
    tx: Tx,
    app: App,
    keys: Keys,
    leases: Mapping[tuple[str, str], Lease],
    rows: Sequence[tuple[str, str, Dirty]],
) -> list[Subject]:
    """Those of the rows that stand in one of these streams. Of who said no to calls or mails it is
    nobody's business whether he can be reached: that address is asked about nowhere."""
    noes = blocked.channels(tx, [row.rid for _, _, row in rows]) if keys.verified else {}
    return [
        _subject(app, keys, lease, row.rid, row.cells, noes.get(row.rid, ()))
        for system, stream, row in rows
        if (lease := leases.get((system, stream)))
    ]


def _subject(
    app: App, keys: Keys, lease: Lease, rid: int, cells: str, noes: Sequence[str]
) -> Subject:
    values = left_by_rules(app, lease, values_of(cells))
    found = keys(values)
    if noes:
        found = tuple(key for key in found if _SAID_NO_TO.get(key.kind) not in noes)
    return Subject(rid, found, values)


def left_by_rules(app: App, lease: Lease, values: Mapping[str, Value]) -> Mapping[str, Value]:
    """A record's values as the rules leave them, before any source is heard."""
    return after_cleaning(lease, values, cleaned(app, lease, values))


def cleaned(app: App, lease: Lease, values: Mapping[str, Value]) -> Cleaned:
    """What the rules say of a record, before any source is heard."""
    rules = app.rules(lease.system, lease.headings)
    return clean(lease.kind, values, rules=rules, region=app.settings.region)


def after_cleaning(lease: Lease, values: Mapping[str, Value], said: Cleaned) -> Mapping[str, Value]:
    """The values once what the rules say is done."""
    changes, _ = said
    record = Record(Ref(lease.system, lease.kind, ""), "", values)
    return after(record, changes) if changes else values
