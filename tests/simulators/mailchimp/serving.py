"""A simulated Mailchimp account on a port of this machine."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from simulators.mailchimp.account import Account
from simulators.mailchimp.desk import HOST, KEY, Office
from simulators.web import Clock, Vendor

__all__ = ["HOST", "KEY", "Clock", "Mailchimp", "build"]


def wall_clock() -> datetime:
    """Now."""
    return datetime.now(UTC)


@dataclass(slots=True)
class Mailchimp(Vendor):
    """The account, and the line to it."""

    account: Account = None  # type: ignore[assignment]


def build(clock: Callable[[], datetime] = wall_clock) -> Mailchimp:
    """An account with nothing in it; not served yet."""
    account = Account(clock)
    return Mailchimp(Office(account), HOST, clock=clock, account=account)
