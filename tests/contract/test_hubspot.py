"""HubSpot keeps the contract, against the simulated account, with an index in step and behind."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from contract.suite import ConnectorContract, Outside
from simulators.hubspot.portal import Clock
from simulators.hubspot.serving import Vendor, build
from simulators.hubspot.tickets import KEY
from simulators.web import served

from connectors.hubspot import HubSpot
from connectors.hubspot.logins import Key
from connectors.protocol import Capabilities

NO = "ringren_do_not_call"


class Office:
    """An account with people. Time stands still, except that edits take a while."""

    claims = Capabilities(
        push=True,
        conditional_write=True,
        delete_feed=True,
        opt_outs=True,
        lags=True,
        batch_size=100,
        episodes=True,
        compares=True,
    )
    many = 230

    def __init__(self, vendor: Vendor) -> None:
        self.vendor = vendor
        vendor.portal.own("contacts", NO, "bool")
        self.idents = {
            f"p{n}@opdigtet-0001.dk": vendor.portal.create(
                "contacts", {"lastname": f"Prøvesen {n}", "email": f"p{n}@opdigtet-0001.dk"}
            )
            for n in range(self.many)
        }
        self.pass_(3600)

    def connector(self) -> HubSpot:
        clock = self.vendor.portal.clock
        fields = {"contacts": {"full_name": "lastname", "first_name": "", "last_name": ""}}
        return HubSpot(
            "hubspot",
            Key(KEY),
            objects=["contacts"],
            fields=fields,
            clock=clock,
            elsewhere=self.vendor.elsewhere,
            sleep=lambda _: None,
        )

    def pass_(self, seconds: float) -> None:
        clock = self.vendor.portal.clock
        assert isinstance(clock, Clock)
        clock.pass_(seconds)

    def edit(self, email: str, field: str, value: str) -> None:
        name = {"full_name": "lastname"}[field]
        self.vendor.portal.edit("contacts", self.idents[email], **{name: value})
        self.pass_(60)

    def remove(self, email: str) -> None:
        self.vendor.portal.archive("contacts", self.idents[email])
        self.pass_(60)

    def flag(self, email: str, *, no: bool) -> None:
        self.vendor.portal.edit("contacts", self.idents[email], **{NO: str(no).lower()})
        self.pass_(60)

    def snapshot(self) -> Any:
        return self.vendor.portal.snapshot()


class TestHubSpot(ConnectorContract):
    @pytest.fixture
    def outside(self) -> Iterator[Outside]:
        with served(build(Clock())) as vendor:
            yield Office(vendor)


class TestHubSpotWhoseIndexIsBehind(TestHubSpot):
    @pytest.fixture
    def outside(self) -> Iterator[Outside]:
        vendor = build(Clock())
        vendor.portal.lag_ms = 45_000
        with served(vendor) as there:
            yield Office(there)
