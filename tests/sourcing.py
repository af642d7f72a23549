"""Sources of facts under test: how they reach their simulators, and what they said."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from simulators.web import Vendor

from connectors.caller import Patience
from connectors.session import Unmetered
from connectors.sources.means import Means
from connectors.sources.source import Judged, Reply, Source, Unknown
from rules.errors import SystemStopped
from rules.keys import Key

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)


def means_of(vendor: Vendor, *, tries: int, dry: bool) -> Means:
    """What a source needs to reach this simulator, without waiting."""
    return Means(
        clock=lambda: NOW,
        meter=Unmetered(),
        dry=dry,
        elsewhere=vendor.elsewhere,
        sleep=lambda _: None,
        patience=Patience(tries=tries),
    )


def words(reply: Reply) -> tuple[str, str]:
    """Verdict and reason of a reply that judges."""
    assert isinstance(reply, Judged)
    return reply.verdict.verdict.value, reply.verdict.reason


def free(keys: list[Key]) -> list[Reply]:
    """The replies of a call that did nothing."""
    return [Unknown(key, "refused", timedelta(), free=True) for key in keys]


def heard_until(
    one: Source, keys: list[Key], error: type[Exception] = SystemStopped
) -> list[Reply]:
    """The replies that came before the source stopped."""
    heard: list[Reply] = []
    with pytest.raises(error):
        heard.extend(one.look_up(keys))
    return heard
