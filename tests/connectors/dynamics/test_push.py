"""Writing: guarded, in batches that grow, one outcome a record, and never a guess."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from dynamics_desk import Desk, change, pulled, pushed, records, stream_of
from simulators.dynamics import Fault, Refused
from simulators.dynamics.site import CLIENT

from connectors.caller import Busy
from connectors.protocol import Applied, Conflict, Rejected, Unknown
from connectors.session import NoAnswer

BATCH = r"POST \$batch"


def people(desk: Desk, many: int) -> tuple[Any, list[Any]]:
    for _ in range(many):
        desk.contact()
    connector = desk.connector()
    return connector, records(pulled(connector))


def kinds(outcomes: Any) -> dict[str, int]:
    found: dict[str, int] = {}
    for one in outcomes:
        found[type(one).__name__] = found.get(type(one).__name__, 0) + 1
    return found


def ours(desk: Desk) -> list[Any]:
    return [entry for entry in desk.site.org.journal if entry.who == CLIENT]


# --- guards ----------------------------------------------------------------------------------


def test_every_write_names_the_version_it_was_decided_on(desk: Desk) -> None:
    connector, [first, second, third] = people(desk, 3)
    desk.site.org.edit("contact", second.ref.id, jobtitle="Deres")
    desk.site.org.remove("contact", third.ref.id)
    outcomes = pushed(connector, [change(one, title="Vores") for one in (first, second, third)])
    assert kinds(outcomes) == {"Applied": 1, "Conflict": 2}
    assert desk.site.org.rows["contact"][second.ref.id]["jobtitle"] == "Deres"
    assert third.ref.id not in desk.site.org.rows["contact"]


def test_the_outcome_names_the_version_that_the_next_pull_shows(desk: Desk) -> None:
    connector, [record] = people(desk, 1)
    token = pulled(connector)[-1].next
    [outcome] = pushed(connector, [change(record, title="Ejer", direct_phone="+4568000001")])
    [after] = records(pulled(connector, token))
    assert isinstance(outcome, Applied)
    assert after.version == outcome.version
    assert (after.values["title"], after.values["direct_phone"]) == ("Ejer", "+4568000001")


def test_what_the_system_stores_otherwise_is_shown_by_the_next_pull(desk: Desk) -> None:
    def spaced(_org: Any, _table: Any, _row: Any, asked: dict[str, Any]) -> None:
        asked["telephone1"] = "+45 68 00 00 01"

    desk.site.org.plugins.append(spaced)
    connector, [record] = people(desk, 1)
    token = pulled(connector)[-1].next
    [outcome] = pushed(connector, [change(record, direct_phone="+4568000001")])
    [after] = records(pulled(connector, token))
    assert isinstance(outcome, Applied)
    assert after.version != outcome.version
    assert after.values["direct_phone"] == "+45 68 00 00 01"
    # And a write that was decided on that version is none.
    stale = change(after._replace(version=outcome.version), title="Ejer")
    assert pushed(connector, [stale]) == [Conflict(record.ref)]


@pytest.mark.parametrize("version", ["", "an-older-version", "*", 'W/"1"\r\nIf-Match: *'])
def test_a_version_that_the_server_never_gave_is_a_conflict_and_is_not_sent(
    desk: Desk, version: str
) -> None:
    connector, [record] = people(desk, 1)
    stale = replace(change(record, title="Ejer"), base_version=version)
    assert pushed(connector, [stale]) == [Conflict(record.ref)]
    assert desk.asked("$batch") == []


# --- batches ---------------------------------------------------------------------------------


def test_batches_grow_while_the_server_is_at_ease(desk: Desk) -> None:
    connector, found = people(desk, 3000)
    changes = [change(record, title="Ejer") for record in found]
    desk.site.api.calls.clear()
    outcomes = [
        o for at in range(0, 3000, 1000) for o in pushed(connector, changes[at : at + 1000])
    ]
    assert kinds(outcomes) == {"Applied": 3000}
    # 50, 200, 750; then a thousand each: three times the least at the worst, and soon once.
    assert len(desk.asked("$batch")) == 5
    assert len(desk.site.api.calls) == 5


def test_a_throttled_batch_is_sent_again_and_the_next_ones_are_smaller(desk: Desk) -> None:
    connector, found = people(desk, 100)
    connector.streams()
    desk.site.plan(Fault.THROTTLED, BATCH, seconds=5)
    outcomes = pushed(connector, [change(record, title="Ejer") for record in found])
    assert kinds(outcomes) == {"Applied": 100}
    assert desk.slept[0] >= 5
    assert len(ours(desk)) == 100
    assert len(desk.asked("$batch")) >= 3


def test_a_part_that_was_throttled_or_deadlocked_is_tried_again_alone(desk: Desk) -> None:
    refusals = [
        Refused(429, "0x80072322", "wait", {"Retry-After": "7"}),
        Refused(400, "-2147204784", "SQL 1205"),
    ]

    def unlucky(_org: Any, _table: Any, _row: Any, asked: dict[str, Any]) -> None:
        if asked.get("jobtitle") == "Ejer 7" and refusals:
            raise refusals.pop(0)

    desk.site.org.plugins.append(unlucky)
    connector, found = people(desk, 20)
    outcomes = pushed(connector, [change(r, title=f"Ejer {n}") for n, r in enumerate(found)])
    assert kinds(outcomes) == {"Applied": 20}
    assert [o.ref for o in outcomes] == [r.ref for r in found]
    assert desk.slept == [7.0, 2.0]
    assert len(ours(desk)) == 20


def test_a_part_that_stays_busy_is_unknown(desk: Desk) -> None:
    def busy(_org: Any, _table: Any, _row: Any, _asked: Any) -> None:
        raise Refused(503, "0x8005F103", "later")

    desk.site.org.plugins.append(busy)
    connector, [record] = people(desk, 1)
    assert pushed(connector, [change(record, title="Ejer")]) == [Unknown(record.ref, "busy")]


def test_a_batch_refused_as_a_whole_is_split_down_to_the_one_at_fault(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    connector, found = people(desk, 8)
    inner = desk.site.api.answer

    def picky(asked: Any, client_id: str) -> Any:
        if asked.path == "$batch" and b"Slem" in asked.body:
            from simulators.dynamics.batch import Said

            return Said(413, {"error": {"code": "0x80060888", "message": "too large"}})
        return inner(asked, client_id)

    monkeypatch.setattr(desk.site.api, "answer", picky)
    titles = ["Slem" if n == 5 else f"Ejer {n}" for n in range(8)]
    outcomes = pushed(connector, [change(r, title=t) for r, t in zip(found, titles, strict=True)])
    assert kinds(outcomes) == {"Applied": 7, "Rejected": 1}
    assert isinstance(outcomes[5], Rejected)


# --- lost answers -------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", [Fault.LOST, Fault.DROPPED, Fault.HALF, Fault.BUSY, Fault.BROKEN])
def test_a_lost_answer_is_unknown_whether_it_was_written_or_not(desk: Desk, fault: Fault) -> None:
    connector, found = people(desk, 60)
    desk.site.plan(fault, BATCH)
    outcomes = pushed(connector, [change(record, title="Ejer") for record in found])
    assert [type(one) for one in outcomes] == [Unknown] * 50 + [Applied] * 10
    there = {entry.ident for entry in ours(desk)}
    assert len(there) == (60 if fault in {Fault.LOST, Fault.HALF} else 10)


def test_when_nothing_answers_any_more_the_rest_is_left_alone(desk: Desk) -> None:
    connector, found = people(desk, 200)
    desk.site.plan(Fault.DROPPED, BATCH, times=9)
    changes = [change(record, title="Ejer") for record in found]
    seen: list[Any] = []
    with pytest.raises(NoAnswer):
        seen.extend(connector.push(stream_of(connector), {}, changes))
    # The second batch was half as large, and the third was not tried.
    assert kinds(seen) == {"Unknown": 75}
    assert desk.asked("$batch") == []


def test_a_system_that_asks_for_more_patience_than_there_is_stops_the_push(desk: Desk) -> None:
    connector, found = people(desk, 10)
    connector.streams()
    desk.site.plan(Fault.THROTTLED, BATCH, seconds=290)
    with pytest.raises(Busy):
        pushed(connector, [change(record, title="Ejer") for record in found])
    assert ours(desk) == []


def test_an_answer_that_cannot_be_read_is_unknown(desk: Desk) -> None:
    connector, found = people(desk, 5)
    desk.site.plan(Fault.GARBLED, BATCH)
    outcomes = pushed(connector, [change(record, title="Ejer") for record in found])
    assert kinds(outcomes) == {"Unknown": 5}
    assert len(ours(desk)) == 5


def test_answers_in_another_order_are_not_believed(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    from simulators.dynamics import batch

    inner = batch.joined
    monkeypatch.setattr(batch, "joined", lambda answers, mark: inner(answers[::-1], mark))
    connector, found = people(desk, 4)
    outcomes = pushed(connector, [change(record, title="Ejer") for record in found])
    assert kinds(outcomes) == {"Unknown": 4}


def test_a_token_that_dies_before_a_batch_is_renewed_and_the_batch_sent_once(desk: Desk) -> None:
    connector, [record] = people(desk, 1)
    desk.site.plan(Fault.REVOKED, BATCH)
    assert kinds(pushed(connector, [change(record, title="Ejer")])) == {"Applied": 1}
    assert len(ours(desk)) == 1


# --- refusals --------------------------------------------------------------------------------------


def refused(code: str, message: str, status: int = 400) -> Any:
    def plugin(_org: Any, _table: Any, _row: Any, _asked: Any) -> None:
        raise Refused(status, code, message)

    return plugin


def test_what_a_value_does_wrong_is_said_by_code_and_column_and_never_by_value(desk: Desk) -> None:
    connector, [record] = people(desk, 1)
    long = "Hemmelig titel " * 20
    [outcome] = pushed(connector, [change(record, title=long, city="Vejle")])
    assert outcome == Rejected(record.ref, "value_too_long", {"field": "jobtitle"})
    desk.site.org.plugins.append(refused("0x80040265", "Hemmelig titel er forbudt"))
    [outcome] = pushed(connector, [change(record, title="Hemmelig titel", city="Vejle")])
    assert outcome == Rejected(
        record.ref, "own_rule_of_the_system", {"field": "jobtitle, address1_city"}
    )
    assert "Hemmelig" not in json.dumps(dict(outcome.details))


def test_a_code_that_nobody_knows_is_passed_on(desk: Desk) -> None:
    connector, [record] = people(desk, 1)
    desk.site.org.plugins.append(refused("0x8004ABCD", "?"))
    [outcome] = pushed(connector, [change(record, title="Ejer")])
    assert outcome == Rejected(
        record.ref, "write_refused", {"field": "jobtitle", "code": "0x8004ABCD"}
    )


def test_a_failure_inside_a_part_is_unknown_not_refused(desk: Desk) -> None:
    connector, [record] = people(desk, 1)
    desk.site.org.plugins.append(refused("0x80040216", "?", 500))
    assert pushed(connector, [change(record, title="Ejer")]) == [Unknown(record.ref, "status_500")]


def test_inactive_records_and_columns_that_are_read_only_are_refused(desk: Desk) -> None:
    connector, [record] = people(desk, 1)
    [outcome] = pushed(connector, [change(record, owner="Birk Blyant")])
    assert outcome == Rejected(record.ref, "field_read_only", {"field": "_ownerid_value"})
    [outcome] = pushed(connector, [change(record, opt_out_call="false")])
    assert outcome == Rejected(record.ref, "field_read_only", {"field": "donotphone"})
    desk.site.org.rows["contact"][record.ref.id]["statecode"] = 1
    [outcome] = pushed(connector, [change(record, title="Ejer")])
    assert outcome == Rejected(record.ref, "record_closed", {"field": "jobtitle"})


def test_a_privilege_that_is_missing_is_each_records_own_refusal(desk: Desk) -> None:
    connector, [record] = people(desk, 1)
    desk.site.org.user(CLIENT).rights = {"prvReadContact"}
    [outcome] = pushed(connector, [change(record, title="Ejer")])
    assert isinstance(outcome, Rejected)
    assert outcome.code == "no_right_to_write"


def test_emptied_fields_are_written_as_null_and_taken_back(desk: Desk) -> None:
    connector, _ = people(desk, 1)
    before = desk.site.org.snapshot()
    [record] = records(pulled(connector))
    there = change(record, title="Ejer")
    assert kinds(pushed(connector, [there])) == {"Applied": 1}
    [now] = records(pulled(connector))
    back = replace(there, base_version=now.version, changes=(there.changes[0].reverse(),))
    assert kinds(pushed(connector, [back])) == {"Applied": 1}
    assert desk.site.org.snapshot() == before


def test_an_answer_without_effect_is_not_taken_for_a_write(desk: Desk) -> None:
    connector, [record] = people(desk, 1)
    desk.site.plan(Fault.NO_EFFECT, "batch")
    [outcome] = pushed(connector, [change(record, title="Chef")])
    assert outcome == Unknown(record.ref, "no_effect", claimed=True)
    assert pushed(connector, [change(record, title="Chef")]) != [outcome], "it can be tried again"
