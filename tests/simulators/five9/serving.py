"""A simulated Five9 domain on a port of this machine."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from simulators.five9.desk import HOST, Limits, Office
from simulators.five9.domain import Domain
from simulators.web import Clock, Vendor

__all__ = ["HOST", "Clock", "Five9", "build"]


def wall_clock() -> datetime:
    """Now."""
    return datetime.now(UTC)


@dataclass(slots=True)
class Five9(Vendor):
    """The domain, and the line to it."""

    domain: Domain = None  # type: ignore[assignment]
    office: Office = None  # type: ignore[assignment]

    def body(self, raw: bytes) -> Any:
        """Envelopes are read by the office."""
        return raw


def build(clock: Callable[[], datetime] = wall_clock, **more: Any) -> Five9:
    """A domain with nobody in it; not served yet. `more` goes to `Domain`."""
    domain = Domain(clock, **more)
    office = Office(domain, Limits())
    return Five9(office, HOST, clock=domain.clock, domain=domain, office=office)
