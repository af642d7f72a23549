"""Who of a page is blocked: in memory or by SQL, after rollbacks, rotations and other processes."""

import pytest
import sqlalchemy as sa
from records import person
from statements import DAY, NOW, block, lift, mail, phone

from rules.keys import Key, KeyKind
from rules.spans import Span
from rules.suppression import Channel
from state.keys import KeyRing, bind, new_ring
from state.ledger import append
from state.screen import Screen, Standing, all_digests, hash_records
from state.store import Store, Tx

REGION = "DK"


@pytest.fixture
def ring(store: Store) -> KeyRing:
    made = new_ring(NOW)
    bind(store, made, NOW)
    return made


def rows(ring: KeyRing, *numbers: int, **values: str) -> list[object]:
    return hash_records(
        ring,
        [(n, person(str(n), direct_phone=phone(n).value, **values)) for n in numbers],
        REGION,
    )  # type: ignore[return-value]


def ask(tx: Tx, screen: Screen, page: list[object], *, days: int = 1) -> dict[int, Standing]:
    return screen.blocked(tx, page, NOW + days * DAY)  # type: ignore[arg-type]


@pytest.mark.parametrize("most_in_memory", [100, 1])
def test_who_is_blocked_how_and_since_when(
    most_in_memory: int, store: Store, ring: KeyRing
) -> None:
    screen = Screen(ring, most_in_memory)
    page = rows(ring, 1, 2, 3, 4)
    with store.transaction() as tx:
        assert ask(tx, screen, page) == {}
        said = [block(1), block(2, channel=Channel.SMS), block(4, span=Span(None, NOW))]
        one, two, four = append(tx, ring, said, NOW)
        found = ask(tx, screen, page)
    assert found == {
        1: Standing((Channel.CALL, Channel.EMAIL, Channel.SMS), (one.event.event_id,), NOW - DAY),
        2: Standing((Channel.SMS,), (two.event.event_id,), NOW - DAY),
        4: Standing((Channel.CALL, Channel.EMAIL, Channel.SMS), (four.event.event_id,), None),
    }


@pytest.mark.parametrize("most_in_memory", [100, 1])
def test_what_another_process_appended_is_seen_on_the_next_page(
    most_in_memory: int, store: Store, store_url: str, ring: KeyRing
) -> None:
    screen, page, other = Screen(ring, most_in_memory), rows(ring, 1, 2), Store(store_url)
    for number in (1, 2):
        with other.transaction() as tx:
            append(tx, ring, [block(number)], NOW)
        with store.reading() as tx:
            assert set(ask(tx, screen, page)) == set(range(1, number + 1))
    other.close()


def test_what_was_rolled_back_is_forgotten(store: Store, ring: KeyRing) -> None:
    """The same numbers are given again, to other entries."""
    screen, page = Screen(ring), rows(ring, 1, 2, 3)
    with pytest.raises(ZeroDivisionError):
        _seen_and_rolled_back(store, ring, screen, page)
    with store.transaction() as tx:
        append(tx, ring, [block(2), block(3)], NOW)
    with store.reading() as tx:
        assert set(ask(tx, screen, page)) == {2, 3}


def _seen_and_rolled_back(store: Store, ring: KeyRing, screen: Screen, page: list[object]) -> None:
    with store.transaction() as tx:
        append(tx, ring, [block(1), block(9)], NOW)
        assert set(ask(tx, screen, page)) == {1}
        _ = 1 / 0


def test_a_lifted_block_is_no_block(store: Store, ring: KeyRing) -> None:
    screen, page = Screen(ring), rows(ring, 1)
    with store.transaction() as tx:
        (entry,) = append(tx, ring, [block(1)], NOW)
        append(tx, ring, [lift(entry.event.event_id, (phone(1),))], NOW + DAY)
        assert ask(tx, screen, page, days=2) == {}


@pytest.mark.parametrize(
    ("key", "values"),
    [
        (Key(KeyKind.REF, "crm/contact/1"), {}),
        (Key(KeyKind.MAIL_DOMAIN, "opdigtet-0001.dk"), {"email": mail(1).value}),
        (Key(KeyKind.NAME_ADDRESS, "person 1|company_name|opdigtet a/s"), {}),
        (
            Key(KeyKind.NAME_ADDRESS, "person 1|prøvevej 1|8000"),
            {"address": "Prøvevej 1", "postcode": "8000"},
        ),
        (Key(KeyKind.CVR, "90000001"), {"cvr": "DK 90000001"}),
        (Key(KeyKind.P_NUMBER, "1000000001"), {"p_number": "1000000001"}),
    ],
)
def test_every_kind_of_key_finds_its_records(
    key: Key, values: dict[str, str], store: Store, ring: KeyRing
) -> None:
    screen, page = Screen(ring), rows(ring, 1, **values)
    with store.transaction() as tx:
        before = screen.kinds(tx)
        append(tx, ring, [block(keys=(key,))], NOW)
        assert set(ask(tx, screen, page)) == {1}
        digests = {1: all_digests(ring, page[0], before)}  # type: ignore[arg-type]
        assert screen.suspects(tx, digests, before) == [1], "made for a ledger without that kind"
        digests = {1: all_digests(ring, page[0], screen.kinds(tx))}  # type: ignore[arg-type]
        assert screen.suspects(tx, digests, screen.kinds(tx)) == [1]


def test_entries_under_an_older_key_are_found(store: Store, ring: KeyRing) -> None:
    with store.transaction() as tx:
        append(tx, ring, [block(1), block(keys=(Key(KeyKind.REF, "crm/contact/2"),))], NOW)
    grown = ring.with_new_key(NOW)
    bind(store, grown, NOW)
    page = rows(grown, 1, 2, 3)
    for most in (100, 1):
        screen = Screen(grown, most)
        with store.reading() as tx:
            assert 1 in ask(tx, screen, page)
    with store.transaction() as tx:
        append(tx, grown, [block(3)], NOW)
        assert 3 in ask(tx, Screen(grown), page)


def test_suspects_are_all_who_are_blocked(store: Store, ring: KeyRing) -> None:
    screen, page = Screen(ring), rows(ring, *range(1, 50))
    with store.transaction() as tx:
        append(tx, ring, [block(n) for n in range(1, 50, 7)], NOW)
        kinds = screen.kinds(tx)
        digests = {one.rid: all_digests(ring, one, kinds) for one in page}  # type: ignore[attr-defined, arg-type]
        assert screen.suspects(tx, digests, kinds) == list(ask(tx, screen, page))


def test_an_empty_ledger_costs_one_small_query_a_page(store: Store, ring: KeyRing) -> None:
    screen, page, asked = Screen(ring), rows(ring, *range(100)), []
    with store.reading() as tx:
        sa.event.listen(
            store.engine, "before_cursor_execute", lambda *given: asked.append(given[2])
        )
        assert ask(tx, screen, page) == {}
    assert len(asked) == 1
