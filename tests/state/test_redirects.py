"""Merged, converted and re-created records: every chain ends, and what was heard last wins."""

from collections.abc import Iterable
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa
from databases import rolled_back
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rules.records import Kind, Redirect, Ref
from state import redirects
from state.store import Store, Tx
from state.tables import redirects as table

NOW = datetime(2026, 11, 24, tzinfo=UTC)
IDS = "abcdef"


def ref(ident: str, kind: Kind = Kind.CONTACT, system: str = "s") -> Ref:
    return Ref(system, kind, ident)


def record(tx: Tx, *ways: str) -> list[str]:
    told = redirects.record(tx, [Redirect(ref(old), ref(new)) for old, new in ways], NOW)
    return [way.old.id + way.new.id for way in told]


def ends(tx: Tx, ids: Iterable[str]) -> dict[str, str]:
    found = redirects.resolve(tx, [ref(one) for one in ids])
    return {old.id: new.id for old, new in found.items()}


def leading(tx: Tx, ids: Iterable[str]) -> dict[str, set[str]]:
    found = redirects.leading_to(tx, [ref(one) for one in ids])
    return {new.id: {old.id for old in olds} for new, olds in found.items()}


def test_a_chain_is_followed_to_its_end_and_back(store: Store) -> None:
    with store.transaction() as tx:
        record(tx, "ab", "bc")
        record(tx, "cd", "xd")
        assert ends(tx, "abcdxy") == {**dict.fromkeys("abcdx", "d"), "y": "y"}
        assert leading(tx, "dcy") == {"d": set("abcx"), "c": set("ab")}


def test_only_news_is_told(store: Store) -> None:
    with store.transaction() as tx:
        assert record(tx, "ab", "xd") == ["ab", "xd"]
        assert record(tx, "ab", "xe", "yy") == ["xe"]
        assert ends(tx, "axy") == {"a": "b", "x": "e", "y": "y"}


def test_systems_and_kinds_do_not_mix(store: Store) -> None:
    with store.transaction() as tx:
        record(tx, "ab")
        others = [ref("a", Kind.LEAD), ref("a", system="hubspot")]
        assert redirects.resolve(tx, others) == {one: one for one in others}
        assert redirects.any_of(tx, "s")
        assert not redirects.any_of(tx, "hubspot")


def test_a_lead_may_become_a_contact(store: Store) -> None:
    lead = ref("l", Kind.LEAD)
    with store.transaction() as tx:
        redirects.record(tx, [Redirect(lead, ref("a")), Redirect(ref("a"), ref("b"))], NOW)
        assert redirects.resolve(tx, [lead]) == {lead: ref("b")}
        assert set(redirects.leading_to(tx, [ref("b")])[ref("b")]) == {lead, ref("a")}


def test_a_merge_that_was_made_the_other_way_round_afterwards(store: Store) -> None:
    with store.transaction() as tx:
        record(tx, "ab")
        record(tx, "ba")
        assert ends(tx, "ab") == {"a": "a", "b": "a"}


def test_a_record_that_lives_again_leads_nowhere(store: Store) -> None:
    with store.transaction() as tx:
        record(tx, "ab", "bc")
        assert redirects.forget(tx, [ref("a"), ref("y")]) == 1
        assert ends(tx, "ab") == {"a": "a", "b": "c"}


@pytest.mark.parametrize("ways", [["ab", "ba"], ["ab", "bc", "ca"]])
def test_a_circle_in_the_table_does_not_hang(store: Store, ways: list[str]) -> None:
    row = {"system": "s", "kind": "contact", "new_kind": "contact", "seen_at": NOW}
    with store.transaction() as tx:
        tx.execute(sa.insert(table), [row | {"old_id": o, "new_id": n} for o, n in ways])
        assert ends(tx, "abd") == {"a": "a", "b": "b", "d": "d"}
        assert leading(tx, "a")["a"] == {old for old, _ in ways} - {"a"}


def test_more_ids_than_one_statement_may_hold(store: Store) -> None:
    with store.transaction() as tx:
        redirects.record(tx, [Redirect(ref("1"), ref("2"))], NOW)
        found = redirects.resolve(tx, [ref(str(n)) for n in range(40_000)])
    assert found[ref("1")] == ref("2")
    assert len(found) == 40_000


_WAYS = st.tuples(st.sampled_from(IDS), st.sampled_from(IDS)).filter(lambda m: m[0] != m[1])


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(merges=st.lists(_WAYS, max_size=12))
def test_after_any_merges_every_chain_ends(store: Store, merges: list[tuple[str, str]]) -> None:
    with rolled_back(store) as tx:
        for old, new in merges:
            before = ends(tx, IDS)
            record(tx, old + new)
            after = ends(tx, IDS)
            assert after[old] == after[new]
            assert all(after[end] == end for end in after.values())
            touched = {before[old], before[new]}
            assert all(after[i] == before[i] for i in IDS if before[i] not in touched)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(merges=st.lists(_WAYS, max_size=8, unique_by=lambda merge: merge[0]))
def test_told_at_once_or_one_by_one_is_the_same(
    store: Store, merges: list[tuple[str, str]]
) -> None:
    with rolled_back(store) as tx:
        for old, new in merges:
            record(tx, old + new)
        one_by_one = ends(tx, IDS)
    with rolled_back(store) as tx:
        record(tx, *(old + new for old, new in merges))
        assert ends(tx, IDS) == one_by_one
