"""Ends the life of personal data: one job, which reads what `state.tables` says of each column.

A life counts in days, and ends on its own. What an opt-out needs never ends by time: the ledger
is emptied by erasure only (`state.ledger.erase`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Any, Final

import orjson
import sqlalchemy as sa

from rules.errors import InvariantBroken
from state import coverage, registers, shapes
from state import unmatched as marks
from state.history import BY_ITSELF
from state.store import Store, Tx, bulk
from state.tables import (
    alert_sends,
    alerts,
    api_calls,
    attempt_days,
    attempts,
    blocked,
    cursors,
    declined,
    findings,
    flag_tries,
    history,
    links,
    lookups,
    match_keys,
    metadata,
    mirror,
    outbox,
    plans,
    proposals,
    redirects,
    release_keys,
    releases,
    runs,
    snapshots,
    unmatched,
    violations,
)

IDLE: Final = timedelta(days=14)
"""A daemon runs some hundred times a day."""
BATCH: Final = 1000
"""Rows of each table in one transaction: an opt-out never waits long for the purge."""


@dataclass(frozen=True, slots=True)
class Lifetimes:
    """Days that rows live on after what is said here; the names stand in `info` of the tables.

    mirror     after the record was deleted outside; with it goes all that is known of it
    plans      after the plan expired; its closed proposals go with the last plan that holds them
    findings   after the finding was gone
    history    after the write: the undo window. Who changed which field by which rule stays as
               long as the record, what it was changed from and to does not
    attempts   after the contact attempt (R75)
    violations after a person answered for it
    alerts     after it ended
    runs       after the start of a run of which nothing else is left; a daemon's that did nothing: IDLE
    snapshots  after the day
    releases   after the list that was let go expired
    registers  after a newer issue of the register took its place
    lookups    after what a source answered was no longer good; what its licence ends goes then
    """

    mirror: int = 90
    plans: int = 30
    findings: int = 180
    history: int = 90
    attempts: int = 730
    violations: int = 1825
    alerts: int = 180
    runs: int = 730
    snapshots: int = 1825
    releases: int = 180
    registers: int = 180
    lookups: int = 90


NEVER_BY_TIME: Final = {
    "suppression": "an opt-out holds until it is lifted; its clear part goes by erasure, as do the "
    "names of those who lifted, corrected and approved",
}

WITH_THE_RECORD: Final = {
    "match_keys": "keyed hashes of the record's phones, addresses and ids",
    "blocked": "a view of the ledger for people",
    "flag_tries": "when a record's flag is tried again: counts and codes",
    "sightings": "numbers of records, gone when the reading ends that made them",
    "unmatched": "numbers of records, gone when they have been matched",
    "sessions": "who is signed in: a hash and times, gone after the session ended",
    "alert_sends": "with the alert; who was told when, by name of the receiver",
}

FOR_EVER: Final = {
    "cursors": "one row for each stream",
    "api_quotas": "one row for each system: counts, no persons",
    "coverage": "one row for each field of a stream: counts, no persons",
    "tallies": "one row for each kind of record in a stream: counts, no persons",
    "doubles": "one row for each kind of key: counts, no persons",
    "reach": "one row for each consumer of the ledger",
    "parties": "ids without any value; never used again for somebody else",
    "links": "numbers of records and parties; who was taken for whom must be told later",
    "ledger": "append-only; keyed hashes, nothing in clear",
    "ledger_keys": "append-only; keyed hashes, nothing in clear",
    "ledger_rehashed": "append-only; keyed hashes, nothing in clear",
    "key_ids": "without it an erased opt-out could not be recognised",
    "deliveries": "which system confirmed which opt-out, and when: asked for years later",
    "receipts": "what each system showed when it was read back",
    "jobs": "one row for each job of the daemon: times and codes",
    "verifications": "which day a system was compared with our list: counts, no persons",
}


def life_of(table: sa.Table) -> str:
    """The name of a table's life. InvariantBroken when it, or a personal column, has none."""
    lives = {column.info.get("keep", "") for column in table.columns if "personal" in column.info}
    if table.info["keep"]:
        lives.add(table.info["keep"])
    known = [
        *(field.name for field in fields(Lifetimes) if field.name in lives),
        *(name for name in NEVER_BY_TIME if name in lives),
        *("with the record" for name in WITH_THE_RECORD if name == table.name),
        *("for ever" for name in FOR_EVER if name == table.name),
    ]
    if len(known) != 1 or len(lives) > 1:
        raise InvariantBroken(f"table {table.name} has no life, or several: {sorted(lives)}")
    return known[0]


