"""Who is who across systems: joined, split, told for any moment; never rewritten."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from databases import rolled_back
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rules.errors import InvariantBroken
from state import parties
from state.parties import Link, PartyKind
from state.store import Store, Tx
from state.tables import links, mirror

START = datetime(2026, 1, 1, tzinfo=UTC)
RIDS = (1, 2, 3, 4)


def with_records(tx: Tx) -> None:
    tx.execute(
        sa.insert(mirror),
        [
            {
                "rid": rid,
                "system": "files",
                "kind": "lead",
                "stream": "leads.csv",
                "id": str(rid),
                "version": "1",
                "cells": "{}",
                "by_content": False,
                "born_pass": 1,
                "first_seen_at": START,
                "changed_at": START,
            }
            for rid in RIDS
        ],
    )


@pytest.fixture
def tx(store: Store) -> Iterator[Tx]:
    with rolled_back(store) as tx:
        with_records(tx)
        yield tx


def linked(tx: Tx, rid: int, party: str, minute: int) -> bool:
    now = START + timedelta(minutes=minute)
    return parties.link(tx, rid, party, reason="match.cvr", confidence="0.9", actor="test", now=now)


def test_ids_of_parties_sort_by_the_time_they_were_made(tx: Tx) -> None:
    made = [parties.create(tx, PartyKind.PERSON, START) for _ in range(20)]
    assert made == sorted(set(made))


def test_a_record_moves_to_another_party_and_the_past_is_kept(tx: Tx) -> None:
    one, other = (parties.create(tx, PartyKind.PERSON, START) for _ in range(2))
    assert linked(tx, 1, one, 1)
    assert linked(tx, 1, other, 5)
    assert parties.parties_of(tx, [1, 2], PartyKind.PERSON) == {1: other}
    at = {n: parties.members_of(tx, one, START + timedelta(minutes=n)) for n in (0, 1, 4, 5)}
    assert at == {0: [], 1: [1], 4: [1], 5: []}
    assert [(row.party, row.until is None) for row in parties.history_of(tx, 1)] == [
        (one, False),
        (other, True),
    ]


def test_linking_again_writes_nothing(tx: Tx) -> None:
    party = parties.create(tx, PartyKind.COMPANY, START)
    assert linked(tx, 1, party, 1)
    before = parties.history_of(tx, 1)
    assert not linked(tx, 1, party, 2)
    assert parties.history_of(tx, 1) == before


def test_a_row_of_a_flat_list_is_a_person_and_a_company(tx: Tx) -> None:
    person = parties.create(tx, PartyKind.PERSON, START)
    company = parties.create(tx, PartyKind.COMPANY, START)
    linked(tx, 1, person, 1)
    linked(tx, 1, company, 1)
    assert parties.parties_of(tx, [1], PartyKind.PERSON) == {1: person}
    assert parties.parties_of(tx, [1], PartyKind.COMPANY) == {1: company}


def test_what_was_joined_by_mistake_is_split_into_a_party_of_its_own(tx: Tx) -> None:
    party = parties.create(tx, PartyKind.PERSON, START)
    for rid in RIDS:
        linked(tx, rid, party, 1)
    later = START + timedelta(days=1)
    new = parties.split(tx, party, [2, 3], reason="split.asked", actor="eva", now=later)
    assert parties.members_of(tx, party) == [1, 4]
    assert parties.members_of(tx, new) == [2, 3]
    assert parties.members_of(tx, party, START + timedelta(hours=1)) == [1, 2, 3, 4]
    assert parties.history_of(tx, 2)[-1].actor == "eva"


@pytest.mark.parametrize("rids", [(), RIDS, (1, 99)])
def test_a_split_takes_some_of_the_members_and_leaves_some(tx: Tx, rids: tuple[int, ...]) -> None:
    party = parties.create(tx, PartyKind.PERSON, START)
    for rid in RIDS:
        linked(tx, rid, party, 1)
    with pytest.raises(InvariantBroken):
        parties.split(tx, party, rids, reason="split.asked", actor="eva", now=START)
    assert parties.members_of(tx, party) == [1, 2, 3, 4]


def test_unknown_records_and_parties_are_refused(tx: Tx) -> None:
    party = parties.create(tx, PartyKind.PERSON, START)
    with pytest.raises(InvariantBroken):
        linked(tx, 99, party, 1)
    with pytest.raises(InvariantBroken):
        linked(tx, 1, "nobody", 1)


def test_a_clock_that_went_back_makes_no_link_end_before_it_began(tx: Tx) -> None:
    one, other = (parties.create(tx, PartyKind.PERSON, START) for _ in range(2))
    linked(tx, 1, one, 10)
    linked(tx, 1, other, 3)
    first, second = parties.history_of(tx, 1)
    assert first.until == first.since == second.since


def test_taking_a_link_away(tx: Tx) -> None:
    one, other = (parties.create(tx, PartyKind.PERSON, START) for _ in range(2))
    linked(tx, 1, one, 1)
    assert not parties.unlink(tx, 1, other, START + timedelta(minutes=2))
    assert parties.unlink(tx, 1, one, START + timedelta(minutes=2))
    assert not parties.unlink(tx, 1, one, START + timedelta(minutes=3))
    assert parties.parties_of(tx, [1], PartyKind.PERSON) == {}


STEPS = st.lists(
    st.tuples(
        st.sampled_from(("link", "link", "unlink", "split")),
        st.sampled_from(RIDS),
        st.integers(0, 3),
    ),
    max_size=25,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(steps=STEPS)
def test_the_past_is_told_as_it_was_and_links_are_only_added_and_closed(
    store: Store, steps: list[tuple[str, int, int]]
) -> None:
    with rolled_back(store) as tx:
        with_records(tx)
        kinds = (PartyKind.PERSON, PartyKind.PERSON, PartyKind.COMPANY, PartyKind.COMPANY)
        made = [parties.create(tx, kind, START) for kind in kinds]
        seen: list[tuple[datetime, dict[PartyKind, dict[int, str]]]] = []
        before: dict[int, Link] = {}
        for minute, (what, rid, number) in enumerate(steps):
            now = START + timedelta(minutes=minute)
            party = made[number]
            if what == "link":
                linked(tx, rid, party, minute)
            elif what == "unlink":
                parties.unlink(tx, rid, party, now)
            elif len(members := parties.members_of(tx, party)) > 1 and rid in members:
                parties.split(tx, party, [rid], reason="r", actor="a", now=now)
            seen.append((now, {k: parties.parties_of(tx, RIDS, k) for k in PartyKind}))
            after = {row.link: Link(*row) for row in tx.execute(sa.select(links))}
            only_closed(before, after)
            before = after
        for now, was in seen:
            assert {k: parties.parties_of(tx, RIDS, k, now) for k in PartyKind} == was


def only_closed(before: dict[int, Link], after: dict[int, Link]) -> None:
    for number, link in before.items():
        if link.until is None:
            assert after[number].since == link.since
            assert after[number].party == link.party
        else:
            assert after[number] == link
