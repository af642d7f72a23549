"""Keyed hashes of numbers and addresses in fields that nothing is mapped to.

They are made when a page arrives, of what the connector read, and the clear text ends there: it
stands in no cell and no payload. An opt-out finds the record by them; they are hashed with every
live key, because they cannot be hashed again later. When keys come or go, or the fields do, the
stream is read anew (`cursors.keyed`).

As text: `name:key id:hash`, separated by blanks.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from rules.keys import HashedKey, KeyKind, also_keys
from rules.records import Record
from state.keys import KeyRing


class Also(NamedTuple):
    """One hash. `leads`: it may lead on to other records of the same person.

    `name` is how `match_keys` calls it, apart from the mapped fields' keys, of which doubles tell.
    """

    key: HashedKey
    leads: bool
    name: str


MAIN: Final = "also_main_phone"
"""A number in a field of a company: it says too little about who is meant."""
DOMAIN: Final = "also_domain"
_NAMES: Final = {
    (KeyKind.PHONE, False): "also_phone",
    (KeyKind.PHONE, True): MAIN,
    (KeyKind.EMAIL, False): "also_email",
    (KeyKind.EMAIL, True): "also_role_mailbox",
    (KeyKind.MAIL_DOMAIN, True): DOMAIN,
}
_MEANT: Final = {name: meant for meant, name in _NAMES.items()}


def hashed_text(ring: KeyRing, record: Record, region: str) -> str | None:
    """What is stored of a record's `also`; None when it has none."""
    if not record.also:
        return None
    found = [
        f"{_NAMES[key.kind, main]}:{hashed.key_id}:{hashed.digest.hex()}"
        for key, main in also_keys(record, region)
        for hashed in ring.hashed(key)
    ]
    return " ".join(found) or None


def read(text: str | None) -> tuple[Also, ...]:
    """The hashes in a stored text."""
    if not text:
        return ()
    return tuple(_one(*part.split(":")) for part in text.split(" "))


def _one(name: str, key_id: str, digest: str) -> Also:
    kind, main = _MEANT[name]
    return Also(HashedKey(kind, key_id, bytes.fromhex(digest)), not main, name)
