"""The sections of CRM systems, and what they have in common."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from sync.settings.parts import Secret, Section


def _only_here(addresses: dict[str, str]) -> dict[str, str]:
    """The targets are this machine: no setting sends a customer's data to another host."""
    for there in addresses.values():
        if urlsplit(there).hostname not in {"127.0.0.1", "::1", "localhost"}:
            raise PydanticCustomError("elsewhere", "only this machine")
    return addresses


Elsewhere = Annotated[dict[str, str], AfterValidator(_only_here)]
"""Beginnings of a vendor's addresses, and what on this machine stands in for them: tests, demo."""


Calls = Annotated[int, Field(ge=1)]
QuotaShare = Annotated[float, Field(ge=0.01, le=1)]


def _address(text: str) -> str:
    """The beginning of an address, without a path: a page that was copied is cut off."""
    parts = urlsplit(text.strip())
    if parts.scheme != "https" or not parts.hostname:
        raise PydanticCustomError("address", "no https address")
    return f"https://{parts.netloc}"


Address = Annotated[str, AfterValidator(_address)]


def _whole_address(text: str) -> str:
    """An address with its path, as somebody else writes it."""
    parts = urlsplit(text.strip())
    if parts.scheme != "https" or not parts.hostname:
        raise PydanticCustomError("address", "no https address")
    return text.strip()


WholeAddress = Annotated[str, AfterValidator(_whole_address)]

Dispositions = tuple[str, ...]
DO_NOT_CALL: Dispositions = (
    "Ring ikke", "Ring ikke igen", "Må ikke ringes op", "Do not call", "DNC", "Opt-out",
)  # fmt: skip
"""Outcomes of a call that can mean nothing else."""

SalesforceObject = Literal[
    "Account", "Contact", "Lead", "Task", "EmailMessage", "Event", "Opportunity", "CampaignMember",
]  # fmt: skip


DynamicsObject = Literal[
    "account", "contact", "lead", "phonecall", "email", "appointment", "opportunity", "listmember",
    "campaignresponse",
]  # fmt: skip


class Salesforce(Section):
    """[salesforce]: the org, an External Client App in it, and what is read."""

    url: Address | None = Field(default=None, examples=["https://firma.my.salesforce.com"])
    client_id: str | None = Field(default=None, examples=["3MVG9..."])
    client_secret: Secret | None = Field(default=None, examples=[{"env": "SALESFORCE_SECRET"}])
    username: str | None = Field(default=None, examples=["ringren@firma.dk"])
    private_key_file: Path | None = Field(default=None, examples=["ringren.pem"])
    sandbox: bool = False
    version: Annotated[int, Field(ge=52, le=99)] = 67
    objects: tuple[SalesforceObject, ...] = ("Account", "Contact", "Lead", "Task")
    fields: dict[str, dict[str, str]] = Field(
        default_factory=dict, examples=[{"Account": {"cvr": "CVR_nummer__c"}}]
    )
    guard_together: bool = True
    history: bool = True
    opt_out_dispositions: Dispositions = DO_NOT_CALL
    calls_a_day: Calls | None = Field(default=None, examples=[20_000])
    calls_a_run: Calls | None = Field(default=None, examples=[10_000])
    quota_share: QuotaShare = 0.8
    elsewhere: Elsewhere = Field(default_factory=dict, exclude=True)

    @property
    def is_used(self) -> bool:
        """Whether there is an org to sign in to."""
        return self.url is not None

    @model_validator(mode="after")
    def _one_way_in(self) -> Self:
        if self.url is None:
            return self
        secret = self.client_secret is not None
        signed = self.username is not None and self.private_key_file is not None
        if self.client_id is None or not (secret or signed):
            raise PydanticCustomError("salesforce_login", "client_id with a secret or a key")
        return self


HubSpotObject = Literal["companies", "contacts", "calls", "emails", "meetings", "deals", "leads"]


