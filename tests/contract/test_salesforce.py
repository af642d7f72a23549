"""Salesforce keeps the contract, against the simulated org."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from contract.suite import ConnectorContract, Outside
from simulators.salesforce.serving import HOST, Clock, Vendor, build
from simulators.web import served

from connectors.protocol import Capabilities
from connectors.salesforce import Salesforce
from connectors.salesforce.client import Org
from connectors.salesforce.logins import ClientCredentials


class Office:
    """An org with people. Time stands still, except that requests and edits take a while."""

    claims = Capabilities(
        push=True,
        conditional_write=True,
        delete_feed=True,
        opt_outs=True,
        batch_size=1000,
        episodes=True,
        compares=True,
    )
    many = 410

    def __init__(self, vendor: Vendor) -> None:
        self.vendor = vendor
        vendor.desk.page = 200
        vendor.org.tracked.add(("Contact", "DoNotCall"))
        self.idents = {
            f"p{n}@opdigtet-0001.dk": vendor.org.add(
                "Contact", LastName=f"Prøvesen {n}", Email=f"p{n}@opdigtet-0001.dk"
            )
            for n in range(self.many)
        }
        vendor.clock.pass_by(hours=1)
        vendor.request_takes = timedelta(seconds=10)

    def connector(self) -> Salesforce:
        app, clock = self.vendor.desk.tickets.app, self.vendor.clock
        org = Org(
            "salesforce",
            ClientCredentials(HOST, app.key, app.secret),
            clock=clock,
            elsewhere=self.vendor.elsewhere,
            elapsed=lambda: clock().timestamp(),
            sleep=lambda _: None,
        )
        fields = {"Contact": {"full_name": "LastName", "first_name": "", "last_name": ""}}
        return Salesforce("salesforce", org, objects=["Contact"], fields=fields)

    def edit(self, email: str, field: str, value: str) -> None:
        name = {"full_name": "LastName"}[field]
        self.vendor.org.edit(self.idents[email], **{name: value})
        self.vendor.clock.pass_by(minutes=1)

    def remove(self, email: str) -> None:
        self.vendor.org.remove(self.idents[email])
        self.vendor.clock.pass_by(minutes=1)

    def flag(self, email: str, *, no: bool) -> None:
        self.vendor.org.edit(self.idents[email], DoNotCall=no)
        self.vendor.clock.pass_by(minutes=1)

    def snapshot(self) -> Any:
        return self.vendor.org.snapshot()


class TestSalesforce(ConnectorContract):
    @pytest.fixture
    def outside(self) -> Iterator[Outside]:
        noon = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
        with served(build(Clock(stopped=noon, ahead=timedelta()))) as vendor:
            yield Office(vendor)
