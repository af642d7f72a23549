"""The sections of what comes in from outside: the API, the form, the mailbox.

Nothing listens unless a port is set, and then on this machine only. Another address takes a
certificate, or a proxy in front that has one: a token or a number never goes over a network in clear.
"""

from __future__ import annotations

from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from sync.settings.crm import Address, Elsewhere
from sync.settings.parts import Secret, Section


def _host(text: str) -> str:
    """An address of this machine; a name would be looked up, and lead anywhere."""
    try:
        return str(ip_address("127.0.0.1" if text == "localhost" else text))
    except ValueError:
        raise PydanticCustomError("host", "no IP address") from None


Port = Annotated[int, Field(ge=0, le=65_535)] | None


class Listener(Section):
    """What all have that listen."""

    port: Port = Field(default=None, examples=[8710])
    host: Annotated[str, AfterValidator(_host)] = "127.0.0.1"
    certificate_file: Path | None = Field(default=None, examples=["server.pem"])
    key_file: Path | None = Field(default=None, examples=["server.key"])
    behind_proxy: bool = False

    @property
    def is_used(self) -> bool:
        """Whether it listens at all."""
        return self.port is not None

    @model_validator(mode="after")
    def _never_in_clear(self) -> Self:
        if not self.is_used:
            return self
        if (self.certificate_file is None) != (self.key_file is None):
            raise PydanticCustomError("certificate_half", "a certificate and its key")
        covered = self.certificate_file is not None or self.behind_proxy
        if not ip_address(self.host).is_loopback and not covered:
            raise PydanticCustomError("open_listener", "not in clear")
        return self


class Api(Listener):
    """[api]: other programs record opt-outs and ask, each with a token of its own."""

    a_minute: Annotated[int, Field(ge=1, le=1_000_000)] = 3_000


class Form(Listener):
    """[form]: the public page where people say no, and where links in mails lead."""

    port: Port = Field(default=None, examples=[8711])
    url: Address | None = Field(default=None, examples=["https://nejtak.firma.dk"])
    company: str = Field(default="", examples=["Firma ApS"])
    contact: str = Field(default="", examples=["nejtak@firma.dk"])
    a_minute: Annotated[int, Field(ge=1, le=100_000)] = 600


_NEEDED = {
    "microsoft": ("tenant", "client_id", "client_secret"),
    "google": ("client_id", "client_secret", "refresh_token"),
}
"""What a way of signing in cannot do without."""


class Mailbox(Section):
    """[mailbox]: a mailbox that people write to when they do not want to be contacted."""

    host: str | None = Field(default=None, examples=["imap.firma.dk"])
    port: Annotated[int, Field(ge=1, le=65_535)] = 993
    user: str | None = Field(default=None, examples=["nejtak@firma.dk"])
    password: Secret | None = Field(default=None, examples=[{"env": "RINGREN_MAILBOX_PASSWORD"}])
    sign_in: Literal["password", "microsoft", "google"] = "password"
    tenant: str | None = Field(default=None, examples=["firma.onmicrosoft.com"])
    client_id: str | None = Field(default=None, examples=["00000000-0000-0000-0000-000000000000"])
    client_secret: Secret | None = Field(default=None, examples=[{"env": "RINGREN_MAILBOX_SECRET"}])
    refresh_token: Secret | None = Field(default=None, examples=[{"env": "RINGREN_MAILBOX_TOKEN"}])
    protection: Literal["tls", "starttls", "none"] = "tls"
    folder: str = "INBOX"
    done: str = "Ringren"
    unclear: str = "Ringren-unclear"
    own_domains: tuple[Annotated[str, AfterValidator(str.lower)], ...] = Field(
        default=(), examples=[["firma.dk"]]
    )
    elsewhere: Elsewhere = Field(default_factory=dict, exclude=True)

    @property
    def is_used(self) -> bool:
        """Whether there is one to read."""
        return self.host is not None

    @model_validator(mode="after")
    def _a_way_in(self) -> Self:
        missing = [name for name in _NEEDED.get(self.sign_in, ()) if getattr(self, name) is None]
        if missing:
            raise PydanticCustomError(f"mailbox_{self.sign_in}", "all of them together")
        return self

    @model_validator(mode="after")
    def _protected(self) -> Self:
        if self.protection == "none" and self.host not in {None, "127.0.0.1", "::1", "localhost"}:
            raise PydanticCustomError("open_mailbox", "not in clear")
        return self


class Hooks(Listener):
    """[hooks]: messages of systems that tell at once what has happened (webhooks)."""

    port: Port = Field(default=None, examples=[8712])


class Page(Listener):
    """[page]: the page of administrators, project leaders and agents; `sync daemon`, `sync web`."""

    port: Port = Field(default=None, examples=[8720])
    url: Address | None = Field(default=None, examples=["https://ringren.firma.dk"])
    idle_minutes: Annotated[int, Field(ge=1, le=1_440)] = 60
    hours: Annotated[int, Field(ge=1, le=168)] = 12

    @model_validator(mode="after")
    def _named(self) -> Self:
        if self.is_used and self.url is None and not ip_address(self.host).is_loopback:
            raise PydanticCustomError("page_nameless", "its address")
        if self.is_used and self.url is None and self.behind_proxy:
            raise PydanticCustomError("page_nameless", "its address")
        return self


class Metrics(Listener):
    """[metrics]: what a monitoring program may ask for, and whether we are alive."""

    port: Port = Field(default=None, examples=[8730])
    without_token: bool = False

    @model_validator(mode="after")
    def _open_here_only(self) -> Self:
        here = ip_address(self.host).is_loopback and not self.behind_proxy
        if self.is_used and self.without_token and not here:
            raise PydanticCustomError("metrics_open", "to everybody")
        return self


def _origin(text: str) -> str:
    """Where a page comes from, as a browser says it: scheme, name, port."""
    parts = urlsplit(text.strip().lower().rstrip("/"))
    if parts.scheme not in {"http", "https"} or not parts.netloc or parts.path or parts.query:
        raise PydanticCustomError("origin", "no origin")
    return f"{parts.scheme}://{parts.netloc}"


class Refine(Listener):
    """[refine]: OpenRefine and other programs ask which company, title or industry code is meant."""

    port: Port = Field(default=None, examples=[8740])
    without_token: bool = False
    origins: tuple[Annotated[str, AfterValidator(_origin)], ...] = (
        "http://127.0.0.1:3333",
        "http://localhost:3333",
    )

    @model_validator(mode="after")
    def _open_here_only(self) -> Self:
        here = ip_address(self.host).is_loopback and not self.behind_proxy
        if self.is_used and self.without_token and not here:
            raise PydanticCustomError("refine_open", "to everybody")
        return self
