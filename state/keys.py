"""The key ring: the secrets under which the ledger's keys are hashed.

It lies outside the database, because whoever has both can guess every eight-digit number. New
hashes use the newest key, look-ups try all live ones. A separate secret makes event ids, and is
never changed, so that reading the same thing twice gives the same event for ever.

The database holds a check value of each key: a ring that does not belong to it is refused.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Final, NamedTuple

import orjson
import sqlalchemy as sa

from rules.errors import SystemStopped, UserError
from rules.keys import Carried, HashedKey, Key
from state.store import Store, Tx
from state.tables import key_ids, ledger, ledger_payload

ENVIRONMENT: Final = "RINGREN_KEY_RING"
FILE_NAME: Final = "keys.json"
DIGEST_BYTES: Final = 16
_SECRET_BYTES: Final = 32
_FORMAT: Final = 1
EVENT_IDS: Final = "event-ids"
_CHECKED: Final = b"ringren key check"


class _HashingKey(NamedTuple):
    id: str
    secret: bytes
    since: str


@dataclass(frozen=True, slots=True)
class KeyRing:
    """Live hashing keys, oldest first, and the secret of the event ids."""

    keys: tuple[_HashingKey, ...]
    event_secret: bytes
    _started: tuple[tuple[str, Any], ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        started = tuple((key.id, _keyed(key.secret)) for key in self.keys)
        object.__setattr__(self, "_started", started)

    def __reduce__(self) -> tuple[Any, ...]:
        """For the processes that decide beside this one; started hashes cannot be handed over."""
        return KeyRing, (self.keys, self.event_secret)

    def __repr__(self) -> str:
        return f"KeyRing({', '.join(key.id for key in self.keys)})"

    @property
    def newest(self) -> str:
        """The id of the key that new hashes use."""
        return self.keys[-1].id

    @property
    def fingerprint(self) -> str:
        """Changes when keys come or go, so that stored hashes are made anew."""
        return "+".join(key.id for key in self.keys)

    def digest(self, key: Key) -> bytes:
        """The newest hash of a key: 16 bytes. What records are indexed by."""
        state = self._started[-1][1].copy()
        state.update("\0".join(key).encode())
        digest: bytes = state.digest()
        return digest

    def digests(self, carried: Iterable[Carried]) -> tuple[bytes, ...]:
        """`digest` of each key that a record carries."""
        start, found = self._started[-1][1].copy, []
        for key, _ in carried:
            state = start()
            state.update("\0".join(key).encode())
            found.append(state.digest())
        return tuple(found)

    def hashed(self, key: Key) -> tuple[HashedKey, ...]:
        """The key under every live hashing key, oldest first."""
        plain = "\0".join(key).encode()
        found = []
        for key_id, started in self._started:
            state = started.copy()
            state.update(plain)
            found.append(HashedKey(key.kind, key_id, state.digest()))
        return tuple(found)

    def all_hashed(self, keys: Iterable[Key]) -> frozenset[HashedKey]:
        """Several keys under every live hashing key."""
        return frozenset(hashed for key in keys for hashed in self.hashed(key))

    def event_id(self, parts: Iterable[str]) -> str:
        """The id of the event with this identity: 32 hexadecimal digits, tells nothing."""
        state = hashlib.blake2b(key=self.event_secret, digest_size=DIGEST_BYTES)
        for part in parts:
            encoded = part.encode()
            state.update(len(encoded).to_bytes(4, "big") + encoded)
        return state.hexdigest()

    def with_new_key(self, now: datetime) -> KeyRing:
        """The ring with one more key, which new hashes use from then on."""
        return replace(self, keys=(*self.keys, _new_key(len(self.keys) + 1, now)))

    def without(self, key_id: str) -> KeyRing:
        """The ring without one key; see `state.rehash.needed`. ValueError for its last or an unknown one."""
        left = tuple(key for key in self.keys if key.id != key_id)
        if not left or len(left) == len(self.keys):
            raise ValueError(f"{key_id} cannot be taken off this ring")
        return replace(self, keys=left)

    def as_json(self) -> bytes:
        """The ring as its file or variable holds it: secret."""
        listed = [{"id": k.id, "secret": k.secret.hex(), "since": k.since} for k in self.keys]
        ring = {"format": _FORMAT, "event_ids": self.event_secret.hex(), "keys": listed}
        return orjson.dumps(ring, option=orjson.OPT_INDENT_2)


def _keyed(secret: bytes) -> Any:
    return hashlib.blake2b(key=secret, digest_size=DIGEST_BYTES)


def _new_key(number: int, now: datetime) -> _HashingKey:
    # The random part keeps two rings apart that were both begun as number one.
    name = f"k{number}-{secrets.token_hex(3)}"
    return _HashingKey(name, secrets.token_bytes(_SECRET_BYTES), now.isoformat())


def new_ring(now: datetime) -> KeyRing:
    """A ring with one new key."""
    return KeyRing((_new_key(1, now),), secrets.token_bytes(_SECRET_BYTES))


def parse(text: str | bytes, where: str) -> KeyRing:
    """A ring from its JSON form; UserError naming `where` when it is not one."""
    try:
        ring = orjson.loads(text)
        listed = [
            _HashingKey(k["id"], bytes.fromhex(k["secret"]), k["since"]) for k in ring["keys"]
        ]
        event_secret = bytes.fromhex(ring["event_ids"])
        if ring["format"] != _FORMAT or not listed:
            raise ValueError(ring["format"])  # noqa: TRY301
        if any(len(s) != _SECRET_BYTES for s in (event_secret, *(k.secret for k in listed))):
            raise ValueError("length")  # noqa: TRY301
    except (ValueError, KeyError, TypeError) as error:
        raise UserError("keys.unreadable", where=where) from error
    return KeyRing(tuple(listed), event_secret)


def open_ring(
    store: Store, folder: Path, now: datetime, env: Mapping[str, str] = os.environ
) -> KeyRing:
    """The ring that belongs to this database: from the environment, else from `folder`.

    Made on first use, by one of several processes, for a database that has none yet. UserError
    with a remedy when the ring is missing although the database needs one, or is another's.
    """
    given = env.get(ENVIRONMENT)
    ring = parse(given, ENVIRONMENT) if given else _from_file(store, folder / FILE_NAME, now)
    bind(store, ring, now)
    return ring


def _from_file(store: Store, path: Path, now: datetime) -> KeyRing:
    try:
        return parse(path.read_bytes(), str(path))
    except FileNotFoundError:
        with store.reading() as tx:
            _refuse_if_used(tx, path)
        return _made(path, now)
    except OSError as error:
        raise UserError("keys.no_access", path=str(path), why=str(error.strerror)) from error


def _refuse_if_used(tx: Tx, path: Path) -> None:
    """A new ring beside a ledger that has entries would find none of them."""
    entries = tx.execute(sa.select(sa.func.count()).select_from(ledger)).scalar_one()
    if (not entries and not _known(tx)) or path.exists():
        return  # nothing to find yet; or another process has just made it
    erased = tx.execute(
        sa.select(sa.func.count()).where(ledger_payload.c.erased_at.is_not(None))
    ).scalar_one()
    raise UserError("keys.missing", path=str(path), env=ENVIRONMENT, entries=entries, erased=erased)


def _made(path: Path, now: datetime) -> KeyRing:
    """Write a new ring, all of it or nothing, unless another process was first: then its ring."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = path.with_name(f"{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    write_private(draft, new_ring(now).as_json())
    try:
        _put(draft, path)
    finally:
        draft.unlink(missing_ok=True)
    sync_folder(path.parent)
    return parse(path.read_bytes(), str(path))


def _put(draft: Path, path: Path) -> None:
    """Give the file its name unless there is one of that name. A link does that in one step."""
    try:
        os.link(draft, path)
    except FileExistsError:
        return
    except OSError:
        # Some file systems know no links; what remains is the moment between look and rename.
        if not path.exists():
            draft.rename(path)


def save(path: Path, ring: KeyRing) -> None:
    """Put a changed ring in the place of the old one; the old one is kept as `.old`."""
    draft = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    write_private(draft, ring.as_json())
    old = path.with_name(f"{path.name}.old")
    old.unlink(missing_ok=True)
    os.link(path, old)
    draft.replace(path)
    sync_folder(path.parent)


def write_private(path: Path, content: bytes) -> None:
    """Write a new file that only its owner can read, through to the disk."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def sync_folder(path: Path) -> None:
    """Make a folder's new names last through a power cut."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def bind(store: Store, ring: KeyRing, now: datetime) -> None:
    """Check that the ring belongs to this database, and enter its new keys there.

    UserError when a key that the database knows is not on the ring, or is another key of that
    name: hashes made with it would find nobody, and everybody would seem callable.
    """
    with store.reading() as tx:
        new = _unknown(_known(tx), _check_values(ring))
    if not new:
        return
    with store.transaction() as tx:
        enter(tx, ring, now)


def is_bound(tx: Tx) -> bool:
    """Whether this database knows keys: without their ring nobody is found."""
    return bool(_known(tx))


def refuse_other(tx: Tx, ring: KeyRing) -> None:
    """UserError when this is not the ring of this database."""
    _unknown(_known(tx), _check_values(ring))


def enter(tx: Tx, ring: KeyRing, now: datetime) -> None:
    """Enter the ring's new keys in the database; UserError as `bind`."""
    values = _check_values(ring)
    if tx.dialect.name == "postgresql":
        tx.execute(sa.text("LOCK TABLE key_ids IN SHARE ROW EXCLUSIVE MODE"))
    for key_id in _unknown(_known(tx), values):
        tx.execute(key_ids.insert().values(key_id=key_id, check_value=values[key_id], since=now))


def _check_values(ring: KeyRing) -> dict[str, bytes]:
    values = {key.id: _check_value(key.id, key.secret) for key in ring.keys}
    return values | {EVENT_IDS: _check_value(EVENT_IDS, ring.event_secret)}


def _unknown(known: Mapping[str, bytes], values: Mapping[str, bytes]) -> list[str]:
    """The ids that the database does not have yet; UserError when the ring is not its ring."""
    wrong = [k for k, value in known.items() if not hmac.compare_digest(values.get(k, b""), value)]
    if wrong:
        raise UserError("keys.other_ring", keys=", ".join(sorted(wrong)), env=ENVIRONMENT)
    return [key_id for key_id in values if key_id not in known]


def _check_value(key_id: str, secret: bytes) -> bytes:
    return hashlib.blake2b(
        _CHECKED + key_id.encode(), key=secret, digest_size=DIGEST_BYTES
    ).digest()


def _known(tx: Tx) -> dict[str, bytes]:
    return {row.key_id: row.check_value for row in tx.execute(sa.select(key_ids))}


def refuse_foreign(tx: Tx, ring: KeyRing) -> None:
    """SystemStopped when no key of this ring is one of the database's any more.

    A program that was at work while its only key was taken off would find nobody, and everybody
    would seem callable.
    """
    known = set(tx.execute(sa.select(key_ids.c.key_id)).scalars())
    if known and known.isdisjoint(key.id for key in ring.keys):
        raise SystemStopped("keys.changed_meanwhile")


def forget_key(tx: Tx, key_id: str) -> None:
    """Take a key off the list of those that a ring must hold; see `state.rehash.needed`."""
    tx.execute(sa.delete(key_ids).where(key_ids.c.key_id == key_id))
