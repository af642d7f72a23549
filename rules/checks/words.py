"""Which value of a picklist a cell means: by value, label or spelling, in Danish or English."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from rules.catalogue import Catalogue
from rules.folding import fold


@lru_cache(maxsize=256)
def spellings(catalogue: Catalogue, name: str) -> Mapping[str, str]:
    """Folded spelling -> stored value, for the picklist `name`; empty when there is none."""
    row = catalogue.get(name)
    return {
        fold(text): choice.value
        for choice in (row.choices if row else ())
        for text in (*choice.spellings, choice.en, choice.da, choice.value)
    }


def meant(catalogue: Catalogue, name: str, text: str) -> str:
    """The stored value that `text` means; the folded text itself when the list has no such value."""
    folded = fold(text)
    return spellings(catalogue, name).get(folded, folded)
