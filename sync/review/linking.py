"""`sync parties REF --same-as, --apart, --confirm, --free`: a person says who is who.

What a person said stays, whatever keys say: matching leaves such records alone, until they are left
to it again. An opt-out that was carried to somebody is not taken back by any of this: only a lift or a
correction ends a block.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from rules.errors import UserError
from rules.fields.field import COMPANIES, PARTIES
from rules.formats import cpr
from rules.records import Ref
from state import acts, blocked, matching, mirror, parties, unmatched
from state.mirror import Held
from state.parties import MATCHING, PartyKind
from state.store import Tx
from sync.app import App
from sync.suppression import desk
from sync.suppression.lifts import named
from sync.texts import Texts

BY_PERSON: Final = "person"
"""The reason of a link that a person made or confirmed: `party.why.person`."""


class What(StrEnum):
    """What is said."""

    SAME = "same"
    """It is who another record is."""
    APART = "apart"
    """It is somebody else than all the others of its party."""
    CONFIRM = "confirm"
    """All of its party are one."""
    FREE = "free"
    """Let matching decide again."""


@dataclass(frozen=True, slots=True)
class Said:
    """What was said of a record; `records` are those whose links are others now, or held."""

    what: What
    ref: Ref
    other: Ref | None
    records: int
    by: str


def say(app: App, what: What, ref: Ref, why: str, by: str, other: Ref | None = None) -> Said:
    """Say who is who. UserError without a name or a reason, for a record that there is not, and where
    there is nothing to be said."""
    named(by)
    if not why.strip():
        raise UserError("linking.no_reason")
    with app.store.transaction() as tx:
        matching.lock(tx)
        row, kind = _there(tx, ref)
        now = app.clock()
        before = set(parties.together_with(tx, [row.rid]))
        match what:
            case What.SAME:
                changed = _join(tx, row, kind, other, by, now)
            case What.APART:
                changed = _split(tx, row, kind, by, now)
            case What.CONFIRM:
                changed = _confirm(tx, row, kind, by, now)
            case What.FREE:
                changed = _free(tx, row, kind, now)
        concerned = before | set(parties.together_with(tx, sorted(changed))) | changed
        unmatched.mark(tx, concerned)
        blocked.spread_again(tx, concerned)
        mirror.make_dirty(tx, sorted(concerned))
        told = {"why": cpr.masked(why.strip()), "records": str(len(changed))}
        acts.record(
            tx, f"party.{what}", acts.about_record(row.rid), by=by, login=app.actor, at=now,
            details=told,
        )  # fmt: skip
    desk.carry(app)
    return Said(what, ref, other if what is What.SAME else None, len(changed), by)


def _there(tx: Tx, ref: Ref) -> tuple[Held, PartyKind]:
    row = mirror.find(tx, ref)
    if row is None or mirror.gone(tx, [row.rid]):
        raise UserError("error.no_record", ref=ref)
    if ref.kind not in PARTIES:
        raise UserError("linking.nobody", ref=ref)
    return row, PartyKind.COMPANY if ref.kind in COMPANIES else PartyKind.PERSON


def _join(
    tx: Tx, row: Held, kind: PartyKind, other: Ref | None, by: str, now: datetime
) -> set[int]:
    if other is None or other == row.record.ref:
        raise UserError("linking.no_other")
    theirs, their_kind = _there(tx, other)
    if their_kind is not kind:
        raise UserError("linking.different", ref=row.record.ref, other=other)
    there = parties.standing(tx, theirs.rid, kind)
    mine = parties.standing(tx, row.rid, kind)
    if there and mine and there.party == mine.party:
        return _hold(tx, [theirs.rid, row.rid], kind, there.party, by, now)
    party = there.party if there else parties.create(tx, kind, now)
    return _hold(tx, [theirs.rid, row.rid], kind, party, by, now)


def _split(tx: Tx, row: Held, kind: PartyKind, by: str, now: datetime) -> set[int]:
    link = parties.standing(tx, row.rid, kind)
    if link is None or len(parties.members_of(tx, link.party)) < 2:
        raise UserError("linking.alone", ref=row.record.ref)
    alone = parties.create(tx, kind, now)
    parties.hold(tx, row.rid, alone, reason=BY_PERSON, actor=by, now=now)
    return {row.rid}


def _confirm(tx: Tx, row: Held, kind: PartyKind, by: str, now: datetime) -> set[int]:
    link = parties.standing(tx, row.rid, kind)
    members = parties.members_of(tx, link.party) if link else []
    if link is None or len(members) < 2:
        raise UserError("linking.alone", ref=row.record.ref)
    return _hold(tx, members, kind, link.party, by, now)


def _free(tx: Tx, row: Held, kind: PartyKind, now: datetime) -> set[int]:
    link = parties.standing(tx, row.rid, kind)
    if link is None or link.actor == MATCHING:
        raise UserError("linking.not_held", ref=row.record.ref)
    parties.unlink(tx, row.rid, link.party, now)
    return {row.rid}


def _hold(tx: Tx, rids: list[int], kind: PartyKind, party: str, by: str, now: datetime) -> set[int]:
    for rid in rids:
        before = parties.standing(tx, rid, kind)
        keeps = before.reason.split() if before and before.party == party else []
        reason = " ".join(dict.fromkeys([*keeps, BY_PERSON]))
        parties.hold(tx, rid, party, reason=reason, actor=by, now=now)
    return set(rids)


def told(done: Said, texts: Texts) -> str:
    """What came of it."""
    return texts.get(f"linking.done.{done.what}", ref=str(done.ref), other=str(done.other or ""))
