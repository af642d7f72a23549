"""Five9 keeps the contract with its log of calls, against the simulated domain.

A log of calls is never shown as a whole: what it does not show is not gone.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from contract.suite import ConnectorContract, Outside
from simulators.five9.serving import Clock, build
from simulators.five9.serving import Five9 as Vendor
from simulators.web import served

from connectors.five9 import Five9
from connectors.protocol import Capabilities, Stream

DAY = 86_400


class Office:
    """A domain with calls of last week and of the last hours. Time stands still between edits."""

    claims = Capabilities(opt_outs=True, calls=True, batch_size=None)
    many = 30

    def __init__(self, vendor: Vendor) -> None:
        self.vendor = vendor
        vendor.office.limits.on = False
        for n in range(self.many):
            ago = 8 * DAY - n if n < 10 else 5000 - n
            vendor.domain.call(f"01145680{n:05d}", ago=ago)

    def connector(self) -> Five9:
        domain = self.vendor.domain
        return Five9(
            "five9",
            domain.user,
            domain.password,
            days_back=10,
            clock=domain.clock,
            sleep=lambda _: None,
            elsewhere=self.vendor.elsewhere,
        )

    def edit(self, number: str, field: str, value: str) -> None:
        assert field == "agent"
        clock = self.vendor.domain.clock
        assert isinstance(clock, Clock)
        clock.pass_(1000)
        [row] = [one for one in self.vendor.domain.calls.values() if one["DNIS"] == _idd(number)]
        row["AGENT NAME"] = value

    def remove(self, number: str) -> None:
        raise NotImplementedError

    def flag(self, email: str, *, no: bool) -> None:
        raise NotImplementedError

    def snapshot(self) -> Any:
        return self.vendor.domain.snapshot()


def _idd(number: str) -> str:
    return f"011{number.removeprefix('+')}"


class TestFive9(ConnectorContract):
    name_field = "agent"
    key_field = "called_number"

    @pytest.fixture
    def outside(self) -> Iterator[Outside]:
        with served(build(Clock())) as vendor:
            yield Office(vendor)

    def test_a_pull_shows_every_record_once(
        self, outside: Outside, connector: Any, stream: Stream
    ) -> None:
        pages = list(connector.pull(stream, None))
        found = [record.ref.id for page in pages for record in page.records]
        assert len(found) == outside.many == len(set(found))
        assert [page.complete for page in pages] == [False] * (len(pages) - 1) + [True]
        assert not any(page.full for page in pages)

    def test_a_record_that_others_removed_is_noticed(
        self, outside: Outside, connector: Any, stream: Stream
    ) -> None:
        pages = list(connector.pull(stream, None))
        vendor = outside.vendor  # type: ignore[attr-defined]
        vendor.domain.calls.clear()
        vendor.domain.clock.pass_(1000)
        later = list(connector.pull(stream, pages[-1].next))
        assert not any(page.full or page.tombstones for page in later), "no call was ever unmade"
