"""The part of the report that says what a clean-up is worth (R91): calls, talks, meetings.

Contact and booking rate are the user's own when there is a call log with calls enough; else they
are assumptions from the settings, and say so.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from rules import kpis
from rules.fields.field import PEOPLE
from rules.kpis import CallLog, Share, ToCall
from rules.marks import Marks, Phone
from rules.records import Kind
from state import overview
from state.store import Tx
from sync.report import words
from sync.report.figures import Portion, Rate, WhatIf
from sync.report.measured import Measured
from sync.report.part import Said
from sync.report.quality import PHONES
from sync.settings.model import WhatIf as Assumed


def what_if(
    tx: Tx, measured: Measured, blocked: Sequence[tuple[Marks, int]], assumed: Assumed
) -> WhatIf | None:
    """So many calls to the people on the lists, as they stand and cleaned; None: nobody to call.

    `blocked`: people who opted out of calls, by marks.
    """
    people = _people(tx, measured, blocked)
    if not people.records or not people.after.denominator:
        return None
    log = kpis.call_log(measured.asked({Kind.CALL}).counted)
    reach = Rate(
        name="reach",
        label=words.words("report.what_if.reach"),
        how=words.say("report.what_if.reach.how"),
        source=words.say("report.what_if.source.lists", records=people.records),
        measured=True,
        before=people.before.value or 0.0,
        after=people.after.value or 0.0,
        numerator=people.before.numerator,
        denominator=people.before.denominator,
    )
    contact = _rate("contact", log.contact_rate, assumed.contact_rate, log, assumed.fewest_calls)
    few_talks = max(1, assumed.fewest_calls // 10)
    booking = _rate("booking", log.booking_rate, assumed.booking_rate, log, few_talks)
    return _reckoned(assumed.calls, people, (reach, contact, booking))


def _reckoned(calls: int, people: ToCall, rates: tuple[Rate, Rate, Rate]) -> WhatIf:
    reach, contact, booking = rates
    return WhatIf(
        calls=calls,
        records=people.records,
        portions=tuple(
            Portion(
                name=name,
                label=words.words(f"report.what_if.{name}"),
                records=getattr(people, name),
            )
            for name in ("dialled", "repaired", "useless", "blocked", "repeated")
        ),
        rates=rates,
        talks_before=kpis.meetings(calls, reach.before, contact.before, 1.0),
        talks_after=kpis.meetings(calls, reach.after, contact.after, 1.0),
        meetings_before=kpis.meetings(calls, reach.before, contact.before, booking.before),
        meetings_after=kpis.meetings(calls, reach.after, contact.after, booking.after),
        measured=contact.measured and booking.measured,
    )


def _people(tx: Tx, measured: Measured, blocked: Sequence[tuple[Marks, int]]) -> ToCall:
    by_phone: Counter[Phone] = Counter()
    for marks, records in blocked:
        by_phone[marks.phone] += records
    repeated = measured.doubles["phone"].surplus if measured.doubles else 0
    counted = measured.asked(PEOPLE, any_of=PHONES).counted
    return kpis.to_call(counted, by_phone, repeated, overview.blocked_doubles(tx, "call"))


def _rate(name: str, own: Share, assumed: float, log: CallLog, fewest: int) -> Rate:
    """The log's own rate, when it says enough; the assumption otherwise."""
    measured = own.denominator >= fewest
    value = (own.value or 0.0) if measured else assumed
    return Rate(
        name=name,
        label=words.words(f"report.what_if.{name}"),
        how=words.say(f"report.what_if.{name}.how"),
        source=_source(own, log, fewest, measured=measured),
        measured=measured,
        before=value,
        after=value,
        numerator=own.numerator if measured else None,
        denominator=own.denominator if measured else None,
    )


def _source(own: Share, log: CallLog, fewest: int, *, measured: bool) -> Said:
    if measured:
        return words.say("report.what_if.source.log", calls=log.calls)
    if not log.calls:
        return words.say("report.what_if.source.no_log")
    key = "report.what_if.source.few"
    return words.say(key, count=own.denominator, fewest=fewest)
