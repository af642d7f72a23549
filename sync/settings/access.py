"""The section of OpenID Connect: who asks people for their password in our place."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from rules.rights import Role
from sync.settings.alarms import OutwardAddress
from sync.settings.parts import Secret, Section

Claim = Annotated[str, Field(min_length=1, max_length=200)]


class Oidc(Section):
    """[oidc]: people sign in to the page with the accounts that they have elsewhere."""

    issuer: OutwardAddress | None = Field(
        default=None, examples=["https://login.microsoftonline.com/TENANT/v2.0"]
    )
    client_id: Claim | None = Field(default=None, examples=["ringren"])
    client_secret: Secret | None = Field(default=None, examples=[{"env": "RINGREN_OIDC_SECRET"}])
    label: Annotated[str, Field(min_length=1, max_length=40)] = "OpenID Connect"
    name_claim: Claim = "email"
    roles_claim: Claim = "roles"
    roles: dict[str, tuple[Role, ...]] = Field(
        default_factory=dict, examples=[{"crm-leads": ["leader"], "it": ["admin"]}]
    )

    @property
    def is_used(self) -> bool:
        """Whether there is such a way in."""
        return self.issuer is not None

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.issuer and not (self.client_id and self.roles):
            raise PydanticCustomError("oidc_half", "client_id and roles belong to it")
        return self
