"""The sections of sources of facts: registers and vendors that are asked about companies."""

from __future__ import annotations

from typing import Annotated, ClassVar, Final, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from sync.settings.crm import Address, Calls, Elsewhere
from sync.settings.firms import Dnb, Lasso, Vainu
from sync.settings.parts import Secret, Section
from sync.settings.verifying import NeverBounce, Numverify, Twilio, ZeroBounce

REGISTER: Final = "http://distribution.virk.dk"


def _register(text: str) -> str:
    """The register's own address, which knows no TLS, or a proxy that does."""
    parts = urlsplit(text.strip().rstrip("/"))
    if text.rstrip("/") != REGISTER and (parts.scheme != "https" or not parts.hostname):
        raise PydanticCustomError("address", "no https address")
    return parts.geturl()


def _agent(text: str) -> str:
    """`Company - Project - Name and number`: another form is answered as if no calls were left."""
    parts = [one.strip() for one in text.split(" - ")]
    if len(parts) != 3 or not all(parts) or not text.isprintable():
        raise PydanticCustomError("agent", "not of that form")
    return " - ".join(parts)


class Datafordeler(Section):
    """[sources.cvr.datafordeler]: the register by Datafordeler, with the key of an IT system."""

    key: Secret | None = Field(default=None, examples=[{"env": "DATAFORDELER_KEY"}])
    url: Address = "https://graphql.datafordeler.dk"
    absence: bool = False


class CvrApi(Section):
    """[sources.cvr.cvrapi]: the register by cvrapi.dk, a company a call."""

    agent: Annotated[str, AfterValidator(_agent)] | None = Field(
        default=None, examples=["Firma ApS - Ringren - Navn 12345678"]
    )
    token: Secret | None = Field(default=None, examples=[{"env": "CVRAPI_TOKEN"}])
    calls_a_day: Calls = 50
    head_counts: bool = False


DoorName = Literal["index", "datafordeler", "cvrapi"]


class Cvr(Section):
    """[sources.cvr]: the company register, by its distribution index or by other doors."""

    doors: tuple[DoorName, ...] = Field(default=("index", "datafordeler", "cvrapi"), min_length=1)

    user: str | None = Field(default=None, examples=["Firma_CVR_I_SKYEN"])
    password: Secret | None = Field(default=None, examples=[{"env": "CVR_PASSWORD"}])
    url: Annotated[str, AfterValidator(_register)] = REGISTER
    calls_a_second: Annotated[float, Field(ge=0.1, le=100)] = 2.0
    calls_a_day: Calls | None = Field(default=None, examples=[2_000])
    calls_a_run: Calls | None = Field(default=None, examples=[1_000])
    datafordeler: Datafordeler = Datafordeler()
    cvrapi: CvrApi = CvrApi()
    elsewhere: Elsewhere = Field(default_factory=dict, exclude=True)
    quota_share: ClassVar[float] = 1.0
    """The register tells of no quota."""

    @property
    def is_used(self) -> bool:
        """Whether there is a door to knock at."""
        return bool(self.open_doors)

    @property
    def open_doors(self) -> tuple[DoorName, ...]:
        """Those that there is something to come in with, in the order in which they are asked."""
        has = {
            "index": self.user is not None,
            "datafordeler": self.datafordeler.key is not None,
            "cvrapi": self.cvrapi.agent is not None,
        }
        return tuple(one for one in dict.fromkeys(self.doors) if has[one])

    @property
    def locked_doors(self) -> tuple[DoorName, ...]:
        """Those that are named and that there is nothing to come in with."""
        named = self.doors if "doors" in self.model_fields_set else ()
        return tuple(one for one in named if one not in self.open_doors)


class Accounts(Section):
    """[sources.accounts]: annual accounts as they are published. No login."""

    on: bool = False
    group_figures: bool = False
    numbers_a_call: Annotated[int, Field(ge=1, le=500)] = 200
    url: Annotated[str, AfterValidator(_register)] = REGISTER
    calls_a_second: Annotated[float, Field(ge=0.1, le=100)] = 2.0
    calls_a_day: Calls | None = Field(default=None, examples=[5_000])
    calls_a_run: Calls | None = Field(default=None, examples=[2_500])
    elsewhere: Elsewhere = Field(default_factory=dict, exclude=True)
    quota_share: ClassVar[float] = 1.0
    """It tells of no quota."""

    @property
    def is_used(self) -> bool:
        """Whether somebody has asked for it: a download for each company is much for a free service."""
        return self.on


class Sources(Section):
    """[sources]: who is asked for facts, each in a section of its own."""

    cvr: Cvr = Cvr()
    accounts: Accounts = Accounts()
    lasso: Lasso = Lasso()
    vainu: Vainu = Vainu()
    dnb: Dnb = Dnb()
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
