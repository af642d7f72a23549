"""Deciding, pulling and opting out at the same time: no mark is lost and nobody waits for ever."""

import random
import threading
from collections.abc import Callable
from functools import partial

import pytest
import sqlalchemy as sa
from records import Passes, person
from statements import NOW, block, phone

from state import blocked, positions, reach
from state.keys import KeyRing, bind, new_ring
from state.ledger import append
from state.mirror import set_decided
from state.screen import Screen, hash_records
from state.store import Store
from state.tables import mirror


@pytest.fixture
def ring(store: Store) -> KeyRing:
    made = new_ring(NOW)
    bind(store, made, NOW)
    return made


@pytest.fixture
def passes(store: Store, ring: KeyRing) -> Passes:
    made = Passes(store, ring, NOW)
    made.pull(*(person(str(n), direct_phone=phone(n).value) for n in range(40)))
    made.decide()
    return made


def test_a_block_between_judging_and_marking_is_not_missed(
    passes: Passes, store_url: str, ring: KeyRing
) -> None:
    """The record was judged without the block, and is about to be marked as decided."""
    other, carried = Store(store_url), threading.Event()

    def opt_out() -> None:
        with other.transaction(urgent=True) as tx:
            append(tx, ring, [block(7)], NOW)
        with other.transaction() as tx:
            reach.carry(tx)
        carried.set()

    rid, record = passes._held["crm/contact/7"]
    thread = threading.Thread(target=opt_out)
    with passes.store.transaction() as tx:
        reach.deciding(tx)
        found = passes.screen.blocked(tx, hash_records(ring, [(rid, record)], "DK"), NOW)
        assert found == {}
        thread.start()
        carried.wait(0.3)
        set_decided(tx, [("mark", 0, 0, 0, None, rid)])
    thread.join(30)
    other.close()
    assert carried.is_set()
    assert passes.dirty() == ["crm/contact/7"]


def test_all_at_once(passes: Passes, store_url: str, ring: KeyRing) -> None:
    """Pages in any order, decisions, opt-outs and marks: nothing fails, nobody blocked is missed."""
    rids = {ref: rid for ref, (rid, _) in passes._held.items()}
    rows = list(passes._held.values())
    stop, failures = threading.Event(), []
    dice, leases = random.Random(7), (threading.Lock(), threading.Lock())

    def pull(store: Store, of: int) -> None:
        """Streams have their rows for themselves, and a lease on them."""
        some = dice.sample([rid for rid in rids.values() if rid % 2 == of], 10)
        with leases[of], store.transaction() as tx:
            for rid in some:
                tx.execute(sa.update(mirror).where(mirror.c.rid == rid).values(decided_with=None))

    def decide(store: Store) -> None:
        screen = Screen(ring)
        with leases[0], leases[1], store.transaction() as tx:
            reach.deciding(tx)
            found = screen.blocked(tx, hash_records(ring, rows, "DK"), NOW)
            stood = [
                (rid, ",".join(s.channels), list(s.events), s.since) for rid, s in found.items()
            ]
            blocked.replace(tx, list(rids.values()), stood, fresh=False)
            set_decided(tx, [("mark", 0, 0, 0, None, rid) for rid in rids.values()])

    def carry(store: Store) -> None:
        with store.transaction() as tx:
            reach.carry(tx, limit=1)

    def repeat(step: Callable[[Store], None]) -> None:
        own = Store(store_url)
        try:
            while not stop.is_set():
                step(own)
        except Exception as error:  # noqa: BLE001 - told to the test below
            failures.append(error)
        finally:
            own.close()

    steps = (partial(pull, of=0), partial(pull, of=1), decide, carry)
    threads = [threading.Thread(target=repeat, args=(s,)) for s in steps]
    for thread in threads:
        thread.start()
    for number in range(30):
        with passes.store.transaction(urgent=True) as tx:
            append(tx, ring, [block(number)], NOW)
    stop.set()
    for thread in threads:
        thread.join(60)
    assert failures == []
    passes.carry()
    known = set(passes.dirty()) | set(passes.blocked())
    assert {f"crm/contact/{number}" for number in range(30)} <= known


def test_two_who_read_the_ledger_for_the_first_time_do_not_stop_each_other(
    store: Store, store_url: str
) -> None:
    """PostgreSQL shows neither of them the row that the other is about to make."""
    other, begun, failures = Store(store_url), threading.Event(), []

    def move() -> None:
        begun.set()
        try:
            with other.transaction() as tx:
                positions.move(tx, "new", 4)
        except sa.exc.IntegrityError as error:
            failures.append(error)

    thread = threading.Thread(target=move)
    with store.transaction() as tx:
        positions.move(tx, "new", 4)
        thread.start()
        begun.wait(5)
        thread.join(0.3)
    thread.join(30)
    other.close()
    assert not failures
    with store.reading() as tx:
        assert positions.position(tx, "new") == 4
