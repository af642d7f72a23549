"""What decisions depend on besides the record: rules, settings, tables, hashing keys."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from rules.hygiene import fingerprint as of_rules
from rules.records import Kind
from sync.settings import fingerprint as of_settings

if TYPE_CHECKING:
    from sync.app import App


def fingerprint(app: App, kind: Kind | None) -> str:
    """For the records of one kind; of all kinds together for None: what a plan depends on."""
    kinds = [kind] if kind else list(Kind)
    parts = [of_rules(one, app.rules) for one in kinds]
    parts += [of_settings(app.settings), app.keys.fingerprint]
    return hashlib.blake2b("\n".join(parts).encode(), digest_size=8).hexdigest()
