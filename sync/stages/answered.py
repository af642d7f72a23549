"""What sources answered about the companies and the addresses of records, for deciding."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from rules.enrichment.facts import REGISTER
from rules.fields.field import PARTIES
from rules.records import Ref
from rules.trust import NO_PAST, Past
from state import lookups
from state.cursors import Lease
from state.lookups import Lookup
from state.mirror import Dirty, values_of
from state.said import of_records as said_of
from state.store import Tx
from sync.app import App
from sync.enrichment.answers import Answers, judged_by, texts_of
from sync.stages.subjects import Keys, after_cleaning, cleaned


def with_answers(
    tx: Tx, app: App, lease: Lease, rows: Sequence[Dirty], pasts: dict[int, Past]
) -> dict[int, Past]:
    """The pasts of these rows, with what the sources that are set up know of them."""
    if not app.sources or lease.kind not in PARTIES:
        return pasts
    of = Keys(app.sources.values())
    found, keys = dict(pasts), {}
    for row in rows:
        if not row.gone:
            values = values_of(row.cells)
            said = cleaned(app, lease, values)
            keys[row.rid] = of(after_cleaning(lease, values, said))
            found[row.rid] = replace(found.get(row.rid, NO_PAST), cleaned=said)
    known = lookups.known(tx, list(app.sources), {key for some in keys.values() for key in some})
    judged = {key: told for key, some in known.items() if (told := judged_by(some))}
    refs = {row.rid: Ref(lease.system, lease.kind, row.id) for row in rows if row.rid in keys}
    answered = said_of(tx, refs.values())
    for rid, some in keys.items():
        texts = texts_of(row for key in some for row in known.get(key, ()))
        gone = tuple(key for key in some if any(map(_is_gone, known.get(key, ()))))
        verdicts = {key: judged[key] for key in some if key in judged}
        if texts or gone or verdicts:
            found[rid] = replace(
                found[rid],
                answers=Answers(texts),
                not_found=gone,
                verdicts=verdicts,
                said=answered.get(refs[rid]),
            )
    return found


def _is_gone(one: Lookup) -> bool:
    """Only the register can say that there is no such company; others just have nothing of it."""
    return one.is_gone and one.source == REGISTER
