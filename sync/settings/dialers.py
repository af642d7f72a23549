"""The sections of dialers."""

from __future__ import annotations

from datetime import time
from typing import Annotated, Literal
from zoneinfo import available_timezones

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from rules.barring import Hours
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


DataCentre = Literal["us", "uk", "frankfurt", "canada", "india"]
PACIFIC = "America/Los_Angeles"


def _zone(name: str) -> str:
    if name not in available_timezones():
        raise PydanticCustomError("zone", "unknown time zone")
    return name


Zone = Annotated[str, AfterValidator(_zone)]
NumberField = Literal["number1", "number2", "number3"]


class Five9(Section):
    """[five9]: the user, how the domain spells numbers, when it takes them, and its report of calls."""

    user: str | None = Field(default=None, examples=["ringren@firma.dk"])
    password: Secret | None = Field(default=None, examples=[{"env": "FIVE9_PASSWORD"}])
    data_centre: DataCentre = "us"
    number_format: Literal["idd011", "e164"] = "idd011"
    probe_number: Annotated[str, Field(pattern=r"^\+\d{8,15}$")] | None = Field(
        default=None, examples=["+4568999999"]
    )
    dnc_from: time = time(23)
    dnc_until: time = time(6)
    dnc_zone: Zone = PACIFIC
    lists: tuple[str, ...] = ()
    number_fields: tuple[NumberField, ...] = ("number1", "number2", "number3")
    report_folder: str = "Ringren"
    report_name: str = "Ringren Call Log"
    report_zone: Zone | None = Field(default=None, examples=[PACIFIC])
    days_back: Annotated[int, Field(ge=1, le=365)] = 90
    opt_out_dispositions: tuple[str, ...] = (
        "Ring ikke", "Ring ikke igen", "Nej tak", "Do not call", "DNC", "Opt-out",
    )  # fmt: skip
    calls_a_day: Calls | None = Field(default=None, examples=[20_000])
    calls_a_run: Calls | None = Field(default=None, examples=[10_000])
    elsewhere: Elsewhere = Field(default_factory=dict, exclude=True)

    @property
    def is_used(self) -> bool:
        """Whether there is a user to sign in as."""
        return self.user is not None or self.password is not None

    @property
    def hours(self) -> Hours | None:
        """When the domain takes numbers; None where it begins and ends at the same time: always."""
        if self.dnc_from == self.dnc_until:
            return None
        return Hours(self.dnc_from, self.dnc_until, self.dnc_zone)

    @property
    def quota_share(self) -> float:
        """Five9 tells of its quotas itself; they are held against its counters."""
        return 1.0
