"""The sections of verifiers: vendors that say whether an address works, for money."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from sync.settings.crm import Address, Calls, Elsewhere
from sync.settings.parts import Secret, Section


class Verifier(Section):
    """What all of them have: a key, a price, and ceilings of money and calls."""

    key: Secret | None = None
    price_ore: Annotated[int, Field(ge=1, le=10_000)]
    kroner_a_night: Annotated[float, Field(ge=0)] = 50.0
    calls_a_day: Calls | None = Field(default=None, examples=[1_000])
    calls_a_run: Calls | None = Field(default=None, examples=[500])
    elsewhere: Elsewhere = Field(default_factory=dict, exclude=True)
    quota_share: ClassVar[float] = 1.0
    """None of them tells of a quota."""

    @property
    def is_used(self) -> bool:
        """Whether there is a key to ask with."""
        return self.key is not None


class ZeroBounce(Verifier):
    """[sources.zerobounce]: whether e-mail addresses work."""

    key: Secret | None = Field(default=None, examples=[{"env": "ZEROBOUNCE_KEY"}])
    url: Address = "https://api-eu.zerobounce.net"
    price_ore: Annotated[int, Field(ge=1, le=10_000)] = 7
    batches_a_minute: Annotated[int, Field(ge=1, le=250)] = 4


class Twilio(Verifier):
    """[sources.twilio]: whether phone numbers exist, and of what kind they are, by Lookup v2."""

    user: str | None = Field(default=None, examples=["SK0123456789abcdef0123456789abcdef"])
    key: Secret | None = Field(default=None, examples=[{"env": "TWILIO_SECRET"}])
    url: Address = "https://lookups.dublin.ie1.twilio.com"
    line_status: bool = False
    price_ore: Annotated[int, Field(ge=1, le=10_000)] = 6

    @property
    def is_used(self) -> bool:
        """Whether there is anything to sign in with; it takes both."""
        return self.user is not None or self.key is not None


class Numverify(Verifier):
    """[sources.numverify]: whether phone numbers can exist, by the number plan."""

    key: Secret | None = Field(default=None, examples=[{"env": "NUMVERIFY_KEY"}])
    price_ore: Annotated[int, Field(ge=1, le=10_000)] = 2


class NeverBounce(Verifier):
    """[sources.neverbounce]: whether e-mail addresses work."""

    key: Secret | None = Field(default=None, examples=[{"env": "NEVERBOUNCE_KEY"}])
    price_ore: Annotated[int, Field(ge=1, le=10_000)] = 6
