"""What an HTTP status asks for: one table, of which a vendor overrides single rows.

The statuses are HTTP's own (RFC 9110, 6585); what a vendor means differently stands in its module
with the vendor page that says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from types import MappingProxyType
from typing import Final


class Ask(Enum):
    """What the caller should do next."""

    GO_ON = "the answer is the answer"
    NEXT = "the call did what it was for, or says why not in its body: read it"
    SIGN_IN = "the token is dead: renew it once and call again"
    WAIT = "the same call may go through later"
    STOP = "this system cannot be used as it is set up: a person has to act"
    CONFLICT = "the record is no longer what the write was made for"
    GONE = "the record is not there"
    REFUSED = "this request will never go through: look at what it says"
    SMALLER = "the same in smaller pieces may go through"


DEFAULT: Final[Mapping[int, Ask]] = MappingProxyType(
    {
        200: Ask.GO_ON,
        201: Ask.GO_ON,
        202: Ask.GO_ON,
        204: Ask.GO_ON,
        207: Ask.NEXT,
        304: Ask.GO_ON,
        401: Ask.SIGN_IN,
        403: Ask.STOP,
        404: Ask.GONE,
        408: Ask.WAIT,
        409: Ask.CONFLICT,
        410: Ask.GONE,
        412: Ask.CONFLICT,
        413: Ask.SMALLER,
        423: Ask.WAIT,
        425: Ask.WAIT,
        429: Ask.WAIT,
    }
)


def ask_of(status: int, own: Mapping[int, Ask] = MappingProxyType({})) -> Ask:
    """What a status asks for; every other 5xx may pass, every other 4xx will not."""
    known = own.get(status) or DEFAULT.get(status)
    if known:
        return known
    return Ask.WAIT if status >= 500 else Ask.REFUSED
