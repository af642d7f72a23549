"""Aircall keeps the contract with its contacts, against the simulated company."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from contract.suite import ConnectorContract, Outside
from simulators.aircall.serving import Aircall as Vendor
from simulators.aircall.serving import Clock, build
from simulators.web import served

from connectors.aircall import Aircall
from connectors.protocol import Capabilities


class Office:
    """A company with contacts. Time stands still, except that edits take a while."""

    claims = Capabilities(opt_outs=True, batch_size=20, compares=True)
    many = 120

    def __init__(self, vendor: Vendor) -> None:
        self.vendor = vendor
        self.vendor.limit.a_minute = None
        self.idents = {
            f"p{n}@opdigtet-0001.dk": vendor.company.contact(
                last_name=f"Prøvesen {n}",
                emails=[f"p{n}@opdigtet-0001.dk"],
                phone_numbers=[f"+456800{n:04d}"],
            )
            for n in range(self.many)
        }

    def connector(self) -> Aircall:
        company = self.vendor.company
        return Aircall(
            "aircall",
            company.api_id,
            company.api_token,
            objects=["contacts"],
            clock=company.clock,
            sleep=lambda _: None,
            a_minute=1000,
            elsewhere=self.vendor.elsewhere,
        )

    def edit(self, email: str, field: str, value: str) -> None:
        self._pass()
        self.vendor.company.edit(self.idents[email], **{field: value})

    def remove(self, email: str) -> None:
        self._pass()
        self.vendor.company.remove(self.idents[email])

    def flag(self, email: str, *, no: bool) -> None:
        raise NotImplementedError

    def _pass(self) -> None:
        clock = self.vendor.company.clock
        assert isinstance(clock, Clock)
        clock.pass_(120)

    def snapshot(self) -> Any:
        return self.vendor.company.snapshot()


class TestAircall(ConnectorContract):
    name_field = "last_name"

    @pytest.fixture
    def outside(self) -> Iterator[Outside]:
        with served(build(Clock())) as vendor:
            yield Office(vendor)
