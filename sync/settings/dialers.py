"""The sections of dialers."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from sync.settings.crm import Calls, Elsewhere
from sync.settings.parts import Secret, Section

AircallObject = Literal["calls", "contacts"]


class Aircall(Section):
    """[aircall]: the company's key, which tags say "do not call", and what is read."""

    api_id: str | None = Field(default=None, examples=["a1b2c3d4"])
    api_token: Secret | None = Field(default=None, examples=[{"env": "AIRCALL_TOKEN"}])
    objects: tuple[AircallObject, ...] = ("calls", "contacts")
    opt_out_tags: tuple[str, ...] = (
        "Ring ikke", "Ring ikke igen", "Nej tak", "Do not call", "DNC", "Opt-out",
    )  # fmt: skip
    mark_contacts: bool = True
    hook_token: Secret | None = Field(default=None, examples=[{"env": "AIRCALL_HOOK"}])
    sweep_minutes: Annotated[int, Field(ge=0, le=1440)] = 5
    calls_a_minute: Annotated[int, Field(ge=1, le=1000)] = 40
    calls_a_day: Calls | None = Field(default=None, examples=[20_000])
    calls_a_run: Calls | None = Field(default=None, examples=[10_000])
    elsewhere: Elsewhere = Field(default_factory=dict, exclude=True)

    @property
    def is_used(self) -> bool:
        """Whether there is a key to sign in with."""
        return self.api_id is not None or self.api_token is not None

    @property
    def quota_share(self) -> float:
        """Aircall tells of no quota for a day."""
        return 1.0
