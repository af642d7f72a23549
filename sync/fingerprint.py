"""What decisions depend on besides the record: rules, settings, tables, hashing keys."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import TYPE_CHECKING

from rules import marks, matching, others
from rules.checks.record import fingerprint as of_checks
from rules.enrichment import policy
from rules.fields.field import PARTIES
from rules.fingerprint import fingerprint as of_rules
from rules.records import Kind
from sync.settings import fingerprint as of_settings
from sync.switches import fills, sourced

if TYPE_CHECKING:
    from state.cursors import Lease
    from sync.app import App


def of_stream(app: App, stream: Lease) -> str:
    """For the records of one stream: what touches none of its fields does not move it.

    Whether a rule may write unasked is not in it: that is asked when a plan is queued.
    """
    rules = of_rules(stream.kind, app.rules(stream.system, stream.headings), stream.fields)
    settings = of_settings(app.settings, stream.kind)
    checks = [of_checks(app.catalogue, stream.kind), app.settings.checks.model_dump_json()]
    matched = [f"matched {matching.VERSION}"] if app.matches and stream.kind in PARTIES else []
    if taken := fills(app.settings, stream.system, stream.kind, stream.headings):
        matched += [f"others {others.VERSION}", *sorted(taken)]
    told = sourced(app.settings, stream.system, stream.kind, stream.headings)
    if app.sources and told:
        matched += [f"enrichment {policy.VERSION}", *sorted(told)]
    marked = f"marks {marks.VERSION}"
    return _hash([rules, *checks, settings, app.keys.fingerprint, marked, *matched])


def of_plan(app: App) -> str:
    """For all systems and kinds together: what a plan depends on."""
    rules = [of_rules(kind, app.rules(name)) for name in sorted(app.systems) for kind in Kind]
    return _hash([*rules, of_settings(app.settings), app.keys.fingerprint])


def _hash(parts: Iterable[str]) -> str:
    return hashlib.blake2b("\n".join(parts).encode(), digest_size=8).hexdigest()
