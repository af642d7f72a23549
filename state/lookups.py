"""What sources of facts were asked, and what they answered: one row for each source and key.

A key is asked for again when its answer is no longer good, and not before: not in the same night,
not after a restart, and not when an answer was lost that may have been paid for. That something is
not found is believed on the second day that says so; until then what was found before stands.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any, Final, NamedTuple

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from rules.keys import Key, KeyKind
from rules.spans import COPENHAGEN
from state.store import Tx, among, bulk
from state.tables import lookups


class State(StrEnum):
    """How a key stands with a source; the values are stored."""

    ASKED = "asked"
    FOUND = "found"
    ABSENT = "absent"
    UNKNOWN = "unknown"


class Lookup(NamedTuple):
    """A row. `answer` is the text that was found, also while one day says that it is there no more."""

    source: str
    key: Key
    state: State
    asked_at: datetime
    answered_at: datetime | None
    changed_at: datetime | None
    good_until: datetime
    absent_since: date | None
    answer: str | None

    @property
    def is_gone(self) -> bool:
        """Two different days have said that there is no such thing."""
        return (
            self.state is State.ABSENT
            and self.absent_since is not None
            and self.answered_at is not None
            and _day(self.answered_at) > self.absent_since
        )


class Heard(NamedTuple):
    """What a source said of one key. `answer` as text and `raw` as it came, of what was found; `life`
    where this answer lives otherwise than the source's others."""

    key: Key
    state: State
    answer: str | None = None
    raw: bytes | None = None
    life: timedelta | None = None


class Terms(NamedTuple):
    """Until when what is heard now is good, what is not known waits, and how long it may be kept."""

    good_until: datetime
    unknown_until: datetime
    kept_until: datetime | None


_COLUMNS: Final = (
    lookups.c.source, lookups.c.key_kind, lookups.c.key, lookups.c.state, lookups.c.asked_at,
    lookups.c.answered_at, lookups.c.changed_at, lookups.c.good_until, lookups.c.absent_since,
    lookups.c.answer,
)  # fmt: skip


def known(tx: Tx, sources: Collection[str], keys: Collection[Key]) -> dict[Key, list[Lookup]]:
    """By key: what these sources were asked, in the order of their names."""
    values: dict[KeyKind, list[str]] = {}
    for key in keys:
        values.setdefault(key.kind, []).append(key.value)
    found: dict[Key, list[Lookup]] = {}
    for kind, listed in values.items():
        rows = tx.execute(
            sa.select(*_COLUMNS)
            .where(
                lookups.c.source.in_(list(sources)),
                lookups.c.key_kind == kind,
                among(tx, lookups.c.key, listed),
            )
            .order_by(lookups.c.source)
        )
        for row in rows:
            one = _lookup(row)
            found.setdefault(one.key, []).append(one)
    return found


def _lookup(row: Any) -> Lookup:
    source, kind, key, state, asked, answered, changed, good, absent, answer = row
    day = date.fromisoformat(absent) if absent else None
    where = (source, Key(KeyKind(kind), key), State(state))
    return Lookup(*where, asked, answered, changed, good, day, answer)


def begin(
    tx: Tx, source: str, keys: Sequence[Key], now: datetime, good_until: datetime
) -> list[Key]:
    """Note that these keys are about to be asked for; gives those that are ours to ask for.

    What another process asks for, or has an answer to that is still good, is not among them.
    """
    ours = []
    for key in keys:
        insert = _insert(tx).values(
            source=source,
            key_kind=key.kind,
            key=key.value,
            state=State.ASKED,
            asked_at=now,
            good_until=good_until,
        )
        new = insert.excluded
        taken = insert.on_conflict_do_update(
            index_elements=_KEY,
            set_={"state": new.state, "asked_at": new.asked_at, "good_until": new.good_until},
            where=lookups.c.good_until <= now,
        ).returning(lookups.c.lookup)
        if tx.execute(taken).one_or_none():
            ours.append(key)
    return ours


def _insert(tx: Tx) -> Any:
    dialect: Any = sqlite if tx.dialect.name == "sqlite" else postgresql
    return dialect.insert(lookups)


_KEY: Final = [lookups.c.source, lookups.c.key_kind, lookups.c.key]


def settle(tx: Tx, source: str, heard: Sequence[Heard], now: datetime, terms: Terms) -> list[Key]:
    """Keep what a source said; gives the keys of which something else is known now than before.

    What is unknown moves no date of what is known. A source that is free to be asked again, and
    does not know, leaves no row at all.
    """
    before = {key: rows[0] for key, rows in known(tx, [source], [one.key for one in heard]).items()}
    rows, changed = [], []
    for one in heard:
        row = _settled(before.get(one.key), one, now)
        if row is None:
            continue
        has_changed, state, since, answer = row
        if has_changed:
            changed.append(one.key)
        rows.append((source, one, state, since, answer, has_changed))
    _write(tx, before, rows, now, terms)
    return changed


def _settled(
    old: Lookup | None, one: Heard, now: datetime
) -> tuple[bool, State, date | None, str | None] | None:
    """(whether anything else is known now, state, absent since, answer); None: nothing to keep."""
    answer = old.answer if old else None
    if one.state is State.FOUND:
        return answer != one.answer or _gone(old), one.state, None, one.answer
    if one.state is State.ABSENT:
        since = (old.absent_since if old else None) or _day(now)
        gone = _day(now) > since
        return gone and not _gone(old), one.state, since, None if gone else answer
    return (False, one.state, old.absent_since, answer) if old else None


def _gone(old: Lookup | None) -> bool:
    return old is not None and old.is_gone


