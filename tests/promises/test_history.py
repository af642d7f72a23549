"""Many lives, judged by the journals of others; and how often each hostile thing happened in them."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from databases import copy_sqlite
from hypothesis import settings
from promises.play import HOSTILE, STEPS, play, table
from promises.world import DATABASE

LIVES = max(40, settings.default.max_examples // 4) if settings.default else 40
ENOUGH_FOR_SHARES = 200


@pytest.mark.slow
def test_nothing_is_broken_in_many_lives_and_each_hostile_thing_happens_often_enough(
    tmp_path: Path, sqlite_prepared: Path
) -> None:
    seen: Counter[str] = Counter()
    for seed in range(LIVES):
        folder = tmp_path / str(seed)
        (folder / "state").mkdir(parents=True)
        copy_sqlite(sqlite_prepared, folder / "state" / DATABASE)
        seen += play(seed, folder).seen
    steps = LIVES * STEPS
    print(table(seen, steps))
    # A share of one in a hundred says something from some hundred lives on; here each must occur.
    least = steps / 100 if LIVES >= ENOUGH_FOR_SHARES else 1
    rare = {what: seen[what] for what in HOSTILE if seen[what] < least}
    assert not rare, rare
