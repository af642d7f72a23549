"""Which systems there are: the only list of vendors. Their modules are imported when configured."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from connectors.protocol import Token
from rules.barring import Hours, Spelling

if TYPE_CHECKING:
    from connectors.activecampaign import ActiveCampaign
    from connectors.aircall import Aircall
    from connectors.dynamics import Dynamics
    from connectors.files import Files
    from connectors.five9 import Five9
    from connectors.hubspot import HubSpot
    from connectors.mailchimp import Mailchimp
    from connectors.salesforce import Salesforce
    from connectors.session import Meter

FILES: Final = "files"
"""The file connector's name in refs, `files/contact/contacts.csv#17`, and in settings."""

HUBSPOT: Final = "hubspot"
SALESFORCE: Final = "salesforce"
DYNAMICS: Final = "dynamics"
MAILCHIMP: Final = "mailchimp"
ACTIVECAMPAIGN: Final = "activecampaign"
AIRCALL: Final = "aircall"
FIVE9: Final = "five9"

SYSTEMS: Final = (FILES, SALESFORCE, HUBSPOT, DYNAMICS, MAILCHIMP, ACTIVECAMPAIGN, AIRCALL, FIVE9)
"""The names of all systems that can be configured."""


def files(
    name: str,
    root: Path,
    *,
    said: Callable[[str], dict[str, Any]],
    known: Callable[[str], Token | None],
    max_workbook_mb: int,
    do_not_call: Path | None = None,
    spelling: Spelling = Spelling.PLUS,
) -> Files:
    """The file connector, set up.

    `said` gives the fields of `Wishes` for a file by its name, `known` a file's stored cursor by
    the name of its stream. A workbook that expands to more than `max_workbook_mb` is refused.
    `do_not_call` is a list of numbers that a dialer reads, and `spelling` how it writes them.
    """
    from connectors.files import Files
    from connectors.files.barlist import BarList
    from connectors.files.meaning import Wishes

    return Files(
        name,
        root,
        wishes=lambda file: Wishes(**said(file)),
        known=known,
        max_book_bytes=max_workbook_mb << 20,
        bar_list=BarList(do_not_call, spelling) if do_not_call else None,
    )


def salesforce(
    *,
    url: str,
    client_id: str,
    client_secret: str = "",
    username: str = "",
    private_key: str = "",
    sandbox: bool = False,
    version: int,
    objects: Sequence[str],
    fields: Mapping[str, Mapping[str, str]],
    guard_together: bool,
    history: bool,
    region: str,
    opt_out_dispositions: Sequence[str],
    elsewhere: Mapping[str, str],
    clock: Callable[[], datetime],
    known: Callable[[str], Token | None],
    dry: bool,
    meter: Meter | None = None,
) -> Salesforce:
    """Salesforce, set up. Without `client_secret` the private key signs in as `username`.

    `known` gives the stored cursor of a stream by its name; `elsewhere` maps the beginnings of
    addresses to others on this machine.
    """
    from connectors.salesforce import Salesforce
    from connectors.salesforce.client import Org
    from connectors.salesforce.logins import ClientCredentials, JwtBearer, Login

    login: Login = ClientCredentials(url, client_id, client_secret)
    if not client_secret:
        host = f"https://{'test' if sandbox else 'login'}.salesforce.com"
        login = JwtBearer(host, client_id, username, private_key, host)
    org = Org(
        SALESFORCE,
        login,
        clock=clock,
        dry=dry,
        meter=meter,
        elsewhere=elsewhere,
        version=f"{version}.0",
    )
    return Salesforce(
        SALESFORCE,
        org,
        objects=objects,
        fields=fields,
        known=known,
        guard_together=guard_together,
        address=url,
        history=history,
        region=region,
        opt_out_dispositions=opt_out_dispositions,
    )


def hubspot(
    *,
    token: str | None,
    oauth: tuple[str, str, str] | None,
    objects: Sequence[str],
    fields: Mapping[str, Mapping[str, str]],
    hook: tuple[str, str],
    opt_out_dispositions: Sequence[str],
    elsewhere: Mapping[str, str],
    clock: Callable[[], datetime],
    dry: bool,
    meter: Meter | None = None,
) -> HubSpot:
    """HubSpot, set up: with a key that does not end, or with (client id, secret, refresh token).

    `fields` is canonical field -> property, by object; `hook` the secret of messages to us and the
    address they are sent to; `elsewhere` maps addresses as with Salesforce.
    """
    from connectors.hubspot import HubSpot
    from connectors.hubspot.logins import Key, OAuth

    return HubSpot(
        HUBSPOT,
        OAuth(*oauth) if oauth else Key(token or ""),
        objects=objects,
        fields=fields,
        hook=hook,
        opt_out_dispositions=opt_out_dispositions,
        clock=clock,
        dry=dry,
        meter=meter,
        elsewhere=elsewhere,
    )


