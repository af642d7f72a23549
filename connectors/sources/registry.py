"""Which sources of facts there are: the only list of them. Their modules are imported when configured."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:
    from connectors.session import Meter
    from connectors.sources.cvr import Cvr
    from connectors.sources.neverbounce import NeverBounce
    from connectors.sources.numverify import Numverify
    from connectors.sources.twilio import Twilio
    from connectors.sources.zerobounce import ZeroBounce

CVR: Final = "cvr"
ZEROBOUNCE: Final = "zerobounce"
NEVERBOUNCE: Final = "neverbounce"
TWILIO: Final = "twilio"
NUMVERIFY: Final = "numverify"

SOURCES: Final = (CVR, ZEROBOUNCE, NEVERBOUNCE, TWILIO, NUMVERIFY)
"""The names of all sources of facts, in the order in which they are asked: the free one first."""


class Means(NamedTuple):
    """What every source is given. `elsewhere` maps the beginnings of its addresses to others here."""

    clock: Callable[[], datetime]
    meter: Meter | None
    dry: bool
    elsewhere: Mapping[str, str]

    def named(self) -> dict[str, Any]:
        """As arguments."""
        return self._asdict()


def cvr(means: Means, *, user: str, password: str, url: str, calls_a_second: float) -> Cvr:
    """The company register, set up."""
    from connectors.sources.cvr import Cvr
    from connectors.sources.cvr.client import Index

    return Cvr(CVR, Index(CVR, user, password, url=url, a_second=calls_a_second, **means.named()))


def zerobounce(means: Means, *, key: str, url: str, ore: int, batches_a_minute: int) -> ZeroBounce:
    """ZeroBounce, set up. `ore` is what a check costs."""
    from connectors.sources.zerobounce import ZeroBounce
    from connectors.sources.zerobounce.client import Api

    api = Api(ZEROBOUNCE, key, url=url, a_minute=batches_a_minute, **means.named())
    return ZeroBounce(ZEROBOUNCE, api, ore)


def neverbounce(means: Means, *, key: str, ore: int) -> NeverBounce:
    """NeverBounce, set up. `ore` is what a check costs."""
    from connectors.sources.neverbounce import NeverBounce
    from connectors.sources.neverbounce.client import Api

    return NeverBounce(NEVERBOUNCE, Api(NEVERBOUNCE, key, **means.named()), ore)


def twilio(means: Means, *, user: str, key: str, url: str, line_status: bool, ore: int) -> Twilio:
    """Twilio Lookup, set up. `ore` is what a look-up costs."""
    from connectors.sources.twilio import Twilio
    from connectors.sources.twilio.client import Api

    api = Api(TWILIO, user, key, url=url, line_status=line_status, **means.named())
    return Twilio(TWILIO, api, ore)


def numverify(means: Means, *, key: str, ore: int) -> Numverify:
    """Numverify, set up. `ore` is what a look-up costs."""
    from connectors.sources.numverify import Numverify
    from connectors.sources.numverify.client import Api

    return Numverify(NUMVERIFY, Api(NUMVERIFY, key, **means.named()), ore)
