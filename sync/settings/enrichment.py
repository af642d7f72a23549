"""The sections of sources of facts: registers and vendors that are asked about companies."""

from __future__ import annotations

from typing import Annotated, ClassVar, Final
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from sync.settings.crm import Calls, Elsewhere
from sync.settings.parts import Secret, Section
from sync.settings.verifying import NeverBounce, Numverify, Twilio, ZeroBounce

REGISTER: Final = "http://distribution.virk.dk"


def _register(text: str) -> str:
    """The register's own address, which knows no TLS, or a proxy that does."""
    parts = urlsplit(text.strip().rstrip("/"))
    if text.rstrip("/") != REGISTER and (parts.scheme != "https" or not parts.hostname):
        raise PydanticCustomError("address", "no https address")
    return parts.geturl()


class Cvr(Section):
    """[sources.cvr]: the company register, by its distribution index."""

    user: str | None = Field(default=None, examples=["Firma_CVR_I_SKYEN"])
    password: Secret | None = Field(default=None, examples=[{"env": "CVR_PASSWORD"}])
    url: Annotated[str, AfterValidator(_register)] = REGISTER
    calls_a_second: Annotated[float, Field(ge=0.1, le=100)] = 2.0
    calls_a_day: Calls | None = Field(default=None, examples=[2_000])
    calls_a_run: Calls | None = Field(default=None, examples=[1_000])
    elsewhere: Elsewhere = Field(default_factory=dict, exclude=True)
    quota_share: ClassVar[float] = 1.0
    """The register tells of no quota."""

    @property
    def is_used(self) -> bool:
        """Whether there is a user to sign in with."""
        return self.user is not None


class Sources(Section):
    """[sources]: who is asked for facts, each in a section of its own."""

    cvr: Cvr = Cvr()
    zerobounce: ZeroBounce = ZeroBounce()
    neverbounce: NeverBounce = NeverBounce()
    twilio: Twilio = Twilio()
    numverify: Numverify = Numverify()

    @property
    def used(self) -> tuple[str, ...]:
        """The names of those that are set up."""
        return tuple(name for name in type(self).model_fields if getattr(self, name).is_used)

    @property
    def is_used(self) -> bool:
        """Whether there is anybody to ask."""
        return bool(self.used)

    def kroner_a_night(self, source: str) -> float | None:
        """What may be spent on a source in a night; None where nothing is bought, or nothing is said."""
        most: float | None = getattr(getattr(self, source, None), "kroner_a_night", None)
        return most
