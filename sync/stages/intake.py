"""Intake: what a page says about being contacted goes into the ledger, in the page's transaction.

No trust, no merge, no guard stands between (promise 1).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from connectors.protocol import Episode, Stream
from rules.changes import Change, Finding, Severity
from rules.flags import RULE, SET_AT
from rules.keys import ref_key
from rules.opt_out_fields import episode, intake, is_watched
from rules.records import Record, Value
from rules.suppression import CLOCK_SKEW, Channel, EventType, Evidence, Statement
from state import departures, entering, findings, history, ledger, mirror
from state.ledger import entries_for
from state.merging import Merged
from state.screen import hashed_keys
from state.store import Tx
from sync.app import App

LAG: Final = timedelta(minutes=10)
"""How much older than a reading what it shows may be."""


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
    heard = partial(
        intake,
        heard_at=now,
        last_seen=last_seen,
        region=app.settings.region,
        listed=Evidence.BOUNCE if stream.bounces else Evidence.LIST,
    )
    said: list[Statement] = []
    judged: list[findings.Judged] = []
    for rid, record, old in _arrived(merged):
        one = heard(record, old)
        if one.statements and old is not None and (ours := _unseen(tx, rid, last_seen)):
            # A flag that we set and did not live to see there is our word, not the record's.
            one = heard(record, {**old, **_of(record, ours.fields)})
        new = one.statements
        if old is None and stream.can.echoes:
            new = tuple(each for each in new if not _is_echo(tx, app, system, each))
        said += new
        # A record that says nothing new keeps what was found before: a flag that somebody
        # cleared stays a finding while other cells of the record change.
        if one.statements or one.findings:
            judged.append(findings.Judged(rid, record.place, one.findings))
    findings.replace(tx, system, stream.name, "intake", judged, now, fresh=False)
    return len(ledger.append(tx, app.keys, said, now, tuple(app.systems))) if said else 0


def _unseen(tx: Tx, rid: int, last_seen: datetime | None) -> departures.Departure | None:
    """What left for a record, unless a whole reading has shown since that it did not stay there."""
    left = departures.to(tx, rid)
    fresh = left and (last_seen is None or left.at >= last_seen - LAG)
    return left if fresh else None


def _of(record: Record, fields: Collection[str]) -> dict[str, Value]:
    return {name: text for name, text in record.values.items() if name in fields}


def _is_echo(tx: Tx, app: App, system: str, said: Statement) -> bool:
    """Whether a record says no from its beginning because we put its address there as blocked."""
    keys = (*said.keys, *said.carried)
    return entering.was_entered(tx, app.keys, system, keys, said.channel)


def take_episodes(
    tx: Tx,
    app: App,
    system: str,
    stream: Stream,
    told: Sequence[Episode],
    now: datetime,
) -> int:
    """Record what was said and taken back between two readings; gives how many entries are new.

    A system tells of the same episode more than once, and of some that we saw ourselves: one that
    the record's own blocks cover since it began adds nothing. Nor does one that we began: a flag
    that we put back and somebody cleared once more is our word, not the record's.
    """
    said: list[Statement] = []
    judged: list[findings.Judged] = []
    ahead = app.time_there(system) - now if told else timedelta()
    for one in told:
        heard = episode(one.record, one.field, one.since, heard_at=now, region=app.settings.region)
        since = one.since - ahead
        new = [s for s in heard.statements if not _is_heard(tx, app, one, s.channel, since)]
        known = mirror.find(tx, one.record.ref) if new else None
        rid = known.rid if known else None
        if new and (one.theirs or rid is None or not _is_ours(tx, one, rid)):
            said += new
            judged.append(findings.Judged(rid, one.record.place, heard.findings))
    findings.replace(tx, system, stream.name, "episodes", judged, now, fresh=False)
    return len(ledger.append(tx, app.keys, said, now, tuple(app.systems))) if said else 0


def _is_heard(tx: Tx, app: App, one: Episode, channel: Channel, since: datetime) -> bool:
    """Whether this record was heard to say no on this channel after the episode had begun, by our
    clock. That another record of the same person said so is not its own word."""
    digests = {key.digest for key in hashed_keys(app.keys, [ref_key(one.record.ref)])}
    return any(
        entry.event.type is EventType.BLOCK
        and any(key.digest in digests for key in entry.event.keys)
        and entry.event.channel in {channel, Channel.ALL}
        and entry.event.heard_at + CLOCK_SKEW >= since
        for entry in entries_for(tx, digests)
    )


def _is_ours(tx: Tx, one: Episode, rid: int) -> bool:
    """Whether we set the flag ourselves when the episode began, as far as times tell. Somebody's own
    no that we hear of late is his, whatever we wrote since. All by the system's own clock."""
    times = [
        _set_at(change, row.applied_at)
        for row in history.of_records(tx, [rid]).get(rid, ())
        for change in row.changes
        if change.rule == RULE and change.field == one.field
    ]
    if left := departures.to(tx, rid):
        times += left.fields.get(one.field, ())
    return any(abs(at - one.since) <= CLOCK_SKEW for at in times)


def _set_at(change: Change, applied_at: datetime) -> datetime:
    said = change.details.get(SET_AT)
    return datetime.fromisoformat(said) if said else applied_at


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
