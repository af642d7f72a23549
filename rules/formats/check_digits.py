"""Modulus 11 of the CVR number, looked up instead of computed. Not the format: that is `cvr`."""

from __future__ import annotations

from functools import cache


def passes(text: str) -> bool:
    """Whether it is eight digits, first not 0, that pass modulus 11 (weights 2 7 6 5 4 3 2 1)."""
    first, second = _halves()
    return len(text) == 8 and first.get(text[:4]) == second.get(text[4:], -1)


@cache
def _halves() -> tuple[dict[str, int], dict[str, int]]:
    """What four digits come to as the first half of a number, and what it takes before them as
    the second half."""
    first, second = (2, 7, 6, 5), (4, 3, 2, 1)
    fours = [f"{number:04}" for number in range(10_000)]
    return (
        {four: _weighed(four, first) % 11 for four in fours if four[0] != "0"},
        {four: -_weighed(four, second) % 11 for four in fours},
    )


def _weighed(digits: str, weights: tuple[int, ...]) -> int:
    return sum(int(digit) * weight for digit, weight in zip(digits, weights, strict=True))
