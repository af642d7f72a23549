"""Danish phone cells: ours, and the phone library alone, in turns in one process.

python phones_alone.py FILE       prints cells, our seconds, its seconds, share of the quick way

The cells are those that we read as a Danish number. The library parses,
validates and formats, which is what it takes to get the same. Seconds of processor time.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import phonenumbers
from rules_alone import records

from rules.formats import phone
from rules.private import PHONE_FIELDS

TURN: Final = 2_000


def cells(path: Path) -> list[str]:
    """The Danish ones among the phone cells of a list."""
    every = [record.values.get(field) for record in records(path) for field in PHONE_FIELDS]
    filled = [cell for cell in every if isinstance(cell, str)]
    return [cell for cell in filled if (phone.phone(cell).value or "").startswith("+45")]


def by_library(cell: str) -> str | None:
    """E.164 as the library has it; None when it is no valid number."""
    try:
        number = phonenumbers.parse(cell, "DK")
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def took(what: Callable[[str], object], some: Sequence[str]) -> float:
    """Seconds."""
    begin = time.process_time()
    for cell in some:
        what(cell)
    return time.process_time() - begin


def is_quick(cell: str) -> bool:
    """Whether a cell is read without the long way."""
    guess = phone.usual(cell, "DK")
    return phone.settled(cell) or (guess is not None and phone.settled(guess[0]))


def main() -> None:
    """In turns, so that both meet the machine in the same mood."""
    every = cells(Path(sys.argv[1]))
    ours = theirs = 0.0
    for at in range(0, len(every), TURN):
        some = every[at : at + TURN]
        ours += took(phone.phone, some)
        theirs += took(by_library, some)
    print(len(every), ours, theirs, sum(map(is_quick, every)) / len(every))


if __name__ == "__main__":
    main()
