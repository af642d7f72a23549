"""The report as a value: what `--json` prints, and all that the renderers know.

Order is meaning: the verdict first, totals last, in between the worst first. Texts stand in both
languages, so that a reader needs no text table. None means unknown and is never shown as 0.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Final, Literal, Self

from pydantic import PrivateAttr, model_validator

from rules.changes import Severity
from rules.errors import InvariantBroken
from rules.records import Kind
from sync.report.figures import (
    Across,
    DataAge,
    Doubles,
    KeyFigure,
    Permissions,
    StreamCoverage,
    Trend,
    WhatIf,
)
from sync.report.part import Part, Said, Words
from sync.report.violations import Violations

if TYPE_CHECKING:
    from sync.report.listing import Listing

VERSION: Final = 2

CHANGES: Final = (
    (2, "paid_ore: what the paid look-ups of a run cost"),
    (2, "violations: calls to people who had opted out"),
    (2, "known, again and compared of streams"),
    (2, "across: who stands in several lists"),
    (2, "expected, fewest, to_write and left in the calls of each system"),
    (2, "owner and due of findings"),
    (2, "parts age, doubles, permissions, trend and what_if; before and how in key figures"),
    (2, "before in coverage: valid as it stands"),
    (1, "the first"),
)
"""What each version brought, the newest first: part of the published schema."""


class Command(Part):
    """What to type next, and what it does."""

    command: str
    why: Said


class Verdict(Part):
    """What a busy reader takes away. `level`: good, notice, warning (repairs wait), error."""

    level: Literal["good", "notice", "warning", "error"]
    headline: Said
    sentences: tuple[Said, ...] = ()
    next: tuple[Command, ...] = ()


class Plan(Part):
    """The plan that a dry run made, or that was carried out."""

    plan: int
    state: str
    author: str
    approver: str | None
    expires_at: datetime


class Run(Part):
    """Which run this is the report of. `again` is set when it was put together afterwards."""

    run: int
    command: str
    actor: str
    dry: bool
    started_at: datetime
    ended_at: datetime | None
    systems: tuple[str, ...]
    root: str | None
    """The folder or file that was gone through, when there is one."""
    options: str
    """What must be added to commands so that they find this state again; mostly empty."""
    plan: Plan | None
    only_rule: str | None
    sample: int | None
    stopped: bool
    """The guard stopped it before it wrote."""
    again: datetime | None = None


class Stop(Part):
    """Why an unattended run would not write to this stream, and what a person can do."""

    code: str
    system: str
    stream: str
    why: Said
    remedy: Said


class Failure(Part):
    """What could not be read or written, and what to do about it."""

    system: str
    stream: str | None
    message: Said
    remedy: Said | None
    exit_code: int


class Blocked(Part):
    """One record that must not be contacted."""

    ref: str
    stream: str
    place: int | None
    who: str
    channels: tuple[str, ...]
    since: datetime | None


class BlockedStream(Part):
    """How many records of a stream are blocked, and opt-outs heard from it in this run."""

    system: str
    stream: str
    records: int
    heard: int


class OptOuts(Part):
    """Who must not be contacted. Always complete in its counts; `listed` holds the first ones."""

    records: int
    channels: dict[str, int]
    streams: tuple[BlockedStream, ...]
    heard: int
    recorded: int
    """Opt-outs ever recorded, lifted ones too; not what was derived from them."""
    derived: int = 0
    """What followed from them: a person's other numbers and addresses. Systems hear of both."""
    deliveries: dict[str, dict[str, int]]
    """System -> state -> how many."""
    listed: tuple[Blocked, ...]


class Sample(Part):
    """One change: the values as they stand in the system, and as they should or now do."""

    ref: str
    stream: str
    place: int | None
    before: str | None
    after: str | None
    why: Said


class ChangeGroup(Part):
    """What one rule does to one field."""

    rule: str
    rule_name: Words
    field: str
    label: Words
    records: int
    streams: tuple[str, ...]
    samples: tuple[Sample, ...]


class Example(Part):
    """One finding, where it stands, and what it says."""

    ref: str | None
    stream: str
    place: int | None
    text: Said
    due: date
    """The last day on which it is mended in time."""


class FindingField(Part):
    """One field that findings of a cause are about, and whose it is to mend; None: the record."""

    field: str | None
    label: Words | None
    owner: str
    owner_name: Words
    count: int


class FindingGroup(Part):
    """Findings of one cause; `new` of them were not there before this run.

    `owner` mends most of them, and `due` is the day on which the first of them has to be.
    """

    code: str
    severity: Severity
    title: Said
    remedy: Said | None
    count: int
    new: int
    owner: str
    owner_name: Words
    due: date
    fields: tuple[FindingField, ...]
    streams: tuple[str, ...]
    examples: tuple[Example, ...]


class Column(Part):
    """A column as it is headed, and what it was taken for; None: left alone."""

    header: str
    field: str | None
    label: Words | None
    sure: bool


class Note(Part):
    """A fact about a list: its encoding, its size."""

    label: Words
    text: Words


class Compared(Part):
    """What the system says there is, held against what we knew: before, and after.

    listed = known + fetched + vanished, and ours = known + buried + kept; `theirs` is None when the
    system cannot count, and `listed` when equal counts were enough.
    """

    ours: int
    theirs: int | None
    listed: int | None
    known: int
    fetched: int
    vanished: int
    buried: int
    kept: int
    anew: bool


