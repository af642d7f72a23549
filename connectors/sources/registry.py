"""Which sources of facts there are: the only list of them. Their modules are imported when configured."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

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
"""The names of all sources of facts."""


def cvr(
    *,
    user: str,
    password: str,
    url: str,
    calls_a_second: float,
    elsewhere: Mapping[str, str],
    clock: Callable[[], datetime],
    dry: bool,
    meter: Meter | None = None,
) -> Cvr:
    """The company register, set up. `elsewhere` maps the beginnings of addresses to others here."""
    from connectors.sources.cvr import Cvr
    from connectors.sources.cvr.client import Index

    more: dict[str, Any] = {"dry": dry, "meter": meter, "elsewhere": elsewhere, "clock": clock}
    return Cvr(CVR, Index(CVR, user, password, url=url, a_second=calls_a_second, **more))


def zerobounce(
    *,
    key: str,
    url: str,
    ore: int,
    batches_a_minute: int,
    elsewhere: Mapping[str, str],
    clock: Callable[[], datetime],
    dry: bool,
    meter: Meter | None = None,
) -> ZeroBounce:
    """ZeroBounce, set up. `ore` is what a check costs; `elsewhere` maps its address to one here."""
    from connectors.sources.zerobounce import ZeroBounce
    from connectors.sources.zerobounce.client import Api

    more: dict[str, Any] = {"dry": dry, "meter": meter, "elsewhere": elsewhere, "clock": clock}
    return ZeroBounce(
        ZEROBOUNCE, Api(ZEROBOUNCE, key, url=url, a_minute=batches_a_minute, **more), ore
    )


def neverbounce(
    *,
    key: str,
    ore: int,
    elsewhere: Mapping[str, str],
    clock: Callable[[], datetime],
    dry: bool,
    meter: Meter | None = None,
) -> NeverBounce:
    """NeverBounce, set up. `ore` is what a check costs; `elsewhere` maps its address to one here."""
    from connectors.sources.neverbounce import NeverBounce
    from connectors.sources.neverbounce.client import Api

    more: dict[str, Any] = {"dry": dry, "meter": meter, "elsewhere": elsewhere, "clock": clock}
    return NeverBounce(NEVERBOUNCE, Api(NEVERBOUNCE, key, **more), ore)


def twilio(
    *,
    user: str,
    key: str,
    url: str,
    line_status: bool,
    ore: int,
    elsewhere: Mapping[str, str],
    clock: Callable[[], datetime],
    dry: bool,
    meter: Meter | None = None,
) -> Twilio:
    """Twilio Lookup, set up. `ore` is what a look-up costs; `elsewhere` maps its address to one here."""
    from connectors.sources.twilio import Twilio
    from connectors.sources.twilio.client import Api

    more: dict[str, Any] = {"dry": dry, "meter": meter, "elsewhere": elsewhere, "clock": clock}
    return Twilio(TWILIO, Api(TWILIO, user, key, url=url, line_status=line_status, **more), ore)


def numverify(
    *,
    key: str,
    ore: int,
    elsewhere: Mapping[str, str],
    clock: Callable[[], datetime],
    dry: bool,
    meter: Meter | None = None,
) -> Numverify:
    """Numverify, set up. `ore` is what a look-up costs; `elsewhere` maps its address to one here."""
    from connectors.sources.numverify import Numverify
    from connectors.sources.numverify.client import Api

    more: dict[str, Any] = {"dry": dry, "meter": meter, "elsewhere": elsewhere, "clock": clock}
    return Numverify(NUMVERIFY, Api(NUMVERIFY, key, **more), ore)
