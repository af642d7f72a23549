"""A small share of `make soak`: one short life in each place, and that a soak that was killed goes on."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from soak.__main__ import Soak
from soak.life import PLACES
from soak.lives import LIFE, Share, lived, shares
from soak.witness import Tally

CHANGES = 500


@pytest.mark.parametrize("place", PLACES)
def test_nothing_is_missed_doubled_overwritten_or_lost_in_a_short_life(place: str) -> None:
    _, tally, _, _ = lived(Share(place, 3, CHANGES))
    assert tally.clean, tally.told
    assert tally.changes >= CHANGES
    assert tally.passes > 1
    assert tally.noes


def test_lives_add_up_to_what_was_asked_for() -> None:
    found = shares(1_000_000, list(PLACES), 1)
    assert sum(one.changes for one in found) >= 1_000_000
    assert max(one.changes for one in found) <= LIFE
    assert len(set(found)) == len(found)
    assert {one.place for one in found} == set(PLACES)


def test_a_soak_that_was_killed_goes_on_where_it_was(tmp_path: Path) -> None:
    kept = tmp_path / "out" / "soak.jsonl"
    todo = shares(40_000, ["hubspot"], 1)
    first = Soak(40_000, kept)
    tally = Tally(changes=LIFE)
    tally.seen["merge"] = 3
    first.take(todo[2], tally, 1.0, 50)
    again = Soak(40_000, kept)
    assert again.go_on(list(todo)) == [*todo[:2], *todo[3:]]
    assert again.total.changes == LIFE
    assert again.total.seen == {"merge": 3}
    other = json.loads(kept.read_text()) | {"code": "another program"}
    kept.write_text(json.dumps(other) + "\n")
    assert Soak(40_000, kept).go_on(list(todo)) == todo
