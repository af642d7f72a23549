"""The keys behind the list: which there are, a new one, and taking an old one off."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from rules.errors import UserError
from state import acts, registers, rehash
from state import keys as stored
from state.keys import ENVIRONMENT, FILE_NAME, KeyRing
from state.store import Tx
from sync.app import KEYS, App


@dataclass(frozen=True, slots=True)
class RingKey:
    """One hashing key. `needed` entries can be recognised by no other key."""

    id: str
    since: str
    newest: bool
    needed: int
    missing: int
    """Entries that are not erased and have no hash under it."""


@dataclass(frozen=True, slots=True)
class Rotated:
    """What a rotation did: the new key, and how many entries were hashed again under it."""

    key: str
    hashed: int
    keys: tuple[RingKey, ...]


def look(app: App) -> tuple[RingKey, ...]:
    """The keys, oldest first."""
    ids = tuple(key.id for key in app.keys.keys)
    with app.store.reading() as tx:
        return tuple(
            RingKey(
                id=key.id,
                since=key.since,
                newest=key.id == app.keys.newest,
                needed=rehash.needed(tx, key.id, tuple(one for one in ids if one != key.id)),
                missing=rehash.missing(tx, key.id),
            )
            for key in app.keys.keys
        )


def rotate(app: App, by: str, env: Mapping[str, str] = os.environ) -> Rotated:
    """Make a new key, which all new hashes use, and hash again under it whatever is there in clear.

    The keys before it stay on the ring: look-ups try them all. UserError when the ring stands in
    an environment variable, where it cannot be changed from here.
    """
    path = _path(app, env)
    with _alone(path), app.store.transaction() as tx:
        now = app.clock()
        grown = stored.parse(path.read_bytes(), str(path)).with_new_key(now)
        # The file first: a key that only the database knows would make it refuse the ring.
        stored.save(path, grown)
        stored.enter(tx, grown, now)
        _note(tx, app, "key.rotated", grown.newest, by)
    app.keys = grown
    return Rotated(grown.newest, hash_again(app), look(app))


def hash_again(app: App) -> int:
    """Hash under the newest key whatever has no hash under it yet, in short transactions."""
    with app.store.reading() as tx:
        before = rehash.missing(tx, app.keys.newest)
    seq = 0
    while True:
        with app.store.transaction() as tx:
            seq = rehash.rehash(tx, app.keys, seq)
        if not seq:
            break
    with app.store.reading() as tx:
        return before - rehash.missing(tx, app.keys.newest)


def drop(app: App, key_id: str, by: str, env: Mapping[str, str] = os.environ) -> KeyRing:
    """Take an old key off the ring for good. UserError as long as anything needs it."""
    path = _path(app, env)
    if key_id not in {key.id for key in app.keys.keys} or key_id == app.keys.newest:
        raise UserError("keys.cannot_drop", key=key_id)
    hash_again(app)
    with _alone(path):
        ring = stored.parse(path.read_bytes(), str(path))
        with app.store.transaction() as tx:
            others = tuple(key.id for key in ring.keys if key.id != key_id)
            needed = rehash.needed(tx, key_id, others)
            if needed:
                raise UserError("keys.still_needed", key=key_id, entries=needed)
            if used := registers.hashed_with(tx, key_id):
                raise UserError("keys.registers_need", key=key_id, registers=", ".join(used))
            stored.forget_key(tx, key_id)
            _note(tx, app, "key.dropped", key_id, by)
        # The database first: a key too many on the ring is entered again, one too few is refused.
        stored.save(path, ring.without(key_id))
    app.keys = ring.without(key_id)
    return app.keys


def _note(tx: Tx, app: App, act: str, key_id: str, by: str) -> None:
    acts.record(tx, act, key_id, by=by, login=app.actor, at=app.clock())


def _path(app: App, env: Mapping[str, str]) -> Path:
    if env.get(ENVIRONMENT):
        raise UserError("keys.in_environment", env=ENVIRONMENT)
    return app.settings.home / KEYS / FILE_NAME


@contextlib.contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Nobody else changes the ring meanwhile."""
    handle = os.open(path.with_name(f"{path.name}.lock"), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