def purge_all(store: Store, now: datetime, lifetimes: Lifetimes) -> dict[str, int]:
    """Purge until nothing is left to do, in short transactions; gives table -> rows."""
    done: Counter[str] = Counter()
    while True:
        with store.transaction() as tx:
            some = purge(tx, now, lifetimes)
        if not some:
            return dict(done)
        done.update(some)


def purge(tx: Tx, now: datetime, lifetimes: Lifetimes, limit: int = BATCH) -> dict[str, int]:
    """End what has outlived its life, up to `limit` rows of a table; gives table -> rows.

    Empty when nothing is left to do. `history` counts the rows whose values were taken out.
    """
    for table in metadata.tables.values():
        life_of(table)
    done: Counter[str] = Counter()
    for life, end in _ENDS.items():
        before = now - timedelta(days=getattr(lifetimes, life))
        done.update(end(tx, before, now, limit))
    return {name: number for name, number in done.items() if number}


# --- one function for each life --------------------------------------------------------------


def _mirror(tx: Tx, before: datetime, now: datetime, limit: int) -> Mapping[str, int]:
    """Deleted records with all that is known of them. A write under way is settled first."""
    found = tx.execute(
        sa.select(mirror.c.rid, mirror.c.system, mirror.c.stream, mirror.c.filled, mirror.c.valid)
        .where(
            mirror.c.deleted_at < before,
            ~sa.exists().where(outbox.c.rid == mirror.c.rid),
        )
        .order_by(mirror.c.deleted_at)
        .limit(limit)
    ).all()
    done = _forget(tx, found, now)
    done["redirects"] = _dead_ends(tx, before, limit)
    return done


def _forget(tx: Tx, found: Sequence[Any], now: datetime) -> dict[str, int]:
    """Take these rows out of the mirror, with all that is known of them."""
    _take_from_coverage(tx, found)
    rids = [row.rid for row in found]
    tx.execute(
        sa.update(links).where(links.c.rid.in_(rids), links.c.until.is_(None)).values(until=now)
    )
    carried = sa.select(match_keys.c.digest).where(match_keys.c.rid.in_(rids)).distinct()
    digests = list(tx.execute(carried).scalars())
    done = {t.name: _delete(tx, t, t.c.rid.in_(rids)) for t in _KNOWN_OF_A_RECORD}
    # Only who was merged away still had keys: whom they led to is looked at without them.
    marks.mark_carriers(tx, digests)
    _delete(tx, unmatched, unmatched.c.rid.in_(rids))
    open_ones = sa.and_(proposals.c.plan_until.is_(None), proposals.c.rid.in_(rids))
    done["proposals"] = _delete(tx, proposals, open_ones)
    if done["proposals"]:
        shapes.forget(tx)
    done["mirror"] = _delete(tx, mirror, mirror.c.rid.in_(rids))
    return done


def erase_records(tx: Tx, gone: Collection[int], living: Collection[int], now: datetime) -> int:
    """At a person's wish and not by time: records that were deleted outside go at once; of those
    that still stand there what they were changed from and to goes. Gives how many of the first.
    """
    rows = tx.execute(
        sa.select(
            mirror.c.rid, mirror.c.system, mirror.c.stream, mirror.c.filled, mirror.c.valid
        ).where(mirror.c.rid.in_(gone), ~sa.exists().where(outbox.c.rid == mirror.c.rid))
    ).all()
    done = _forget(tx, rows, now)
    written = tx.execute(
        sa.select(history.c.cid, history.c.changes).where(
            history.c.rid.in_(living), history.c.emptied_at.is_(None)
        )
    ).all()
    bulk(tx, _EMPTY, [(_emptied(row.changes), now, row.cid) for row in written])
    return done["mirror"]


_KNOWN_OF_A_RECORD: Final = (match_keys, findings, blocked, declined, history, flag_tries)


def _take_from_coverage(tx: Tx, rows: Any) -> None:
    """A row that was never decided after its deletion is still counted there."""
    filled: dict[tuple[str, str], Counter[int]] = {}
    valid: dict[tuple[str, str], Counter[int]] = {}
    for row in rows:
        filled.setdefault((row.system, row.stream), Counter())[row.filled or 0] -= 1
        valid.setdefault((row.system, row.stream), Counter())[row.valid or 0] -= 1
    for (system, stream), masks in filled.items():
        names = tx.execute(
            sa.select(cursors.c.fields).where(
                cursors.c.system == system, cursors.c.stream == stream
            )
        ).scalar_one_or_none()
        coverage.add(tx, system, stream, names or (), masks, valid[system, stream])