class Stream(Part):
    """One list or vendor object: what was read, and how it was understood."""

    system: str
    stream: str
    kind: Kind
    kind_name: Words
    records: int
    read: int | None
    new: int | None
    changed: int | None
    gone: int | None
    broken: int | None
    known: int | None = None
    """Shown, and as we knew it."""
    again: int | None = None
    """Met once more in the overlap of two readings, and left out."""
    compared: Compared | None = None
    """None: not in this run."""
    complete: bool
    can_push: bool
    identity: Words
    notes: tuple[Note, ...]
    remarks: tuple[Said, ...]
    columns: tuple[Column, ...]


class Written(Part):
    """A stream that would be, or was, rewritten."""

    system: str
    stream: str
    records: int
    done: bool


class Calls(Part):
    """Calls of this run to one system, and what its vendor told last of its own quota.

    `quota_used` counts all programs of the customer; both are None where the vendor told nothing.
    `expected` was said before the run, `fewest` is what the records that were read and written need
    at the least, `to_write` the least that carrying the plan of a dry run out needs.
    """

    system: str
    used: int
    quota_used: int | None = None
    quota: int | None = None
    expected: int | None = None
    fewest: int | None = None
    to_write: int | None = None
    left: int | None = None
    """Calls that are left today, of the vendor's quota or of the ceiling in the settings."""


class Effects(Part):
    """What the run cost and touched. Nothing but what stands here was written outside.

    `paid_lookups` cost `paid_ore` hundredths of a krone. `api_calls` counts the calls of all systems
    together, `calls` those of each.
    """

    paid_lookups: int
    paid_ore: int = 0
    api_calls: int
    calls: tuple[Calls, ...]
    written: tuple[Written, ...]


class Totals(Part):
    """The figures at the end. They add up, or the run ends as a bug of ours.

    records = untouched + touched, and changed = touched + gone: records in the plan that are no
    longer there. changed = waiting + applied + conflict + rejected + unknown + dropped.
    """

    records: int
    untouched: int
    touched: int
    gone: int
    changed: int
    waiting: int
    applied: int
    conflict: int
    rejected: int
    unknown: int
    dropped: dict[str, int]
    fields: int
    broken: int
    findings: dict[str, int]
    blocked: int

    @property
    def dropped_total(self) -> int:
        """Records that were left out, for whatever reason."""
        return sum(self.dropped.values())

    @model_validator(mode="after")
    def _adds_up(self) -> Self:
        outcomes = self.applied + self.conflict + self.rejected + self.unknown
        checks = {
            "records = untouched + touched": self.records == self.untouched + self.touched,
            "changed = touched + gone": self.changed == self.touched + self.gone,
            "changed = waiting + outcomes + dropped": self.changed
            == self.waiting + outcomes + self.dropped_total,
            "nothing is negative": min(
                self.records, self.untouched, self.touched, self.gone, self.waiting, outcomes
            )
            >= 0,
        }
        wrong = [name for name, holds in checks.items() if not holds]
        if wrong:
            raise InvariantBroken(f"totals do not add up: {', '.join(wrong)}: {self!r}")
        return self


class SourceAsked(Part):
    """One source of facts in this run: keys that were due, asked and answered, and what that took.

    `calls` and `ore` (hundredths of a krone) were used, or, where it was `only_counted`, would have
    been. `filled`: fields that its answers fill or renew, in the plan or as written; `verified`:
    addresses and numbers of which it said whether they work; `raised`: what a person is asked anew.
    """

    source: str
    due: int
    asked: int
    found: int
    absent: int
    unknown: int
    changed: int
    left: int
    calls: int
    ore: int
    filled: int
    only_counted: bool
    verified: int = 0
    raised: int = 0


class Kept(Part):
    """What is stored of a report, so that it can be put together again: see `Report.kept`."""

    version: Literal[1, 2]
    run: Run
    stops: tuple[Stop, ...]
    failures: tuple[Failure, ...]
    notices: tuple[Failure, ...] = ()
    streams: tuple[Stream, ...]
    effects: Effects
    totals: Totals
    heard: tuple[BlockedStream, ...]
    asked: tuple[SourceAsked, ...] = ()


class Report(Part):
    """Everything about one run. `docs/report.schema.json` is its schema."""

    version: Literal[2] = VERSION
    verdict: Verdict
    run: Run
    stops: tuple[Stop, ...]
    failures: tuple[Failure, ...]
    notices: tuple[Failure, ...]
    opt_outs: OptOuts
    violations: Violations = Violations()
    changes: tuple[ChangeGroup, ...]
    findings: tuple[FindingGroup, ...]
    figures: tuple[KeyFigure, ...]
    coverage: tuple[StreamCoverage, ...]
    age: DataAge
    doubles: tuple[Doubles, ...]
    across: tuple[Across, ...]
    permissions: Permissions
    what_if: WhatIf | None
    """None: there is nobody to call."""
    trend: Trend
    asked: tuple[SourceAsked, ...] = ()
    streams: tuple[Stream, ...]
    effects: Effects
    totals: Totals

    _listing: Listing | None = PrivateAttr(default=None)

    @property
    def listing(self) -> Listing | None:
        """Where everything that is only counted here can be read, while the store is open."""
        return self._listing

    def kept(self) -> dict[str, Any]:
        """What is stored with the run: no personal data, and little, for runs are many."""
        whole = self.model_dump(
            mode="json",
            include={
                "run",
                "stops",
                "failures",
                "notices",
                "streams",
                "effects",
                "totals",
                "asked",
            },
        )
        for stream in whole["streams"]:
            stream.update(columns=[], notes=[], remarks=[])
        heard = [one.model_dump() for one in self.opt_outs.streams if one.heard]
        return {"version": self.version, **whole, "heard": heard}

    def with_listing(self, listing: Listing) -> Self:
        """This report, knowing where the full list comes from."""
        self._listing = listing
        return self
