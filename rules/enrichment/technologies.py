"""Products that a company uses, as the kinds of technology that a customer's list names."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from typing import Final

from rules import tables
from rules.fields.field import Choice
from rules.folding import fold

_NONE: Final = "none"
"""That nothing is known is no technology."""


def listed(products: Iterable[str], choices: Sequence[Choice]) -> str:
    """The first of `choices` that one of these products is, or belongs to; empty when none is.

    The order is that of the list: what matters most to whoever made it stands first.
    """
    kinds = _kinds()
    used = {word for one in products for word in (fold(one), kinds.get(fold(one), "")) if word}
    for choice in choices:
        words = {choice.value, *map(fold, (choice.value, choice.da, choice.en, *choice.spellings))}
        if choice.value != _NONE and not used.isdisjoint(words):
            return choice.da
    return ""


@cache
def _kinds() -> dict[str, str]:
    """The kind of each product that we know."""
    return {fold(product): kind for product, kind in tables.pairs("technologies").items()}
