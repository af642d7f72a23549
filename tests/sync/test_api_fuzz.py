"""The API is asked what its description allows and what it does not: a share of `make fuzz`."""

from __future__ import annotations

from pathlib import Path

from fuzzing import fuzzed

from sync.web.ways import WAYS


def test_whatever_is_asked_the_answer_is_described_and_whoever_may_not_is_told_nothing(
    tmp_path: Path,
) -> None:
    telling = [way for way in WAYS if way.takes]
    with fuzzed(tmp_path) as one:
        for way in telling:
            one.way(way, examples=3, seeded=20_261_126)
    assert {200, 404, 422} <= one.answers.keys()
    assert one.answers.total() >= len(telling)
