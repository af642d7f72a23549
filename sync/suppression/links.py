"""Links in mails: one click, and the no is recorded (RFC 8058). Nobody can make one but us.

A link carries whom it is about and for which channel, sealed: encrypted and authenticated (AES-SIV,
RFC 5297) under keys made from the ring that hashes the list. So no address stands in a log of mail
servers or proxies, a guessed link is none, and nothing has to be stored for a link to work for years.
It works as long as its key is on the ring.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from rules.errors import UserError
from rules.keys import Key, KeyKind
from rules.suppression import Channel
from state.keys import KeyRing
from sync.app import App

PATH: Final = "/u/"
LONGEST: Final = 1200
ONE_CLICK: Final = "List-Unsubscribe=One-Click"
_FORMAT: Final = b"ringren link 1"
_PURPOSE: Final = b"ringren links"


@dataclass(frozen=True, slots=True)
class Meant:
    """What a link says."""

    key: Key
    channel: Channel


@dataclass(frozen=True, slots=True)
class Link:
    """A link, and the two headers that a mail with it carries."""

    key: Key
    channel: Channel
    url: str
    headers: dict[str, str]


def links(app: App, found: list[Key], channel: Channel, days: int | None = None) -> list[Link]:
    """A link for each key; UserError when the settings do not say where the form is reached."""
    base = app.settings.form.url
    if base is None:
        raise UserError("links.no_url")
    ends = None if days is None else app.clock() + timedelta(days=days)
    return [_link(app.keys, base, Meant(key, channel), ends) for key in found]


def _link(ring: KeyRing, base: str, meant: Meant, ends: datetime | None) -> Link:
    url = f"{base}{PATH}{seal(ring, meant, ends)}"
    headers = {"List-Unsubscribe": f"<{url}>", "List-Unsubscribe-Post": ONE_CLICK}
    return Link(meant.key, meant.channel, url, headers)


def seal(ring: KeyRing, meant: Meant, ends: datetime | None = None) -> str:
    """What stands in the address: the same for the same person, channel and end."""
    until = None if ends is None else int(ends.timestamp())
    plain = orjson.dumps([meant.channel, meant.key.kind, meant.key.value, until])
    sealed = _box(ring.keys[-1].secret).encrypt(plain, [_FORMAT])
    return base64.urlsafe_b64encode(sealed).rstrip(b"=").decode()


def read(ring: KeyRing, text: str, now: datetime) -> Meant | None:
    """What a link says; None when it is not ours, was changed, or is past its end."""
    if len(text) > LONGEST:
        return None
    try:
        sealed = base64.b64decode(
            text.encode("ascii") + b"=" * (-len(text) % 4), b"-_", validate=True
        )
    except (binascii.Error, UnicodeEncodeError):
        return None
    for key in reversed(ring.keys):
        try:
            plain = _box(key.secret).decrypt(sealed, [_FORMAT])
        except (InvalidTag, ValueError):
            continue
        channel, kind, value, until = orjson.loads(plain)
        if until is not None and now >= datetime.fromtimestamp(until, UTC):
            return None
        return Meant(Key(KeyKind(kind), value), Channel(channel))
    return None


def _box(secret: bytes) -> AESSIV:
    return AESSIV(hashlib.blake2b(key=secret, person=_PURPOSE[:16], digest_size=64).digest())
