"""From what a pass did, and what the store holds now, to the report."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from rules import limits
from rules.catalogue import DEFAULT, Catalogue, extend
from state import overview, proposals
from state.store import Tx
from sync import facts as facts_
from sync.app import App
from sync.facts import PassFacts, StreamFacts
from sync.report import causes, changes, opt_outs, quality, streams, words
from sync.report.changes import Gathered
from sync.report.listing import Listing
from sync.report.model import (
    ChangeGroup,
    Effects,
    Failure,
    FindingGroup,
    Plan,
    Report,
    Run,
    Stop,
    Totals,
)
from sync.report.quality import Measured
from sync.report.verdict import Judge

Where = tuple[str, str]


def build(app: App, facts: PassFacts) -> Report:
    """The report of a pass that has just ended. `InvariantBroken` when its totals do not add up."""
    catalogue = extend(DEFAULT, app.settings.fields)
    with app.store.reading() as tx:
        return _Building(app, facts, catalogue, tx).report()


class _Building:
    """The questions to the store, each asked once."""

    def __init__(self, app: App, facts: PassFacts, catalogue: Catalogue, tx: Tx) -> None:
        self.app, self.facts, self.catalogue, self.tx = app, facts, catalogue, tx
        self.systems = facts.systems
        self.planned = self._planned()
        self.measured = Measured.read(tx, self.systems)

    def _planned(self) -> Gathered:
        """What the plan holds. A rule asked for alone limits what a dry run speaks of."""
        plan = self.facts.plan
        if plan is None:
            return Gathered()
        only = self.facts.only_rule if self.facts.dry else None
        return changes.gather(overview.shapes(self.tx, plan, self.systems), only)

    def report(self) -> Report:
        """All parts, then what they come to."""
        facts, tx = self.facts, self.tx
        groups, gathered = self._changes()
        found = causes.groups(tx, self.systems, facts.started_at, self.catalogue)
        blocked = opt_outs.of_systems(tx, self.systems, facts.streams)
        totals = self._totals(gathered, found, blocked.records)
        run = self._run()
        stops = [_stop(one) for part in facts.streams for one in part.stops]
        failures = [_failure(one) for one in facts.failures]
        judge = Judge(run, totals, blocked, found, stops, failures, stopped=facts.stopped)
        report = Report(
            verdict=judge.verdict(self.app.settings),
            run=run,
            stops=tuple(stops),
            failures=tuple(failures),
            opt_outs=blocked,
            changes=tuple(groups),
            findings=tuple(found),
            figures=tuple(quality.figures(self.measured)),
            coverage=tuple(quality.by_stream(self.measured, gathered.by_field, self.catalogue)),
            streams=tuple(streams.shown(facts.streams, self._records(), self.catalogue)),
            effects=self._effects(),
            totals=totals,
        )
        return report.with_listing(
            Listing(
                self.app.store,
                self.systems,
                facts.run,
                facts.plan,
                facts.only_rule if facts.dry else None,
                wrote=self._wrote(),
            )
        )

    def _wrote(self) -> bool:
        """Whether this run wrote, so that its history says what changed, and not the plan."""
        return any(part.settled is not None for part in self.facts.streams)

    def _changes(self) -> tuple[list[ChangeGroup], Gathered]:
        if self._wrote():
            written = changes.gather(overview.written_shapes(self.tx, self.facts.run))
            return changes.of_run(self.tx, written, self.catalogue), written
        plan = self.facts.plan
        if plan is None:
            return [], self.planned
        return changes.of_plan(self.tx, plan, self.planned, self.catalogue), self.planned

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
            plan=Plan(
                plan=plan.plan,
                state=plan.state,
                author=plan.author,
                approver=plan.approver,
                expires_at=plan.expires_at,
            )
            if plan
            else None,
            only_rule=changes.rule_name(facts.only_rule) if facts.only_rule else None,
            sample=facts.sample,
        )

    def _records(self) -> dict[Where, int]:
        return {(system, name): n for system, name, _, n in self.measured.streams}

    def _effects(self) -> Effects:
        parts = self.facts.streams
        return Effects(
            # No source of this version sells anything: connectors that buy count here.
            paid_lookups=0,
            api_calls=sum(part.pulled.calls for part in parts if part.pulled),
            written=tuple(streams.written(parts, self.planned.by_stream, dry=self.facts.dry)),
        )

    def _totals(self, gathered: Gathered, found: Sequence[FindingGroup], blocked: int) -> Totals:
        outcomes = _Outcomes.of(self.planned.by_stream, self.facts.streams)
        changed = self.planned.records or outcomes.sent
        touched = changed
        if self.planned.records and not self.facts.dry and self.facts.plan is not None:
            touched = overview.touched(self.tx, self.facts.plan, self.systems)
        records = sum(self._records().values())
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
            broken=sum(part.pulled.broken for part in self.facts.streams if part.pulled),
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
    return Stop(
        code=stop.code,
        system=stop.system,
        stream=stop.stream,
        why=words.say(f"report.stop.{stop.code}", stream=stop.stream, **stop.details),
        remedy=words.say(f"report.stop.{stop.code}.remedy", code=stop.code, **stop.details),
    )


def _failure(failure: facts_.Failure) -> Failure:
    remedies = (failure.remedy,) if failure.remedy else (f"{failure.message}.remedy",)
    return Failure(
        system=failure.system,
        stream=failure.stream,
        message=words.say(failure.message, **failure.details),
        remedy=words.say_first(*remedies, details=failure.details),
        exit_code=int(failure.exit_code),
    )
