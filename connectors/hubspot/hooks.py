"""HubSpot's messages: signed (version 3), in batches, in any order, and more than once.

The signature is over method, address, body and time, with the secret of the app that sends them
(HubSpot's guide "Validating requests", v3). The address is the one that HubSpot knows, which stands
in the settings: behind a proxy nobody else can tell it.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import orjson

from connectors.hooks import Hint

SIGNATURE: Final = "x-hubspot-signature-v3"
TIME: Final = "x-hubspot-request-timestamp"
OLDEST_SECONDS: Final = 300
AHEAD_SECONDS: Final = 30
"""A message from the future is none; two clocks may be so far apart."""
MOST: Final = 100
"""Events of one message: HubSpot sends fewer."""
_OBJECTS: Final[Mapping[str, str]] = {
    "contact": "contacts", "company": "companies", "deal": "deals",
    "0-1": "contacts", "0-2": "companies", "0-3": "deals", "0-47": "meetings", "0-48": "calls",
    "0-136": "leads",
}  # fmt: skip
_LEFT: Final = frozenset("/:?@!$'()*,;")
"""Signs that are hashed as they are, where an address has them escaped."""
_ESCAPED: Final = re.compile("%[0-9A-Fa-f]{2}")


def hints_of(
    headers: Mapping[str, str], body: bytes, secret: str, url: str, now: datetime
) -> Sequence[Hint] | None:
    """The records that a message is about; None for a forgery, and for one that is too old."""
    if not (secret and url and is_signed(headers, body, secret, url, now)):
        return None
    try:
        said: Any = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    if not isinstance(said, list) or len(said) > MOST:
        return None
    return list(dict.fromkeys(hint for one in said for hint in _hints(one)))


def is_signed(
    headers: Mapping[str, str], body: bytes, secret: str, url: str, now: datetime
) -> bool:
    """Whether the signature is right and fresh. `headers` by names in lower case."""
    time, given = headers.get(TIME, ""), headers.get(SIGNATURE, "")
    if not (time.isascii() and time.isdigit() and len(time) <= 15 and given):
        return False
    age = now.timestamp() - int(time) / 1000
    if not -AHEAD_SECONDS <= age <= OLDEST_SECONDS:
        return False
    return hmac.compare_digest(signature(body, secret, url, time).encode(), given.encode())


def signature(body: bytes, secret: str, url: str, time: str) -> str:
    """The signature of a message, as HubSpot makes it."""
    said = f"POST{_unescaped(url)}".encode() + body + time.encode()
    return base64.b64encode(hmac.new(secret.encode(), said, hashlib.sha256).digest()).decode()


def _unescaped(url: str) -> str:
    def plain(found: re.Match[str]) -> str:
        sign = chr(int(found[0][1:], 16))
        return sign if sign in _LEFT else found[0]

    return _ESCAPED.sub(plain, url)


def _hints(event: Any) -> Iterator[Hint]:
    """The record of one event; of a merge the one that remains."""
    if not isinstance(event, dict):
        return
    kind = str(event.get("subscriptionType") or event.get("eventType") or "")
    told = str(event.get("objectTypeId") or "") or kind.partition(".")[0]
    for name in "newObjectId", "primaryObjectId", "objectId":
        ident = event.get(name)
        if type(ident) is int and ident > 0 and told in _OBJECTS:
            yield Hint(_OBJECTS[told], str(ident), kind)
            return
