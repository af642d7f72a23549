"""One pass: the stages in their order. `run`, `apply` and `undo` are made of the same ones.

pull and recover -> decide -> guard -> queue -> push and settle -> decide what was written anew.
A system that fails stops alone; the others go on.

    ground     what all stages stand on: facts, leases, what stops one system alone
    lists      reading          records   deciding
    blocks     telling          fixes     writing
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Literal, Self

from connectors.spans import Value, span, traced
from rules.errors import Exit, RingrenError
from rules.spans import COPENHAGEN
from state import cursors, decisions, doubles, history, proposals, shapes, snapshots
from state.proposals import Plan
from state.purge import Lifetimes, purge_all
from sync import fingerprint
from sync.app import App
from sync.facts import Failure, PassFacts, StreamFacts
from sync.heap import roomy
from sync.logs import logger, run_in_logs
from sync.passes.blocks import Blocks
from sync.passes.fixes import Fixes
from sync.passes.ground import Ground
from sync.passes.lists import Lists
from sync.passes.records import Records
from sync.stages.asking import Wish
from sync.stages.guard import guard

if TYPE_CHECKING:
    from sync.report.model import Report

LOG = logger(__name__)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a command that passes over systems ends with."""

    report: Report
    exit_code: Exit
    failures: tuple[Failure, ...] = ()


