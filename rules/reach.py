"""How far a block reaches: the person's other keys, and where that ends.

A block is about a person. It follows the person's own number and address from record to record.
It does not follow a key that several people share, nor a company's main number: a switchboard
does not silence a company unasked. Where a record was merged into another one, or stands in a party
with others, it goes there too.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from rules.keys import PERSONAL_KINDS, HashedKey, Key, KeyKind, is_role_mailbox, ref_key
from rules.records import Kind, Ref
from rules.suppression import Event, EventType, Evidence, Statement

MAX_PEOPLE_PER_KEY: Final = 5
"""A key on more people than this is shared. Default of the setting of that name."""

PEOPLE: Final = frozenset({Kind.CONTACT, Kind.LEAD, Kind.MEMBER})
"""Records that stand for a person; a company, a call or a row of an opt-out list does not."""


@dataclass(frozen=True, slots=True)
class KeyUse:
    """Where a key stands: on how many different people, and whether as a main number."""

    people: int
    main: bool

    def shared(self, max_people: int) -> bool:
        """Whether the key says too little about who is meant."""
        return self.main or self.people > max_people


def leads_on(key: Key, use: KeyUse, max_people: int) -> bool:
    """Whether this key leads from one record to another record of the same person."""
    return key.kind in PERSONAL_KINDS and not is_role_mailbox(key) and not use.shared(max_people)


def means_the_company(key: Key, ref: Ref) -> bool:
    """Whether a block on this key is about the whole company, and not about one of its numbers."""
    return key.kind is KeyKind.CVR or key == ref_key(ref)


def derived(
    block: Event,
    ref: Ref,
    new: Collection[Key],
    hashed: Collection[HashedKey] = (),
    evidence: Evidence = Evidence.REACH,
) -> Statement:
    """The block reaches `new`, further keys of the person on the record `ref`, and the record.

    `hashed` are further keys of which only the hash is known. `evidence` says what led there: a key
    they share, a merge, a party.
    """
    root = block.root or block.event_id
    keys = (*sorted(new), ref_key(ref))
    marks = sorted(f"{key.kind} {key.key_id} {key.digest.hex()}" for key in hashed)
    return Statement(
        type=EventType.DERIVED,
        channel=block.channel,
        span=block.span,
        system=ref.system,
        keys=keys,
        evidence=evidence,
        identity=(root, str(ref), *(f"{kind} {value}" for kind, value in keys), *marks),
        hashed=tuple(hashed),
        ref=ref,
        root=root,
        path=(*block.path, block.event_id),
    )


def shared(block: Event, key: Key) -> Statement:
    """The block's record carried `key`, which is not the person's alone: it does not reach it."""
    return Statement(
        type=EventType.SHARED,
        channel=block.channel,
        span=block.span,
        system=block.system,
        keys=(key,),
        evidence=Evidence.REACH,
        identity=(block.event_id, key.kind.value, key.value),
        root=block.event_id,
    )


def kept_by_name(block: Event, key: Key) -> Statement:
    """All that the block's record carried is shared: it follows the person's name and company."""
    return Statement(
        type=EventType.DERIVED,
        channel=block.channel,
        span=block.span,
        system=block.system,
        keys=(key,),
        evidence=Evidence.REACH,
        identity=(block.event_id, key.kind.value, key.value),
        root=block.event_id,
        path=(block.event_id,),
    )
