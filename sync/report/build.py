"""From what a pass did, and what the store holds now, to the report."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rules import limits
from rules.errors import UserError
from rules.marks import CHANNELS, unpacked
from rules.spans import COPENHAGEN
from state import history, membership, overview, proposals
from state.shapes import Shape, of_plan
from state.store import Tx
from sync import facts as facts_
from sync import forecast
from sync.app import App
from sync.facts import PassFacts, StreamFacts
from sync.report import (
    causes,
    changes,
    opt_outs,
    quality,
    standing,
    streams,
    trend,
    violations,
    words,
)
from sync.report.asked import asked
from sync.report.changes import Gathered
from sync.report.commands import shown_path, where
from sync.report.listing import Listing
from sync.report.measured import Measured
from sync.report.model import (
    Calls,
    ChangeGroup,
    Effects,
    Failure,
    FindingGroup,
    Kept,
    Plan,
    Report,
    Run,
    Stop,
    Totals,
)
from sync.report.verdict import Judge
from sync.report.what_if import what_if
from sync.report.words import Share
from sync.systems.budget import Budget
from sync.systems.opening import linker

Where = tuple[str, str]
Systems = tuple[str, ...]


def build(app: App, facts: PassFacts) -> Report:
    """The report of a pass that has just ended. `InvariantBroken` when its totals do not add up."""
    with app.store.sorting() as tx:
        return _Building(app, facts, tx).report()


def of_run(app: App, number: int) -> Report:
    """The report of an earlier run, put together again from what is still there.

    Its own figures are as they were; changes, findings and coverage as the store tells now.
    `UserError` when there is no such run, or it never came to its end.
    """
    with app.store.reading() as tx:
        row = history.get_run(tx, number)
        if row is None:
            raise UserError("error.no_run", run=number)
        if row.totals is None:
            raise UserError("report.unfinished", run=number)
        return _Again(app, Kept.model_validate(row.totals), tx).report()


class _Asking:
    """The questions to the store that both kinds of report ask."""

    def __init__(self, app: App, tx: Tx, run: int, plan: int | None, systems: Systems) -> None:
        self.app, self.tx = app, tx
        self.run, self.plan, self.systems = run, plan, systems
        self.catalogue = app.catalogue
        self.measured = Measured.read(tx, systems)

    def planned(self, only_rule: str | None, shapes: list[Shape] | None = None) -> Gathered:
        """What the plan holds; `only_rule`: just that rule's share. `shapes`: counted already."""
        if self.plan is None:
            return Gathered()
        if shapes is None:
            shapes = of_plan(self.tx, self.plan, self.systems)
        return changes.gather(shapes, only_rule)

    def proposed(self, planned: Gathered) -> list[ChangeGroup]:
        """What a plan would change."""
        if self.plan is None:
            return []
        return changes.of_plan(self.tx, self.plan, planned, self.catalogue)

    def written(self) -> tuple[list[ChangeGroup], Gathered]:
        """What the run did change."""
        gathered = changes.gather(overview.written_shapes(self.tx, self.run))
        return changes.of_run(self.tx, gathered, self.catalogue), gathered

    def listing(self, only_rule: str | None, *, wrote: bool) -> Listing:
        """Where every row of it can be read."""
        return Listing(
            self.app.store,
            self.systems,
            self.run,
            self.plan,
            only_rule,
            wrote,
            self.app.duties,
            linker(self.app),
        )

    def records(self) -> dict[Where, int]:
        """Live records of each stream."""
        return {(system, name): n for system, name, _, n in self.measured.streams}

    def standing(self, gathered: Gathered, totals: Totals) -> dict[str, Any]:
        """The parts that say how the data stand now, by their names in the report."""
        today = self.app.clock().astimezone(COPENHAGEN).date()
        measured, assumed = self.measured, self.app.settings.what_if
        blocked = {
            channel: [
                (unpacked(marks), records)
                for marks, records in overview.blocked_marks(self.tx, self.systems, channel).items()
            ]
            for channel in CHANNELS
        }
        figures = tuple(quality.figures(measured, gathered.by_field, today))
        return {
            "figures": figures,
            "coverage": tuple(quality.by_stream(measured, gathered.by_field, self.catalogue)),
            "age": standing.age(measured, self.catalogue, today),
            "doubles": standing.doubles(measured),
            "across": standing.across(membership.count(self.tx)),
            "permissions": standing.permissions(measured, blocked),
            "what_if": what_if(self.tx, measured, blocked["call"], assumed),
            "trend": trend.trend(
                self.tx,
                self.run,
                today,
                figures,
                totals,
                self.systems,
                whole={*self.systems} >= {*self.app.systems},
            ),
        }


