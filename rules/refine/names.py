"""Names found by their words: which of many may bear a name, in memory, by numbers alone.

Holds words and numbers, no names; whoever is found is read from where it stands. A word of a slip of
the keyboard is found among those that begin alike.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, insort
from collections import Counter
from collections.abc import Iterator
from difflib import get_close_matches
from typing import Final

from rules.matching import company_words

_COMMON: Final = 2000
"""A word of more names than this (`dansk`) finds nobody by itself."""
_BEGINS: Final = 2
_CLOSE: Final = 0.8
_MOST_NEAR: Final = 5


class Names:
    """The words of companies' names, and the numbers of those that bear them."""

    def __init__(self) -> None:
        self._bearers: dict[str, array[int]] = {}
        self._sorted: list[str] = []

    def __len__(self) -> int:
        return len(self._sorted)

    def add(self, number: int, name: str) -> None:
        """`number` bears the name; once more does no harm."""
        for word in self._words(name):
            bearers = self._bearers.get(word)
            if bearers is None:
                bearers = self._bearers[word] = array("q")
                insort(self._sorted, word)
            if not bearers or bearers[-1] != number:
                bearers.append(number)

    def like(self, name: str, most: int) -> list[int]:
        """Up to `most` numbers whose names share words with this one, the most and rarest first."""
        weights: Counter[int] = Counter()
        for word in self._words(name):
            for near in [word] if word in self._bearers else self._near(word):
                bearers = self._bearers[near]
                if len(bearers) <= _COMMON:
                    for number in bearers:
                        weights[number] += 1 + _COMMON // len(bearers)
        ranked = sorted(weights, key=lambda number: (-weights[number], number))
        return ranked[:most]

    def exactly(self, word: str) -> list[int]:
        """The numbers that bear this one word: a number, a domain."""
        return list(self._bearers.get("".join(company_words(word)), ()))

    def beginning(self, prefix: str, most: int) -> list[int]:
        """Up to `most` numbers with the words of `prefix`, of which the last may go on."""
        words = list(company_words(prefix))
        if not words:
            return []
        *whole, begun = words
        found: dict[int, None] = {}
        for word in self._from(begun):
            found.update(dict.fromkeys(self._bearers[word]))
            if len(found) > _COMMON:
                break
        for word in whole:
            bearers = set(self._bearers.get(word, ()))
            found = {number: None for number in found if number in bearers}
        return list(found)[:most]

    def _words(self, name: str) -> set[str]:
        """Its words, and all of them together: one writes in one word what another writes in two."""
        words = company_words(name)
        return {*words, "".join(words)} - {""}

    def _from(self, begun: str) -> Iterator[str]:
        for at in range(bisect_left(self._sorted, begun), len(self._sorted)):
            if not self._sorted[at].startswith(begun):
                return
            yield self._sorted[at]

    def _near(self, word: str) -> list[str]:
        if len(word) <= _BEGINS + 1:
            return []
        some = [one for one in self._from(word[:_BEGINS]) if abs(len(one) - len(word)) <= 2]
        return get_close_matches(word, some, _MOST_NEAR, _CLOSE)
