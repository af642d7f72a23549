"""What was shown of the time that the next reading covers once more. Pure.

By id, `seconds/what`: when a record was changed, in seconds since 1970, and what it held.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

MOST_KEPT: Final = 10_000
"""After an import there are more: these are shown again."""


def noted(seconds: int, what: str) -> str:
    """How a record is remembered."""
    return f"{seconds}/{what}"


def newest(seen: Mapping[str, str], since: int) -> dict[str, str]:
    """Those that were changed since then, the newest of them where they are too many."""
    times = {ident: int(known.partition("/")[0]) for ident, known in seen.items()}
    kept = {ident: known for ident, known in seen.items() if times[ident] >= since}
    if len(kept) > MOST_KEPT:
        last = sorted(kept, key=lambda ident: (times[ident], ident))[-MOST_KEPT:]
        kept = {ident: kept[ident] for ident in last}
    return kept
