"""The columns of a list that say no, and how its people write that there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Final

from connectors.files.rows import Flaw, Row
from connectors.flags import CHANNELS
from connectors.protocol import Column
from rules.flags import Flag
from rules.opt_out_words import Meaning, is_date_like, named_channels, opt_out_meaning

USUAL: Final = "ja"
"""Where nobody has said no yet."""


def flags_of(columns: Sequence[Column], rows: Sequence[Row]) -> tuple[Flag, ...]:
    """One for each such column. `rows` are some of the list: most columns have one word for it."""
    found: dict[str, Flag] = {}
    for at, column in enumerate(columns):
        field = column.canonical or ""
        if field in CHANNELS and field not in found and column.writable:
            found[field] = Flag(field, CHANNELS[field], _word(at, rows), field == "opt_out")
    return tuple(found.values())


def _word(at: int, rows: Sequence[Row]) -> str:
    """How the cells of a column most often say yes, dates and names of channels left aside."""
    cells = [row[at].strip() for row in rows if not isinstance(row, Flaw) and at < len(row)]
    words = Counter(
        cell
        for cell in cells
        if cell
        and opt_out_meaning(cell) is Meaning.YES
        and not is_date_like(cell)
        and not named_channels(cell)
    )
    return words.most_common(1)[0][0] if words else USUAL
