"""Advertising protection as the register says it: how fresh it must be, and what it does to a record.

Data of a protected company is for no advertising at all (CVR-loven § 19), and the owner may ask for it
any day. So whoever can ask the register does not go by what a list says: an answer counts for a day.
It is no opt-out: it ends when the register lifts it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final, NamedTuple

from rules.spans import COPENHAGEN

FRESH: Final = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Said:
    """What the register answered about a company, and when. `protected` None: nothing. `personal`:
    by its legal form it is a person's own business, and so that person."""

    protected: bool | None = None
    at: datetime | None = None
    personal: bool = False


class Protection(NamedTuple):
    """Whether a company is protected, as of `checked`; None: nobody knows. `personal` as the register
    says it, however old its answer."""

    on: bool | None = None
    checked: date | None = None
    personal: bool = False


def protection(said: Said, now: datetime, on_record: bool | None) -> Protection:  # noqa: FBT001
    """What holds of a company that the register can be asked about.

    A fresh answer decides, whatever the record says. An old one, or none, frees nobody.
    """
    if said.at is not None and now - said.at <= FRESH and said.protected is not None:
        day = said.at.astimezone(COPENHAGEN).date()
        return Protection(said.protected, day, said.personal)
    return Protection(True if said.protected or on_record else None, None, said.personal)
