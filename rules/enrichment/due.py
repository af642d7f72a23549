"""What comes first when there is not enough for all: what was never asked, what is old, what has most
to gain. Pure; who asks, and for how much, is decided elsewhere.
"""

from __future__ import annotations

from typing import Final

NEVER: Final = 366
"""What was never asked counts as a day older than the oldest answer that makes a difference."""
MOST_FIELDS: Final = 50
A_FIELD: Final = 10
"""An empty field that the source may fill is worth as much as ten days of age."""


def worth(empty: int, days: int | None) -> int:
    """How much it is worth to ask now, from 0: `empty` fields may be filled, the last answer is `days`
    old (None: there is none)."""
    age = NEVER if days is None else min(max(days, 0), NEVER - 1)
    return age + A_FIELD * min(empty, MOST_FIELDS)
