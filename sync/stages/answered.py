"""What sources answered about the companies and the addresses of records, for deciding."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from rules.enrichment.facts import REGISTER
from rules.enrichment.record import CompanyRecord
from rules.fields.field import PARTIES
from rules.trust import NO_PAST, Past
from state import lookups
from state.cursors import Lease
from state.lookups import Lookup
from state.mirror import Dirty, values_of
from state.store import Tx
from sync.answers import judged_by, told_by
from sync.app import App
from sync.stages.subjects import Keys, left_by_rules


def with_answers(
    tx: Tx, app: App, lease: Lease, rows: Sequence[Dirty], pasts: dict[int, Past]
) -> dict[int, Past]:
    """The pasts of these rows, with what the sources that are set up know of them."""
    if not app.sources or lease.kind not in PARTIES:
        return pasts
    of = Keys(app.sources.values())
    keys = {
        row.rid: of(left_by_rules(app, lease, values_of(row.cells))) for row in rows if not row.gone
    }
    known = lookups.known(tx, list(app.sources), {key for some in keys.values() for key in some})
    read = {key: told_by(some) for key, some in known.items()}
    judged = {key: told for key, some in known.items() if (told := judged_by(some))}
    found = dict(pasts)
    for rid, some in keys.items():
        answers = _newest(one for key in some for one in read.get(key, ()))
        gone = tuple(key for key in some if any(map(_is_gone, known.get(key, ()))))
        verdicts = {key: judged[key] for key in some if key in judged}
        if answers or gone or verdicts:
            past = found.get(rid, NO_PAST)
            found[rid] = replace(past, answers=answers, not_found=gone, verdicts=verdicts)
    return found


def _is_gone(one: Lookup) -> bool:
    """Only the register can say that there is no such company; others just have nothing of it."""
    return one.is_gone and one.source == REGISTER


def _newest(records: Iterable[CompanyRecord]) -> tuple[CompanyRecord, ...]:
    """One record for each source and company: a number is asked about more often than a domain."""
    found: dict[tuple[str, object], CompanyRecord] = {}
    for one in records:
        key = (one.source, one.number)
        if key not in found or found[key].read_at < one.read_at:
            found[key] = one
    return tuple(found[key] for key in sorted(found, key=str))
