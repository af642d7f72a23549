"""The formulas of the key figures. Pure: counts in, numerator and denominator out.

Every figure is a `Share` that names both of its numbers, so that whoever reads it can count after
us. What is counted are `rules.marks`, each with how many records have them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final, NamedTuple

from rules.marks import CHANNELS, Consent, Marks, Phone

Counted = Iterable[tuple[Marks, int]]
"""Marks, and how many records have them."""


class Share(NamedTuple):
    """`numerator` of `denominator`."""

    numerator: int
    denominator: int

    @property
    def value(self) -> float | None:
        """From 0 to 1; None when there is nothing to have a share of."""
        return self.numerator / self.denominator if self.denominator else None


# --- people ----------------------------------------------------------------------------------


def with_phone(counted: Counted) -> tuple[Share, Share]:
    """Records with a number that can be dialled: as it stands, and once repaired."""
    phones = _by_phone(counted)
    everybody = sum(phones.values())
    dialled = phones[Phone.DIALLED]
    return Share(dialled, everybody), Share(dialled + phones[Phone.REPAIRED], everybody)


def titled(counted: Counted) -> tuple[Share, Share]:
    """Records with both title and function: as they stand, and once repaired."""
    before = after = everybody = 0
    for marks, records in counted:
        everybody += records
        before += records * marks.titled_before
        after += records * marks.titled
    return Share(before, everybody), Share(after, everybody)


_GROUNDS: Final = {
    "call": frozenset({"legitimate_interest", "contract", "existing_customer"}),
    "email": frozenset({"existing_customer"}),
    "sms": frozenset({"existing_customer"}),
}


def is_permitted(marks: Marks, channel: str) -> bool:
    """Whether the record itself gives a ground for contact on the channel; opt-outs aside.

    A documented consent does. So does, for a call to somebody at a company, a stated basis (GDPR
    art. 6(1)(b) and (f)); for electronic mail, text messages among it, only the exception for
    existing customers (markedsføringsloven § 10, stk. 2). A no on the channel takes it away. A
    basis "consent" without the consent is none.
    """
    consent = marks.consents[CHANNELS.index(channel)]
    if consent is Consent.NO:
        return False
    return consent is Consent.DOCUMENTED or marks.basis in _GROUNDS[channel]


def permitted(counted: Counted, channel: str) -> Share:
    """Records with a valid basis or consent for the channel (R85)."""
    good = everybody = 0
    for marks, records in counted:
        everybody += records
        good += records * is_permitted(marks, channel)
    return Share(good, everybody)


def consents(counted: Counted, channel: str) -> dict[Consent, int]:
    """How many records say what about one channel."""
    place = CHANNELS.index(channel)
    found: Counter[Consent] = Counter()
    for marks, records in counted:
        found[marks.consents[place]] += records
    return {consent: found[consent] for consent in Consent}


# --- age -------------------------------------------------------------------------------------

YEAR: Final = 365
BANDS: Final = (("3", 91), ("6", 182), ("12", YEAR), ("24", 2 * YEAR), ("older", None))
"""Months as people say it -> the greatest age in days."""


def ages(days: Mapping[date | None, int], today: date) -> dict[str, int]:
    """Records by age of their last check: the bands, then "future" and "unknown"."""
    found = {name: 0 for name, _ in BANDS} | {"future": 0, "unknown": 0}
    for day, records in days.items():
        found[band(day, today)] += records
    return found


def band(day: date | None, today: date) -> str:
    """The band that a day falls into."""
    if day is None:
        return "unknown"
    if day > today:
        return "future"
    age = today - day
    return next(name for name, most in BANDS if most is None or age <= timedelta(days=most))


def older(days: Mapping[date | None, int], today: date, limit_days: int = YEAR) -> Share:
    """Records last checked longer ago than the limit, of those whose day is known."""
    known = {day: n for day, n in days.items() if day is not None and day <= today}
    limit = today - timedelta(days=limit_days)
    return Share(sum(n for day, n in known.items() if day < limit), sum(known.values()))


# --- 500 calls -------------------------------------------------------------------------------

REACHED: Final = frozenset(
    {
        "meeting_booked", "call_back", "send_information", "not_interested", "no_need",
        "existing_customer", "opt_out",
    }
)  # fmt: skip
"""Outcomes of a talk with the right person. The switchboard, a machine, a wrong person are none."""

BOOKED: Final = frozenset({"meeting_booked"})
WASTED: Final = frozenset({"wrong_number"})
_NOT_A_CALL: Final = frozenset({"held", "no_show", "cancelled", ""})
"""Outcomes of meetings, and no outcome at all."""


class CallLog(NamedTuple):
    """Outgoing calls with an outcome: all, to a number of use, talks, meetings booked."""

    calls: int
    usable: int
    talks: int
    booked: int

    @property
    def contact_rate(self) -> Share:
        """Talks with the right person, of calls to a number of use."""
        return Share(self.talks, self.usable)

    @property
    def booking_rate(self) -> Share:
        """Meetings booked, of talks."""
        return Share(self.booked, self.talks)


def call_log(counted: Counted) -> CallLog:
    """What a call log comes to. Incoming calls and calls without an outcome are left out."""
    calls = usable = talks = booked = 0
    for marks, records in counted:
        if marks.inbound or marks.outcome in _NOT_A_CALL:
            continue
        calls += records
        if marks.outcome in WASTED:
            continue
        usable += records
        talks += records * (marks.outcome in REACHED)
        booked += records * (marks.outcome in BOOKED)
    return CallLog(calls, usable, talks, booked)


@dataclass(frozen=True, slots=True)
class ToCall:
    """Who would be called: every record in which something stands for a phone number.

    records = dialled + repaired + useless + blocked + repeated. Blocked are those of the first two
    who said no to calls; repeated are those whose number stands on an earlier record.
    """

    dialled: int
    repaired: int
    useless: int
    blocked: int
    repeated: int

    @property
    def records(self) -> int:
        """All of them."""
        return self.dialled + self.repaired + self.useless + self.blocked + self.repeated

    @property
    def before(self) -> Share:
        """The share of calls that reach a number of use, when all are called as they stand."""
        return Share(self.dialled, self.records)

    @property
    def after(self) -> Share:
        """The same when repairs are made and the others are left off the list."""
        good = self.dialled + self.repaired
        return Share(good, good)


def to_call(
    counted: Counted, blocked: Mapping[Phone, int], repeated: int, repeated_blocked: int
) -> ToCall:
    """`blocked`: who said no to calls, by phone; `repeated`: records beyond the first of a number,
    and how many of these are blocked besides. Repeats are taken from dialled and repaired numbers
    in proportion, because nobody knows which of several records is called first.
    """
    phones = _by_phone(counted)
    dialled = phones[Phone.DIALLED] - blocked.get(Phone.DIALLED, 0)
    repaired = phones[Phone.REPAIRED] - blocked.get(Phone.REPAIRED, 0)
    left = dialled + repaired
    again = min(max(0, repeated - repeated_blocked), left)
    of_dialled = round(again * dialled / left) if left else 0
    return ToCall(
        dialled=dialled - of_dialled,
        repaired=repaired - (again - of_dialled),
        useless=phones[Phone.USELESS],
        blocked=blocked.get(Phone.DIALLED, 0) + blocked.get(Phone.REPAIRED, 0),
        repeated=again,
    )


def _by_phone(counted: Counted) -> Counter[Phone]:
    phones: Counter[Phone] = Counter()
    for marks, records in counted:
        phones[marks.phone] += records
    return phones


def meetings(calls: int, reach: float, contact_rate: float, booking_rate: float) -> float:
    """calls × share to a number of use × contact rate × booking rate (R91)."""
    return calls * reach * contact_rate * booking_rate
