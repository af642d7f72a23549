"""The form that is hashed is fixed for ever, and leaves nothing out."""

import hashlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest

from rules.keys import HashedKey, KeyKind
from rules.spans import Span
from rules.suppression import Channel, Event, EventType, Evidence
from state.chain import GENESIS, commit, fixed_form, link

AT = datetime(2026, 11, 24, 9, 0, 0, 123, tzinfo=UTC)
EVENT = Event(
    event_id="e1",
    type=EventType.DERIVED,
    channel=Channel.CALL,
    span=Span(None, AT),
    heard_at=AT,
    system="files",
    keys=frozenset(
        {HashedKey(KeyKind.PHONE, "k1", b"\x01" * 16), HashedKey(KeyKind.EMAIL, "k1", b"\x02" * 16)}
    ),
    evidence=Evidence.REACH,
    carried=frozenset({HashedKey(KeyKind.CVR, "k2", b"\x03" * 16)}),
    root="e0",
    path=("e0", "e½"),
    approvals=1,
    documented=True,
)


def test_the_form_is_what_it_always_was() -> None:
    """Another form would make every ledger there is look forged. Do not renew this text."""
    assert fixed_form(7, EVENT, b"\xff" * 32).decode() == (
        '[7,"e1","derived","call",null,"2026-11-24T09:00:00.000123Z","2026-11-24T09:00:00.000123Z",'
        '"files",[["email","k1","02020202020202020202020202020202"],'
        '["phone","k1","01010101010101010101010101010101"]],'
        '[["cvr","k2","03030303030303030303030303030303"]],"e0",["e0","e½"],"reach",1,true,"'
        + "ff" * 32
        + '"]'
    )
    assert hashlib.sha256(b"ringren ledger 1").digest() == GENESIS
    assert link(GENESIS, 7, EVENT, b"\xff" * 32).hex() == (
        hashlib.sha256(GENESIS + fixed_form(7, EVENT, b"\xff" * 32)).hexdigest()
    )


@pytest.mark.parametrize(
    "changed",
    [
        {"event_id": "e2"},
        {"type": EventType.BLOCK},
        {"channel": Channel.ALL},
        {"span": Span(AT, AT)},
        {"span": Span(None, AT + timedelta(microseconds=1))},
        {"heard_at": AT + timedelta(microseconds=1)},
        {"system": "crm"},
        {"keys": frozenset()},
        {"carried": frozenset()},
        {"keys": EVENT.keys | EVENT.carried, "carried": frozenset()},
        {"root": None},
        {"path": ("e0",)},
        {"evidence": Evidence.FORM},
        {"approvals": 2},
        {"documented": False},
    ],
)
def test_nothing_that_a_verdict_rests_on_is_left_out(changed: dict[str, object]) -> None:
    other = replace(EVENT, **changed)  # type: ignore[arg-type]
    assert link(GENESIS, 7, other, b"c") != link(GENESIS, 7, EVENT, b"c")


def test_place_predecessor_and_payload_count_and_the_zone_does_not() -> None:
    here = link(GENESIS, 7, EVENT, b"c")
    assert link(GENESIS, 8, EVENT, b"c") != here
    assert link(b"x" * 32, 7, EVENT, b"c") != here
    assert link(GENESIS, 7, EVENT, b"d") != here
    summer = replace(EVENT, heard_at=AT.astimezone(timezone(timedelta(hours=2))))
    assert link(GENESIS, 7, summer, b"c") == here


def test_a_commitment_cannot_be_guessed_without_its_salt() -> None:
    assert commit(b"+4520123456", b"a" * 16) != commit(b"+4520123456", b"b" * 16)
