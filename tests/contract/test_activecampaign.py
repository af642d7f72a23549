"""ActiveCampaign keeps the contract, against the simulated account: contacts of one list."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from contract.suite import ConnectorContract, Outside
from simulators.activecampaign.serving import HOST, KEY, ActiveCampaign, Clock, build
from simulators.web import served

from connectors.activecampaign import ActiveCampaign as Connector
from connectors.protocol import Capabilities, Stream


class Office:
    """An account with people, who came one after the other."""

    claims = Capabilities(opt_outs=True, batch_size=100, episodes=True, compares=True)
    many = 230

    def __init__(self, vendor: ActiveCampaign) -> None:
        self.vendor = vendor
        vendor.account.add_list("Nyhedsbrev")
        for n in range(self.many):
            vendor.account.add(f"p{n}@opdigtet-0001.dk", 1, lastName=f"Prøvesen {n}")
            self.pass_(1)
        self.pass_(3 * 3600)

    def connector(self) -> Connector:
        return Connector(
            "activecampaign",
            HOST,
            KEY,
            fields={"full_name": "lastName", "first_name": "", "last_name": ""},
            clock=self.vendor.account.clock,
            elsewhere=self.vendor.elsewhere,
            sleep=lambda _: None,
        )

    def pass_(self, seconds: float) -> None:
        clock = self.vendor.account.clock
        assert isinstance(clock, Clock)
        clock.pass_(seconds)

    def edit(self, email: str, field: str, value: str) -> None:
        self.vendor.account.edit(email, **{{"full_name": "lastName"}[field]: value})
        self.pass_(60)

    def remove(self, email: str) -> None:
        self.vendor.account.drop(email)
        self.pass_(60)

    def flag(self, email: str, *, no: bool) -> None:
        if no:
            self.vendor.account.unsubscribe(email, 1)
        else:
            self.vendor.account.set(self.vendor.account.find(email), 1, "1", "people", "4")
        self.pass_(60)

    def snapshot(self) -> Any:
        return self.vendor.account.snapshot()


class TestActiveCampaign(ConnectorContract):
    # The vendor keeps the last time alone at which somebody left a list.
    remembers = False

    @pytest.fixture
    def outside(self) -> Iterator[Outside]:
        with served(build(Clock())) as vendor:
            yield Office(vendor)  # type: ignore[arg-type]

    @pytest.fixture
    def stream(self, connector: Any) -> Stream:
        contacts, bounces = connector.streams()
        assert bounces.bounces
        return contacts  # type: ignore[no-any-return]