class Pass:
    """One pass over the systems that `app` has chosen; a context manager that gives its leases back."""

    def __init__(self, app: App, command: str) -> None:
        self.app, systems = app, app.chosen
        # Before anybody has to wait for us: it reads every code table the first time.
        mark = fingerprint.of_plan(app)
        with app.store.transaction() as tx:
            run = history.start_run(
                tx,
                command=command,
                actor=app.actor,
                dry=app.dry,
                now=app.clock(),
                fingerprint=mark,
            )
            decisions.reopen_due(tx, app.clock())
        self.facts = PassFacts(command, run, app.dry, app.actor, app.clock(), systems)
        self._ground = Ground(app, self.facts)
        self._blocks = Blocks(self._ground)
        self._records = Records(self._ground, self._blocks)
        self._lists = Lists(self._ground, self._records, self._blocks)
        self._fixes = Fixes(self._ground)
        self._around = contextlib.ExitStack()

    def __enter__(self) -> Self:
        self._around.enter_context(run_in_logs(self.facts.run))
        self._around.enter_context(roomy())
        self._around.enter_context(span(self.facts.command, self._told))
        LOG.info("pass begins", command=self.facts.command, systems=self.facts.systems)
        return self

    def _told(self) -> Mapping[str, Value]:
        return {"ringren.run": self.facts.run, "ringren.dry": self.facts.dry}

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        LOG.info("pass ends", exit_code=self.facts.exit_code.name, crashed=kind is not None)
        self._around.close()
        if kind is not None:
            self._note_crash(kind)
        with contextlib.suppress(RingrenError), self.app.store.transaction() as tx:
            for part in self.facts.streams:
                if part.pulled:
                    cursors.release(tx, part.pulled.lease)

    def _note_crash(self, kind: type[BaseException]) -> None:
        """A pass that an unexpected error ended is told apart from one that is still at work."""
        code = kind.exit_code if issubclass(kind, RingrenError) else Exit.BUG
        with contextlib.suppress(Exception), self.app.store.transaction() as tx:
            history.end_run(tx, self.facts.run, now=self.app.clock(), exit_code=code, totals={})

    def new_plan(self, only_rule: str | None = None) -> int:
        """A draft plan of this run."""
        app = self.app
        with app.store.transaction() as tx:
            self.facts.plan = proposals.open_plan(
                tx,
                run=self.facts.run,
                author=app.actor,
                now=app.clock(),
                life=timedelta(days=app.settings.plans.expire_days),
                fingerprint=fingerprint.of_plan(app),
                only_rule=only_rule,
                systems=self.facts.systems,
            )
        self.facts.only_rule = only_rule
        return self.facts.plan

    @property
    def closed(self) -> frozenset[tuple[str, str]]:
        """(system, stream) that cannot be used: what they should show waits."""
        return frozenset(self._ground.closed)

    @property
    def causes(self) -> Mapping[str, Mapping[str, int]]:
        """By system: flags that were put back, by what had taken them off."""
        return self._ground.causes

    # --- the stages --------------------------------------------------------------------------

    @traced("pull")
    def pull(
        self,
        sample: int | None = None,
        plan: int | None = None,
        compare: Literal["due", "counts", "ids"] = "due",
        *,
        first: bool = True,
    ) -> None:
        """See `Lists.pull`."""
        self._lists.pull(sample, plan, compare, first=first)

    @traced("decide")
    def decide(self, plan: int) -> None:
        """See `Records.decide`."""
        self._records.decide(plan)

    def ask(self, wish: Wish) -> None:
        """See `Records.ask`."""
        self._records.ask(wish)

    def tell_known(self) -> bool:
        """See `Blocks.known`."""
        return self._blocks.known()

    @traced("tell")
    def tell(self) -> int:
        """See `Blocks.tell`."""
        return self._blocks.tell()

    @traced("guard")
    def guard(self, plan: Plan) -> None:
        """Ask the limits about each stream. Blocks are no proposals, so nothing here holds one up."""
        found = shapes.of_new_plan(self.app.store, plan.plan, plan.systems)
        self.facts.shapes = found
        self.facts.proposed = sum(one.records for one in found)
        guard(self.app, plan, found, self._ground.pulled())

    @traced("write")
    def write(self, plan: Plan, *, approved: bool) -> None:
        """Queue what still holds, send it, settle it, and decide anew what was written."""
        self._fixes.write(plan, approved=approved)
        self.decide_anew()

    def send(self, part: StreamFacts) -> None:
        """See `Fixes.send`."""
        self._fixes.send(part)

    def decide_anew(self) -> None:
        """What was written; what is proposed now belongs to the next plan."""
        with self.app.store.reading() as tx:
            after = proposals.next_plan(tx)
        self.decide(after)

    # --- ending ------------------------------------------------------------------------------

    def end(self) -> Outcome:
        """Keep the day's figures, build the report, close the run."""
        from sync.report.build import build

        app = self.app
        self._ground.watch.end()
        self.facts.forbidden = len(self._ground.watch.certain)
        self.facts.ended_at = app.clock()
        report = build(app, self.facts)
        with app.store.transaction() as tx:
            history.end_run(
                tx,
                self.facts.run,
                now=app.clock(),
                exit_code=self.facts.exit_code,
                totals=report.kept(),
            )
        self._keep_house(report)
        return Outcome(report, self.facts.exit_code, tuple(self.facts.failures))

    def stop(self) -> Exit:
        """End a pass that has no report of its own; the code that its command ends with."""
        app = self.app
        self.facts.ended_at = app.clock()
        code = self.facts.exit_code
        with app.store.transaction() as tx:
            history.end_run(tx, self.facts.run, now=app.clock(), exit_code=code, totals={})
        return code

    def leaves_no_trace(self) -> bool:
        """Whether nothing was new, and nothing was done or went wrong."""
        facts = self.facts
        told = any(one.written or one.shown for one in facts.told.values())
        quiet = all(part.pulled and part.pulled.is_quiet for part in facts.streams)
        return quiet and not (told or facts.failures or facts.stopped)

    def _keep_house(self, report: Report) -> None:
        """The day's figures, and with the first of the day: what has outlived its life goes."""
        from sync.report.day import figures

        app = self.app
        today = app.clock().astimezone(COPENHAGEN).date()
        with app.store.transaction() as tx:
            first = not snapshots.of_day(tx, today)
            snapshots.take(tx, today, figures(app, tx, report), self.facts.systems)
            if first and tx.dialect.name == "postgresql":
                doubles.count(tx)
        if first:
            purge_all(app.store, app.clock(), Lifetimes(**app.settings.purge.model_dump()))
