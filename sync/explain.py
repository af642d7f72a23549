"""`sync explain SYSTEM/KIND/ID [FIELD]`: everything we know and did about one record."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rules.errors import UserError
from rules.records import Ref
from state import findings, history, mirror, proposals
from state.findings import Noted
from state.history import Written
from state.mirror import Held
from state.proposals import Proposal
from sync.app import App


@dataclass(frozen=True, slots=True)
class Explanation:
    """One record: its values, what we changed, what we propose, what was found, who blocks it."""

    held: Held
    field: str | None
    written: Sequence[Written]
    proposed: Sequence[Proposal]
    found: Sequence[Noted]
    blocked_by: Sequence[str]


def explain(app: App, ref: Ref, field: str | None = None) -> Explanation:
    """UserError when there is no such record, or it has no such field."""
    from state import blocked

    with app.store.reading() as tx:
        held = mirror.find(tx, ref)
        if held is None:
            raise UserError("error.no_record", ref=ref)
        if field is not None and field not in held.record.values:
            fields = ", ".join(sorted(held.record.values))
            raise UserError("error.no_field", ref=ref, field=field, fields=fields)
        return Explanation(
            held,
            field,
            history.of_record(tx, held.rid),
            proposals.of_record(tx, held.rid),
            findings.listed(tx, rid=held.rid, with_gone=True),
            blocked.events_of(tx, held.rid),
        )
