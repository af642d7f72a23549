"""Intake: what a page says about being contacted goes into the ledger, in the page's transaction.

No trust, no merge, no guard stands between (promise 1).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime

from connectors.protocol import Stream
from rules.changes import Finding, Severity
from rules.opt_out_fields import intake, is_watched
from rules.records import Record, Value
from rules.suppression import Statement
from state import findings, ledger
from state.merging import Merged
from state.store import Tx
from sync.app import App


def take(
    tx: Tx,
    app: App,
    system: str,
    stream: Stream,
    merged: Merged,
    now: datetime,
    last_seen: datetime | None,
) -> int:
    """Record statements and findings of a merged page; gives how many entries are new."""
    _note_shape(tx, system, stream, merged, now)
    if not is_watched(stream.kind, (column.canonical or "" for column in stream.columns)):
        return 0
    said: list[Statement] = []
    judged: list[findings.Judged] = []
    for rid, record, old in _arrived(merged):
        one = intake(record, old, heard_at=now, last_seen=last_seen, region=app.settings.region)
        said += one.statements
        # A record that says nothing new keeps what was found before: a flag that somebody
        # cleared stays a finding while other cells of the record change.
        if one.statements or one.findings:
            judged.append(findings.Judged(rid, record.place, one.findings))
    findings.replace(tx, system, stream.name, "intake", judged, now, fresh=False)
    return len(ledger.append(tx, app.keys, said, now, tuple(app.systems))) if said else 0


def _note_shape(tx: Tx, system: str, stream: Stream, merged: Merged, now: datetime) -> None:
    """Ids that stand twice, and fields that had to be left out of the store."""
    found: dict[int, list[Finding]] = {rid: [] for rid, _, _ in merged.moved}
    for rid, record in merged.doubles:
        found.setdefault(rid, []).append(
            Finding("double_id", Severity.WARNING, None, {"id": record.ref.id})
        )
    for rid, private in merged.private:
        found.setdefault(rid, []).extend(private)
    places = {rid: record.place for rid, record, _ in _arrived(merged)} if found else {}
    judged = [findings.Judged(rid, places.get(rid), tuple(one)) for rid, one in found.items()]
    findings.replace(tx, system, stream.name, "pull", judged, now, fresh=False)


def _arrived(merged: Merged) -> Iterator[tuple[int, Record, Mapping[str, Value] | None]]:
    for rid, record in merged.born:
        yield rid, record, None
    yield from merged.moved
