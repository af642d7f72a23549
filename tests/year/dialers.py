"""Two dialers: people call, are told no, and now and then call somebody who had said it."""

from __future__ import annotations

from datetime import time
from random import Random
from typing import Any, Final

from pydantic import SecretStr
from simulators.aircall import serving as aircall
from simulators.five9 import serving as five9
from year.clock import Clock

LAWFUL: Final = 68_700_000
SAYS_NO: Final = {"aircall": 68_800_000, "five9": 68_850_000}
MINUTE: Final = 60
PROBE: Final = "+4568999998"


def danish(number: int) -> str:
    """As everybody writes it."""
    return f"+45{number}"


class Aircall:
    """A company with two who dial, tags, and queues."""

    system, host = "aircall", aircall.HOST

    def __init__(self, clock: Clock, r: Random) -> None:
        self.r, self.noes = r, list[str]()
        self.vendor = aircall.build(clock)
        self.company = self.vendor.company
        self.users = [self.company.user(name) for name in ("Rav Elkedel", "Birk Blyant")]
        self.line = self.company.number("+45 68 99 99 99")
        self.stop, self.again = self.company.tag("Ring ikke"), self.company.tag("Ring igen")
        self.company.campaign(self.users[0])
        self._late: list[int] = []

    def settings(self) -> dict[str, Any]:
        company = self.company
        return {"api_id": company.api_id, "api_token": SecretStr(company.api_token)}

    def call(self, number: str, ago: int = 0) -> str:
        """Somebody is called; the call's id."""
        return str(
            self.company.call(
                number, user=self.r.choice(self.users), number=self.line, ago=ago,
                seconds=self.r.randrange(20, 400), answered=self.r.random() < 0.6,
            )
        )  # fmt: skip

    def work(self) -> str:
        for _ in range(self.r.choice((1, 3, 6))):
            made = int(self.call(danish(LAWFUL + self.r.randrange(40_000)), ago=MINUTE))
            if self.r.random() < 0.2:
                self.company.put_tag(made, self.again)
        self.settle()
        return "calls"

    def settle(self) -> None:
        while self._late:
            self.company.put_tag(self._late.pop(), self.stop)

    def say_no(self) -> str:
        """On the phone. Who dials tags the call at once, or when he comes to it."""
        number = danish(SAYS_NO[self.system] + len(self.noes))
        made = int(self.call(number, ago=2 * MINUTE))
        if self.r.random() < 0.3:
            self._late.append(made)
        else:
            self.company.put_tag(made, self.stop)
        self.noes.append(number)
        return number

    def queue(self, number: str) -> None:
        """Somebody is put into a queue."""
        if number.removeprefix("+") not in self.company.queued():
            self.company.queue(self.users[0], number)

    def left(self, blocked: set[str]) -> list[str]:
        return sorted({f"+{one}" for one in self.company.queued()} & blocked)


class Five9:
    """A domain of the classic kind, whose list takes numbers at any hour, or at night only."""

    system, host = "five9", five9.HOST

    def __init__(self, clock: Clock, r: Random) -> None:
        self.r, self.noes = r, list[str]()
        self.by_night = r.random() < 0.5
        self.vendor = five9.build(clock, **({} if self.by_night else {"hours": None}))
        self.domain = self.vendor.domain
        self.domain.put("Efterår 1")
        self.domain.add([f"011{PROBE.removeprefix('+')}"], "person")
        self._listed_before = set[str]()
        """Put into a calling list while they stood on the list that Five9 does not dial."""

    def settings(self) -> dict[str, Any]:
        domain = self.domain
        hours = {} if self.by_night else {"dnc_from": time(0), "dnc_until": time(0)}
        return {"user": domain.user, "password": SecretStr(domain.password),
                "lists": ("Efterår 1",), "days_back": 10,
                "probe_number": PROBE} | hours  # fmt: skip

    def call(self, number: str, ago: int = 0, said: str = "No Answer") -> str:
        return self.domain.call(f"011{number.removeprefix('+')}", ago=ago, disposition=said)

    def work(self) -> str:
        for _ in range(self.r.choice((1, 3, 6))):
            said = self.r.choice(("No Answer", "No Answer", "Ring igen"))
            self.call(danish(LAWFUL + self.r.randrange(40_000)), ago=MINUTE, said=said)
        return "calls"

    def say_no(self) -> str:
        number = danish(SAYS_NO[self.system] + len(self.noes))
        self.call(number, ago=2 * MINUTE, said="Ring ikke")
        self.noes.append(number)
        return number

    def queue(self, number: str) -> None:
        spelt = f"011{number.removeprefix('+')}"
        if spelt in self.domain.dnc:
            self._listed_before.add(spelt)
        self.domain.put("Efterår 1", spelt)

    def settle(self) -> None:
        """Nobody puts anything off here."""

    def left(self, blocked: set[str]) -> list[str]:
        """Who is in a calling list cannot be asked (docs/systems/five9.md): of those that stand on
        the list, one is left whom its entry should have taken out, none who was put in later."""
        spelt = {f"011{one.removeprefix('+')}" for one in blocked}
        waiting = self.domain.waiting() - self._listed_before
        return sorted((spelt - self.domain.dnc) | (spelt & waiting))
