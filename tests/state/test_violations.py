"""The log of contact attempts, violations and alarms in the store, on both databases."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from rules.alarms import CLAIM, Level, Receiver, retry_after
from rules.attempts import Direction
from rules.keys import HashedKey, KeyKind
from rules.spans import Span
from rules.suppression import Channel, Event, EventType, Evidence
from rules.violation_causes import Cause
from rules.violations import Judgement, Verdict
from state import acts, alerts, attempts, circumstances, heard, violations
from state.attempts import Row
from state.store import Store
from state.violations import Judged, State

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)
TEAM = Receiver("team", timedelta(0), 4 * HOUR)
BOSS = Receiver("boss", 2 * HOUR, 4 * HOUR, only_certain=True)
NO = Event(
    "e1", EventType.BLOCK, Channel.ALL, Span(NOW - HOUR, NOW - HOUR), NOW - HOUR, "desk",
    frozenset({HashedKey(KeyKind.PHONE, "k", b"p" * 16)}), Evidence.PERSON,
)  # fmt: skip


def row(rid: int, verdict: Verdict = Verdict.LAWFUL, **more: object) -> Row:
    given: dict[str, object] = {
        "rid": rid, "system": "files", "stream": "opkald.csv", "ref": f"files/call/opkald.csv#{rid}",
        "channel": Channel.CALL, "span": Span(NOW, NOW + timedelta(seconds=1)), "seconds": 60,
        "direction": Direction.OUTBOUND, "numbers": ("+4568000001",), "digest": b"p" * 16,
        "person": None, "contact": "", "agent": "Rav Elkedel", "call_list": "Nord", "outcome": "",
        "verdict": verdict, "seen_at": NOW,
    }  # fmt: skip
    return Row(**{**given, **more})  # type: ignore[arg-type]


def judged(one: Row, verdict: Verdict) -> Judged:
    found = Judgement(verdict, (NO,) if verdict is not Verdict.LAWFUL else ())
    return Judged(one, found, Cause.CANNOT_BLOCK)


def test_attempts_come_back_as_they_were_written_and_are_counted_by_day(store: Store) -> None:
    rows = [
        row(1),
        row(2, Verdict.INBOUND, direction=Direction.INBOUND, outcome="call_back"),
        row(3, span=None, numbers=(), digest=None, call_list=None, person=7),
        row(4, numbers=("+4568000001", "+4568000002"), call_list=""),
    ]
    with store.transaction() as tx:
        attempts.put(tx, rows)
        assert list(attempts.of_rids(tx, [1, 2, 3, 4]).values()) == rows
        assert attempts.counts(tx) == {Verdict.LAWFUL: 3, Verdict.INBOUND: 1}
        assert attempts.by_day(tx, date(2026, 11, 1)) == {"files": {date(2026, 11, 24): 3}}
        assert attempts.reached(tx, {b"p" * 16}, {7}) == rows
        assert attempts.requests(tx, [b"p" * 16], ["call_back"]) == {
            b"p" * 16: [NOW + timedelta(seconds=1)]
        }
        attempts.judged_anew(tx, [(rows[0], Verdict.CERTAIN)])
        attempts.put(tx, [rows[1]._replace(verdict=Verdict.LAWFUL)], known=[2])
        assert attempts.counts(tx) == {Verdict.CERTAIN: 1, Verdict.LAWFUL: 3}
        assert [one.rid for one in attempts.of_numbers(tx, [b"p" * 16], 2)] == [4, 2]
        assert circumstances.first_call(tx, "files", "Nord") == NOW
        assert circumstances.release(tx, "Nord", NOW) is None
        assert circumstances.confirmed(tx, ["e1"], "files") == {}


def test_a_violation_is_news_once_and_again_only_when_it_is_worse(store: Store) -> None:
    one = row(1)
    with store.transaction() as tx:
        attempts.put(tx, [one])
        (first,) = violations.settle(tx, [judged(one, Verdict.POSSIBLE)], NOW).heard
        assert (first.number, first.events) == ("+4568••••01", ("e1",))
        assert violations.settle(tx, [judged(one, Verdict.POSSIBLE)], NOW).heard == []
        done = violations.acknowledge(
            tx, [first.violation, 99], by="Birk", login="birk", reason="set", now=NOW
        )
        assert done == [first.violation]
        assert violations.settle(tx, [judged(one, Verdict.HEARD_LATE)], NOW).heard == []
        (again,) = violations.settle(tx, [judged(one, Verdict.CERTAIN)], NOW).heard
        assert (again.violation, again.state) == (first.violation, State.OPEN)
        assert violations.counts(tx) == {State.OPEN: {Verdict.CERTAIN: 1}}
        assert violations.found_since(tx, NOW) == 1
        over = violations.settle(tx, [judged(one, Verdict.LAWFUL)], NOW).withdrawn
        assert [found.violation for found in over] == [first.violation]
        assert violations.listed(tx, [State.OPEN], tuple(Verdict), 5) == []
        (act,) = acts.listed(tx, [violations.about(first.violation)])
        assert (act.by, act.details) == ("Birk", {"reason": "set"})
        assert acts.problems(tx) == (1, [])


def raise_one(store: Store, subject: str, level: Level = Level.CERTAIN) -> int | None:
    with store.transaction() as tx:
        return alerts.raised(
            tx, "violation", system="files", subject=subject, level=level, details={"n": subject},
            now=NOW,
        )  # fmt: skip


def due(store: Store, who: Receiver, at: datetime) -> list[str]:
    with store.transaction() as tx:
        return [one.subject for one in alerts.claim(tx, who, at)]


def test_alarms_are_grouped_repeated_escalated_and_end(store: Store) -> None:
    one, other = raise_one(store, "1"), raise_one(store, "2", Level.WARNING)
    assert one
    assert other
    assert raise_one(store, "1") is None, "one alarm about one thing"
    assert due(store, TEAM, NOW) == ["1", "2"]
    assert due(store, TEAM, NOW) == [], "whoever claimed them sends them"
    assert due(store, TEAM, NOW + CLAIM) == ["1", "2"], "and if not, somebody else does"
    with store.transaction() as tx:
        alerts.sent(tx, TEAM, [one, other], NOW)
    assert due(store, TEAM, NOW + 3 * HOUR) == []
    assert due(store, TEAM, NOW + 4 * HOUR) == ["1", "2"]
    assert due(store, BOSS, NOW + HOUR) == []
    assert due(store, BOSS, NOW + 2 * HOUR) == ["1"], "warnings are not for everybody"
    with store.transaction() as tx:
        assert alerts.ended(tx, "violation", [("files", "1")], NOW, alerts.ACKNOWLEDGED) == 1
        assert alerts.open_subjects(tx, "violation") == {("files", "2")}
    assert due(store, TEAM, NOW + 9 * HOUR) == ["2"]
    assert raise_one(store, "1"), "what was answered for may happen again"


def test_what_fails_is_tried_less_and_less_often_and_never_given_up(store: Store) -> None:
    number = raise_one(store, "1")
    assert number
    at = NOW
    for failures in range(1, 12):
        with store.transaction() as tx:
            found = alerts.claim(tx, TEAM, at)
            assert [one.alert for one in found] == [number]
            alerts.failed(tx, TEAM, found, at)
            assert alerts.undelivered(tx) == 1
        at += retry_after(failures)
    assert retry_after(11) == HOUR
    with store.transaction() as tx:
        alerts.sent(tx, TEAM, [number], at)
        assert alerts.undelivered(tx) == 0
        (one,) = alerts.listed(tx, [alerts.OPEN], 5)
        assert (one.sent, one.failed, one.details) == ({"team": 1}, {}, {"n": "1"})


def test_what_a_system_tells_is_counted_by_day(store: Store) -> None:
    with store.transaction() as tx:
        assert heard.opt_outs_by_day(tx, NOW) == {}
        assert heard.waiting_since(tx, NOW, ["files"]) == {}
