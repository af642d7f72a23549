"""Which sources of facts there are: the only list of them. Their modules are imported when configured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from connectors.sources.accounts import Accounts
    from connectors.sources.cvr import Cvr
    from connectors.sources.cvr.doors import Door
    from connectors.sources.dnb import Dnb
    from connectors.sources.lasso import Lasso
    from connectors.sources.means import Means
    from connectors.sources.neverbounce import NeverBounce
    from connectors.sources.numverify import Numverify
    from connectors.sources.twilio import Twilio
    from connectors.sources.vainu import Vainu
    from connectors.sources.zerobounce import ZeroBounce

CVR: Final = "cvr"
ACCOUNTS: Final = "accounts"
LASSO: Final = "lasso"
VAINU: Final = "vainu"
DNB: Final = "dnb"
ZEROBOUNCE: Final = "zerobounce"
NEVERBOUNCE: Final = "neverbounce"
TWILIO: Final = "twilio"
NUMVERIFY: Final = "numverify"

SOURCES: Final = (
    CVR, ACCOUNTS, LASSO, VAINU, DNB, ZEROBOUNCE, NEVERBOUNCE, TWILIO, NUMVERIFY,
)  # fmt: skip
"""The names of all sources of facts, in the order in which they are asked: the free ones first."""


def cvr(means: Means, doors: Sequence[Door]) -> Cvr:
    """The company register, by these doors, in the order in which they are asked."""
    from connectors.sources.cvr import Cvr

    return Cvr(CVR, doors, means)


def cvr_index(means: Means, *, user: str, password: str, url: str, calls_a_second: float) -> Door:
    """The register's distribution index."""
    from connectors.sources.cvr.client import Index
    from connectors.sources.cvr.index import IndexDoor

    return IndexDoor(Index(CVR, user, password, means, url=url, a_second=calls_a_second))


def cvr_datafordeler(means: Means, *, key: str, url: str, absence: bool) -> Door:
    """The register by Datafordeler."""
    from connectors.sources.cvr.datafordeler import Service
    from connectors.sources.cvr.entities import DatafordelerDoor

    return DatafordelerDoor(Service(CVR, key, means, url=url), absence=absence)


def cvr_cvrapi(means: Means, *, agent: str, token: str, a_day: int, heads: bool) -> Door:
    """The register by cvrapi.dk."""
    from connectors.sources.cvr.cvrapi import CvrApiDoor

    return CvrApiDoor(CVR, agent, token, means, a_day=a_day, heads=heads)


def accounts(means: Means, *, url: str, calls_a_second: float, group: bool, batch: int) -> Accounts:
    """The published annual accounts, set up."""
    from connectors.sources.accounts import Accounts
    from connectors.sources.accounts.client import Index

    index = Index(ACCOUNTS, means, url=url, a_second=calls_a_second)
    return Accounts(ACCOUNTS, index, means, group=group, batch=batch)


def lasso(
    means: Means, *, key: str, a_minute: int, parts: Mapping[str, bool], ore: int, keeps_days: int
) -> Lasso:
    """Lasso X, set up. `parts` are the additions by name, and whether they are asked for."""
    from connectors.sources.lasso import Lasso, Parts
    from connectors.sources.lasso.client import Api

    return Lasso(LASSO, Api(LASSO, key, means, a_minute=a_minute), Parts(**parts), ore, keeps_days)


def vainu(
    means: Means,
    *,
    client: str,
    secret: str,
    paths: Mapping[str, str],
    signals: bool,
    tags: Mapping[str, str],
    ore: int,
    keeps_days: int,
) -> Vainu:
    """Vainu, set up. `paths` are where this account has facts, `tags` marks of signals."""
    from connectors.sources.vainu import Vainu
    from connectors.sources.vainu.client import Api

    api = Api(VAINU, client, secret, means)
    return Vainu(
        VAINU, api, paths=paths, signals=signals, tags=tags, ore=ore, keeps_days=keeps_days
    )


def dnb(
    means: Means, *, key: str, secret: str, blocks: Sequence[str], ore: int, keeps_days: int
) -> Dnb:
    """Dun & Bradstreet, set up with the blocks of a contract."""
    from connectors.sources.dnb import Dnb
    from connectors.sources.dnb.client import Api

    return Dnb(DNB, Api(DNB, key, secret, means), blocks, ore, keeps_days)


def zerobounce(means: Means, *, key: str, url: str, ore: int, batches_a_minute: int) -> ZeroBounce:
    """ZeroBounce, set up. `ore` is what a check costs."""
    from connectors.sources.zerobounce import ZeroBounce
    from connectors.sources.zerobounce.client import Api

    api = Api(ZEROBOUNCE, key, means, url=url, a_minute=batches_a_minute)
    return ZeroBounce(ZEROBOUNCE, api, ore)


def neverbounce(means: Means, *, key: str, ore: int) -> NeverBounce:
    """NeverBounce, set up. `ore` is what a check costs."""
    from connectors.sources.neverbounce import NeverBounce
    from connectors.sources.neverbounce.client import Api

    return NeverBounce(NEVERBOUNCE, Api(NEVERBOUNCE, key, means), ore)


def twilio(means: Means, *, user: str, key: str, url: str, line_status: bool, ore: int) -> Twilio:
    """Twilio Lookup, set up. `ore` is what a look-up costs."""
    from connectors.sources.twilio import Twilio
    from connectors.sources.twilio.client import Api

    api = Api(TWILIO, user, key, means, url=url, line_status=line_status)
    return Twilio(TWILIO, api, ore)


def numverify(means: Means, *, key: str, ore: int) -> Numverify:
    """Numverify, set up. `ore` is what a look-up costs."""
    from connectors.sources.numverify import Numverify
    from connectors.sources.numverify.client import Api

    return Numverify(NUMVERIFY, Api(NUMVERIFY, key, means), ore)
