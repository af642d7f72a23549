"""Dynamics 365 keeps the contract, against the simulated environment."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from contract.suite import ConnectorContract, Outside
from simulators.dynamics import HOST, Site
from simulators.dynamics.site import CLIENT, SECRET, TENANT

from connectors.dynamics import Dynamics
from connectors.dynamics.client import Org
from connectors.entra import Login
from connectors.protocol import Capabilities


class Office:
    """An environment with people, enough for three pages."""

    claims = Capabilities(
        push=True,
        conditional_write=True,
        delete_feed=True,
        opt_outs=True,
        batch_size=1000,
        episodes=True,
        compares=True,
    )
    many = 1100

    def __init__(self, site: Site) -> None:
        self.site = site
        site.org.audit("contact", "donotphone")
        self.ids = {
            f"p{n}@opdigtet-0001.dk": site.org.add(
                "contact", lastname=f"Prøvesen {n}", emailaddress1=f"p{n}@opdigtet-0001.dk"
            )
            for n in range(self.many)
        }

    def connector(self) -> Dynamics:
        org = Org(
            "dynamics",
            HOST,
            Login(TENANT, CLIENT, SECRET),
            clock=self.site.org.clock,
            elsewhere=self.site.elsewhere,
            sleep=lambda _: None,
        )
        fields = {"contact": {"full_name": "lastname", "first_name": "", "last_name": ""}}
        return Dynamics("dynamics", org, objects=["contact"], fields=fields)

    def edit(self, email: str, field: str, value: str) -> None:
        self.site.org.edit("contact", self.ids[email], **{{"full_name": "lastname"}[field]: value})

    def remove(self, email: str) -> None:
        self.site.org.remove("contact", self.ids[email])

    def flag(self, email: str, *, no: bool) -> None:
        self.site.org.edit("contact", self.ids[email], donotphone=no)
        self.site.org.clock.pass_(60)

    def snapshot(self) -> Any:
        return self.site.org.snapshot()


class TestDynamics(ConnectorContract):
    @pytest.fixture
    def outside(self) -> Iterator[Outside]:
        with Site() as site:
            site.org.page = 500
            yield Office(site)
