"""Each planted bug breaks a promise within a few lives, and is seen by it."""

from __future__ import annotations

from pathlib import Path

import pytest
from databases import copy_sqlite
from promises.planted import LIKELY, PLANTED
from promises.play import play
from promises.world import DATABASE

MOST_LIVES = 60
"""Lives in which a bug has to show. Without the bug none of them breaks anything."""


def test_the_list_is_long_enough() -> None:
    assert len(PLANTED) >= 20


@pytest.mark.slow
@pytest.mark.parametrize("bug", PLANTED)
def test_a_planted_bug_is_found(
    bug: str, tmp_path: Path, sqlite_prepared: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    PLANTED[bug](monkeypatch)
    for seed in dict.fromkeys((LIKELY.get(bug, 0), *range(MOST_LIVES))):
        folder = tmp_path / str(seed)
        (folder / "state").mkdir(parents=True)
        copy_sqlite(sqlite_prepared, folder / "state" / DATABASE)
        try:
            play(seed, folder)
        except (TypeError, AttributeError):
            # That is a bug which was planted badly, and proves nothing.
            raise
        except Exception as found:  # noqa: BLE001 - a promise may break in many ways
            print(f"{bug}: life {seed}, {type(found).__name__}: {str(found)[:120]}")
            return
    raise AssertionError(f"nobody noticed in {MOST_LIVES} lives that {bug}")
