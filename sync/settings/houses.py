"""The sections of other installations that this one lists: one for each customer."""

from __future__ import annotations

from pydantic import Field

from sync.settings.alarms import OutwardAddress
from sync.settings.parts import Secret, Section


class House(Section):
    """[houses.named.customer]: another installation, asked over its API how it stands."""

    api: OutwardAddress | None = Field(default=None, examples=["https://ringren.kunde-a.dk:8710"])
    token: Secret | None = Field(default=None, examples=[{"env": "KUNDE_A_TOKEN"}])
    page: OutwardAddress | None = Field(default=None, examples=["https://ringren.kunde-a.dk"])


class Houses(Section):
    """[houses]: other installations, one for each customer."""

    named: dict[str, House] = Field(default_factory=dict, examples=[{"kunde-a": {}}])
