"""Many lives, judged by the journals of others; and how often each hostile thing happened in them.

In CI as many as it takes until everything hostile has happened, led to what is lacking. With more
examples (`make nightly`) they are played as they come, and the shares are counted.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from databases import copy_sqlite
from hypothesis import settings
from promises.play import HOSTILE, STEPS, play, table
from promises.world import DATABASE

FEWEST, MOST = 12, 40
"""Lives in CI."""
LIVES = settings.default.max_examples // 4 if settings.default else MOST
# A share of one in a hundred says something from some hundred lives on.
FOR_SHARES = LIVES >= 200


@pytest.mark.slow
def test_nothing_is_broken_in_many_lives_and_each_hostile_thing_happens_often_enough(
    tmp_path: Path, sqlite_prepared: Path
) -> None:
    seen: Counter[str] = Counter()
    for seed in range(LIVES if FOR_SHARES else MOST):
        lacking = [what for what in HOSTILE if not seen[what] and not FOR_SHARES]
        if seed >= FEWEST and not lacking and not FOR_SHARES:
            break
        folder = tmp_path / str(seed)
        (folder / "state").mkdir(parents=True)
        copy_sqlite(sqlite_prepared, folder / "state" / DATABASE)
        seen += play(seed, folder, lacking=lacking).seen
    steps = (seed + 1) * STEPS
    print(table(seen, steps))
    rare = {what: seen[what] for what in HOSTILE if seen[what] < (steps / 100 if FOR_SHARES else 1)}
    assert not rare, rare
