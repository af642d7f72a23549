"""What sources were asked: nothing twice within its life, nothing believed from half a word."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from rules.keys import Key, KeyKind
from state import calls, lookups
from state.lookups import Heard, Lookup, State, Terms
from state.purge import Lifetimes, purge_all
from state.store import Store

NIGHT = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)
DAY = timedelta(days=1)
ONE, TWO = Key(KeyKind.CVR, "90000012"), Key(KeyKind.CVR, "90000020")
MAIL = Key(KeyKind.EMAIL, "bo@opdigtet-0001.dk")


def terms(now: datetime, kept: datetime | None = None) -> Terms:
    return Terms(now + 20 * timedelta(hours=1), now + timedelta(hours=20), kept)


def hear(store: Store, now: datetime, *heard: Heard, source: str = "cvr") -> list[Key]:
    with store.transaction() as tx:
        return lookups.settle(tx, source, heard, now, terms(now))


def row(store: Store, key: Key = ONE, source: str = "cvr") -> Lookup | None:
    with store.reading() as tx:
        return next(iter(lookups.known(tx, [source], [key]).get(key, ())), None)


def found(key: Key, answer: str = "[1]") -> Heard:
    return Heard(key, State.FOUND, answer, b"raw")


def absent(key: Key) -> Heard:
    return Heard(key, State.ABSENT)


def test_only_what_is_new_or_different_is_a_change(store: Store) -> None:
    assert hear(store, NIGHT, found(ONE), found(TWO)) == [ONE, TWO]
    assert hear(store, NIGHT + DAY, found(ONE), found(TWO, "[2]")) == [TWO]
    one, two = row(store, ONE), row(store, TWO)
    assert one is not None
    assert two is not None
    assert (one.answered_at, one.changed_at) == (NIGHT + DAY, NIGHT)
    assert (two.changed_at, two.answer) == (NIGHT + DAY, "[2]")


def test_not_found_is_believed_on_the_second_day(store: Store) -> None:
    hear(store, NIGHT, found(ONE))
    for hours, is_gone, answer, news in (
        (24, False, "[1]", []),
        (25, False, "[1]", []),
        (48, True, None, [ONE]),
        (72, True, None, []),
    ):
        assert hear(store, NIGHT + timedelta(hours=hours), absent(ONE)) == news
        one = row(store)
        assert one is not None
        assert (one.is_gone, one.answer) == (is_gone, answer)
    assert hear(store, NIGHT + 4 * DAY, found(ONE)) == [ONE]


def test_found_in_between_begins_the_days_anew(store: Store) -> None:
    hear(store, NIGHT, absent(ONE))
    hear(store, NIGHT + DAY, found(ONE))
    hear(store, NIGHT + 2 * DAY, absent(ONE))
    one = row(store)
    assert one is not None
    assert not one.is_gone


def test_who_does_not_know_moves_nothing(store: Store) -> None:
    assert hear(store, NIGHT, Heard(ONE, State.UNKNOWN)) == []
    assert row(store) is None
    hear(store, NIGHT, found(ONE))
    assert hear(store, NIGHT + DAY, Heard(ONE, State.UNKNOWN)) == []
    one = row(store)
    assert one is not None
    assert (one.answered_at, one.answer) == (NIGHT, "[1]")


def test_what_is_paid_for_is_asked_once_within_its_life_answered_or_not(store: Store) -> None:
    life = timedelta(days=90)
    with store.transaction() as tx:
        assert lookups.begin(tx, "seller", [MAIL], NIGHT, NIGHT + life) == [MAIL]
    for later in (timedelta(), DAY, life - DAY):
        now = NIGHT + later
        with store.transaction() as tx:
            assert lookups.begin(tx, "seller", [MAIL], now, now + life) == []
    now = NIGHT + life
    with store.transaction() as tx:
        assert lookups.begin(tx, "seller", [MAIL, ONE], now, now + life) == [MAIL, ONE]


def test_asking_again_keeps_what_was_known(store: Store) -> None:
    hear(store, NIGHT, found(MAIL), source="seller")
    with store.transaction() as tx:
        lookups.begin(tx, "seller", [MAIL], NIGHT + DAY, NIGHT + 2 * DAY)
    one = row(store, MAIL, "seller")
    assert one is not None
    assert (one.state, one.answer) == (State.ASKED, "[1]")


def test_sources_know_nothing_of_each_other(store: Store) -> None:
    hear(store, NIGHT, found(ONE))
    assert hear(store, NIGHT, found(ONE), source="other") == [ONE]
    with store.reading() as tx:
        standing, _ = lookups.standing(tx)
    assert (standing.source, standing.keys) == ("cvr", {State.FOUND: 1})
    with store.transaction() as tx:
        assert lookups.forget(tx, "other", 100) == 1
    assert row(store) is not None


def test_money_is_counted_by_source_and_day(store: Store) -> None:
    today = NIGHT.date()
    with store.transaction() as tx:
        calls.pay(tx, "seller", today, "enrich", 250)
        calls.pay(tx, "seller", today, "enrich", 50)
        assert calls.take(tx, "seller", today, "enrich", 3, day_most=None, job_most=None) == 3
    with store.reading() as tx:
        assert calls.paid(tx, "seller", today) == 300
        assert calls.paid(tx, "seller", today + DAY) == 0
        assert calls.used(tx, "seller", today)[calls.TOTAL] == 3


def test_what_is_not_good_any_more_goes_after_its_time_and_what_may_not_be_kept_at_once(
    store: Store,
) -> None:
    with store.transaction() as tx:
        lookups.settle(tx, "cvr", [found(ONE)], NIGHT, terms(NIGHT))
        lookups.settle(tx, "cvr", [found(TWO)], NIGHT, terms(NIGHT, kept=NIGHT + 5 * DAY))
    purge_all(store, NIGHT + 6 * DAY, Lifetimes(lookups=30))
    assert row(store, TWO) is None
    assert row(store, ONE) is not None
    purge_all(store, NIGHT + 40 * DAY, Lifetimes(lookups=30))
    assert row(store, ONE) is None


def test_a_person_who_is_erased_was_never_asked_about(store: Store) -> None:
    hear(store, NIGHT, found(MAIL), found(ONE))
    with store.transaction() as tx:
        assert lookups.erase(tx, [MAIL]) == 1
    assert row(store, MAIL) is None
    assert row(store, ONE) is not None


def test_a_licence_ends_when_it_ends_however_often_nothing_was_answered_since(store: Store) -> None:
    def heard(at: datetime, one: Heard) -> None:
        with store.transaction() as tx:
            lookups.settle(tx, "lasso", [one], at, terms(at, kept=at + 5 * DAY))

    heard(NIGHT, found(ONE))
    heard(NIGHT + 4 * DAY, Heard(ONE, State.UNKNOWN, life=90 * DAY))
    purge_all(store, NIGHT + 4 * DAY, Lifetimes())
    assert row(store, source="lasso") is not None
    purge_all(store, NIGHT + 6 * DAY, Lifetimes())
    assert row(store, source="lasso") is None
    heard(NIGHT, found(ONE))
    heard(NIGHT + 4 * DAY, found(ONE))
    purge_all(store, NIGHT + 6 * DAY, Lifetimes())
    assert row(store, source="lasso") is not None
