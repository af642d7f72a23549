"""Lists compared page by page: of a page that is through, nothing stays in memory."""

import gc
from collections.abc import Callable

import pytest
import sqlalchemy as sa
from statements import NOW, block

from connectors.barring import PHONES
from state import entering, verifying
from state.deliveries import DeliveryState
from state.entering import Entering
from state.keys import KeyRing, bind, new_ring
from state.ledger import append
from state.store import Store, Tx
from state.tables import deliveries

ENTRIES = 600
"""More than one statement asks for at a time."""


@pytest.fixture
def ring(store: Store) -> KeyRing:
    """The ring of a list whose numbers all stand in the dialer's."""
    made = new_ring(NOW)
    bind(store, made, NOW)
    said = [block(number) for number in range(ENTRIES)]
    with store.transaction() as tx:
        append(tx, made, said, NOW, ("dialer",))
        tx.execute(sa.update(deliveries).values(state=DeliveryState.CONFIRMED.value))
    return made


def page(tx: Tx, ring: KeyRing) -> list[Entering]:
    return entering.shown(tx, ring, "dialer", PHONES, 0, NOW, ENTRIES)


def left_in_cycles(work: Callable[[], object]) -> int:
    """How many values only a look for cycles frees; a pass looks for them after half a million."""
    work()  # what is made once may stay
    gc.collect()
    gc.disable()
    try:
        work()
        return gc.collect()
    finally:
        gc.enable()


def test_a_page_that_was_compared_leaves_no_cycles(store: Store, ring: KeyRing) -> None:
    with store.reading() as tx:
        assert sum(len(one.bars) for one in page(tx, ring)) == ENTRIES
        assert left_in_cycles(lambda: page(tx, ring)) == 0


def test_nor_does_a_page_of_what_was_not_there(store: Store, ring: KeyRing) -> None:
    with store.transaction() as tx:
        lost = [one.delivery for one in page(tx, ring)]
        assert left_in_cycles(lambda: entering.reopen(tx, lost)) == 0
        assert not page(tx, ring)


def test_nor_does_a_page_of_records(store: Store) -> None:
    rids = list(range(ENTRIES))
    with store.transaction() as tx:
        assert left_in_cycles(lambda: verifying.told(tx, "crm", "kontakter", 0, 200)) == 0
        assert left_in_cycles(lambda: verifying.channels_of(tx, rids)) == 0
        assert left_in_cycles(lambda: verifying.untell(tx, rids)) == 0