class _Again(_Asking):
    """An earlier run's report."""

    def __init__(self, app: App, kept: Kept, tx: Tx) -> None:
        plan = kept.run.plan.plan if kept.run.plan else None
        super().__init__(app, tx, kept.run.run, plan, kept.run.systems)
        self.kept = kept

    def report(self) -> Report:
        """What was kept, and what the store still tells."""
        kept, tx = self.kept, self.tx
        options = where(self.app.settings)
        run = kept.run.model_copy(update={"again": self.app.clock(), "options": options})
        wrote = any(one.done for one in kept.effects.written)
        only = run.only_rule if run.dry else None
        gathered = self.planned(only)
        groups = self.proposed(gathered)
        if wrote:
            groups, gathered = self.written()
        known = overview.causes(tx, self.systems, run.started_at, run.ended_at)
        found = causes.groups(tx, known, self.app.duties)
        heard = {(one.system, one.stream): one.heard for one in kept.heard}
        blocked = opt_outs.of_systems(tx, self.systems, heard)
        forbidden = violations.now(tx, run.started_at)
        judge = Judge(run, kept.totals, blocked, found, kept.stops, kept.failures, forbidden)
        report = Report(
            verdict=judge.verdict(self.app.settings),
            run=run,
            stops=kept.stops,
            failures=kept.failures,
            notices=kept.notices,
            opt_outs=blocked,
            violations=forbidden,
            changes=tuple(groups),
            findings=tuple(found),
            **self.standing(gathered, kept.totals),
            streams=kept.streams,
            effects=kept.effects,
            totals=kept.totals,
            asked=kept.asked,
        )
        return report.with_listing(self.listing(only, wrote=wrote))


class _Building(_Asking):
    """The report of a pass from its facts."""

    def __init__(self, app: App, facts: PassFacts, tx: Tx) -> None:
        super().__init__(app, tx, facts.run, facts.plan, facts.systems)
        self.facts = facts
        self.only = facts.only_rule if facts.dry else None
        self.in_plan = self.planned(self.only, facts.shapes)

    def report(self) -> Report:
        """All parts, then what they come to."""
        facts, tx = self.facts, self.tx
        groups, gathered = self._changes()
        known = overview.causes(tx, self.systems, facts.started_at)
        found = causes.groups(tx, known, self.app.duties)
        broken = causes.broken(known)
        blocked = opt_outs.of_systems(tx, self.systems, opt_outs.heard_by(facts.streams))
        totals = self._totals(gathered, found, sum(broken.values()), blocked.records)
        run = self._run()
        stops = [_stop(one) for part in facts.streams for one in part.stops]
        failures = [_failure(one) for one in facts.failures]
        forbidden = violations.now(tx, facts.started_at)
        judge = Judge(run, totals, blocked, found, stops, failures, forbidden)
        report = Report(
            verdict=judge.verdict(self.app.settings),
            run=run,
            stops=tuple(stops),
            failures=tuple(failures),
            notices=tuple(map(_failure, facts.notices)),
            opt_outs=blocked,
            violations=forbidden,
            changes=tuple(groups),
            findings=tuple(found),
            **self.standing(gathered, totals),
            streams=tuple(streams.shown(facts.streams, self.records(), broken, self.catalogue)),
            effects=self._effects(),
            totals=totals,
            asked=asked(tx, facts, wrote=self._wrote()),
        )
        return report.with_listing(self.listing(self.only, wrote=self._wrote()))

    def _wrote(self) -> bool:
        """Whether this run wrote, so that its history says what changed, and not the plan."""
        return any(part.settled is not None for part in self.facts.streams)

    def _changes(self) -> tuple[list[ChangeGroup], Gathered]:
        if self._wrote():
            return self.written()
        return self.proposed(self.in_plan), self.in_plan

    def _run(self) -> Run:
        facts = self.facts
        plan = proposals.get_plan(self.tx, facts.plan) if facts.plan is not None else None
        return Run(
            run=facts.run,
            command=facts.command,
            actor=facts.actor,
            dry=facts.dry,
            started_at=facts.started_at,
            ended_at=facts.ended_at,
            systems=self.systems,
            root=shown_path(self.app.settings.files.root),
            options=where(self.app.settings),
            plan=Plan(
                plan=plan.plan,
                state=plan.state,
                author=plan.author,
                approver=plan.approver,
                expires_at=plan.expires_at,
            )
            if plan
            else None,
            only_rule=facts.only_rule,
            sample=facts.sample,
            stopped=facts.stopped,
        )

    def _effects(self) -> Effects:
        parts = self.facts.streams
        calls = tuple(self._calls(self.app.budget)) if self.app.budget else ()
        return Effects(
            paid_lookups=sum(one.bought for one in self.facts.asked),
            paid_ore=sum(one.spent for one in self.facts.asked),
            api_calls=sum(one.used for one in calls),
            calls=calls,
            written=tuple(streams.written(parts, self.in_plan.by_stream, dry=self.facts.dry)),
        )

    def _calls(self, budget: Budget) -> Iterator[Calls]:
        """What this process has used so far; what follows the report makes no call."""
        for system, used in sorted(budget.used.items()):
            told, said = budget.quota(system), self.facts.forecasts.get(system)
            parts = [part for part in self.facts.streams if part.system == system]
            waiting = self.in_plan.by_stream if self.facts.dry else {}
            yield Calls(
                system=system,
                used=used,
                quota_used=told.used if told else None,
                quota=told.quota if told else None,
                expected=said.calls if said else None,
                fewest=forecast.needed(parts),
                to_write=forecast.to_write(parts, waiting) if self.facts.dry else None,
                left=budget.left(system),
            )

    def _totals(
        self, gathered: Gathered, found: Sequence[FindingGroup], broken: int, blocked: int
    ) -> Totals:
        outcomes = _Outcomes.of(self.in_plan.by_stream, self.facts.streams)
        changed = self.in_plan.records or outcomes.sent
        touched = changed
        if self.in_plan.records and not self.facts.dry and self.facts.plan is not None:
            touched = overview.touched(self.tx, self.facts.plan, self.systems)
        records = sum(self.records().values())
        severities: Counter[str] = Counter()
        for one in found:
            severities[one.severity.value] += one.count
        return Totals(
            records=records,
            untouched=records - touched,
            touched=touched,
            gone=changed - touched,
            changed=changed,
            waiting=outcomes.waiting,
            applied=outcomes.applied,
            conflict=outcomes.conflict,
            rejected=outcomes.rejected,
            unknown=outcomes.unknown,
            dropped=dict(sorted(outcomes.dropped.items())),
            fields=gathered.fields,
            broken=broken,
            findings=dict(severities),
            blocked=blocked,
        )


