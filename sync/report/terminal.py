"""One screen of plain text: what is wrong, how much, and the next command. Worst first, totals last.

A million records take as many lines as a hundred: groups are cut to the worst ones, and a line
says how many more there are and how to see them. The figures of opt-outs are never cut.
"""

from __future__ import annotations

import shutil
import textwrap
from collections.abc import Iterator, Sequence
from functools import singledispatch
from typing import Final

from sync.output import moment, number, printable, share, table
from sync.report import asked as inquiries
from sync.report import phrases, violations
from sync.report.figures import KeyFigure
from sync.report.model import ChangeGroup, Failure, FindingGroup, Report, Stream
from sync.report.part import Said
from sync.report.sheet import Sheet, sheet_of
from sync.texts import Texts

WIDTH: Final = 100
MOST_BLOCKED: Final = 3
MOST_FORBIDDEN: Final = 5
MOST_CHANGES: Final = 6
MOST_FINDINGS: Final = 7
MOST_FIGURES: Final = 5
MOST_STREAMS: Final = 8
MOST_STOPS: Final = 2
LONG_COMMAND: Final = 50


@singledispatch
def render(result: object, lang: str, width: int | None = None) -> str:
    """Any result as text; one that has no form of its own as JSON."""
    sheet = sheet_of(result)
    if sheet is not None:
        return "\n".join(_sheet(sheet, lang, width or screen()))
    from sync.output import as_json

    return as_json(result)


@render.register
def _(result: Report, lang: str, width: int | None = None) -> str:
    return "\n".join(_Screen(result, lang, width or screen()).lines())


def screen() -> int:
    """How wide the terminal is, within what can be read."""
    return min(max(shutil.get_terminal_size((WIDTH, 24)).columns, 80), 140)


