"""Values of picklists and yes/no fields, spelled as people read them.

In a file stands a label (`Møde booket`, `Meeting booked`), not our stored value (`meeting_booked`):
whoever opens it filters by what stands there. The language of the cell is kept: a Danish word
becomes the Danish label, an English one the English label, because the list at the other end has
one of them. A value that people read as it is (`A/S`, `DB07`) stays. Our own code counts all three
as one. Words that are evidence of what somebody said (`as_said`) get their capitals and blanks put
right, never another word in their place.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from hashlib import blake2b
from typing import Final

from rules import tables
from rules.fields.field import Choice
from rules.folding import fold, plain
from rules.formats.cells import kept, nothing, spelled, trimmed
from rules.formats.formatted import Formatted

VERSION = 1
_MOST_NAMED: Final = 300
_LONGEST_VALUE: Final = 200
_ALL: Final = "*"
ALL_AS_SAID: Final = frozenset({_ALL})
"""For lists in which no word may stand for another: consent, lawful basis."""


class Picklist:
    """The values of one field, and every way in which they are written.

    `closed`: no other value is right, and another one is reported; an open list takes what comes.
    `as_said` are stored values whose other spellings stay as they were written.
    """

    def __init__(
        self, choices: Sequence[Choice], *, closed: bool, as_said: frozenset[str] = frozenset()
    ) -> None:
        self._closed = closed
        said = repr((tuple(choices), closed, sorted(as_said)))
        self.digest: str = blake2b(said.encode(), digest_size=8).hexdigest()
        """A short hash of the list, for fingerprints: 16 hexadecimal digits."""
        self._labels = {choice.value: choice.da for choice in choices}
        self._values: dict[str, str] = {}
        self._written: dict[str, str] = {}
        doubtful: set[str] = set()
        for choice in choices:
            for word, label in _spellings(choice, as_said):
                self._learn(word, label, choice.value, doubtful)
        for word in doubtful:
            del self._values[word], self._written[word]
        own = {text: choice.value for choice in choices for text in _as_it_stands(choice)}
        self._values |= own
        self.settled: Callable[[str], bool] = own.__contains__

    def _learn(self, word: str, label: str, value: str, doubtful: set[str]) -> None:
        """One folded spelling; the first label counts, and one that two values claim, neither."""
        if self._values.setdefault(word, value) != value:
            doubtful.add(word)
        self._written.setdefault(word, label)

    def value(self, text: str) -> str:
        """The stored value that a cell means; empty when it is none of the list's."""
        return self._values.get(text) or self._values.get(fold(text)) or ""

    def label(self, value: str) -> str:
        """The Danish label of a stored value; empty when the list has no such value."""
        return self._labels.get(value, "")

    @property
    def allowed(self) -> str:
        """The labels, for a finding: some of them when they are many."""
        labels = ", ".join(self._labels.values())
        return labels if len(labels) <= _MOST_NAMED else labels[: _MOST_NAMED - 1] + "…"

    def unsettled(self, text: str) -> Formatted:
        """A cell as the label that it means; what is none is kept, and reported if need be.

        Issues: `choice_unknown` (with the values that are `allowed`). Total, idempotent.
        """
        bare = trimmed(text)
        label = bare if self.settled(bare) else self._label_of(bare)
        if label and label != bare:
            return spelled(label, "reason.choice.label")
        missing = None if label else nothing(text)
        if missing is not None:
            return missing
        if label or not self._closed:
            return spelled(bare, "" if bare == text else "reason.name.blanks")
        return kept(text, "choice_unknown", allowed=self.allowed)

    def _label_of(self, bare: str) -> str:
        """What is written for a trimmed cell; the cell itself where no other word may stand."""
        if len(bare) > _LONGEST_VALUE:
            return ""
        for word in (fold(bare), plain(bare)):
            if word in self._written:
                return self._written[word] or bare
        return ""


def _spellings(choice: Choice, as_said: frozenset[str]) -> Iterator[tuple[str, str]]:
    """(folded spelling, label) of a value, the surest first; no label: the words stay."""
    value = choice.value if _reads_well(choice) else ""
    says = not as_said & {choice.value, _ALL}
    pairs = (
        *([(value, value)] if value else []),
        (choice.da, choice.da),
        (choice.en, choice.en),
        (choice.value, choice.da),
        *((word, value or choice.da) for word in choice.spellings),
        *((word, value or choice.en) for word in choice.english),
    )
    sure = 4 if value else 3
    for place, (word, label) in enumerate(pairs):
        for folded in dict.fromkeys((fold(word), plain(word))):
            if folded:
                yield folded, label if says or place < sure else ""


def _reads_well(choice: Choice) -> bool:
    """Whether the stored value is no code of ours, but what people write (`ApS`, `10-19`)."""
    return choice.value != choice.value.lower() or choice.value == choice.da


def _as_it_stands(choice: Choice) -> Iterator[str]:
    yield from (choice.da, choice.en)
    if _reads_well(choice):
        yield choice.value


# --- yes and no ------------------------------------------------------------------------------------

_YES_NO: Final = frozenset({"Ja", "Nej", "Yes", "No"})
settled_bool = _YES_NO.__contains__
"""A quick look: True only when `yes_no` would leave the cell alone and say nothing."""


def yes_no(text: str) -> Formatted:
    """`Ja` or `Nej`: `x`, `1`, `sand`, `true` and their opposites, too; `yes` becomes `Yes`.

    For plain yes/no fields alone. Consent and opt-out never come here: what they say is for the
    ledger, in the words in which it was said. Issues: `bool_unknown`. Total, idempotent.
    """
    return Formatted(text) if settled_bool(text) else unsettled_bool(text)


@lru_cache(maxsize=4096)
def unsettled_bool(text: str) -> Formatted:
    """`yes_no` without its quick look."""
    word = trimmed(text).lower().rstrip(".!")
    written = tables.pairs("yes_no").get(word)
    if written:
        return spelled(written, "" if written == text else "reason.bool.yes_no")
    return nothing(text) or kept(text, "bool_unknown")
