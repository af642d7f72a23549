"""A simulated Aircall company on a port of this machine."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from simulators.aircall.company import Company
from simulators.aircall.desk import HOST, Limit, Office
from simulators.web import Clock, Vendor

__all__ = ["HOST", "Aircall", "Clock", "build"]


def wall_clock() -> datetime:
    """Now."""
    return datetime.now(UTC)


@dataclass(slots=True)
class Aircall(Vendor):
    """The company, and the line to it."""

    company: Company = None  # type: ignore[assignment]
    limit: Limit = None  # type: ignore[assignment]


def build(clock: Callable[[], datetime] = wall_clock) -> Aircall:
    """A company with nobody in it; not served yet."""
    company, limit = Company(clock), Limit()
    return Aircall(Office(company, limit), HOST, clock=clock, company=company, limit=limit)
