"""`sync explain SYSTEM/KIND/ID [FIELD]`: everything we know and did about one record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from rules.errors import UserError
from rules.records import Kind, Ref
from state import findings, history, membership, mirror, proposals, redirects
from state.findings import Noted
from state.history import Written
from state.membership import Party
from state.mirror import Held
from state.proposals import Proposal
from state.store import Tx
from sync.app import App


@dataclass(frozen=True, slots=True)
class Explanation:
    """One record: its values, what we changed, what we propose, what was found, who blocks it.

    `went_to` is where it lives on when it was merged into another one or converted, `came_from` what
    was merged into it. `held` is None for a record that had gone elsewhere before we ever saw it.
    """

    ref: Ref
    held: Held | None
    gone: bool
    went_to: Ref | None
    came_from: Sequence[Ref]
    parties: Sequence[Party]
    leads_to: Mapping[str, Ref]
    """By field: the record that it names, where that one has gone elsewhere since."""
    field: str | None
    written: Sequence[Written]
    proposed: Sequence[Proposal]
    found: Sequence[Noted]
    blocked_by: Sequence[str]


def explain(app: App, ref: Ref, field: str | None = None) -> Explanation:
    """UserError when there is no such record, or it has no such field."""
    with app.store.reading() as tx:
        held = mirror.find(tx, ref)
        end = redirects.resolve(tx, [ref])[ref]
        if held is None and end == ref:
            raise UserError("error.no_record", ref=ref)
        if held and field is not None and field not in held.record.values:
            fields = ", ".join(sorted(held.record.values))
            raise UserError("error.no_field", ref=ref, field=field, fields=fields)
        return _explained(tx, ref, held, None if end == ref else end, field)


def _explained(
    tx: Tx, ref: Ref, held: Held | None, went_to: Ref | None, field: str | None
) -> Explanation:
    from state import blocked

    rid = held.rid if held else 0
    return Explanation(
        ref,
        held,
        held is None or bool(mirror.gone(tx, [rid])),
        went_to,
        redirects.leading_to(tx, [ref]).get(ref, ()),
        membership.of_record(tx, rid),
        _moved_on(tx, held) if held else {},
        field,
        history.of_record(tx, rid),
        proposals.of_record(tx, rid),
        findings.listed(tx, rid=rid, with_gone=True),
        blocked.events_of(tx, rid),
    )


_NAMED: Final = {
    "contact_ref": (Kind.CONTACT, Kind.LEAD),
    "company_ref": (Kind.COMPANY,),
}


def _moved_on(tx: Tx, held: Held) -> dict[str, Ref]:
    """A call, a member or a contact names whom it is about; who was merged since has another id."""
    system, values = held.record.ref.system, held.record.values
    found = {}
    for name, kinds in _NAMED.items():
        ident = values.get(name)
        named = [Ref(system, kind, ident) for kind in kinds] if isinstance(ident, str) else []
        for ref, end in redirects.resolve(tx, named).items():
            if ref != end:
                found[name] = end
    return found