class _Outcomes:
    """What became of the records of a plan, added up over the streams."""

    def __init__(self) -> None:
        self.waiting = self.applied = self.conflict = self.rejected = self.unknown = 0
        self.dropped: Counter[str] = Counter()

    @classmethod
    def of(cls, planned: Mapping[Where, int], parts: Sequence[StreamFacts]) -> _Outcomes:
        """A stream that was not queued still waits; one queued and not settled is unknown."""
        outcomes = cls()
        queued = {(part.system, part.stream.name) for part in parts if part.queued}
        outcomes.waiting = sum(n for where, n in planned.items() if where not in queued)
        for part in parts:
            outcomes._add(part)
        return outcomes

    def _add(self, part: StreamFacts) -> None:
        if part.queued is not None:
            self.dropped.update(part.queued.dropped)
            if part.settled is None:
                self.unknown += part.queued.records
        if part.settled is not None:
            self.applied += part.settled.applied
            self.conflict += part.settled.conflict
            self.rejected += part.settled.rejected
            self.unknown += part.settled.unknown

    @property
    def sent(self) -> int:
        """Records with an outcome: what an undo, which has no plan, comes to."""
        return self.applied + self.conflict + self.rejected + self.unknown


def _stop(stop: limits.Stop) -> Stop:
    details = {name: _counted(value) for name, value in stop.details.items()}
    return Stop(
        code=stop.code,
        system=stop.system,
        stream=stop.stream,
        why=words.say(f"report.stop.{stop.code}", stream=stop.stream, **details),
        remedy=words.say(f"report.stop.{stop.code}.remedy", code=stop.code, **details),
    )


def _counted(value: str) -> object:
    """Numbers in the details of a stop, so that each language writes them in its own way."""
    if value.isdigit():
        return int(value)
    number = value.removesuffix("%")
    return Share(int(number) / 100, 0) if number != value and number.isdigit() else value


def _failure(failure: facts_.Failure) -> Failure:
    remedies = (failure.remedy,) if failure.remedy else (f"{failure.message}.remedy",)
    return Failure(
        system=failure.system,
        stream=failure.stream,
        message=words.say(failure.message, **failure.details),
        remedy=words.say_first(*remedies, details=failure.details),
        exit_code=int(failure.exit_code),
    )
