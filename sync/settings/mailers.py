"""The sections of systems that send mail to lists."""

from __future__ import annotations

from typing import Annotated, ClassVar, Self

from pydantic import Field, ValidationInfo, field_validator, model_validator
from pydantic_core import PydanticCustomError

from sync.settings.crm import Address, Calls, Elsewhere
from sync.settings.dialers import Zone
from sync.settings.parts import Secret, Section


class Mailchimp(Section):
    """[mailchimp]: a key, and which merge fields hold what."""

    api_key: Secret | None = Field(default=None, examples=[{"env": "MAILCHIMP_KEY"}])
    fields: dict[str, str] = Field(default_factory=dict, examples=[{"company_name": "FIRMA"}])
    add_unknown: bool = False
    hook_secret: Secret | None = Field(default=None, examples=[{"env": "MAILCHIMP_HOOK"}])
    mailing_days: Annotated[int, Field(ge=1, le=366)] | None = Field(default=None, examples=[31])
    calls_a_day: Calls | None = Field(default=None, examples=[20_000])
    calls_a_run: Calls | None = Field(default=None, examples=[10_000])
    elsewhere: Elsewhere = Field(default_factory=dict, exclude=True)
    quota_share: ClassVar[float] = 1.0
    """The vendor tells of no quota."""

    @property
    def is_used(self) -> bool:
        """Whether there is anything to sign in with."""
        return self.api_key is not None


class ActiveCampaign(Section):
    """[activecampaign]: the account's address and a key, and which fields hold what."""

    url: Address | None = Field(default=None, examples=["https://firma.api-us1.com"])
    key: Secret | None = Field(default=None, examples=[{"env": "ACTIVECAMPAIGN_KEY"}])
    calls_a_second: Annotated[float, Field(ge=0.1, le=100)] = 5.0
    fields: dict[str, str] = Field(default_factory=dict, examples=[{"company_name": ""}])
    add_unknown: bool = False
    hook_secret: Secret | None = Field(default=None, examples=[{"env": "ACTIVECAMPAIGN_HOOK"}])
    text_zone: Zone | None = Field(default=None, examples=["America/Chicago"])
    text_days: Annotated[int, Field(ge=1, le=366)] | None = Field(default=None, examples=[31])
    calls_a_day: Calls | None = Field(default=None, examples=[100_000])
    calls_a_run: Calls | None = Field(default=None, examples=[50_000])
    elsewhere: Elsewhere = Field(default_factory=dict, exclude=True)
    quota_share: ClassVar[float] = 1.0
    """The vendor tells of no quota."""

    @property
    def is_used(self) -> bool:
        """Whether there is an account to sign in to."""
        return self.url is not None

    @field_validator("text_days")
    @classmethod
    def _in_a_zone(cls, days: int | None, known: ValidationInfo) -> int | None:
        if days is not None and known.data.get("text_zone") is None:
            raise PydanticCustomError("activecampaign_zone", "text_days and text_zone together")
        return days

    @model_validator(mode="after")
    def _a_way_in(self) -> Self:
        if self.url is not None and self.key is None:
            raise PydanticCustomError("activecampaign_login", "url and key together")
        return self
