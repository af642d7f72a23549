"""Sources of facts, set up as the settings say. Their modules are imported when they are configured."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

from connectors.sources.registry import CVR, NEVERBOUNCE, NUMVERIFY, TWILIO, ZEROBOUNCE
from rules.errors import UserError

if TYPE_CHECKING:
    from connectors.session import Meter
    from connectors.sources.source import Source
    from sync.settings.model import Settings

Clock = Callable[[], datetime]


def sources(settings: Settings, clock: Clock, meter: Meter, *, dry: bool) -> dict[str, Source]:
    """Those that are set up, in the order in which they are asked: what costs nothing first."""
    found: dict[str, Source] = {}
    if settings.sources.cvr.is_used:
        found[CVR] = _cvr(settings, clock, meter, dry=dry)
    if (key := settings.sources.zerobounce.key) is not None:
        found[ZEROBOUNCE] = _zerobounce(settings, key.get_secret_value(), clock, meter, dry=dry)
    if (key := settings.sources.neverbounce.key) is not None:
        found[NEVERBOUNCE] = _neverbounce(settings, key.get_secret_value(), clock, meter, dry=dry)
    if settings.sources.twilio.is_used:
        found[TWILIO] = _twilio(settings, clock, meter, dry=dry)
    if (key := settings.sources.numverify.key) is not None:
        found[NUMVERIFY] = _numverify(settings, key.get_secret_value(), clock, meter, dry=dry)
    return found


def _cvr(settings: Settings, clock: Clock, meter: Meter, *, dry: bool) -> Source:
    from connectors.sources.registry import cvr

    one = settings.sources.cvr
    if one.user is None or one.password is None:
        raise UserError("source.cvr.no_login")
    return cvr(
        user=one.user,
        password=one.password.get_secret_value(),
        url=one.url,
        calls_a_second=one.calls_a_second,
        elsewhere=one.elsewhere,
        clock=clock,
        dry=dry,
        meter=meter,
    )


def _zerobounce(settings: Settings, key: str, clock: Clock, meter: Meter, *, dry: bool) -> Source:
    from connectors.sources.registry import zerobounce

    one = settings.sources.zerobounce
    return zerobounce(
        key=key,
        url=one.url,
        ore=one.price_ore,
        batches_a_minute=one.batches_a_minute,
        elsewhere=one.elsewhere,
        clock=clock,
        dry=dry,
        meter=meter,
    )


def _neverbounce(settings: Settings, key: str, clock: Clock, meter: Meter, *, dry: bool) -> Source:
    from connectors.sources.registry import neverbounce

    one = settings.sources.neverbounce
    return neverbounce(
        key=key,
        ore=one.price_ore,
        elsewhere=one.elsewhere,
        clock=clock,
        dry=dry,
        meter=meter,
    )


def _twilio(settings: Settings, clock: Clock, meter: Meter, *, dry: bool) -> Source:
    from connectors.sources.registry import twilio

    one = settings.sources.twilio
    if one.user is None or one.key is None:
        raise UserError("source.twilio.no_login")
    return twilio(
        user=one.user,
        key=one.key.get_secret_value(),
        url=one.url,
        line_status=one.line_status,
        ore=one.price_ore,
        elsewhere=one.elsewhere,
        clock=clock,
        dry=dry,
        meter=meter,
    )


def _numverify(settings: Settings, key: str, clock: Clock, meter: Meter, *, dry: bool) -> Source:
    from connectors.sources.registry import numverify

    one = settings.sources.numverify
    return numverify(
        key=key,
        ore=one.price_ore,
        elsewhere=one.elsewhere,
        clock=clock,
        dry=dry,
        meter=meter,
    )
