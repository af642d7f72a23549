"""Merged, converted and re-created records: every chain ends, and what was heard last wins."""

from datetime import UTC, datetime

import pytest
import sqlalchemy as sa
from databases import rolled_back
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rules.records import Kind
from state import redirects
from state.store import Store
from state.tables import redirects as table

NOW = datetime(2026, 11, 24, tzinfo=UTC)
IDS = "abcdef"


def test_a_chain_is_followed_to_its_end(store: Store) -> None:
    with store.transaction() as tx:
        for old, new in ("ab", "bc", "cd", "xd"):
            redirects.record(tx, "salesforce", Kind.CONTACT, old, new, NOW)
        found = redirects.resolve(tx, "salesforce", Kind.CONTACT, "abcdxy")
    assert found == {**dict.fromkeys("abcdx", "d"), "y": "y"}


def test_systems_and_kinds_do_not_mix(store: Store) -> None:
    with store.transaction() as tx:
        redirects.record(tx, "salesforce", Kind.CONTACT, "a", "b", NOW)
        assert redirects.resolve(tx, "salesforce", Kind.LEAD, "a") == {"a": "a"}
        assert redirects.resolve(tx, "hubspot", Kind.CONTACT, "a") == {"a": "a"}


def test_a_merge_that_was_made_the_other_way_round_afterwards(store: Store) -> None:
    with store.transaction() as tx:
        redirects.record(tx, "s", Kind.CONTACT, "a", "b", NOW)
        redirects.record(tx, "s", Kind.CONTACT, "b", "a", NOW)
        assert redirects.resolve(tx, "s", Kind.CONTACT, "ab") == {"a": "a", "b": "a"}


def test_a_record_is_not_redirected_to_itself(store: Store) -> None:
    with store.transaction() as tx, pytest.raises(ValueError, match="itself"):
        redirects.record(tx, "s", Kind.CONTACT, "a", "a", NOW)


def test_a_circle_in_the_table_does_not_hang(store: Store) -> None:
    with store.transaction() as tx:
        row = {"system": "s", "kind": "contact", "seen_at": NOW}
        tx.execute(sa.insert(table), [row | {"old_id": o, "new_id": n} for o, n in ("ab", "ba")])
        found = redirects.resolve(tx, "s", Kind.CONTACT, "abc")
    assert found == {"a": "a", "b": "b", "c": "c"}


def test_more_ids_than_one_statement_may_hold(store: Store) -> None:
    with store.transaction() as tx:
        redirects.record(tx, "s", Kind.CONTACT, "1", "2", NOW)
        found = redirects.resolve(tx, "s", Kind.CONTACT, [str(n) for n in range(40_000)])
    assert found["1"] == "2"
    assert len(found) == 40_000


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(
    merges=st.lists(
        st.tuples(st.sampled_from(IDS), st.sampled_from(IDS)).filter(lambda m: m[0] != m[1]),
        max_size=12,
    )
)
def test_after_any_merges_every_chain_ends(store: Store, merges: list[tuple[str, str]]) -> None:
    with rolled_back(store) as tx:
        for old, new in merges:
            before = redirects.resolve(tx, "s", Kind.CONTACT, IDS)
            redirects.record(tx, "s", Kind.CONTACT, old, new, NOW)
            after = redirects.resolve(tx, "s", Kind.CONTACT, IDS)
            assert after[old] == after[new]
            assert all(after[end] == end for end in after.values())
            touched = {before[old], before[new]}
            assert all(after[i] == before[i] for i in IDS if before[i] not in touched)
