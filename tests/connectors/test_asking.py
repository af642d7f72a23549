"""How many calls keys take, and how many keys calls reach for."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.sources.source import Asking

DAY = timedelta(days=1)
BATCHES = Asking(batch=100, life=DAY)
SINGLES = Asking(batch=20, life=DAY, calls=0, page=1)
JOBS = Asking(batch=5000, life=DAY, calls=12, page=100)
GRAPHS = Asking(batch=25, life=DAY, calls=1, each=2)


@pytest.mark.parametrize(
    ("how", "keys", "calls"),
    [
        (BATCHES, 0, 0), (BATCHES, 1, 1), (BATCHES, 100, 1), (BATCHES, 101, 2),
        (SINGLES, 4, 4), (SINGLES, 21, 21),
        (GRAPHS, 1, 3), (GRAPHS, 25, 51), (GRAPHS, 26, 54),
        (JOBS, 0, 0), (JOBS, 1, 13), (JOBS, 250, 15), (JOBS, 5000, 62), (JOBS, 5001, 75),
    ],
)  # fmt: skip
def test_so_many_keys_take_so_many_calls(how: Asking, keys: int, calls: int) -> None:
    assert how.calls_for(keys) == calls


@given(st.sampled_from([BATCHES, SINGLES, JOBS, GRAPHS]), st.integers(0, 500))
def test_what_calls_reach_for_fits_into_them_and_no_more_would(how: Asking, calls: int) -> None:
    keys = how.keys_for(calls)
    assert how.calls_for(keys) <= calls
    assert how.calls_for(keys + 1) > calls