def _write(
    tx: Tx,
    before: Mapping[Key, Lookup],
    rows: Sequence[tuple[str, Heard, State, date | None, str | None, bool]],
    now: datetime,
    terms: Terms,
) -> None:
    new, old, silent_ones = [], [], []
    for source, one, state, since, answer, has_changed in rows:
        last = before.get(one.key)
        silent = state is State.UNKNOWN
        told = (last.answered_at if last else None) if silent else now
        moved = now if has_changed else last.changed_at if last else None
        good = terms.unknown_until if silent else terms.good_until
        good = good if one.life is None else now + one.life
        day = since.isoformat() if since else None
        dates = (state, now, told, moved, good)
        values = (*dates, terms.kept_until, day, answer, one.raw)
        key = (source, one.key.kind, one.key.value)
        if last is None:
            new.append((*key, *values))
        elif state is State.FOUND:
            old.append((*values, *key))
        else:
            silent_ones.append((*dates, day, answer, *key))
    bulk(tx, _INSERT, new)
    bulk(tx, _UPDATE, old)
    bulk(tx, _SILENT, silent_ones)


_VALUES: Final = {
    name: sa.bindparam(f"b_{name}", type_=lookups.c[name].type)
    for name in (
        "state", "asked_at", "answered_at", "changed_at", "good_until", "kept_until",
        "absent_since", "answer", "raw",
    )
}  # fmt: skip
_INSERT: Final = sa.insert(lookups).values(
    source=sa.bindparam("b_source"),
    key_kind=sa.bindparam("b_kind"),
    key=sa.bindparam("b_key"),
    **_VALUES,
)
_SAME_KEY: Final = sa.and_(
    lookups.c.source == sa.bindparam("b_source"),
    lookups.c.key_kind == sa.bindparam("b_kind"),
    lookups.c.key == sa.bindparam("b_key"),
)
# What is heard without a text leaves the last one as it came.
_UPDATE: Final = (
    sa.update(lookups)
    .where(_SAME_KEY)
    .values({**_VALUES, "raw": sa.func.coalesce(_VALUES["raw"], lookups.c.raw)})
)
_SILENT: Final = (
    sa.update(lookups)
    .where(_SAME_KEY)
    .values({name: one for name, one in _VALUES.items() if name not in {"kept_until", "raw"}})
)
"""Nothing was found: what is kept stays as it came, and its licence ends when it ends."""


# --- what there is ----------------------------------------------------------------------------


class Standing(NamedTuple):
    """How many keys of a source stand how, and when it was last answered."""

    source: str
    keys: Mapping[State, int]
    answered_at: datetime | None


def standing(tx: Tx) -> list[Standing]:
    """Each source that was ever asked."""
    rows = tx.execute(
        sa.select(
            lookups.c.source,
            lookups.c.state,
            sa.func.count(),
            sa.func.max(lookups.c.answered_at),
        )
        .group_by(lookups.c.source, lookups.c.state)
        .order_by(lookups.c.source)
    )
    found: dict[str, dict[State, int]] = {}
    last: dict[str, datetime | None] = {}
    for source, state, number, at in rows:
        found.setdefault(source, {})[State(state)] = int(number)
        last[source] = max(filter(None, (at, last.get(source))), default=None)
    return [Standing(name, keys, last[name]) for name, keys in found.items()]


def kept(tx: Tx, source: str) -> tuple[int, int]:
    """How many keys a source was asked about, and of how many the answer is kept as it came."""
    asked, raw = tx.execute(
        sa.select(sa.func.count(), sa.func.count(lookups.c.raw)).where(lookups.c.source == source)
    ).one()
    return int(asked), int(raw)


def forget(tx: Tx, source: str, limit: int) -> int:
    """All that a source ever said, so many rows at a time; gives how many went."""
    some = sa.select(lookups.c.lookup).where(lookups.c.source == source).limit(limit)
    return int(tx.execute(sa.delete(lookups).where(lookups.c.lookup.in_(some))).rowcount)


def erase(tx: Tx, keys: Collection[Key]) -> int:
    """At a person's wish: what was asked for and answered under these keys."""
    gone = 0
    for key in keys:
        here = sa.and_(lookups.c.key_kind == key.kind, lookups.c.key == key.value)
        gone += tx.execute(sa.delete(lookups).where(here)).rowcount
    return gone


def _day(at: datetime) -> date:
    return at.astimezone(COPENHAGEN).date()


def told_since(
    tx: Tx, sources: Collection[str], since: datetime | None, after: int, limit: int
) -> list[tuple[int, Lookup]]:
    """A page of answers about companies with their numbers, by number; of those that are news since
    then, or of all."""
    news = lookups.c.changed_at > since if since else sa.true()
    return _numbered(tx, sources, sa.and_(lookups.c.lookup > after, news), limit)


def numbered(tx: Tx, sources: Collection[str], numbers: Collection[int]) -> list[Lookup]:
    """The answers of these numbers that still stand."""
    here = among(tx, lookups.c.lookup, sorted(numbers))
    return [one for _, one in _numbered(tx, sources, here, len(numbers))] if numbers else []


def _numbered(
    tx: Tx, sources: Collection[str], where: sa.ColumnElement[bool], limit: int
) -> list[tuple[int, Lookup]]:
    kinds = (KeyKind.CVR, KeyKind.MAIL_DOMAIN)
    rows = tx.execute(
        sa.select(lookups.c.lookup, *_COLUMNS)
        .where(
            lookups.c.source.in_(list(sources)),
            lookups.c.key_kind.in_(kinds),
            lookups.c.answer.is_not(None),
            where,
        )
        .order_by(lookups.c.lookup)
        .limit(limit)
    )
    return [(row[0], _lookup(row[1:])) for row in rows]
