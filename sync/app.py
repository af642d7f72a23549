"""The composition root: the one place that builds store, connectors, wrappers and clock.

"Dry run" is known here and nowhere below: it is connectors that cannot write.
"""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from connectors.protocol import Connector, KeepsTime, Token
from connectors.readonly import ReadOnly
from connectors.registry import (
    ACTIVECAMPAIGN,
    AIRCALL,
    DYNAMICS,
    FILES,
    FIVE9,
    HUBSPOT,
    MAILCHIMP,
    SALESFORCE,
)
from connectors.sources.registry import SOURCES
from rules.catalogue import DEFAULT, Catalogue, extend
from rules.checks.caller_id import numbers_in
from rules.checks.desk import Terms
from rules.decide import Context
from rules.duties import Duties
from rules.errors import Leaving, RingrenError, UserError
from rules.folding import fold
from rules.hygiene import Row
from rules.limits import Policy
from rules.options import NO_HEADINGS, Headings
from rules.records import Kind
from state import cursors
from state.keys import KeyRing, open_ring
from state.schema import prepare
from state.store import Store
from sync.duties import day_in_denmark
from sync.enrichment.sources import sources
from sync.heap import tidy
from sync.output import Progress, Silent
from sync.settings import Settings
from sync.switches import active, asked, fills, sourced
from sync.systems.budget import Budget, Purse
from sync.systems.dialers import aircall, five9
from sync.systems.mailers import activecampaign, mailchimp

if TYPE_CHECKING:
    from threading import Event

    from connectors.session import Meter
    from connectors.sources.source import Source
    from sync.service.alarms import Send

KEYS: Final = "keys"
Clock = Callable[[], datetime]


def system_clock() -> datetime:
    """Now, in UTC."""
    return datetime.now(UTC)


def holder_here() -> str:
    """What this process is called where it holds something."""
    return f"{socket.gethostname()}:{os.getpid()}"


