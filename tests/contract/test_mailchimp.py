"""Mailchimp keeps the contract, against the simulated account: members of one audience."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from contract.suite import ConnectorContract, Outside
from mailers import small_pages
from simulators.mailchimp.serving import KEY, Clock, Mailchimp, build
from simulators.web import served

from connectors.mailchimp import Mailchimp as Connector
from connectors.protocol import Capabilities, Stream

AUDIENCE = "a1"


class Office:
    """An account with people, who came one after the other."""

    claims = Capabilities(delete_feed=True, opt_outs=True, batch_size=500, compares=True)
    many = 210

    def __init__(self, vendor: Mailchimp) -> None:
        self.vendor = vendor
        vendor.account.audience(AUDIENCE, "Nyhedsbrev")
        for n in range(self.many):
            vendor.account.add(AUDIENCE, f"p{n}@opdigtet-0001.dk", FNAME=f"Prøvesen {n}")
            self.pass_(10)
        self.pass_(3600)

    def connector(self) -> Connector:
        return Connector(
            "mailchimp",
            KEY,
            fields={"full_name": "FNAME", "first_name": "", "last_name": ""},
            clock=self.vendor.account.clock,
            elsewhere=self.vendor.elsewhere,
            sleep=lambda _: None,
        )

    def pass_(self, seconds: float) -> None:
        clock = self.vendor.account.clock
        assert isinstance(clock, Clock)
        clock.pass_(seconds)

    def edit(self, email: str, field: str, value: str) -> None:
        self.vendor.account.edit(AUDIENCE, email, **{{"full_name": "FNAME"}[field]: value})
        self.pass_(60)

    def remove(self, email: str) -> None:
        self.vendor.account.archive(AUDIENCE, email)
        self.pass_(60)

    def flag(self, email: str, *, no: bool) -> None:
        raise NotImplementedError

    def snapshot(self) -> Any:
        return self.vendor.account.snapshot()


class TestMailchimp(ConnectorContract):
    @pytest.fixture
    def outside(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[Outside]:
        small_pages(monkeypatch)
        with served(build(Clock())) as vendor:
            yield Office(vendor)  # type: ignore[arg-type]

    @pytest.fixture
    def stream(self, connector: Any) -> Stream:
        members, complaints, bounces = connector.streams()
        assert complaints.name == f"complaints/{AUDIENCE}"
        assert bounces.bounces
        return members  # type: ignore[no-any-return]
