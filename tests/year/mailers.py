"""Two mail systems: people sign up, press the link under a mail, and are signed up again by others."""

from __future__ import annotations

from random import Random
from typing import Any, Final

from pydantic import SecretStr
from simulators.activecampaign import serving as campaigns
from simulators.mailchimp import serving as chimp
from year.clock import Clock

LISTS: Final = 2


class Mailchimp:
    """An account with one audience: each costs three lists to read."""

    system, host = "mailchimp", chimp.HOST

    def __init__(self, clock: Clock, r: Random) -> None:
        self.r, self.noes = r, list[str]()
        self.vendor = chimp.build(clock)
        self.account = self.vendor.account
        self.lists = [self.account.audience("a1").id]
        self._last = 0

    def settings(self) -> dict[str, Any]:
        return {"api_key": SecretStr(chimp.KEY)}

    def work(self) -> str:
        """Somebody signs up; somebody else is signed up again by an import."""
        self._last += 1
        address = f"ny-{self.system}-{self._last}@opdigtet-{self._last % 500 + 1:04}.dk"
        for where in self.lists[: self.r.choice((1, LISTS))]:
            self._sign_up(where, address)
        if self.noes and self.r.random() < 0.3:
            self._again(self.r.choice(self.lists), self.r.choice(self.noes))
            return "signed up again by an import"
        return "signed up"

    def say_no(self) -> str:
        number = len(self.noes)
        address = f"nej-{self.system}-{number}@opdigtet-{number % 500 + 1:04}.dk"
        for where in self.lists:
            self._sign_up(where, address)
        self._leave(self.lists[0], address)
        self.noes.append(address)
        return address

    def settle(self) -> None:
        """Nobody puts anything off here."""

    def left(self, blocked: set[str]) -> list[str]:
        return sorted(
            one for one in blocked if any(self._is_on(where, one) for where in self.lists)
        )

    def _sign_up(self, where: Any, address: str) -> None:
        self.account.add(where, address)

    def _again(self, where: Any, address: str) -> None:
        self.account.load(where, {address: {}})

    def _leave(self, where: Any, address: str) -> None:
        self.account.unsubscribe(where, address)

    def _is_on(self, where: Any, address: str) -> bool:
        return self.account.status(where, address) == "subscribed"


class ActiveCampaign(Mailchimp):
    """An account with two lists."""

    system, host = "activecampaign", campaigns.HOST

    def __init__(self, clock: Clock, r: Random) -> None:
        self.r, self.noes = r, list[str]()
        self.vendor = campaigns.build(clock)
        self.account = self.vendor.account
        self.lists = [self.account.add_list("Nyt"), self.account.add_list("Tilbud")]
        self._last = 0

    def settings(self) -> dict[str, Any]:
        return {"url": campaigns.HOST, "key": SecretStr(campaigns.KEY), "calls_a_second": 100}

    def _sign_up(self, where: Any, address: str) -> None:
        known = [one for one in self.account.contacts.values() if one.email == address]
        if known:
            self.account.set(known[0], where, "1", "people")
        else:
            self.account.add(address, where)

    def _again(self, where: Any, address: str) -> None:
        self.account.set(self.account.find(address), where, "1", "api", "4")

    def _leave(self, where: Any, address: str) -> None:
        self.account.unsubscribe(address, where)

    def _is_on(self, where: Any, address: str) -> bool:
        return self.account.status(address, where) == "1"
