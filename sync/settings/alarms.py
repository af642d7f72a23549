"""The section of alarms: who hears of them, and when."""

from __future__ import annotations

from ipaddress import ip_address
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr
from pydantic_core import PydanticCustomError

from rules.alarms import Hours as RestHours
from rules.alarms import always
from sync.service.schedules import Unreadable, hours
from sync.settings.parts import Secret, Section

Minutes = Annotated[int, Field(ge=0, le=43_200)]
Hours = Annotated[int, Field(ge=1, le=8_760)]


def _hours(text: str) -> str:
    try:
        hours(text)
    except Unreadable as error:
        kind = "schedule_night" if str(error) == "night" else "quiet_form"
        raise PydanticCustomError(kind, "no such hours") from None
    return text


def _not_always(texts: tuple[str, ...]) -> tuple[str, ...]:
    if always([hours(text) for text in texts]):
        raise PydanticCustomError("quiet_always", "alarms for nobody")
    return texts


QuietHours = Annotated[
    tuple[Annotated[str, AfterValidator(_hours)], ...], AfterValidator(_not_always)
]


class Receiver(Section):
    """[alarms.receivers.team]: one address, when it hears of an alarm, and of which."""

    url: Secret | None = Field(default=None, examples=[{"env": "RINGREN_ALARM_URL"}])
    after_minutes: Minutes = 0
    only_certain: bool = False
    always: bool = False


class Alarms(Section):
    """[alarms]: who is told of forbidden calls, of systems that have gone quiet, of floods of opt-outs."""

    receivers: dict[str, Receiver] = Field(default_factory=dict, examples=[{"team": {}}])
    repeat_minutes: Annotated[int, Field(ge=5, le=43_200)] = 240
    delivery_hours: Hours = 24
    quiet: bool = True
    monthly_report: bool = False
    burst_an_hour: Annotated[int, Field(ge=1, le=1_000_000)] = 100
    quiet_hours: QuietHours = Field(
        default=(), examples=[["daily 20:00-07:00", "saturday,sunday 00:00-24:00"]]
    )

    @property
    def rest(self) -> tuple[RestHours, ...]:
        """The quiet hours, read."""
        return tuple(map(hours, self.quiet_hours))


def _covered(url: str) -> bool:
    """An address by https, or on this machine."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    host = parts.hostname or ""
    return bool(host) and (parts.scheme == "https" or (parts.scheme == "http" and _is_here(host)))


def _is_here(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _never_in_clear(url: str) -> str:
    if not _covered(url):
        raise PydanticCustomError("outward_address", "no https address")
    return url


def _secret_never_in_clear(url: SecretStr) -> SecretStr:
    _never_in_clear(url.get_secret_value())
    return url


OutwardAddress = Annotated[str, AfterValidator(_never_in_clear)]
PingAddress = Annotated[Secret, AfterValidator(_secret_never_in_clear)]


class Ping(Section):
    """[ping]: a service outside that raises the alarm when it hears nothing of us any more."""

    url: PingAddress | None = Field(default=None, examples=[{"env": "RINGREN_PING_URL"}])
    late_hours: Hours = 6

    @property
    def is_used(self) -> bool:
        """Whether there is one."""
        return self.url is not None
