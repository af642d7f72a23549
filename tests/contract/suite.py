"""The one suite that every connector passes. A connector's test declares an `Outside` and inherits.

The suite holds the connector against its own capability table: what a stream claims is tried, and
what it does not claim is not asked of it. Simulated systems keep real state; nothing is mocked.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any, Protocol

import pytest

from connectors.protocol import (
    Applied,
    Capabilities,
    Compares,
    Conflict,
    Connector,
    Moved,
    Outcome,
    Page,
    Pulls,
    Pushes,
    Reads,
    Rejected,
    Rereads,
    Stream,
)
from connectors.readonly import ReadOnly
from rules.changes import Change, RecordChange
from rules.errors import WroteInDryRun
from rules.records import ABSENT, Record, Ref


class Outside(Protocol):
    """The outside system, as somebody else sees and uses it.

    It begins with `many` contacts (or what comes closest) named by `full_name` and `email`, enough
    for several pages; `edit` and `remove` go by the e-mail address. `snapshot` is everything that
    is stored outside, to be compared with ==. `flag` is used where episodes are claimed.
    """

    claims: Capabilities
    many: int

    def connector(self) -> Connector: ...
    def edit(self, email: str, field: str, value: str) -> None: ...
    def remove(self, email: str) -> None: ...
    def flag(self, email: str, *, no: bool) -> None: ...
    def snapshot(self) -> Any: ...


def change_of(record: Record, field: str, new: str | None) -> RecordChange:
    """One change of one field, as deciding would make it."""
    old = record.values[field]
    change = Change(field, None if old is ABSENT else old, new, "contract", "test", "reason.test")
    return RecordChange(record.ref, record.version, (change,), record.place)


class ConnectorContract:
    """Inherit, and give the fixture `outside`. `name_field`: what a person's name stands in;
    `key_field`: what `edit` and `remove` go by; `remembers`: a flag of ours does not cover what was
    said before."""

    name_field = "full_name"
    key_field = "email"
    remembers = True

    @pytest.fixture
    def outside(self) -> Outside:
        raise NotImplementedError

    @pytest.fixture
    def connector(self, outside: Outside) -> Any:
        return outside.connector()

    @pytest.fixture
    def stream(self, connector: Any) -> Stream:
        [stream] = connector.streams()
        return stream

    # --- what it says of itself ---

    def test_claims_are_the_documented_ones(self, outside: Outside, stream: Stream) -> None:
        assert stream.can == outside.claims

    def test_it_has_the_roles_that_it_claims(self, connector: Any, stream: Stream) -> None:
        assert isinstance(connector, Pulls) or not stream.can.pull
        assert isinstance(connector, Reads) or not stream.can.pull
        assert isinstance(connector, Pushes) or not stream.can.push

    def test_streams_are_the_same_when_nothing_has_changed(self, outside: Outside) -> None:
        first, second = outside.connector().streams(), outside.connector().streams()
        assert list(first) == list(second)
        assert len({stream.name for stream in first}) == len(first)

    # --- pulling ---

    def test_a_pull_shows_every_record_once(
        self, outside: Outside, connector: Any, stream: Stream
    ) -> None:
        pages = list(connector.pull(stream, None))
        records = _records(pages)
        assert len(records) == outside.many == len({record.ref.id for record in records})
        assert [page.complete for page in pages] == [False] * (len(pages) - 1) + [True]
        assert pages[-1].full
        assert len(pages) > 1

    def test_values_are_text_absent_or_nothing_and_only_what_is_mapped(
        self, connector: Any, stream: Stream
    ) -> None:
        mapped = {column.canonical for column in stream.columns if column.canonical}
        for record in _records(connector.pull(stream, None)):
            assert set(record.values) <= mapped
            assert all(
                v is None or v is ABSENT or isinstance(v, str) for v in record.values.values()
            )
            assert record.ref.system == connector.name
            assert record.ref.kind is stream.kind
            assert Ref.parse(str(record.ref)) == record.ref

    def test_a_pull_writes_nothing(self, outside: Outside, connector: Any, stream: Stream) -> None:
        before = outside.snapshot()
        token = _records_and_token(connector, stream)[1]
        list(connector.pull(stream, token))
        assert outside.snapshot() == before

    def test_a_token_is_json(self, connector: Any, stream: Stream) -> None:
        for page in connector.pull(stream, None):
            assert json.loads(json.dumps(dict(page.next))) == page.next

    def test_a_complete_token_shows_nothing_when_nothing_has_changed(
        self, outside: Outside, connector: Any, stream: Stream
    ) -> None:
        _, token = _records_and_token(connector, stream)
        token = json.loads(json.dumps(dict(token)))
        [page] = outside.connector().pull(stream, token)
        assert not page.records
        assert not page.tombstones
        assert page.complete
        assert not page.full
        [again] = outside.connector().pull(stream, page.next)
        assert not again.records

    def test_a_pull_goes_on_in_another_process_after_any_page(
        self, outside: Outside, connector: Any, stream: Stream
    ) -> None:
        pages = list(connector.pull(stream, None))
        for at in range(len(pages) - 1):
            token = json.loads(json.dumps(dict(pages[at].next)))
            rest = list(outside.connector().pull(stream, token))
            assert _records([*pages[: at + 1], *rest]) == _records(pages)
            assert rest[-1].next == pages[-1].next

    def test_refs_and_versions_are_the_same_in_another_process(
        self, outside: Outside, connector: Any, stream: Stream
    ) -> None:
        assert _records(connector.pull(stream, None)) == _records(
            outside.connector().pull(stream, None)
        )

    def test_an_edit_by_others_is_seen_with_a_new_version(
        self, outside: Outside, connector: Any, stream: Stream
    ) -> None:
        records, token = _records_and_token(connector, stream)
        before = _by_ref(records)
        target = records[len(records) // 2]
        outside.edit(str(target.values[self.key_field]), self.name_field, "Ny Navnesen")
        after = _by_ref(_records(connector.pull(stream, token)))
        assert after[target.ref].values[self.name_field] == "Ny Navnesen"
        moved = {ref for ref, record in after.items() if record.version != before[ref].version}
        assert moved == {target.ref}

    def test_a_record_that_others_removed_is_noticed(
        self, outside: Outside, connector: Any, stream: Stream
    ) -> None:
        records, token = _records_and_token(connector, stream)
        gone = records[3]
        outside.remove(str(gone.values[self.key_field]))
        pages = list(connector.pull(stream, token))
        if stream.can.delete_feed:
            assert [stone.ref for page in pages for stone in page.tombstones] == [gone.ref]
        else:
            assert pages[-1].full
            assert set(_by_ref(records)) - set(_by_ref(_records(pages))) == {gone.ref}

    def test_single_records_can_be_read(self, connector: Any, stream: Stream) -> None:
        records, _ = _records_and_token(connector, stream)
        wanted = [records[0], records[-1]]
        nobody = Ref(connector.name, stream.kind, f"{wanted[0].ref.id}-nobody")
        found = connector.read(stream, [nobody, *(record.ref for record in wanted)])
        assert sorted(found, key=str) == sorted(wanted, key=str)

    def test_a_no_that_was_taken_back_between_two_readings_is_told(
        self, outside: Outside, connector: Any, stream: Stream
    ) -> None:
        if not stream.can.episodes:
            pytest.skip("no episodes are claimed")
        records, token = _records_and_token(connector, stream)
        target = records[5]
        outside.flag(str(target.values[self.key_field]), no=True)
        outside.flag(str(target.values[self.key_field]), no=False)
        pages = list(connector.pull(stream, token))
        [shown] = _records(pages)
        [told] = [one for page in pages for one in page.episodes]
        assert told.record.ref == shown.ref == target.ref
        assert (shown.values[told.field], told.record.values[told.field]) == ("false", "true")
        assert told.since.tzinfo is not None
        assert shown.version == next(iter(connector.read(stream, [target.ref]))).version

    def test_a_no_that_was_taken_back_is_told_though_a_flag_of_ours_stands_since(
        self, outside: Outside, connector: Any, stream: Stream
    ) -> None:
        if not (stream.can.episodes and self.remembers):
            pytest.skip("no such episodes are claimed")
        records, token = _records_and_token(connector, stream)
        target = records[5]
        for no in (True, False):
            outside.flag(str(target.values[self.key_field]), no=no)
        pages = list(connector.pull(stream, token))
        [first] = [one for page in pages for one in page.episodes]
        for no in (True, False):
            outside.flag(str(target.values[self.key_field]), no=no)
        there, token = next(iter(connector.read(stream, [target.ref]))), pages[-1].next
        done = list(connector.block(stream, token, [change_of(there, first.field, "true")]))
        assert isinstance(done[0], Applied)
        token = next((one.token for one in done if isinstance(one, Moved)), token)
        outside.flag(str(records[6].values[self.key_field]), no=True)
        told = [one for page in connector.pull(stream, token) for one in page.episodes]
        assert [(one.record.ref, one.theirs) for one in told] == [(target.ref, True)]

    def test_a_flag_of_ours_that_is_over_hides_no_no_of_somebody_else(
        self, outside: Outside, connector: Any, stream: Stream
    ) -> None:
        if not (stream.can.episodes and self.remembers):
            pytest.skip("no such episodes are claimed")
        records, token = _records_and_token(connector, stream)
        target = records[5]
        key = str(target.values[self.key_field])
        for no in (True, False):
            outside.flag(key, no=no)
        pages = list(connector.pull(stream, token))
        [first] = [one for page in pages for one in page.episodes]
        there, token = next(iter(connector.read(stream, [target.ref]))), pages[-1].next
        done = list(connector.block(stream, token, [change_of(there, first.field, "true")]))
        assert isinstance(done[0], Applied)
        token = next((one.token for one in done if isinstance(one, Moved)), token)
        outside.flag(key, no=False)
        told = [one for page in connector.pull(stream, token) for one in page.episodes]
        assert {one.record.ref for one in told} == {target.ref}
        assert [one.since for one in told if one.theirs] == [first.since]

    def test_a_no_that_was_taken_back_is_told_though_all_is_read_anew_and_stopped(
        self, outside: Outside, connector: Any, stream: Stream
    ) -> None:
        if not stream.can.episodes:
            pytest.skip("no episodes are claimed")
        assert isinstance(connector, Rereads)
        records, token = _records_and_token(connector, stream)
        target = records[5]
        outside.flag(str(target.values[self.key_field]), no=True)
        outside.flag(str(target.values[self.key_field]), no=False)
        pages: list[Page] = []
        for _ in range(3):
            begun = connector.anew(stream, token)
            # Killed behind the first page: the next process has to begin anew as well.
            pages.append(next(iter(outside.connector().pull(stream, begun))))
            token = pages[-1].next
        pages += outside.connector().pull(stream, connector.anew(stream, token))
        pages += outside.connector().pull(stream, pages[-1].next)
        told = [one for page in pages for one in page.episodes]
        assert {one.record.ref for one in told} == {target.ref}

    def test_a_no_that_is_taken_back_before_the_first_reading_has_ended_is_told(
        self, outside: Outside, connector: Any, stream: Stream
    ) -> None:
        if not stream.can.episodes:
            pytest.skip("no episodes are claimed")
        first = next(iter(connector.pull(stream, None)))
        target = first.records[5]
        outside.flag(str(target.values[self.key_field]), no=True)
        outside.flag(str(target.values[self.key_field]), no=False)
        begun = connector.anew(stream, first.next)
        pages = list(outside.connector().pull(stream, begun))
        pages += outside.connector().pull(stream, pages[-1].next)
        assert {one.record.ref for page in pages for one in page.episodes} == {target.ref}

    def test_counts_and_ids_are_those_of_a_whole_reading(
        self, outside: Outside, connector: Any, stream: Stream
    ) -> None:
        if not stream.can.compares:
            pytest.skip("no comparing is claimed")
        assert isinstance(connector, Compares)
        records, _ = _records_and_token(connector, stream)
        assert connector.count(stream) == len(records)
        listed = list(connector.ids(stream))
        assert len(listed) == len(records)
        assert set(listed) == {record.ref for record in records}
        outside.remove(str(records[3].values[self.key_field]))
        connector = outside.connector()
        assert connector.count(stream) == len(records) - 1
        assert records[3].ref not in set(connector.ids(stream))

    # --- pushing ---

    @pytest.fixture
    def pushing(self, stream: Stream) -> None:
        if not stream.can.push:
            pytest.skip("this stream does not claim to be written")

    @pytest.mark.usefixtures("pushing")
    def test_a_push_gives_one_outcome_for_each_record_and_is_seen(
        self, connector: Any, stream: Stream
    ) -> None:
        records, token = _records_and_token(connector, stream)
        chosen = records[:: max(1, len(records) // 50)]
        changes = [change_of(r, self.name_field, f"Ændret {i}") for i, r in enumerate(chosen)]
        outcomes = _pushed(connector, stream, token, changes)
        assert [outcome.ref for outcome in outcomes] == [record.ref for record in chosen]
        assert all(isinstance(outcome, Applied) for outcome in outcomes)
        after = _by_ref(_records(connector.pull(stream, None)))
        for i, record in enumerate(chosen):
            assert after[record.ref].values[self.name_field] == f"Ændret {i}"
        untouched = set(_by_ref(records)) - {record.ref for record in chosen}
        assert all(after[ref] == _by_ref(records)[ref] for ref in untouched)

    @pytest.mark.usefixtures("pushing")
    def test_the_version_after_a_push_is_the_announced_one(
        self, connector: Any, stream: Stream
    ) -> None:
        records, token = _records_and_token(connector, stream)
        change = change_of(records[1], self.name_field, "Åse Ærlig")
        expected = connector.expected_version(stream, records[1], change)
        [outcome] = _pushed(connector, stream, token, [change])
        assert isinstance(outcome, Applied)
        seen = _by_ref(_records(connector.pull(stream, None)))[records[1].ref]
        assert seen.version == outcome.version
        assert expected in {None, outcome.version}

    @pytest.mark.usefixtures("pushing")
    def test_a_change_from_an_old_version_is_a_conflict_and_writes_nothing(
        self, outside: Outside, connector: Any, stream: Stream
    ) -> None:
        if not stream.can.conditional_write:
            pytest.skip("no conditional write is claimed")
        records, token = _records_and_token(connector, stream)
        stale = change_of(records[2], self.name_field, "Forkert")
        stale = RecordChange(stale.ref, "an-older-version", stale.changes, stale.place)
        before = outside.snapshot()
        [outcome] = _pushed(connector, stream, token, [stale])
        assert outcome == Conflict(records[2].ref)
        assert outside.snapshot() == before

    @pytest.mark.usefixtures("pushing")
    def test_what_others_wrote_since_is_not_overwritten(
        self, outside: Outside, connector: Any, stream: Stream
    ) -> None:
        if not stream.can.conditional_write:
            pytest.skip("no conditional write is claimed")
        records, token = _records_and_token(connector, stream)
        outside.edit(str(records[4].values[self.key_field]), self.name_field, "Rettet Andetsteds")
        theirs = outside.snapshot()
        [outcome] = _pushed(
            connector, stream, token, [change_of(records[4], self.name_field, "Vores")]
        )
        assert outcome == Conflict(records[4].ref)
        assert outside.snapshot() == theirs

    @pytest.mark.usefixtures("pushing")
    def test_a_field_that_is_not_there_is_rejected_and_the_others_go_on(
        self, connector: Any, stream: Stream
    ) -> None:
        records, token = _records_and_token(connector, stream)
        bad = Change("no_such_field", None, "x", "contract", "test", "reason.test")
        first = RecordChange(records[0].ref, records[0].version, (bad,), records[0].place)
        second = change_of(records[1], self.name_field, "Går Igennem")
        outcomes = _pushed(connector, stream, token, [first, second])
        assert isinstance(outcomes[0], Rejected)
        assert isinstance(outcomes[1], Applied)

    @pytest.mark.usefixtures("pushing")
    def test_a_push_and_its_reverse_leave_no_trace(
        self, outside: Outside, connector: Any, stream: Stream
    ) -> None:
        before = outside.snapshot()
        records, token = _records_and_token(connector, stream)
        chosen = records[::7]
        there = [change_of(record, self.name_field, 'Søn "og"; Datter, A/S') for record in chosen]
        assert all(isinstance(o, Applied) for o in _pushed(connector, stream, token, there))
        assert outside.snapshot() != before
        changed, token = _records_and_token(connector, stream)
        now = _by_ref(changed)
        back = [
            RecordChange(c.ref, now[c.ref].version, (c.changes[0].reverse(),), now[c.ref].place)
            for c in there
        ]
        assert all(isinstance(o, Applied) for o in _pushed(connector, stream, token, back))
        assert outside.snapshot() == before

    @pytest.mark.usefixtures("pushing")
    def test_a_cursor_moved_by_a_push_shows_only_what_others_do(
        self, outside: Outside, connector: Any, stream: Stream
    ) -> None:
        records, token = _records_and_token(connector, stream)
        answers = list(
            connector.push(stream, token, [change_of(records[0], self.name_field, "Vi")])
        )
        if not isinstance(answers[-1], Moved):
            pytest.skip("this connector reads its own writes again")
        [page] = outside.connector().pull(stream, answers[-1].token)
        assert not page.records
        assert json.loads(json.dumps(dict(answers[-1].token))) == answers[-1].token
        outside.edit(str(records[1].values[self.key_field]), self.name_field, "De")
        after = _by_ref(_records(connector.pull(stream, answers[-1].token)))
        assert after[records[1].ref].values[self.name_field] == "De"

    @pytest.mark.usefixtures("pushing")
    def test_an_empty_push_does_nothing(
        self, outside: Outside, connector: Any, stream: Stream
    ) -> None:
        _, token = _records_and_token(connector, stream)
        before = outside.snapshot()
        assert _pushed(connector, stream, token, []) == []
        assert outside.snapshot() == before

    def test_a_dry_run_reads_the_same_and_cannot_write(
        self, outside: Outside, connector: Any, stream: Stream
    ) -> None:
        before = outside.snapshot()
        dry = ReadOnly(connector)
        records, token = _records_and_token(dry, stream)
        assert records == _records(connector.pull(stream, None))
        with pytest.raises(WroteInDryRun):
            list(dry.push(stream, token, [change_of(records[0], self.name_field, "Nej")]))
        assert outside.snapshot() == before


def _records(pages: Iterator[Page] | Sequence[Page]) -> list[Record]:
    return [record for page in pages for record in page.records]


def _records_and_token(connector: Any, stream: Stream) -> tuple[list[Record], Any]:
    pages = list(connector.pull(stream, None))
    return _records(pages), pages[-1].next


def _by_ref(records: Sequence[Record]) -> dict[Ref, Record]:
    return {record.ref: record for record in records}


def _pushed(
    connector: Any, stream: Stream, token: Any, changes: Sequence[RecordChange]
) -> list[Outcome]:
    size = stream.can.batch_size or len(changes) or 1
    batches = [changes[at : at + size] for at in range(0, len(changes), size)] or [[]]
    answers = [answer for batch in batches for answer in connector.push(stream, token, batch)]
    return [answer for answer in answers if not isinstance(answer, Moved)]
