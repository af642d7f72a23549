"""Evidence: what makes a consent, an opt-out and a lawful basis provable (R22-R24).

GDPR art. 7(1): who relies on a consent must be able to show it, so a yes without date and source
is none. Art. 6(1)(f): a legitimate interest is weighed in writing before it is used. Art. 21(3):
who objected is not contacted, whatever he once agreed to. Nothing here lifts or makes a block.
"""

from __future__ import annotations

import calendar
from collections.abc import Iterator
from datetime import date
from functools import lru_cache
from typing import Final

from rules.catalogue import Catalogue
from rules.changes import Finding, Severity
from rules.checks.desk import Check, Desk
from rules.checks.words import meant
from rules.formats.cells import quoted
from rules.opt_out_fields import CONSENTS, FLAGS, flagged
from rules.opt_out_words import ConsentMeaning, consent_meaning, is_date_like
from rules.records import Kind
from rules.suppression import Channel

_UNWEIGHED: Final = frozenset({"legitimate_interest", "existing_customer"})
"""Bases that need a document of their own: the weighing, the order (Marketing Act § 10(2))."""


def consents(kind: Kind, mapped: frozenset[str], catalogue: Catalogue) -> Check | None:
    """Each yes to a channel: its date and source, whether it is still good, and no no beside it."""
    del kind, catalogue
    asked = tuple((name, channel) for name, channel in CONSENTS.items() if name in mapped)
    if not asked:
        return None

    def check(desk: Desk) -> None:
        for name, channel in asked:
            text = desk.values.get(name)
            if text and isinstance(text, str) and consent_meaning(text) is ConsentMeaning.YES:
                _consent(desk, name, channel, mapped)

    return check


def _consent(desk: Desk, name: str, channel: Channel, mapped: frozenset[str]) -> None:
    if desk.refuses() & {channel, Channel.ALL}:
        # The no wins; its evidence is what counts now.
        desk.note("consent_and_opt_out", Severity.WARNING, name)
        return
    at, source = f"{name}_at", f"{name}_source"
    bare = [field for field in (at, source) if field in mapped and not desk.text(field)]
    if bare:
        desk.note("consent_unproven", Severity.WARNING, name, fields=", ".join(bare))
    if desk.text(at):
        _dated(desk, at)


def _dated(desk: Desk, at: str) -> None:
    day, today = desk.day(at), desk.terms.today
    if day is None:
        desk.note("consent_date_unclear", Severity.WARNING, at, text=quoted(desk.text(at)))
    elif today is not None and day > today:
        desk.note("consent_in_future", Severity.WARNING, at, date=day.isoformat())
        desk.again(day)
    elif today is not None:
        _used(desk, at, day, today)


def _used(desk: Desk, at: str, day: date, today: date) -> None:
    """A consent that nobody has used for long: what counts is the last contact, if one is known."""
    contact = desk.day("last_contact_at")
    last = max(day, contact) if contact and contact <= today else day
    ends = months_later(last, desk.terms.unused_months)
    if ends <= today:
        desk.note("consent_unused", Severity.NOTICE, at, date=last.isoformat())
    else:
        desk.again(ends)


@lru_cache(maxsize=8192)
def months_later(day: date, months: int) -> date:
    """The same day so many months later, the month's last when it has no such day."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    if year > date.max.year:
        return date.max
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def opt_outs(kind: Kind, mapped: frozenset[str], catalogue: Catalogue) -> Check | None:
    """A no without a date: it counts from ever, and nobody can say how long it took to be heard."""
    del catalogue
    if "opt_out_at" not in mapped:
        return None
    if kind is not Kind.OPT_OUT and mapped.isdisjoint(FLAGS):
        return None

    def check(desk: Desk) -> None:
        if desk.text("opt_out_at"):
            return
        if kind is Kind.OPT_OUT or _says_no_without_date(desk):
            desk.note("opt_out_undated", Severity.NOTICE, "opt_out_at")

    return check


def _says_no_without_date(desk: Desk) -> bool:
    fields = flagged(desk.values)
    return bool(fields) and not any(is_date_like(desk.text(field)) for field in fields)


def lawful_basis(kind: Kind, mapped: frozenset[str], catalogue: Catalogue) -> Check | None:
    """The basis on which a person's data is held, and the document that bears it out."""
    del kind
    if "lawful_basis" not in mapped:
        return None
    given = tuple(name for name in CONSENTS if name in mapped)

    def check(desk: Desk) -> None:
        text = desk.text("lawful_basis")
        if not text:
            if "lawful_basis" not in desk.told:
                desk.note("basis_missing", Severity.NOTICE, "lawful_basis")
            return
        basis = meant(catalogue, "lawful_basis", text)
        if basis == "none":
            desk.note("basis_none", Severity.WARNING, "lawful_basis")
        elif basis in _UNWEIGHED and _is_bare(desk, mapped):
            desk.note("basis_unweighed", desk.weighed(), "lawful_basis", value=quoted(text))
        elif basis == "consent" and given and not _consented(desk, given):
            desk.note("basis_without_consent", Severity.WARNING, "lawful_basis")

    return check


def _is_bare(desk: Desk, mapped: frozenset[str]) -> bool:
    name = "lawful_basis_ref"
    return name in mapped and name not in desk.told and not desk.text(name)


def _consented(desk: Desk, given: tuple[str, ...]) -> bool:
    return any(consent_meaning(desk.text(name)) is ConsentMeaning.YES for name in given)


def lacking(mapped: frozenset[str]) -> tuple[str, ...]:
    """What would prove the yes or no that a list has a column for, and has itself no column."""
    bare = [
        name
        for flag in CONSENTS
        if flag in mapped
        for name in (f"{flag}_at", f"{flag}_source")
        if name not in mapped
    ]
    if not mapped.isdisjoint(FLAGS):
        bare += [name for name in ("opt_out_at", "opt_out_source") if name not in mapped]
    if "lawful_basis" in mapped and "lawful_basis_ref" not in mapped:
        bare.append("lawful_basis_ref")
    return tuple(bare)


def without_columns(bare: tuple[str, ...]) -> Iterator[Finding]:
    """Said once about the list; a warning where a yes is of no use without it."""
    if bare:
        grave = any(name.startswith(tuple(CONSENTS)) for name in bare)
        severity = Severity.WARNING if grave else Severity.NOTICE
        yield Finding("no_column_for_evidence", severity, None, {"fields": ", ".join(bare)})
