"""Dialers, set up as the settings say. Their modules are imported when they are configured."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

from rules.errors import UserError

if TYPE_CHECKING:
    from connectors.protocol import Connector
    from connectors.session import Meter
    from sync.settings.model import Settings

Clock = Callable[[], datetime]


def aircall(settings: Settings, clock: Clock, meter: Meter, *, dry: bool) -> Connector:
    """Aircall. `UserError` without its key."""
    from connectors import registry

    one = settings.aircall
    if one.api_id is None or one.api_token is None:
        raise UserError("aircall.no_login")
    return registry.aircall(
        api_id=one.api_id,
        api_token=one.api_token.get_secret_value(),
        objects=one.objects,
        opt_out_tags=one.opt_out_tags,
        mark_contacts=one.mark_contacts,
        hook_token=one.hook_token.get_secret_value() if one.hook_token else "",
        sweep_minutes=one.sweep_minutes,
        region=settings.region,
        a_minute=one.calls_a_minute,
        elsewhere=one.elsewhere,
        clock=clock,
        dry=dry,
        meter=meter,
    )


def five9(settings: Settings, clock: Clock, meter: Meter, *, dry: bool) -> Connector:
    """Five9. `UserError` without its user."""
    from connectors import registry

    one = settings.five9
    if one.user is None or one.password is None:
        raise UserError("five9.no_login")
    return registry.five9(
        user=one.user,
        password=one.password.get_secret_value(),
        data_centre=one.data_centre,
        number_format=one.number_format,
        probe_number=one.probe_number or "",
        hours=one.hours,
        zone=one.report_zone or "",
        lists=one.lists,
        number_fields=one.number_fields,
        report=(one.report_folder, one.report_name),
        days_back=one.days_back,
        opt_out_dispositions=one.opt_out_dispositions,
        elsewhere=one.elsewhere,
        clock=clock,
        dry=dry,
        meter=meter,
    )
