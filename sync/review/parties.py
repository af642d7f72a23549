"""`sync parties [REF]`: the same person or company in several lists, and what says so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rules.errors import UserError
from rules.records import Ref
from state import membership, mirror
from state.membership import Counted, Party
from sync.app import App
from sync.listings import width
from sync.output import number, printable, share, table
from sync.texts import Texts


@dataclass(frozen=True, slots=True)
class Parties:
    """What was asked for: the newest first, and how many there are in all; `ref` when one record's
    were."""

    ref: Ref | None
    counted: Sequence[Counted]
    shown: Sequence[Party]


def look(app: App, limit: int, *, unsure: bool = False) -> Parties:
    """The newest parties; or those that are least sure: what matching proposes, for a person to say."""
    with app.store.reading() as tx:
        shown = membership.listed(tx, limit, unsure=unsure)
        return Parties(None, membership.count(tx), shown)


def look_at(app: App, ref: Ref) -> Parties:
    """Those of one record; UserError when there is no such record."""
    with app.store.reading() as tx:
        held = mirror.find(tx, ref)
        if held is None:
            raise UserError("error.no_record", ref=ref)
        return Parties(ref, (), membership.of_record(tx, held.rid))


def as_text(found: Parties, texts: Texts) -> str:
    """How many there are, then a line for each record, those of one party together."""
    lines = [
        texts.get(
            f"party.counted.{one.kind.value}",
            parties=number(one.parties, texts.lang),
            systems=number(one.in_systems, texts.lang),
            records=number(one.records, texts.lang),
        )
        for one in found.counted
        if one.parties
    ]
    if not found.shown:
        nobody = "party.nobody" if found.ref is None else "party.alone"
        return texts.get(nobody, ref=str(found.ref))
    headings = [texts.get(f"party.column.{name}") for name in ("who", "where", "why", "sure")]
    rows = [row for party in found.shown for row in _rows(party, texts)]
    lines += [table(headings, rows, whole=frozenset({1, 3}), width=width())]
    hidden = sum(one.parties for one in found.counted) - len(found.shown)
    if found.ref is None and hidden > 0:
        lines.append(texts.get("list.more", count=number(hidden, texts.lang)))
    return "\n".join(lines)


def _rows(party: Party, texts: Texts) -> list[list[str]]:
    return [
        [
            printable(one.name) or texts.get(f"party.kind.{party.kind.value}"),
            printable(str(one.ref)),
            ", ".join(texts.find(f"party.why.{why}") or why for why in one.reasons),
            share(float(one.confidence), texts.lang, 0),
        ]
        for one in party.members
    ]
