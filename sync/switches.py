"""Switches: which rules work on which fields of which system, and whether they write unasked.

`off` takes a rule away before anything is decided: no change, no finding. `propose` lets it decide
and keeps its changes from being written until a person carries a plan out. Blocks come from the
ledger and not from rules: no switch holds one up (promise 1).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Final

from rules import others
from rules.catalogue import DEFAULT, extend
from rules.cell_rules import Rule
from rules.enrichment import policy
from rules.enrichment.manual import ASKED
from rules.fields.field import PARTIES
from rules.formats.industry_schemes import Scheme
from rules.hygiene import RULES, Row, rules_of
from rules.options import NO_HEADINGS, NO_UNITS, Headings, Options, bins_of, with_options
from rules.records import Kind
from state.proposals import Plan
from sync.refine.steps_file import row_of
from sync.settings import Settings
from sync.settings.model import Switch
from sync.texts import Texts


def active(settings: Settings, system: str, headings: Headings = NO_HEADINGS) -> tuple[Row, ...]:
    """The rules that are not off in `system`, each with the fields that it may touch there.

    `headings` are what the columns of the list say.
    """
    rules = with_options(_rules(settings, system), options(settings, headings.units))
    found = (_in(settings, system, rule, headings.closed) for rule in rules)
    return tuple(rule for rule in found if rule is not None)


def all_rules(settings: Settings) -> tuple[Row, ...]:
    """The rules that there are, on or off; the fields that settings add among their fields."""
    return _rules(settings)


def _rules(settings: Settings, system: str | None = None) -> tuple[Row, ...]:
    """The same with the cleaning steps of one system only, or of all for None."""
    rules = rules_of(extend(DEFAULT, settings.fields)) if settings.fields else RULES
    steps = row_of(settings.cleaning.steps, system) if settings.cleaning.steps else None
    return (*rules, steps) if steps else rules


def options(settings: Settings, units: Mapping[str, str] = NO_UNITS) -> Options:
    """What the settings, and the headers of one list, say to single rules."""
    catalogue = extend(DEFAULT, settings.fields)
    scheme = settings.industry.scheme
    return Options(
        employees=bins_of(catalogue, "employees"),
        revenue=bins_of(catalogue, "revenue"),
        up=settings.sizes.rounding == "up",
        revenue_unit=settings.sizes.revenue_unit,
        scheme=None if scheme == "unknown" else Scheme(scheme),
        fill_db25=settings.industry.fill_db25,
        units=units,
    )


def _in(settings: Settings, system: str, rule: Row, closed: frozenset[str]) -> Row | None:
    on = _on(settings, system, rule.name)
    if isinstance(rule, Rule):
        found = rule.within(on)
        return found.closing(closed) if found else None
    return rule.within(lambda field: field not in closed and on(field))


def _on(settings: Settings, system: str, rule: str) -> Callable[[str], bool]:
    return lambda field: settings.rules.of(rule, field, system) != "off"


def of(settings: Settings, rule: str, field: str, system: str) -> Switch:
    """What `rule` may do to `field` in `system`. What is taken from other systems has a switch of
    its own besides: the one that allows less counts."""
    said = settings.rules.of(rule, field, system)
    return min(said, settings.parties.fill, key=_ORDER.index) if rule == others.RULE else said


_ORDER: Final[tuple[Switch, ...]] = ("off", "propose", "on")


def fills(settings: Settings, system: str, kind: Kind, headings: Headings) -> frozenset[str]:
    """The fields of such records in `system` that may be taken from another one."""
    if settings.parties.fill == "off" or kind not in PARTIES:
        return frozenset()
    may = others.may_fill(extend(DEFAULT, settings.fields), kind) - headings.closed
    wanted = may.intersection(settings.parties.fields) if settings.parties.fields else may
    return frozenset(f for f in wanted if of(settings, others.RULE, f, system) != "off")


def sourced(settings: Settings, system: str, kind: Kind, headings: Headings) -> frozenset[str]:
    """The fields of such records in `system` that sources of facts may write."""
    if kind not in PARTIES:
        return frozenset()
    may = policy.may_write(extend(DEFAULT, settings.fields), kind) - headings.closed
    return frozenset(f for f in may if of(settings, policy.RULE, f, system) != "off")


@cache
def asked() -> Mapping[str, str]:
    """What a record is told that a person is asked, by code: in Danish, as all that we write there."""
    texts = Texts("da")
    return {code: texts.get(f"report.cause.{code}") for code in ASKED}


def writes_unasked(settings: Settings, plan: Plan, system: str, rule: str, field: str) -> bool:
    """Whether an unattended run over `plan` writes what `rule` says about `field`."""
    if plan.only_rule not in {None, rule}:
        return False
    return of(settings, rule, field, system) == "on"