class HubSpot(Section):
    """[hubspot]: a key, or an app of one's own that the account has let in; what is read."""

    token: Secret | None = Field(default=None, examples=[{"env": "HUBSPOT_TOKEN"}])
    client_id: str | None = Field(default=None, examples=["01234567-89ab-cdef-0123-456789abcdef"])
    client_secret: Secret | None = Field(default=None, examples=[{"env": "HUBSPOT_SECRET"}])
    refresh_token: Secret | None = Field(default=None, examples=[{"env": "HUBSPOT_REFRESH"}])
    objects: tuple[HubSpotObject, ...] = ("companies", "contacts", "calls", "meetings")
    fields: dict[str, dict[str, str]] = Field(
        default_factory=dict, examples=[{"contacts": {"opt_out_call": "ring_ikke"}}]
    )
    hook_secret: Secret | None = Field(default=None, examples=[{"env": "HUBSPOT_HOOK"}])
    hook_url: WholeAddress | None = Field(default=None, examples=["https://hooks.firma.dk/hubspot"])
    opt_out_dispositions: Dispositions = DO_NOT_CALL
    calls_a_day: Calls | None = Field(default=None, examples=[20_000])
    calls_a_run: Calls | None = Field(default=None, examples=[10_000])
    quota_share: QuotaShare = 0.8
    elsewhere: Elsewhere = Field(default_factory=dict, exclude=True)

    @property
    def is_used(self) -> bool:
        """Whether there is anything to sign in with."""
        return self.token is not None or self.refresh_token is not None

    @property
    def hook(self) -> tuple[str, str]:
        """The secret that signs messages to us, and the address that they are sent to."""
        secret = self.hook_secret.get_secret_value() if self.hook_secret else ""
        return secret, self.hook_url or ""

    @property
    def oauth(self) -> tuple[str, str, str] | None:
        """Client id, secret and refresh token, when there is no key."""
        if self.token or not (self.client_id and self.client_secret and self.refresh_token):
            return None
        secret, refresh = self.client_secret, self.refresh_token
        return self.client_id, secret.get_secret_value(), refresh.get_secret_value()


class Dynamics(Section):
    """[dynamics]: the environment, an app registration in Entra ID, and what is read."""

    url: Address | None = Field(default=None, examples=["https://firma.crm4.dynamics.com"])
    tenant: Annotated[str, Field(pattern=r"^[\w.-]+$")] | None = Field(
        default=None, examples=["firma.onmicrosoft.com"]
    )
    client_id: str | None = Field(default=None, examples=["00000000-0000-0000-0000-000000000000"])
    client_secret: Secret | None = Field(default=None, examples=[{"env": "DYNAMICS_SECRET"}])
    certificate_file: Path | None = Field(default=None, examples=["ringren-entra.pem"])
    certificate_password: Secret | None = Field(
        default=None, examples=[{"env": "DYNAMICS_CERTIFICATE_PASSWORD"}]
    )
    objects: tuple[DynamicsObject, ...] = (
        "account", "contact", "lead", "phonecall", "campaignresponse",
    )  # fmt: skip
    fields: dict[str, dict[str, str]] = Field(
        default_factory=dict, examples=[{"account": {"cvr": "new_cvrnummer"}}]
    )
    history: bool = True
    opt_out_dispositions: Dispositions = DO_NOT_CALL
    calls_a_day: Calls | None = Field(default=None, examples=[20_000])
    calls_a_run: Calls | None = Field(default=None, examples=[10_000])
    quota_share: QuotaShare = 0.8
    elsewhere: Elsewhere = Field(default_factory=dict, exclude=True)

    @property
    def is_used(self) -> bool:
        """Whether there is an environment to sign in to."""
        return self.url is not None

    @model_validator(mode="after")
    def _a_way_in(self) -> Self:
        if self.url is None:
            return self
        key = self.client_secret is not None or self.certificate_file is not None
        if self.tenant is None or self.client_id is None or not key:
            raise PydanticCustomError("dynamics_login", "tenant, client_id, secret or certificate")
        return self