class _Screen:
    """One report in one language."""

    def __init__(self, report: Report, lang: str, width: int) -> None:
        self.report, self.lang, self.width = report, lang, width
        self.texts = Texts(lang)

    def lines(self) -> Iterator[str]:
        """Everything, top to bottom."""
        yield self._top()
        yield ""
        yield from self._verdict()
        for title, body in (
            (self._t("heading.stops"), self._stops()),
            (self._t("heading.failures"), self._failures(self.report.failures)),
            (self._violation_title(), self._violations()),
            (self._opt_out_title(), self._opt_outs()),
            (self._change_title(), self._changes()),
            (self._finding_title(), self._findings()),
            (self._t("heading.figures"), self._figures()),
            (self._stream_title(), self._streams()),
            (self._t("heading.asked"), self._asked()),
            (self._t("heading.notices"), self._failures(self.report.notices)),
            (self._t("heading.effects"), self._effects()),
            (self._t("heading.totals"), self._totals()),
        ):
            found = list(body)
            if found:
                yield ""
                yield title.upper() if ":" not in title else _upper_first_part(title)
                yield from (f"  {line}" for line in found)

    # --- the first lines ---------------------------------------------------------------------

    def _top(self) -> str:
        run = self.report.run
        parts = [
            phrases.command(run.command, self.texts),
            self._t("run", run=run.run),
            moment(run.started_at, self.lang),
            self._t("by", actor=run.actor),
            run.root or ", ".join(run.systems),
        ]
        return "Ringren · " + " · ".join(part for part in parts if part)

    def _verdict(self) -> Iterator[str]:
        verdict = self.report.verdict
        yield from self._wrapped(verdict.headline.of(self.lang))
        yield from self._wrapped(" ".join(one.of(self.lang) for one in verdict.sentences))
        if self.report.run.again:
            yield from self._wrapped(phrases.again(self.report.run, self.texts))
        if verdict.next:
            yield ""
            yield f"{self._t('heading.next')}:"
            yield from self._next()

    def _next(self) -> Iterator[str]:
        """What a command does stands beside it, or below it when the line gets too long."""
        commands = [(one.command, one.why.of(self.lang)) for one in self.report.verdict.next]
        column = max((len(text) for text, _ in commands if len(text) <= LONG_COMMAND), default=0)
        for command, why in commands:
            beside = f"  {command.ljust(column)}  {why}"
            if len(beside) <= self.width:
                yield beside
            else:
                yield from (f"  {command}", f"    {why}")

    def _stops(self) -> Iterator[str]:
        stops = self.report.stops
        for stop in stops[:MOST_STOPS]:
            yield from self._wrapped(stop.why.of(self.lang), indent=2)
        yield from self._more(len(stops) - MOST_STOPS)
        for remedy in _each_once(stop.remedy for stop in stops[:MOST_STOPS]):
            yield from self._wrapped(f"→ {remedy.of(self.lang)}", indent=4)

    def _failures(self, failures: Sequence[Failure]) -> Iterator[str]:
        for failure in failures[:MOST_STREAMS]:
            yield from self._wrapped(failure.message.of(self.lang), indent=2)
            if failure.remedy:
                yield from self._wrapped(f"→ {failure.remedy.of(self.lang)}", indent=4)
        yield from self._more(len(failures) - MOST_STREAMS)

    def _asked(self) -> Iterator[str]:
        for one in self.report.asked:
            for line in inquiries.lines(one, self.texts):
                yield from self._wrapped(line, indent=2)

    # --- forbidden calls ---------------------------------------------------------------------

    def _violation_title(self) -> str:
        name, waiting = self._t("heading.violations"), self.report.violations.waiting
        return f"{name}: {self._n(waiting)}" if waiting else name

    def _violations(self) -> Iterator[str]:
        found = self.report.violations
        if not found.calls:
            return
        facts = [f"{self.texts.get('report.violations.calls')}: {self._n(found.calls)}"]
        told = violations.classes(found, self.texts)
        facts += [f"{name}: {self._n(number)}" for name, number in told]
        if found.untold:
            facts.append(f"{self.texts.get('report.violations.untold')}: {self._n(found.untold)}")
        yield from self._wrapped(" · ".join(facts), indent=2)
        rows = [violations.cells(one, self.texts) for one in found.listed[:MOST_FORBIDDEN]]
        if rows:
            names = [self.texts.get(f"violations.column.{one}") for one in violations.COLUMNS]
            yield from self._table(names, rows, right=frozenset({0}))
        yield from self._more(found.waiting - len(rows), self._all_rows("sync violations list"))

    # --- opt-outs ----------------------------------------------------------------------------

    def _opt_out_title(self) -> str:
        opt_outs = self.report.opt_outs
        name = self._t("heading.opt_outs")
        if not opt_outs.records:
            return name
        counted = self.texts.count("report.records", opt_outs.records)
        return f"{name}: {counted} ({phrases.channels(opt_outs.channels, self.texts)})"

    def _opt_outs(self) -> Iterator[str]:
        opt_outs = self.report.opt_outs
        if not opt_outs.records and not opt_outs.recorded:
            yield from self._wrapped(self._t("opt_outs.none"), indent=2)
            return
        facts = [f"{self._t('opt_outs.heard')}: {self._n(opt_outs.heard)}"]
        facts.append(f"{self._t('opt_outs.recorded')}: {self._n(opt_outs.recorded)}")
        if opt_outs.derived:
            facts.append(f"{self._t('opt_outs.derived')}: {self._n(opt_outs.derived)}")
        for system, states in opt_outs.deliveries.items():
            told = phrases.deliveries(states, self.texts)
            facts.append(
                f"{self._t('opt_outs.deliveries', system=phrases.system(system, self.texts))}: {told}"
            )
        yield from self._wrapped(" · ".join(facts), indent=2)
        by_stream = [
            f"{phrases.listed(one.system, one.stream, self.texts)} {self._n(one.records)}"
            for one in opt_outs.streams
            if one.records
        ]
        if by_stream:
            yield from self._wrapped(" · ".join(by_stream), indent=2)
        rows = [phrases.blocked(one, self.texts) for one in opt_outs.listed[:MOST_BLOCKED]]
        if rows:
            yield from table(rows[0], rows[1:], width=self.width - 2).splitlines()
        yield from self._more(opt_outs.records - len(rows), self._all_rows(self._page_command()))

    # --- changes and findings ----------------------------------------------------------------

    def _change_title(self) -> str:
        written = any(one.done for one in self.report.effects.written)
        return self._t("heading.changes_written" if written else "heading.changes_proposed")

    def _changes(self) -> Iterator[str]:
        groups = self.report.changes
        if not groups:
            yield self._t("no_changes")
            return
        names = ("records", "field", "rule", "before", "after")
        headings = [self._t(f"column.{name}") for name in names]
        rows = [self._change(group) for group in groups[:MOST_CHANGES]]
        yield from self._table(headings, rows, right=frozenset({0}))
        yield from self._more(len(groups) - MOST_CHANGES, self._all_rows(self._page_command()))

    def _change(self, group: ChangeGroup) -> list[str]:
        sample = group.samples[0] if group.samples else None
        before = phrases.value(sample.before, self.texts) if sample else ""
        after = phrases.value(sample.after, self.texts) if sample else ""
        name = group.rule_name.of(self.lang)
        return [self._n(group.records), group.label.of(self.lang), name, before, after]

    def _finding_title(self) -> str:
        counts = self.report.totals.findings
        counted = [
            self.texts.count(f"report.severity.{one}", counts[one])
            for one in ("error", "warning", "notice")
            if counts.get(one)
        ]
        name = self._t("heading.findings")
        return f"{name}: {' · '.join(counted)}" if counted else name

    def _findings(self) -> Iterator[str]:
        groups = self.report.findings
        if not groups:
            yield self._t("no_findings")
            return
        names = ("count", "severity", "finding", "field", "owner", "due")
        headings = [self._t(f"column.{name}") for name in names]
        rows = [self._finding(group) for group in groups[:MOST_FINDINGS]]
        yield from self._table(headings, rows, right=frozenset({0}))
        yield from self._more(
            len(groups) - MOST_FINDINGS, self._all_rows(f"sync findings{self.report.run.options}")
        )

    def _finding(self, group: FindingGroup) -> list[str]:
        return [
            self._n(group.count),
            self.texts.get(f"severity.{group.severity}"),
            group.title.of(self.lang),
            phrases.fields(group, self.texts),
            phrases.owner(group, self.texts),
            phrases.day(group.due, self.lang),
        ]

    # --- quality and lists -------------------------------------------------------------------

    def _figures(self) -> Iterator[str]:
        known = [one for one in self.report.figures if one.good is not None]
        shown = sorted(known, key=_badness)[:MOST_FIGURES]
        rows = [self._figure(one) for one in shown]
        if rows:
            yield from table(rows[0], rows[1:], right=frozenset({0}), width=self.width).splitlines()
        unknown = [one.label.of(self.lang) for one in self.report.figures if one.good is None]
        if unknown:
            whole = f"{self.texts.get('report.unknown')}: {'; '.join(unknown)}"
            yield textwrap.shorten(whole, self.width - 2, placeholder=" …")
        for line in phrases.summary(self.report, self.texts):
            yield from self._wrapped(line, indent=2)

    def _figure(self, one: KeyFigure) -> list[str]:
        part = share((one.good or 0) / one.of, self.lang)
        of = self._t("records_of", count=self._n(one.good or 0), of=self._n(one.of))
        if one.before is not None:
            before = share(one.before / one.of, self.lang)
            of = f"{of} ({self._t('before_repair', share=before)})"
        return [part, one.label.of(self.lang), of]

    def _stream_title(self) -> str:
        return f"{self._t('heading.streams')}: {self._n(len(self.report.streams))}"

    def _streams(self) -> Iterator[str]:
        streams = self.report.streams
        shown = [self._stream(one) for one in sorted(streams, key=_trouble)[:MOST_STREAMS]]
        shown += self._more(len(streams) - MOST_STREAMS, self._all_rows(self._page_command()))
        yield from self._wrapped(" · ".join(shown), indent=2)

    def _stream(self, one: Stream) -> str:
        facts = []
        for name in ("new", "changed", "gone", "broken"):
            value = getattr(one, name)
            if value != 0:
                facts.append(self._t(f"list_{name}", count=phrases.count(value, self.texts)))
        unsure = sum(not column.sure for column in one.columns if column.field)
        if unsure:
            facts.append(self.texts.count("report.unsure_columns", unsure))
        if not one.complete:
            facts.append(self._t("incomplete"))
        whole = f"{phrases.listed(one.system, one.stream, self.texts)} {self._n(one.records)}"
        return f"{whole} ({', '.join(facts)})" if facts else whole

    # --- cost, totals ------------------------------------------------------------------------

    def _effects(self) -> Iterator[str]:
        yield from self._wrapped(phrases.cost(self.report.effects, self.texts), indent=2)
        written = self.report.effects.written
        done = any(one.done for one in written)
        streams = [
            f"{phrases.listed(one.system, one.stream, self.texts)} ({self._n(one.records)})"
            for one in written[:MOST_STREAMS]
        ]
        streams += self._more(len(written) - MOST_STREAMS)
        if streams:
            name = self._t("effects.done" if done else "effects.would")
            yield from self._wrapped(f"{name}: {' · '.join(streams)}", indent=2)
        yield self._t("effects.only" if done else "effects.none")

    def _totals(self) -> Iterator[str]:
        for sum_line in phrases.sums(self.report, self.texts):
            yield from self._wrapped(sum_line, indent=2)

    # --- helpers of this screen --------------------------------------------------------------

    def _t(self, key: str, **details: object) -> str:
        return self.texts.get(f"report.{key}", **details)

    def _n(self, value: int) -> str:
        return number(value, self.lang)

    def _wrapped(self, text: str, indent: int = 0) -> list[str]:
        """Lines that fit; a sheet's own indent is added by the caller."""
        whole = printable(text)
        return textwrap.wrap(
            whole,
            self.width - indent,
            break_long_words=False,
            break_on_hyphens=False,
            subsequent_indent="" if indent < 4 else "  ",
        )

    def _table(
        self, headings: Sequence[str], rows: Sequence[Sequence[str]], right: frozenset[int]
    ) -> list[str]:
        return table(headings, rows, right=right, width=self.width - 2).splitlines()

    def _more(self, hidden: int, how: str = "") -> Iterator[str]:
        if hidden > 0:
            more = self.texts.count("report.more", hidden)
            yield f"{more}; {how}" if how else more

    def _page_command(self) -> str:
        run = self.report.run
        return f"sync report {run.run} --report {self._t('file')}{run.options}"

    def _all_rows(self, command: str) -> str:
        return self._t("see_all", how=command)


