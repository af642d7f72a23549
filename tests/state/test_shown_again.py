"""A record that a reading shows a second time: changed meanwhile, or an id that stands twice."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from rules.records import Kind, Record, Ref
from state import cursors, merging, mirror
from state.cursors import Lease
from state.store import Store

NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)


def shown(version: str, name: str, place: int | None = None) -> Record:
    return Record(Ref("crm", Kind.CONTACT, "1"), version, {"full_name": name}, place)


@pytest.fixture
def lease(store: Store) -> Lease:
    with store.transaction() as tx:
        return cursors.take(tx, "crm", "people", Kind.CONTACT, holder="one", now=NOW)


def merge(store: Store, lease: Lease, *records: Record) -> Any:
    with store.transaction() as tx:
        return merging.merge(tx, lease, records, NOW)


def names(store: Store) -> list[Any]:
    with store.reading() as tx:
        found = [mirror.find(tx, Ref("crm", Kind.CONTACT, ident)) for ident in ("1", "1~2")]
    return [one and one.record.values["full_name"] for one in found]


@pytest.mark.parametrize("number", [1, 2])
def test_it_was_changed_while_it_was_read_and_what_is_shown_last_holds(
    store: Store, lease: Lease, number: int
) -> None:
    merge(store, lease, shown("a", "Bo"))
    if number == 2:
        lease = replace(lease, pass_no=2)
        merge(store, lease, shown("a", "Bo"))
    merged = merge(store, lease, shown("b", "Bo Hansen"))
    assert names(store) == ["Bo Hansen", None]
    assert not merged.doubles


def test_a_page_that_shows_it_twice_counts_as_its_last_word(store: Store, lease: Lease) -> None:
    merge(store, lease, shown("a", "Bo"), shown("b", "Bo Hansen"))
    assert names(store) == ["Bo Hansen", None]


def test_rows_of_a_list_with_one_id_are_two(store: Store, lease: Lease) -> None:
    merged = merge(store, lease, shown("a", "Bo", 2), shown("b", "Bo Hansen", 3))
    assert names(store) == ["Bo", "Bo Hansen"]
    assert len(merged.doubles) == 1
