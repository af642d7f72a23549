"""The section of alarms: who hears of them, and when."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from sync.settings.parts import Secret, Section

Minutes = Annotated[int, Field(ge=0, le=43_200)]
Hours = Annotated[int, Field(ge=1, le=8_760)]


class Receiver(Section):
    """[alarms.receivers.team]: one address, when it hears of an alarm, and of which."""

    url: Secret | None = Field(default=None, examples=[{"env": "RINGREN_ALARM_URL"}])
    after_minutes: Minutes = 0
    only_certain: bool = False


class Alarms(Section):
    """[alarms]: who is told of forbidden calls, of systems that have gone quiet, of floods of opt-outs."""

    receivers: dict[str, Receiver] = Field(default_factory=dict, examples=[{"team": {}}])
    repeat_minutes: Annotated[int, Field(ge=5, le=43_200)] = 240
    delivery_hours: Hours = 24
    quiet: bool = True
    burst_an_hour: Annotated[int, Field(ge=1, le=1_000_000)] = 100
