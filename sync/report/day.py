"""What the day's snapshot keeps of each system: added up over systems it is what all of them show."""

from __future__ import annotations

from collections import Counter

from state import overview
from state.snapshots import Figure
from state.store import Tx
from sync.app import App
from sync.report import quality
from sync.report.measured import Measured
from sync.report.model import Report
from sync.report.trend import Counted, counted, kept


def figures(app: App, tx: Tx, report: Report) -> list[Figure]:
    """Of each system that a pass went through. The report of one alone has counted them already."""
    systems = report.run.systems
    if len(systems) == 1:
        return kept(report.figures, counted(report.totals), systems[0])
    findings: dict[str, Counter[str]] = {name: Counter() for name in systems}
    for one in overview.causes(tx, systems, app.clock()):
        findings[one.system][one.severity.value] += one.records
    blocked: Counter[str] = Counter()
    for (system, _), channels in overview.blocked_channels(tx, systems).items():
        blocked[system] += sum(channels.values())
    found: list[Figure] = []
    for name in systems:
        measured = Measured.read(tx, (name,))
        records = sum(live for _, _, _, live in measured.streams)
        told = Counted(records, blocked[name], findings[name])
        found += kept(quality.figures(measured, {}, app.today), told, name)
    return found