def _dead_ends(tx: Tx, before: datetime, limit: int) -> int:
    """Redirects that lead to no record, and to no other redirect: chains go from their end."""
    beyond = redirects.alias()
    leads_to_a_record = sa.exists().where(
        mirror.c.system == redirects.c.system,
        mirror.c.kind == redirects.c.kind,
        mirror.c.id == redirects.c.new_id,
    )
    leads_on = sa.exists().where(
        beyond.c.system == redirects.c.system,
        beyond.c.kind == redirects.c.kind,
        beyond.c.old_id == redirects.c.new_id,
    )
    key = (redirects.c.system, redirects.c.kind, redirects.c.old_id)
    dead = (
        sa.select(*key)
        .where(redirects.c.seen_at < before, ~leads_to_a_record, ~leads_on)
        .limit(limit)
    )
    return _delete(tx, redirects, sa.tuple_(*key).in_(dead))


def _plans(tx: Tx, before: datetime, _now: datetime, limit: int) -> Mapping[str, int]:
    """Plans, the closed proposals that no younger plan holds, and what was never sent.

    The newest plan stays, without its closed proposals: new ones are numbered after it.
    """
    newest = sa.select(sa.func.max(plans.c.plan)).scalar_subquery()
    old = sa.select(plans.c.plan).where(plans.c.expires_at < before, plans.c.plan < newest)
    done = {"plans": _delete(tx, plans, plans.c.plan.in_(old.limit(limit)))}
    living = tx.execute(
        sa.select(sa.func.min(plans.c.plan)).where(plans.c.expires_at >= before)
    ).scalar_one()
    held_by_none = (
        proposals.c.plan_until.is_not(None) if living is None else proposals.c.plan_until <= living
    )
    waiting = sa.exists().where(outbox.c.pid == proposals.c.pid)
    left_over = sa.select(proposals.c.pid).where(held_by_none, ~waiting).limit(limit)
    done["proposals"] = _delete(tx, proposals, proposals.c.pid.in_(left_over))
    never_sent = (
        sa.select(outbox.c.oid)
        .join(runs, runs.c.run == outbox.c.run)
        .where(outbox.c.state == "queued", runs.c.started_at < before)
        .limit(limit)
    )
    done["outbox"] = _delete(tx, outbox, outbox.c.oid.in_(never_sent))
    return done


def _findings(tx: Tx, before: datetime, _now: datetime, limit: int) -> Mapping[str, int]:
    gone = sa.select(findings.c.fid).where(findings.c.gone_at < before).limit(limit)
    return {"findings": _delete(tx, findings, findings.c.fid.in_(gone))}


_EMPTY: Final = (
    sa.update(history)
    .where(history.c.cid == sa.bindparam("b_cid"))
    .values(
        changes=sa.bindparam("b_changes"),
        emptied_at=sa.bindparam("b_now", type_=history.c.emptied_at.type),
    )
)


def _history(tx: Tx, before: datetime, now: datetime, limit: int) -> Mapping[str, int]:
    """Who changed which field when, by which rule, is still told; from what and to what is not."""
    rows = tx.execute(
        sa.select(history.c.cid, history.c.changes)
        .where(history.c.applied_at < before, history.c.emptied_at.is_(None))
        .order_by(history.c.applied_at)
        .limit(limit)
    ).all()
    bulk(tx, _EMPTY, [(_emptied(row.changes), now, row.cid) for row in rows])
    return {"history": len(rows)}


def _emptied(changes: str) -> str:
    """[field, old, new, rule, source, reason, details] of each, without what was in the cells."""
    return orjson.dumps(
        [
            [field, None, None, rule, source, "reason.purged", {}]
            for field, _, _, rule, source, *_ in orjson.loads(changes)
        ]
    ).decode()


def _attempts(tx: Tx, before: datetime, _now: datetime, limit: int) -> Mapping[str, int]:
    """By when it was made; where the log does not say that, by when we saw it."""
    dated = attempts.c.at_from < before
    undated = sa.and_(attempts.c.at_from.is_(None), attempts.c.seen_at < before)
    done = 0
    for old in (dated, undated):
        some = sa.select(attempts.c.rid).where(old).limit(limit)
        done += _delete(tx, attempts, attempts.c.rid.in_(some))
    return {"attempts": done}