@dataclass(slots=True)
class App:
    """Everything a command needs. Tests build one with a clock and connectors of their own."""

    store: Store
    systems: Mapping[str, Connector]
    keys: KeyRing
    settings: Settings
    clock: Clock
    actor: str
    progress: Progress
    dry: bool
    holder: str = field(default_factory=holder_here)
    allow: frozenset[str] = frozenset()
    """Limits that a person has looked at and lets pass this once."""
    matches: bool = False
    """There are several lists of people, or of companies: who is who is worth asking."""
    sources: Mapping[str, Source] = field(default_factory=dict)
    """Who is asked for facts, by name, in the order in which they are asked."""
    budget: Budget | None = None
    """Counts the calls to systems; None where there are none to count."""
    blocking: frozenset[str] = frozenset()
    """Systems that can show that somebody must not be called; known once their streams are."""
    keeping: frozenset[str] = frozenset()
    """Systems that keep people away by number or address; known as soon."""
    sends: Send | None = None
    """How alarms leave the house, where it is not through apprise: tests."""
    patience: int = 0
    """Seconds that a pass waits for a list which another one is at work on."""
    stopping: Event | None = None
    """Set when whoever is at work should come to an end; None where nobody asks."""
    only: tuple[str, ...] | None = None
    """The systems that a pass goes through; None for all. Of the others it knows what the store holds."""
    _rules: dict[tuple[object, ...], tuple[Row, ...]] = field(default_factory=dict, init=False)

    def rules(self, system: str, headings: Headings = NO_HEADINGS) -> tuple[Row, ...]:
        """The rules that are on in a system, for a list whose columns say this.

        Each call gives the same ones.
        """
        key = (system, *sorted(headings.units.items()), headings.closed)
        if key not in self._rules:
            self._rules[key] = active(self.settings, system, headings)
        return self._rules[key]

    def context(
        self, system: str, headings: Headings = NO_HEADINGS, kind: Kind | None = None
    ) -> Context:
        """What deciding about the records of a list may know of the settings and its headers."""
        settings = self.settings
        terms = Terms(
            today=self.today,
            users=frozenset(map(fold, settings.checks.users)),
            unused_months=settings.checks.consent_unused_max_months,
            own_numbers=frozenset().union(*map(numbers_in, settings.checks.own_numbers)),
        )
        rules = self.rules(system, headings)
        taken = fills(settings, system, kind, headings) if kind else frozenset()
        told = sourced(settings, system, kind, headings) if kind else frozenset()
        flips = settings.limits.flips
        asks = asked() if told and self.sources else {}
        return Context(rules, settings.region, flips, self.catalogue, terms, taken, told, asks)

    @property
    def chosen(self) -> tuple[str, ...]:
        """The systems that a pass goes through; UserError where one of them is not set up."""
        for name in self.only or ():
            if name not in self.systems:
                known = ", ".join(self.systems) or "–"
                raise UserError("error.no_such_system", system=name, known=known)
        return tuple(sorted(self.systems if self.only is None else self.only))

    def time_there(self, system: str) -> datetime:
        """The time by a system's own clock; by ours where it has none."""
        there = self.systems[system]
        known = there.time_there() if isinstance(there, KeepsTime) else None
        return known or self.clock()

    def go_on(self) -> None:
        """Called between two pages, when everything so far is committed: Leaving where we should."""
        tidy()
        if self.stopping is not None and self.stopping.is_set():
            raise Leaving("error.leaving")

    def can_block(self, system: str) -> bool:
        """Whether a system takes blocks of calls at all, so that it could have refused one."""
        return system in self.blocking

    @property
    def fills_from_others(self) -> bool:
        """Whether one system may take anything from another."""
        return self.settings.parties.fill != "off"

    @property
    def catalogue(self) -> Catalogue:
        """The fields in use."""
        return extend(DEFAULT, self.settings.fields) if self.settings.fields else DEFAULT

    @property
    def duties(self) -> Duties:
        """Who mends what by when."""
        return Duties(self.catalogue, self.settings.duties.days, self.settings.duties.owners)

    @property
    def today(self) -> date:
        """The day in Denmark."""
        return day_in_denmark(self.clock())

    @property
    def policy(self) -> Policy:
        """The limits of an unattended run."""
        limits = self.settings.limits
        return Policy(
            change_share=limits.max_change_share,
            changes=limits.max_changes,
            shrink_share=limits.shrink_share,
            swap_share=limits.swapped_share,
            fewest_records=limits.min_records,
        )


@contextlib.contextmanager
def open_app(
    settings: Settings,
    *,
    actor: str,
    dry: bool,
    progress: Progress | None = None,
    clock: Clock = system_clock,
    job: str = "run",
    holder: str = "",
    stopping: Event | None = None,
) -> Iterator[App]:
    """Store open and at its newest schema, connectors built; closed again at the end.

    `job` is what calls to systems are counted under: the command.
    """
    store = Store(settings.database_url)
    budget = Budget(store, clock, job, lambda system: _purse(settings, system))
    try:
        prepare(store)
        yield App(
            store=store,
            systems=_systems(settings, store, clock, budget, dry=dry),
            sources=sources(settings, store, clock, budget, dry=dry),
            keys=open_ring(store, settings.home / KEYS, clock()),
            settings=settings,
            clock=clock,
            actor=actor,
            progress=progress or Silent(),
            dry=dry,
            budget=budget,
            holder=holder or holder_here(),
            stopping=stopping,
        )
    finally:
        # A database that cannot be written now must not hide why the command ended.
        with contextlib.suppress(RingrenError):
            budget.close()
        store.close()


def _purse(settings: Settings, system: str) -> Purse:
    """What the settings allow of a system's calls."""
    one = getattr(settings.sources if system in SOURCES else settings, system)
    return Purse(one.calls_a_day, one.calls_a_run, one.quota_share)


