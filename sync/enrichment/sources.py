"""Sources of facts, set up as the settings say. Their modules are imported when they are configured."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from connectors.sources import registry
from connectors.sources.registry import (
    ACCOUNTS,
    CVR,
    DNB,
    LASSO,
    NEVERBOUNCE,
    NUMVERIFY,
    SOURCES,
    TWILIO,
    VAINU,
    ZEROBOUNCE,
)
from rules.enrichment.record import CompanyRecord
from rules.errors import UserError
from rules.keys import Key
from state import lookups
from state.store import Store
from sync.enrichment.answers import told_by

if TYPE_CHECKING:
    from connectors.session import Meter
    from connectors.sources.cvr.doors import Door
    from connectors.sources.means import Means
    from connectors.sources.source import Source
    from sync.settings.enrichment import Accounts, Cvr
    from sync.settings.firms import Dnb, Firm, Lasso, Vainu
    from sync.settings.model import Settings
    from sync.settings.parts import Secret
    from sync.settings.verifying import NeverBounce, Numverify, Twilio, ZeroBounce


def sources(
    settings: Settings, store: Store, clock: Callable[[], datetime], meter: Meter, *, dry: bool
) -> dict[str, Source]:
    """Those that are set up, in the order in which they are asked."""
    used = settings.sources.used
    if not used:
        return {}
    from connectors.sources.means import Means

    found: dict[str, Source] = {}
    for name in SOURCES:
        if name in used:
            section = getattr(settings.sources, name)
            means = Means(clock, meter, dry, section.elsewhere, known=_known(store))
            found[name] = _SET_UP[name](section, means)
    return found


def _known(store: Store) -> Callable[[str, Sequence[Key]], dict[Key, list[CompanyRecord]]]:
    """What sources answered before."""

    def known(source: str, keys: Sequence[Key]) -> dict[Key, list[CompanyRecord]]:
        with store.reading() as tx:
            rows = lookups.known(tx, [source], set(keys))
        return {key: told_by(some) for key, some in rows.items()}

    return known


def _cvr(one: Cvr, means: Means) -> Source:
    if one.locked_doors:
        raise UserError("source.cvr.locked", doors=", ".join(one.locked_doors))
    return registry.cvr(means, [_DOORS[name](one, means) for name in one.open_doors])


def _index(one: Cvr, means: Means) -> Door:
    user, password = _login(CVR, one.user, one.password)
    return registry.cvr_index(
        means, user=user, password=password, url=one.url, calls_a_second=one.calls_a_second
    )


def _datafordeler(one: Cvr, means: Means) -> Door:
    there = one.datafordeler
    return registry.cvr_datafordeler(
        means, key=_clear(there.key), url=there.url, absence=there.absence
    )


def _cvrapi(one: Cvr, means: Means) -> Door:
    there = one.cvrapi
    token = _clear(there.token) if there.token else ""
    return registry.cvr_cvrapi(
        means,
        agent=there.agent or "",
        token=token,
        a_day=there.calls_a_day,
        heads=there.head_counts,
    )


_DOORS: Final[Mapping[str, Callable[[Any, Means], Door]]] = {
    "index": _index,
    "datafordeler": _datafordeler,
    "cvrapi": _cvrapi,
}


def _accounts(one: Accounts, means: Means) -> Source:
    return registry.accounts(
        means,
        url=one.url,
        calls_a_second=one.calls_a_second,
        group=one.group_figures,
        batch=one.numbers_a_call,
    )


def _lasso(one: Lasso, means: Means) -> Source:
    parts = {name: getattr(one, name) for name in ("sites", "reports", "group", "rating")}
    return registry.lasso(
        means,
        key=_clear(one.key),
        a_minute=one.calls_a_minute,
        parts=parts,
        ore=_price(LASSO, one),
        keeps_days=one.keeps_days,
    )


def _vainu(one: Vainu, means: Means) -> Source:
    client, secret = _login(VAINU, one.client_id, one.client_secret)
    return registry.vainu(
        means,
        client=client,
        secret=secret,
        paths={str(fact): path for fact, path in one.paths.items()},
        signals=one.signals,
        tags={tag: str(kind) for tag, kind in one.signal_tags.items()},
        ore=_price(VAINU, one),
        keeps_days=one.keeps_days,
    )


def _dnb(one: Dnb, means: Means) -> Source:
    key, secret = _login(DNB, one.key, one.secret)
    ore, days = _price(DNB, one), one.keeps_days
    return registry.dnb(means, key=key, secret=secret, blocks=one.blocks, ore=ore, keeps_days=days)


def _price(source: str, one: Firm) -> int:
    """What the customer's contract says; nothing is bought at a price that nobody knows."""
    if one.price_ore is None:
        raise UserError("source.firm.no_price", source=source)
    return one.price_ore


def _zerobounce(one: ZeroBounce, means: Means) -> Source:
    pace = one.batches_a_minute
    return registry.zerobounce(
        means, key=_clear(one.key), url=one.url, ore=one.price_ore, batches_a_minute=pace
    )


def _neverbounce(one: NeverBounce, means: Means) -> Source:
    return registry.neverbounce(means, key=_clear(one.key), ore=one.price_ore)


def _twilio(one: Twilio, means: Means) -> Source:
    user, key = _login(TWILIO, one.user, one.key)
    status, ore = one.line_status, one.price_ore
    return registry.twilio(means, user=user, key=key, url=one.url, line_status=status, ore=ore)


def _numverify(one: Numverify, means: Means) -> Source:
    return registry.numverify(means, key=_clear(one.key), ore=one.price_ore)


def _login(source: str, user: str | None, secret: Secret | None) -> tuple[str, str]:
    if user is None or secret is None:
        raise UserError(f"source.{source}.no_login")
    return user, secret.get_secret_value()


def _clear(secret: Secret | None) -> str:
    assert secret is not None  # noqa: S101 - the section is used
    return secret.get_secret_value()


_SET_UP: Final[Mapping[str, Callable[[Any, Means], Source]]] = {
    CVR: _cvr,
    ACCOUNTS: _accounts,
    LASSO: _lasso,
    VAINU: _vainu,
    DNB: _dnb,
    ZEROBOUNCE: _zerobounce,
    NEVERBOUNCE: _neverbounce,
    TWILIO: _twilio,
    NUMVERIFY: _numverify,
}
