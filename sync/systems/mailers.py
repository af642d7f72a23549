"""Mail programs, set up as the settings say. Their modules are imported when they are configured."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from connectors.protocol import Connector
    from connectors.session import Meter
    from sync.settings.model import Settings

Clock = Callable[[], datetime]


def mailchimp(settings: Settings, clock: Clock, meter: Meter, *, dry: bool) -> Connector:
    """Mailchimp."""
    from connectors import registry

    one = settings.mailchimp
    return registry.mailchimp(
        key=one.api_key.get_secret_value() if one.api_key else "",
        fields=one.fields,
        add_unknown=one.add_unknown,
        hook=one.hook_secret.get_secret_value() if one.hook_secret else "",
        mailing_days=one.mailing_days,
        elsewhere=one.elsewhere,
        clock=clock,
        dry=dry,
        meter=meter,
    )


def activecampaign(settings: Settings, clock: Clock, meter: Meter, *, dry: bool) -> Connector:
    """ActiveCampaign."""
    from connectors import registry

    one = settings.activecampaign
    return registry.activecampaign(
        url=one.url or "",
        key=one.key.get_secret_value() if one.key else "",
        calls_a_second=one.calls_a_second,
        fields=one.fields,
        add_unknown=one.add_unknown,
        hook=one.hook_secret.get_secret_value() if one.hook_secret else "",
        text_days=one.text_days,
        text_zone=one.text_zone,
        elsewhere=one.elsewhere,
        clock=clock,
        dry=dry,
        meter=meter,
    )
