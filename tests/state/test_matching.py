"""Parties in the store: whoever changes is matched again, with all whom that may concern."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa
from databases import rolled_back
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from statements import NOW

from rules.fields.field import COMPANIES
from rules.matching import further_keys
from rules.records import Kind, Record, Redirect, Ref, Value
from state import match_keys, matching, membership, mirror, parties, redirects, unmatched
from state.keys import KeyRing, bind, new_ring
from state.purge import Lifetimes, purge_all
from state.screen import hash_records
from state.store import Store, Tx
from state.tables import links
from state.tables import mirror as rows

CVR, OTHER_CVR = "90000012", "90000020"


class World:
    """Lists of people and companies, put into the mirror as a pass would put them."""

    def __init__(self, store: Store, ring: KeyRing, tx: Tx | None = None) -> None:
        self.store, self.ring, self.now = store, ring, NOW
        self.rids: dict[str, int] = {}
        self._tx = tx

    def writing(self) -> contextlib.AbstractContextManager[Tx]:
        """A transaction; all in one when that was given."""
        return contextlib.nullcontext(self._tx) if self._tx else self.store.transaction()

    def put(self, place: str, ident: str, kind: Kind = Kind.CONTACT, **values: Value) -> int:
        """A record as it stands from now on."""
        record = Record(Ref(place, kind, ident), "v", values)
        known = self.rids.get(str(record.ref))
        with self.writing() as tx:
            rid = known or _row(tx, record, self.now)
            cells = {"cells": mirror.cells_text(values), "deleted_at": None, "decided_with": "mark"}
            tx.execute(sa.update(rows).where(rows.c.rid == rid).values(**cells))
            self._keys(tx, rid, record)
            unmatched.mark(tx, [rid])
        self.rids[str(record.ref)] = rid
        return rid

    def _keys(self, tx: Tx, rid: int, record: Record) -> None:
        (hashed,) = hash_records(self.ring, [(rid, record)], "DK")
        further = [
            (rid, name, self.ring.digest(key))
            for name, key in further_keys(record.ref.kind, record.values)
        ]
        match_keys.replace(tx, [rid], [*hashed.match_keys(), *further], fresh=False)

    def remove(self, place: str, ident: str, kind: Kind = Kind.CONTACT, into: str = "") -> None:
        """It is deleted, or merged into another of its list."""
        ref = Ref(place, kind, ident)
        rid = self.rids[str(ref)]
        with self.writing() as tx:
            tx.execute(sa.update(rows).where(rows.c.rid == rid).values(deleted_at=self.now))
            unmatched.mark(tx, [rid])
            if into:
                redirects.record(tx, [Redirect(ref, Ref(place, kind, into))], self.now)
            else:
                match_keys.replace(tx, [rid], [], fresh=False)

    def match(self, limit: int = matching.BATCH) -> int:
        """Until nothing is left; gives in how many steps."""
        steps = 0
        while True:
            with self.writing() as tx:
                if not matching.match(tx, self.ring, self.now, limit=limit).looked_at:
                    return steps
            steps += 1

    def together(self) -> set[frozenset[str]]:
        """The parties, by `place/id` of their members."""
        with self.writing() as tx:
            return {
                frozenset(f"{one.ref.system}/{one.ref.id}" for one in party.members)
                for party in membership.listed(tx, 1000)
            }


def _row(tx: Tx, record: Record, now: datetime) -> int:
    row = sa.insert(rows).values(
        system=record.ref.system,
        kind=record.ref.kind.value,
        stream="list",
        id=record.ref.id,
        version="v",
        cells="{}",
        by_content=False,
        born_pass=1,
        first_seen_at=now,
        changed_at=now,
    )
    return int(tx.execute(row.returning(rows.c.rid)).scalar_one())


@pytest.fixture
def world(store: Store) -> World:
    ring = new_ring(NOW)
    bind(store, ring, NOW)
    return World(store, ring)


IDA = {"full_name": "Ida Opdigt", "email": "ida@opdigtet-0001.dk"}
BO = {"full_name": "Bo Opdigt", "direct_phone": "68000002"}


def sets(*texts: str) -> set[frozenset[str]]:
    return {frozenset(text.split()) for text in texts}


def test_the_same_person_in_two_systems_is_one_party_with_its_reasons(world: World) -> None:
    world.put("sf", "1", **IDA, direct_phone="68000001")
    world.put("hs", "7", **IDA, direct_phone="68 00 00 01")
    world.put("hs", "8", **BO)
    world.match()
    assert world.together() == sets("sf/1 hs/7")
    with world.store.reading() as tx:
        (party,) = membership.of_record(tx, world.rids["sf/contact/1"])
        assert [one.reasons for one in party.members] == [("email", "phone")] * 2
        assert {one.confidence for one in party.members} == {"0.95"}
        assert [tuple(one) for one in membership.count(tx)] == [
            ("person", 1, 1, 2),
            ("company", 0, 0, 0),
        ]


def test_it_is_taken_apart_when_the_reason_goes_and_the_past_can_be_told(world: World) -> None:
    world.put("sf", "1", **IDA)
    world.put("hs", "7", **IDA)
    world.match()
    world.put("hs", "7", full_name="Ida Opdigt", email="anden@opdigtet-0001.dk")
    world.match()
    assert world.together() == set()
    with world.store.reading() as tx:
        past = parties.history_of(tx, world.rids["sf/contact/1"])
    assert [(one.reason, one.until is None) for one in past] == [("email", False)]


def test_a_party_goes_on_when_others_come_and_ends_when_all_have_left(world: World) -> None:
    world.put("sf", "1", **IDA)
    world.put("hs", "7", **IDA)
    world.match()
    with world.store.reading() as tx:
        (before,) = membership.listed(tx, 9)
    world.put("dy", "3", **IDA)
    world.remove("sf", "1")
    world.match()
    with world.store.reading() as tx:
        (after,) = membership.listed(tx, 9)
    assert after.party == before.party
    assert world.together() == sets("hs/7 dy/3")


def test_whom_somebody_kept_apart_is_joined_when_he_goes(world: World) -> None:
    """A domain of two CVR numbers joins nobody; when one of them goes it joins the others."""
    site = {"company_name": "Opdigtet A/S", "website": "opdigtet-0001.dk"}
    world.put("sf", "1", Kind.COMPANY, **site, cvr=CVR)
    world.put("hs", "2", Kind.COMPANY, **site)
    world.put("dy", "3", Kind.COMPANY, **site, cvr=OTHER_CVR)
    world.match()
    assert world.together() == set()
    world.remove("dy", "3", Kind.COMPANY)
    world.match()
    assert world.together() == sets("sf/1 hs/2")


def test_a_number_that_becomes_a_main_number_no_longer_joins_people(world: World) -> None:
    world.put("sf", "1", **BO)
    world.put("hs", "2", **BO)
    world.match()
    assert world.together() == sets("sf/1 hs/2")
    world.put("sf", "9", Kind.COMPANY, company_name="Opdigtet A/S", main_phone=BO["direct_phone"])
    world.match()
    assert world.together() == set()


def test_a_key_that_too_many_come_to_carry_no_longer_joins_anybody(world: World) -> None:
    world.put("sf", "1", **BO)
    world.put("hs", "2", **BO)
    world.match()
    for number in range(matching.MOST_CARRIERS):
        world.put("dy", str(number), full_name=f"Person {number}", direct_phone=BO["direct_phone"])
    world.match()
    assert world.together() == set()
    for number in range(matching.MOST_CARRIERS):
        world.put("dy", str(number), full_name=f"Person {number}")
    world.match()
    assert world.together() == sets("sf/1 hs/2")


def test_how_many_work_in_a_company_makes_no_difference_to_it(world: World) -> None:
    """In a flat list its CVR number, main number and address stand on each of them."""
    firm = {"cvr": CVR, "main_phone": "68000001"}
    for number in range(matching.MOST_CARRIERS + 9):
        world.put("sf", f"p{number}", full_name=f"Person {number}", **firm)
    world.put("sf", "1", Kind.COMPANY, company_name="Opdigtet A/S", **firm)
    world.put("hs", "2", Kind.COMPANY, company_name="Opdigtet A/S", **firm)
    world.match()
    assert world.together() == sets("sf/1 hs/2")
    with world.store.reading() as tx:
        (party,) = membership.listed(tx, 9)
    assert party.members[0].reasons == ("cvr", "phone")


def test_the_survivor_of_a_merge_stands_where_the_record_that_went_stood(world: World) -> None:
    world.put("sf", "1", **IDA)
    world.put("sf", "2", full_name="Ida Opdigt", email="i@opdigtet-0001.dk")
    world.put("hs", "7", **IDA)
    world.match()
    assert world.together() == sets("sf/1 hs/7")
    world.remove("sf", "1", into="2")
    world.match()
    assert world.together() == sets("sf/2 hs/7")
    with world.store.reading() as tx:
        (party,) = membership.listed(tx, 9)
    assert {one.ref.system: one.reasons for one in party.members} == {
        "sf": ("merged", "email"),
        "hs": ("email",),
    }


def test_what_led_to_a_survivor_is_forgotten_with_the_record_that_went(world: World) -> None:
    world.put("sf", "1", **IDA)
    world.put("sf", "2", full_name="Ida Opdigt", email="i@opdigtet-0001.dk")
    world.put("hs", "7", **IDA)
    world.remove("sf", "1", into="2")
    world.match()
    assert world.together() == sets("sf/2 hs/7")
    purge_all(world.store, world.now + timedelta(days=400), Lifetimes())
    world.match()
    assert world.together() == set()


def test_what_a_person_decided_stands(world: World) -> None:
    """Split off by hand, and not joined again because they still have the address in common."""
    one, other = world.put("sf", "1", **IDA), world.put("hs", "7", **IDA)
    world.match()
    with world.store.transaction() as tx:
        (party,) = parties.parties_of(tx, [one], parties.PartyKind.PERSON).values()
        parties.split(tx, party, [other], reason="two people", actor="anna", now=NOW)
    world.put("sf", "1", **IDA, title="Chef")
    world.match()
    with world.store.reading() as tx:
        found = parties.parties_of(tx, [one, other], parties.PartyKind.PERSON)
        assert found.get(one) != found[other]
    world.match()


def test_matching_again_writes_nothing(world: World) -> None:
    for place in ("sf", "hs"):
        world.put(place, "1", **IDA)
        world.put(place, "2", **BO)
    world.match()
    with world.store.reading() as tx:
        before = tx.execute(sa.select(sa.func.max(links.c.link))).scalar_one()
    with world.store.transaction() as tx:
        unmatched.mark(tx, world.rids.values())
    world.match(limit=1)
    with world.store.reading() as tx:
        assert tx.execute(sa.select(sa.func.max(links.c.link))).scalar_one() == before
        assert not tx.execute(sa.select(links).where(links.c.until.is_not(None))).all()


# --- whatever the order ----------------------------------------------------------------------

_MAILS = st.sampled_from(
    [None, "a@opdigtet-0001.dk", "b@opdigtet-0001.dk", "info@opdigtet-0001.dk"]
)
_PHONES = st.sampled_from([None, "68000001", "68000002"])
_NAMES = st.sampled_from(["", "Ida Opdigt", "I. Opdigt", "Bo Opdigt"])
_CVRS = st.sampled_from([None, CVR, OTHER_CVR])
_SITES = st.sampled_from([None, "opdigtet-0001.dk", "opdigtet-0002.dk"])


@st.composite
def _edits(draw: st.DrawFn) -> list[tuple[str, str, Kind, dict[str, Value] | None]]:
    """(place, id, kind, values or None for a deletion), one after the other."""
    edits: list[tuple[str, str, Kind, dict[str, Value] | None]] = []
    there: set[tuple[str, str, Kind]] = set()
    for _ in range(draw(st.integers(0, 14))):
        kind = draw(st.sampled_from([Kind.CONTACT, Kind.LEAD, Kind.COMPANY]))
        where = (draw(st.sampled_from(["sf", "hs", "dy"])), draw(st.sampled_from("12")), kind)
        if where in there and draw(st.integers(0, 3)) == 0:
            there.discard(where)
            edits.append((*where, None))
            continue
        values: dict[str, Value] = {"email": draw(_MAILS), "main_phone": draw(_PHONES)}
        if kind in COMPANIES:
            values |= {"company_name": "Opdigtet A/S", "cvr": draw(_CVRS), "website": draw(_SITES)}
        else:
            values |= {"full_name": draw(_NAMES), "direct_phone": draw(_PHONES)}
        there.add(where)
        edits.append((*where, values))
    return edits


def _at_once(
    world: World, edits: Sequence[tuple[str, str, Kind, dict[str, Value] | None]]
) -> set[frozenset[str]]:
    """What the last state of all comes to, put there in one go."""
    last = {(place, ident, kind): values for place, ident, kind, values in edits}
    for (place, ident, kind), values in sorted(last.items(), reverse=True):
        if values is not None:
            world.put(place, ident, kind, **values)
    world.match()
    return world.together()


@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(edits=_edits(), data=st.data())
def test_step_by_step_comes_to_the_same_as_at_once(
    sqlite_store: Store,
    edits: list[tuple[str, str, Kind, dict[str, Value] | None]],
    data: st.DataObject,
) -> None:
    """Records come, change and go, matched now and then in steps of any size."""
    with rolled_back(sqlite_store) as tx:
        world = World(sqlite_store, _RING, tx)
        for place, ident, kind, values in edits:
            if values is None:
                world.remove(place, ident, kind)
            else:
                world.put(place, ident, kind, **values)
            if data.draw(st.booleans()):
                world.match(data.draw(st.integers(1, 3)))
        world.match(data.draw(st.integers(1, 3)))
        found = world.together()
    with rolled_back(sqlite_store) as tx:
        assert _at_once(World(sqlite_store, _RING, tx), edits) == found


_RING = new_ring(NOW)
