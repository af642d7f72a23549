"""Each test has a simulated environment of its own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from dynamics_desk import Desk
from simulators.dynamics import Site


@pytest.fixture
def desk() -> Iterator[Desk]:
    with Site() as site:
        yield Desk(site)
