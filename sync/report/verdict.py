"""The first lines of a report: how it stands, in words, and what to do next."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from typing import Final, Literal

from rules.changes import Severity
from sync.report import words
from sync.report.commands import command
from sync.report.model import Command, Failure, FindingGroup, OptOuts, Run, Stop, Totals, Verdict
from sync.report.part import Said
from sync.report.violations import Violations
from sync.report.words import Share
from sync.settings import Settings

NO_VIOLATIONS: Final = Violations()
Level = Literal["good", "notice", "warning", "error"]
_HARD: Final = (Severity.ERROR, Severity.WARNING)


class Judge:
    """Looks at the parts of a report and says what they come to."""

    def __init__(
        self,
        run: Run,
        totals: Totals,
        opt_outs: OptOuts,
        findings: Sequence[FindingGroup],
        stops: Sequence[Stop],
        failures: Sequence[Failure],
        violations: Violations = NO_VIOLATIONS,
    ) -> None:
        self.run, self.totals, self.opt_outs = run, totals, opt_outs
        self.violations = violations
        self.findings, self.stops, self.failures = findings, stops, failures
        self.to_look_at = sum(one.count for one in findings if one.severity in _HARD)

    def verdict(self, settings: Settings) -> Verdict:
        """The verdict; commands are those of this installation."""
        return Verdict(
            level=self._level(),
            headline=self._headline(),
            sentences=tuple(self._sentences()),
            next=tuple(self._next(settings)),
        )

    def _level(self) -> Level:
        totals = self.totals
        if self.failures or self.run.stopped or totals.rejected or totals.unknown:
            return "error"
        if self.violations.certain:
            return "error"
        if totals.waiting or totals.conflict or self.to_look_at or totals.broken:
            return "warning"
        return "notice" if self.findings else "good"

    def _headline(self) -> Said:
        totals = self.totals
        if self.failures and not totals.records:
            return words.say("report.verdict.unread")
        if self.run.stopped:
            return words.say("report.verdict.stopped")
        if not totals.records:
            return words.say("report.verdict.nothing_there")
        if not self.run.dry and totals.changed:
            return words.count(self._done(), totals.applied)
        if totals.changed:
            share = Share(totals.touched / totals.records)
            return words.say(
                "report.verdict.repairable", count=totals.touched, of=totals.records, share=share
            )
        key = "report.verdict.by_hand" if self.to_look_at else "report.verdict.clean"
        return words.say(key, count=self.to_look_at, of=totals.records)

    def _done(self) -> str:
        undone = self.run.command.startswith("undo")
        return "report.verdict.undone" if undone else "report.verdict.applied"

    def _sentences(self) -> Iterator[Said]:
        totals = self.totals
        if self.run.sample is not None:
            yield words.say("report.verdict.sample", count=self.run.sample)
        if self.run.only_rule is not None:
            yield words.say("report.verdict.only", rule=self.run.only_rule)
        if self.violations.waiting:
            yield words.count("report.verdict.violations", self.violations.waiting)
        if self.failures:
            yield words.count("report.verdict.failures", len(self.failures))
        if self.to_look_at:
            yield words.count("report.verdict.to_look_at", self.to_look_at)
        if totals.broken:
            yield words.count("report.verdict.broken", totals.broken)
        if self.opt_outs.records:
            yield words.count("report.verdict.blocked", self.opt_outs.records)
        else:
            yield words.say("report.verdict.none_blocked")
        yield from self._outcomes()
        if self.stops and not self.run.stopped:
            yield words.say("report.verdict.would_stop")
        if self.run.dry or self.run.stopped:
            yield words.say("report.verdict.nothing_written")

    def _outcomes(self) -> Iterator[Said]:
        totals = self.totals
        if self.run.dry:
            return
        for name in ("conflict", "rejected", "unknown"):
            if number := getattr(totals, name):
                yield words.count(f"report.verdict.{name}", number)
        if totals.dropped_total:
            yield words.count("report.verdict.dropped", totals.dropped_total)

    def _next(self, settings: Settings) -> Iterator[Command]:
        run, totals = self.run, self.totals
        plan = run.plan
        if self.violations.waiting:
            yield command(settings, "violations list", "report.next.violations")
        if plan is not None and totals.waiting and (run.dry or self.run.stopped):
            key = "report.next.look_and_apply" if self.stops else "report.next.apply"
            yield command(settings, f"apply {plan.plan}", key, expires=plan.expires_at.date())
        if totals.applied and not run.command.startswith("undo"):
            yield command(settings, f"undo {run.run}", "report.next.undo")
        if totals.conflict or totals.unknown or totals.dropped_total:
            yield command(settings, "run --dry-run", "report.next.again")
        if self.to_look_at:
            yield command(settings, "findings", "report.next.findings")
        if ref := self._ref():
            yield command(settings, f"explain {ref}", "report.next.explain")

    def _ref(self) -> str:
        """A record worth looking at: that of the worst finding that has one."""
        examples = (one for group in self.findings for one in group.examples if one.ref)
        found = next((one.ref for one in examples), None)
        return "" if found is None else shlex.quote(found)