def _violations(tx: Tx, before: datetime, _now: datetime, limit: int) -> Mapping[str, int]:
    """Those that nobody has answered for stay."""
    answered = sa.and_(violations.c.state != "open", violations.c.found_at < before)
    some = sa.select(violations.c.violation).where(answered).limit(limit)
    return {"violations": _delete(tx, violations, violations.c.violation.in_(some))}


def _alerts(tx: Tx, before: datetime, _now: datetime, limit: int) -> Mapping[str, int]:
    """Ended ones, with whom they were sent to."""
    old = sa.select(alerts.c.alert).where(alerts.c.ended_at < before).limit(limit)
    numbers = list(tx.execute(old).scalars())
    _delete(tx, alert_sends, alert_sends.c.alert.in_(numbers))
    return {"alerts": _delete(tx, alerts, alerts.c.alert.in_(numbers))}


def _runs(tx: Tx, before: datetime, now: datetime, limit: int) -> Mapping[str, int]:
    """Runs that nothing names any more; those of a daemon that met nothing, two weeks later."""
    named = (
        sa.exists().where(table.c.run == runs.c.run) for table in (history, plans, outbox, declined)
    )
    idle = sa.and_(runs.c.actor == BY_ITSELF, runs.c.exit_code == 0, runs.c.started_at < now - IDLE)
    old = (
        sa.select(runs.c.run)
        .where(sa.or_(runs.c.started_at < before, idle), *(~one for one in named))
        .limit(limit)
    )
    return {"runs": _delete(tx, runs, runs.c.run.in_(old))}


def _snapshots(tx: Tx, before: datetime, _now: datetime, _limit: int) -> Mapping[str, int]:
    """Whole days; a day has as many figures as there are fields, not as there are records."""
    day = sa.select(sa.func.min(snapshots.c.day)).scalar_subquery()
    old = sa.and_(snapshots.c.day == day, snapshots.c.day < before.date().isoformat())
    spent = api_calls.c.day < before.date().isoformat()
    return {
        "snapshots": _delete(tx, snapshots, old),
        "api_calls": _delete(tx, api_calls, spent),
        "attempt_days": _delete(tx, attempt_days, attempt_days.c.day < before.date().isoformat()),
    }


def _releases(tx: Tx, before: datetime, _now: datetime, limit: int) -> Mapping[str, int]:
    """Lists that were let go, with the hashes of who stood on them."""
    old = list(
        tx.execute(
            sa.select(releases.c.release).where(releases.c.expires_at < before).limit(limit)
        ).scalars()
    )
    return {
        "release_keys": _delete(tx, release_keys, release_keys.c.release.in_(old)),
        "releases": _delete(tx, releases, releases.c.release.in_(old)),
    }


def _registers(tx: Tx, before: datetime, _now: datetime, _limit: int) -> Mapping[str, int]:
    """Issues that were replaced, and drafts that nobody finished, some entries at a time."""
    for issue in registers.outlived(tx, before):
        gone = registers.drop(tx, issue)
        return {"register_entries": gone} if gone else {"register_issues": 1}
    return {}


def _lookups(tx: Tx, before: datetime, now: datetime, limit: int) -> Mapping[str, int]:
    """What nobody has asked for since, and what may be kept no longer."""
    old = sa.or_(lookups.c.good_until < before, lookups.c.kept_until < now)
    some = sa.select(lookups.c.lookup).where(old).limit(limit)
    return {"lookups": _delete(tx, lookups, lookups.c.lookup.in_(some))}


_End = Callable[[Tx, datetime, datetime, int], Mapping[str, int]]

_ENDS: Final[dict[str, _End]] = {
    "mirror": _mirror,
    "plans": _plans,
    "findings": _findings,
    "history": _history,
    "attempts": _attempts,
    "violations": _violations,
    "alerts": _alerts,
    "runs": _runs,
    "snapshots": _snapshots,
    "releases": _releases,
    "registers": _registers,
    "lookups": _lookups,
}


def _delete(tx: Tx, table: sa.Table, where: sa.ColumnElement[bool]) -> int:
    return int(tx.execute(sa.delete(table).where(where)).rowcount)