def dynamics(
    *,
    url: str,
    tenant: str,
    client_id: str,
    client_secret: str = "",
    certificate: str = "",
    password: str = "",
    objects: Sequence[str],
    fields: Mapping[str, Mapping[str, str]],
    history: bool,
    region: str,
    opt_out_dispositions: Sequence[str],
    elsewhere: Mapping[str, str],
    clock: Callable[[], datetime],
    dry: bool,
    meter: Meter | None = None,
) -> Dynamics:
    """Dynamics 365, set up. `certificate` (PEM, private key and certificate) goes before the secret.

    `elsewhere` maps the beginnings of addresses to others on this machine.
    """
    from connectors.dynamics import Dynamics
    from connectors.dynamics.client import Org
    from connectors.entra import Login

    login = Login(tenant, client_id, client_secret, certificate, password)
    org = Org(DYNAMICS, url, login, clock=clock, dry=dry, meter=meter, elsewhere=elsewhere)
    return Dynamics(
        DYNAMICS,
        org,
        objects=objects,
        fields=fields,
        history=history,
        region=region,
        opt_out_dispositions=opt_out_dispositions,
    )


def mailchimp(
    *,
    key: str,
    fields: Mapping[str, str],
    add_unknown: bool,
    hook: str,
    mailing_days: int | None,
    elsewhere: Mapping[str, str],
    clock: Callable[[], datetime],
    dry: bool,
    meter: Meter | None = None,
) -> Mailchimp:
    """Mailchimp, set up. `fields` is canonical field -> merge tag."""
    from connectors.mailchimp import Mailchimp

    more: dict[str, Any] = {"dry": dry, "meter": meter, "elsewhere": elsewhere}
    more |= {"add_unknown": add_unknown, "hook": hook, "mailing_days": mailing_days}
    return Mailchimp(MAILCHIMP, key, fields=fields, clock=clock, **more)


def activecampaign(
    *,
    url: str,
    key: str,
    calls_a_second: float,
    fields: Mapping[str, str],
    add_unknown: bool,
    hook: str,
    text_days: int | None,
    text_zone: str | None,
    elsewhere: Mapping[str, str],
    clock: Callable[[], datetime],
    dry: bool,
    meter: Meter | None = None,
) -> ActiveCampaign:
    """ActiveCampaign, set up. `fields` is canonical field -> the contact's own."""
    from connectors.activecampaign import ActiveCampaign

    more: dict[str, Any] = {"dry": dry, "meter": meter, "elsewhere": elsewhere}
    more |= {"add_unknown": add_unknown, "hook": hook, "a_second": calls_a_second}
    more |= {"text_days": text_days, "text_zone": text_zone} if text_zone else {}
    return ActiveCampaign(ACTIVECAMPAIGN, url, key, fields=fields, clock=clock, **more)


def aircall(
    *,
    api_id: str,
    api_token: str,
    objects: Sequence[str],
    opt_out_tags: Sequence[str],
    mark_contacts: bool,
    hook_token: str,
    sweep_minutes: int,
    region: str,
    a_minute: int,
    elsewhere: Mapping[str, str],
    clock: Callable[[], datetime],
    dry: bool,
    meter: Meter | None = None,
) -> Aircall:
    """Aircall, set up. `elsewhere` maps the beginnings of addresses to others on this machine."""
    from connectors.aircall import Aircall

    return Aircall(
        AIRCALL,
        api_id,
        api_token,
        objects=objects,
        opt_out_tags=opt_out_tags,
        mark_contacts=mark_contacts,
        hook_token=hook_token,
        sweep_minutes=sweep_minutes,
        region=region,
        a_minute=a_minute,
        elsewhere=elsewhere,
        clock=clock,
        dry=dry,
        meter=meter,
    )


def five9(
    *,
    user: str,
    password: str,
    data_centre: str,
    number_format: str,
    probe_number: str,
    hours: Hours | None,
    zone: str,
    lists: Sequence[str],
    number_fields: Sequence[str],
    report: tuple[str, str],
    days_back: int,
    opt_out_dispositions: Sequence[str],
    elsewhere: Mapping[str, str],
    clock: Callable[[], datetime],
    dry: bool,
    meter: Meter | None = None,
) -> Five9:
    """Five9, set up. `elsewhere` maps the beginnings of addresses to others on this machine."""
    from connectors.five9 import Five9
    from connectors.five9.numbers import NumberFormat

    more: dict[str, Any] = {"dry": dry, "meter": meter, "elsewhere": elsewhere, "clock": clock}
    return Five9(
        FIVE9,
        user,
        password,
        data_centre=data_centre,
        number_format=NumberFormat(number_format),
        probe_number=probe_number,
        hours=hours,
        zone=zone,
        lists=lists,
        number_fields=number_fields,
        report=report,
        days_back=days_back,
        opt_out_dispositions=opt_out_dispositions,
        **more,
    )
