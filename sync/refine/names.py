"""Names found by their words: which of many may bear a name, by numbers alone.

Holds words and numbers in a database of its own, without a name in any folder, that is gone with the
process and takes the same memory for half a million companies as for ten. Whoever is found is read
from where it stands. A word with a slip of the keyboard is found among those that begin alike.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from typing import Final

from rules.matching import company_words

_COMMON: Final = 2000
"""A word of more names than this (`dansk`) finds nobody by itself."""
_BEGINS: Final = 3
_CLOSE: Final = 0.8
_MOST_NEAR: Final = 5
_MOST_ALIKE: Final = 3000
"""So many words that begin alike are looked through."""
_LAST: Final = "\U0010ffff"


class Names:
    """The words of companies' names, and the numbers of those that bear them. For one thread at a time."""

    def __init__(self) -> None:
        self._tx = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        self._tx.execute("PRAGMA journal_mode = OFF")
        self._tx.execute("PRAGMA cache_size = -8000")
        self._tx.execute(
            "CREATE TABLE bearers (word TEXT, number INTEGER, PRIMARY KEY (word, number))"
            " WITHOUT ROWID"
        )
        self.close = self._tx.close

    def add(self, named: Iterable[tuple[int, Iterable[str]]]) -> None:
        """These numbers bear these names; once more does no harm."""
        rows = {
            (word, number) for number, names in named for name in names for word in _words(name)
        }
        self._tx.execute("BEGIN")
        self._tx.executemany("INSERT OR IGNORE INTO bearers VALUES (?, ?)", sorted(rows))
        self._tx.execute("COMMIT")

    def like(self, name: str, most: int) -> list[int]:
        """Up to `most` numbers whose names share words with this one, the most and rarest first."""
        weights: Counter[int] = Counter()
        for word in _words(name):
            bearers = self._bearers(word)
            found = [bearers] if bearers else map(self._bearers, self._near(word))
            for some in found:
                if len(some) <= _COMMON:
                    for number in some:
                        weights[number] += 1 + _COMMON // len(some)
        ranked = sorted(weights, key=lambda number: (-weights[number], number))
        return ranked[:most]

    def exactly(self, word: str, most: int) -> list[int]:
        """Up to `most` numbers that bear this one word: a number, a domain."""
        return self._bearers("".join(company_words(word)))[:most]

    def beginning(self, prefix: str, most: int) -> list[int]:
        """Up to `most` numbers with the words of `prefix`, of which the last may go on."""
        words = company_words(prefix)
        if not words:
            return []
        *whole, begun = words
        also = " AND number IN (SELECT number FROM bearers WHERE word = ?)" * len(whole)
        query = f"SELECT DISTINCT number FROM bearers WHERE word >= ? AND word < ?{also} LIMIT ?"  # noqa: S608
        return self._column(query, (begun, begun + _LAST, *whole, most))

    def _bearers(self, word: str) -> list[int]:
        query = "SELECT number FROM bearers WHERE word = ? LIMIT ?"
        return self._column(query, (word, _COMMON + 1))

    def _near(self, word: str) -> list[str]:
        if len(word) <= _BEGINS:
            return []
        begun = word[:_BEGINS]
        query = (
            "SELECT DISTINCT word FROM bearers WHERE word >= ? AND word < ?"
            " AND length(word) BETWEEN ? AND ? LIMIT ?"
        )
        long = len(word)
        some = self._tx.execute(
            query, (begun, begun + _LAST, long - 2, long + 2, _MOST_ALIKE)
        ).fetchall()
        return get_close_matches(word, [one for (one,) in some], _MOST_NEAR, _CLOSE)

    def _column(self, query: str, values: Sequence[object]) -> list[int]:
        return [number for (number,) in self._tx.execute(query, values)]


def _words(name: str) -> set[str]:
    """Its words, and all of them together: one writes in one word what another writes in two."""
    words = company_words(name)
    return {*words, "".join(words)} - {""}
