"""The parts of the report about how the data stand: age, doubles, consents and lawful bases."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Final

from rules import kpis
from rules.catalogue import Catalogue
from rules.fields.choices import LAWFUL_BASIS
from rules.fields.field import PARTIES, PEOPLE
from rules.marks import CHANNELS, Consent, Marks
from state.membership import Counted
from sync.report import words
from sync.report.figures import (
    Across,
    AgeBand,
    BasisCount,
    ChannelPermission,
    DataAge,
    Doubles,
    Permissions,
)
from sync.report.measured import Measured
from sync.report.part import Words

# --- age -------------------------------------------------------------------------------------


def age(measured: Measured, catalogue: Catalogue, today: date) -> DataAge:
    """How long ago the data of companies and people were checked; unknown stays unknown."""
    days, not_asked = measured.last_checked(PARTIES)
    field = catalogue.get("data_checked_at")
    limit = (field.max_age_days if field else None) or kpis.YEAR
    old = kpis.older(days, today, limit)
    return DataAge(
        bands=tuple(
            AgeBand(
                name=name,
                label=words.words(f"report.age.{name}"),
                records=records,
                old=_is_old(name, limit),
            )
            for name, records in kpis.ages(days, today).items()
        ),
        known=old.denominator,
        old=old.numerator,
        limit_days=limit,
        not_asked=not_asked,
    )


def _is_old(name: str, limit: int) -> bool:
    """Whether everything in a band is past the limit."""
    starts = dict(zip([band for band, _ in kpis.BANDS], [0, *_ENDS], strict=False))
    return name in starts and starts[name] >= limit


_ENDS: Final = tuple(most for _, most in kpis.BANDS if most is not None)

# --- doubles ---------------------------------------------------------------------------------

KEYS: Final = ("site", "cvr", "email", "phone", "main_phone")


def doubles(measured: Measured) -> tuple[Doubles, ...]:
    """By key, in the order in which they tell (R50)."""
    known = measured.doubles or {}
    return tuple(
        Doubles(
            key=key,
            label=words.words(f"report.double.{key}"),
            how=words.words(f"report.double.{key}.how"),
            groups=known[key].groups,
            surplus=known[key].surplus,
        )
        for key in KEYS
        if key in known
    )


def across(counted: Sequence[Counted]) -> tuple[Across, ...]:
    """Who stands in several lists; of nobody nothing is said."""
    return tuple(
        Across(
            kind=one.kind.value,
            label=words.words(f"report.across.{one.kind.value}"),
            parties=one.parties,
            in_systems=one.in_systems,
            records=one.records,
        )
        for one in counted
        if one.parties
    )


# --- consents and bases ----------------------------------------------------------------------


Blocked = Mapping[str, Sequence[tuple[Marks, int]]]
"""Channel -> people who opted out of it, by marks."""


def permissions(measured: Measured, blocked: Blocked) -> Permissions:
    """What people said about each channel, and whom it may be used with."""
    bases = measured.asked(PEOPLE, ("lawful_basis",))
    counted: Counter[str] = Counter()
    for marks, records in bases.counted:
        counted[marks.basis] += records
    return Permissions(
        people=measured.of_kinds(PEOPLE),
        channels=tuple(_channel(measured, one, blocked[one]) for one in CHANNELS),
        bases=tuple(
            BasisCount(value=value, label=label, records=counted[value])
            for value, label in _BASES.items()
            if counted[value] or not value
        )
        if bases.records
        else (),
        bases_not_asked=bases.not_asked,
    )


_BASES: Final[Mapping[str, Words]] = {
    **{one.value: Words(da=one.da, en=one.en) for one in LAWFUL_BASIS},
    "other": words.words("report.basis.other"),
    "": words.words("report.basis.unstated"),
}


def _channel(
    measured: Measured, channel: str, blocked: Sequence[tuple[Marks, int]]
) -> ChannelPermission:
    asked = measured.asked(PEOPLE, (f"consent_{channel}",))
    said = kpis.consents(asked.counted, channel)
    # What a basis permits is asked of everybody, with the column or without.
    permitted = kpis.permitted(measured.asked(PEOPLE).counted, channel).numerator
    return ChannelPermission(
        channel=channel,
        label=words.words(f"report.channel.{channel}"),
        documented=said[Consent.DOCUMENTED],
        undocumented=said[Consent.UNDOCUMENTED],
        no=said[Consent.NO],
        unanswered=said[Consent.NOTHING],
        not_asked=asked.not_asked,
        permitted=permitted,
        open=permitted - kpis.permitted(blocked, channel).numerator,
        blocked=sum(records for _, records in blocked),
    )
