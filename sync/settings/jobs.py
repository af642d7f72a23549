"""The sections of the daemon: when each job is due, and how the daemon ends."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from sync.service.schedules import Every, Unreadable, read
from sync.settings.parts import Section

LONGEST_FOR_OPT_OUTS = timedelta(minutes=15)


def _schedule(text: str) -> str:
    try:
        read(text)
    except Unreadable as error:
        raise PydanticCustomError(f"schedule_{error}", "no such schedule") from None
    return text


def _often(text: str) -> str:
    found = read(_schedule(text))
    if not isinstance(found, Every) or found.gap > LONGEST_FOR_OPT_OUTS:
        raise PydanticCustomError("schedule_opt_outs", "opt-outs do not wait")
    return text


When = Annotated[str, AfterValidator(_schedule)]
Often = Annotated[str, AfterValidator(_often)]


class Jobs(Section):
    """[jobs]: when each job is due, in Copenhagen's time. The names are those of `sync jobs`."""

    deliver: Often = "every 5 seconds"
    poll: Often = "every 1 minute"
    mailbox: Often = "every 1 minute"
    alarms: Often = "every 1 minute"
    ping: Often = "every 5 minutes"
    run: When = "every 5 minutes"
    verify: When = "daily 05:30"
    enrich: When = "daily 01:00"
    reconcile: When = "sunday 04:00"
    report: When = "daily 06:30"
    coverage: When = "month 1 06:45"
    purge: When = "daily 03:30"
    backup: When = "daily 01:15"
    archive: When = "month 1 04:30"


class Daemon(Section):
    """[daemon]: how the daemon ends."""

    stop_seconds: Annotated[int, Field(ge=1, le=600)] = 30


class Worker(Section):
    """[worker]: what one of several processes takes on (`sync worker`)."""

    at_once: Annotated[int, Field(ge=1, le=64)] = 2
    lost_seconds: Annotated[int, Field(ge=3, le=600)] = 30


class Backup(Section):
    """[backup]: where the nightly backup goes. Old ones are never deleted from here."""

    folder: Path | None = Field(default=None, examples=["/srv/backup/ringren"])

    @property
    def is_used(self) -> bool:
        """Whether there is a place for one."""
        return self.folder is not None


class Archive(Section):
    """[archive]: where figures of closed years go. Files are never deleted from here."""

    folder: Path | None = Field(default=None, examples=["/srv/archive/ringren"])

    @property
    def is_used(self) -> bool:
        """Whether there is a place for them."""
        return self.folder is not None
