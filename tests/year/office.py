"""A system that is no CRM, as a year needs it: what people do there, and what it must show in the end."""

from __future__ import annotations

from random import Random
from typing import Any, Protocol

from year.clock import Clock


class Office(Protocol):
    """One dialer or mail system. `noes`: numbers or addresses of those who said no there."""

    system: str
    host: str
    vendor: Any
    noes: list[str]

    def __init__(self, clock: Clock, r: Random) -> None: ...

    def settings(self) -> dict[str, Any]:
        """Its section."""
        ...

    def work(self) -> str:
        """People work a while; what they did, in a word."""
        ...

    def say_no(self) -> str:
        """Somebody says no; his number or address."""
        ...

    def settle(self) -> None:
        """What somebody has put off is done."""
        ...

    def left(self, blocked: set[str]) -> list[str]:
        """Of those that are blocked, whom the system would still contact."""
        ...