def _upper_first_part(title: str) -> str:
    first, _, rest = title.partition(":")
    return f"{first.upper()}:{rest}"


def _each_once(found: Iterator[Said]) -> list[Said]:
    return list({one.key: one for one in found}.values())


def _badness(one: KeyFigure) -> float:
    return (one.good or 0) / one.of


def _trouble(one: Stream) -> tuple[bool, int, int]:
    """Lists with trouble first, then the largest."""
    return one.complete, -(one.broken or 0), -one.records


def _sheet(sheet: Sheet, lang: str, width: int) -> Iterator[str]:
    """A preview or an explanation: sentences, then tables."""
    yield printable(sheet.title.of(lang))
    for sentence in sheet.sentences:
        yield from textwrap.wrap(printable(sentence.of(lang)), width, break_long_words=False)
    for part in sheet.tables:
        yield ""
        yield part.title.of(lang).upper()
        headings = [one.of(lang) for one in part.headings]
        rows = [[cell.of(lang) for cell in row] for row in part.rows]
        first, *lines = table(headings, rows, width=width - 2).splitlines()
        yield f"  {first}"
        for place, line in enumerate(lines):
            yield f"  {line}"
            if part.notes:
                note = printable(part.notes[place].of(lang))
                yield from textwrap.wrap(
                    note, width, initial_indent=" " * 6, subsequent_indent=" " * 6
                )
        if part.more:
            yield "  " + Texts(lang).count("report.more", part.more)
