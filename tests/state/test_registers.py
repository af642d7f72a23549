"""Registers in the store: drafts that count for nothing, issues, and who stands on them."""

from datetime import UTC, date, datetime, timedelta

from rules.keys import Key, KeyKind
from state import registers
from state.keys import new_ring
from state.store import Store

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
RING = new_ring(NOW)
DAY = date(2026, 10, 1)


def person(number: int) -> Key:
    return Key(KeyKind.NAME_ADDRESS, f"register|ida|opdigtet|prøvevej|{number}|8000")


def issue(store: Store, *people: int, register: str = "robinson", let_in: bool = True) -> int:
    with store.transaction() as tx:
        made = registers.draft(tx, register, DAY, RING.newest, NOW)
        registers.put(tx, made, [RING.digest(person(one)) for one in people])
        registers.put(tx, made, [RING.digest(person(one)) for one in people[:1]])
        if let_in:
            registers.let_in(tx, made, registers.count(tx, made), "Anna", NOW)
    return made


def test_a_draft_is_nobodys_answer_and_who_stands_there_twice_stands_there_once(
    store: Store,
) -> None:
    held, draft = issue(store, 1, 2, 3), issue(store, 2, 3, 4, 5, let_in=False)
    with store.reading() as tx:
        [one] = registers.issues(tx)
        assert (one.issue, one.entries, one.dated) == (held, 3, DAY)
        assert (registers.count(tx, draft), registers.in_both(tx, draft, held)) == (4, 2)


def test_people_are_looked_up_in_all_issues_and_under_every_live_key(store: Store) -> None:
    issue(store, 1, 2)
    issue(store, 3, register="egen")
    asked = {1: [person(1)], 3: [person(9), person(3)], 9: [person(9)], 0: []}
    for ring in (RING, RING.with_new_key(NOW)):
        with store.reading() as tx:
            said = registers.look_up(tx, ring, registers.issues(tx), asked)
        assert {number: one.on for number, one in said.items()} == {
            1: True, 3: True, 9: False, 0: None,
        }  # fmt: skip
    foreign = new_ring(NOW)
    with store.reading() as tx:
        said = registers.look_up(tx, foreign, registers.issues(tx), asked)
    assert {one.on for one in said.values()} == {None}, "who cannot be asked is free of nothing"


def test_an_issue_goes_bit_by_bit_and_is_nobodys_answer_from_the_first_on(store: Store) -> None:
    made = issue(store, 1, 2)
    with store.transaction() as tx:
        assert registers.drop(tx, made) == 2
    with store.reading() as tx:
        assert registers.issues(tx) == ()
    with store.transaction() as tx:
        assert registers.outlived(tx, NOW + timedelta(days=1)) == [made]
        assert registers.drop(tx, made) == 0
        assert registers.outlived(tx, NOW + timedelta(days=1)) == []
