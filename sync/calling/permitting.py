"""What the settings let through when it is asked whether somebody may be contacted."""

from __future__ import annotations

from rules.permission import Terms
from sync.app import App


def terms_of(app: App) -> Terms:
    """The settings `[permission]`, and how long a consent lasts that is not used."""
    said = app.settings.permission
    return Terms(
        unknown_protection=said.unknown_protection,
        sole_trader_unchecked=said.sole_trader_unchecked,
        call_without_basis=said.call_without_basis,
        excepted_goods=said.excepted_goods,
        protection_days=said.protection_days,
        consent_unused_months=app.settings.checks.consent_unused_max_months,
    )