def _systems(
    settings: Settings, store: Store, clock: Clock, meter: Meter, *, dry: bool
) -> dict[str, Connector]:
    """The configured systems by name. The dry run's first belt goes on here."""
    found: dict[str, Connector] = {}
    if settings.files.root is not None:
        found[FILES] = _files(settings, store, settings.files.root)
    elif settings.files.do_not_call is not None:
        raise UserError("files.do_not_call_alone")
    if settings.salesforce.is_used:
        found[SALESFORCE] = _salesforce(settings, store, clock, meter, dry=dry)
    if settings.hubspot.is_used:
        found[HUBSPOT] = _hubspot(settings, clock, meter, dry=dry)
    if settings.dynamics.is_used:
        found[DYNAMICS] = _dynamics(settings, clock, meter, dry=dry)
    if settings.mailchimp.is_used:
        found[MAILCHIMP] = mailchimp(settings, clock, meter, dry=dry)
    if settings.activecampaign.is_used:
        found[ACTIVECAMPAIGN] = activecampaign(settings, clock, meter, dry=dry)
    if settings.aircall.is_used:
        found[AIRCALL] = aircall(settings, clock, meter, dry=dry)
    if settings.five9.is_used:
        found[FIVE9] = five9(settings, clock, meter, dry=dry)
    return {name: ReadOnly(one) if dry else one for name, one in found.items()}


def _files(settings: Settings, store: Store, root: Path) -> Connector:
    from connectors.registry import files

    def said(file: str) -> dict[str, Any]:
        one = settings.files.of(file)
        return {
            "columns": one.columns,
            "kind": one.kind,
            "encoding": one.encoding or "",
            "delimiter": one.delimiter or "",
        }

    limit = settings.files.max_workbook_mb
    return files(
        FILES,
        root,
        said=said,
        known=_known(store, FILES),
        max_workbook_mb=limit,
        do_not_call=settings.files.do_not_call,
        spelling=settings.files.spelling,
    )


def _salesforce(
    settings: Settings, store: Store, clock: Clock, meter: Meter, *, dry: bool
) -> Connector:
    from connectors.registry import salesforce

    one = settings.salesforce
    return salesforce(
        url=one.url or "",
        client_id=one.client_id or "",
        client_secret=one.client_secret.get_secret_value() if one.client_secret else "",
        username=one.username or "",
        private_key=_key(one.private_key_file) if one.client_secret is None else "",
        sandbox=one.sandbox,
        version=one.version,
        objects=one.objects,
        fields=one.fields,
        guard_together=one.guard_together,
        history=one.history,
        region=settings.region,
        opt_out_dispositions=one.opt_out_dispositions,
        elsewhere=one.elsewhere,
        clock=clock,
        known=_known(store, SALESFORCE),
        dry=dry,
        meter=meter,
    )


def _hubspot(settings: Settings, clock: Clock, meter: Meter, *, dry: bool) -> Connector:
    from connectors.registry import hubspot

    one = settings.hubspot
    if one.token is None and one.oauth is None:
        raise UserError("hubspot.no_login")
    return hubspot(
        token=one.token.get_secret_value() if one.token else None,
        oauth=one.oauth,
        objects=one.objects,
        fields=one.fields,
        hook=one.hook,
        opt_out_dispositions=one.opt_out_dispositions,
        elsewhere=one.elsewhere,
        clock=clock,
        dry=dry,
        meter=meter,
    )


def _dynamics(settings: Settings, clock: Clock, meter: Meter, *, dry: bool) -> Connector:
    from connectors.registry import dynamics

    one = settings.dynamics
    return dynamics(
        url=one.url or "",
        tenant=one.tenant or "",
        client_id=one.client_id or "",
        client_secret=one.client_secret.get_secret_value() if one.client_secret else "",
        certificate=_key(one.certificate_file) if one.certificate_file else "",
        password=one.certificate_password.get_secret_value() if one.certificate_password else "",
        objects=one.objects,
        fields=one.fields,
        history=one.history,
        region=settings.region,
        opt_out_dispositions=one.opt_out_dispositions,
        elsewhere=one.elsewhere,
        clock=clock,
        dry=dry,
        meter=meter,
    )


def _key(path: Path | None) -> str:
    """A private key from its file; UserError when it cannot be read."""
    try:
        return (path or Path()).expanduser().read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        raise UserError("error.no_key_file", file=path) from None


def _known(store: Store, system: str) -> Callable[[str], Token | None]:
    """The stored cursor of a system's stream, by the stream's name."""

    def known(stream: str) -> Token | None:
        with store.reading() as tx:
            return cursors.token_of(tx, system, stream)

    return known
