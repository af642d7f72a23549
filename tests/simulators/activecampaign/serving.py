"""A simulated ActiveCampaign account on a port of this machine."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from simulators.activecampaign.account import Account
from simulators.activecampaign.desk import HOST, KEY, Office
from simulators.web import Clock, Vendor

__all__ = ["HOST", "KEY", "ActiveCampaign", "Clock", "build"]


def wall_clock() -> datetime:
    """Now."""
    return datetime.now(UTC)


@dataclass(slots=True)
class ActiveCampaign(Vendor):
    """The account, and the line to it."""

    account: Account = None  # type: ignore[assignment]


def build(
    clock: Callable[[], datetime] = wall_clock, per_second: int | None = None
) -> ActiveCampaign:
    """An account with nothing in it; not served yet."""
    account = Account(clock)
    return ActiveCampaign(Office(account, per_second), HOST, clock=clock, account=account)
