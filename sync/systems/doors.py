"""`sync check`: the doors to the outside that the settings open, each with what is wrong with it.

Looks only: nothing listens, no mail is read.
"""

from __future__ import annotations

import importlib.util
import ssl
from collections.abc import Iterator

from rules.errors import RingrenError, UserError
from sync.settings import Settings
from sync.settings.incoming import Listener
from sync.systems.checks import Check, Verdict
from sync.texts import Texts

NEEDED = {
    "serve.not_installed": (
        "starlette",
        "uvicorn",
        "cryptography",
        "prometheus_client",
        "joserfc",
        "requests",
    ),
    "account.not_installed": ("argon2",),
    "mailbox.not_installed": ("imap_tools",),
    "mailbox.no_oauth": ("msal", "requests"),
    "ping.not_installed": ("requests",),
    "houses.not_installed": ("requests",),
    "traces.not_installed": ("opentelemetry", "requests"),
}
"""What is told when one of these packages is missing."""


def need(told: str) -> None:
    """UserError when what is needed is not installed."""
    if any(importlib.util.find_spec(name) is None for name in NEEDED[told]):
        raise UserError(told)


def looked_at(settings: Settings, texts: Texts) -> Iterator[Check]:
    """A line for the API, the form, systems' messages, the page, the measures and the mailbox, where they are set up."""
    for name in ("api", "form", "hooks", "page", "metrics", "mailbox"):
        try:
            found = _mailbox(settings) if name == "mailbox" else _listener(settings, name)
        except RingrenError as error:
            yield Check("systems", Verdict.FAIL, *texts.of_error(error))
            continue
        if found:
            yield Check("systems", Verdict.OK, texts.get(f"doors.{name}", place=found))


def _listener(settings: Settings, name: str) -> str:
    """Where it listens; empty when it does not."""
    one: Listener = getattr(settings, name)
    if not one.is_used:
        return ""
    need("serve.not_installed")
    if name == "page":
        need("account.not_installed")
    if name == "form" and not settings.form.company.strip():
        raise UserError("serve.no_company")
    if one.certificate_file is not None:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        try:
            context.load_cert_chain(one.certificate_file, one.key_file)
        except OSError as error:  # ssl.SSLError is one
            reason = error.strerror or ""
            raise UserError("serve.certificate", name=name, reason=reason) from None
    return f"{one.host}:{one.port}"


def _mailbox(settings: Settings) -> str:
    """Whose mailbox it is, once it has let us in."""
    if settings.mailbox.host is None:
        return ""
    from sync.suppression.mailbox import place_of

    place = place_of(settings)
    from connectors.mailbox import opened

    with opened(place):
        return place.host
