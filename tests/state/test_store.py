"""The unit of work: nothing lost, nothing half done, whoever else is at work or whatever fails."""

import contextlib
import os
import signal
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from databases import SET_PRAGMAS, rolled_back
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rules.errors import SystemStopped, UserError
from state import engines
from state.ledger import hold
from state.store import GROUP, Store, Tx, bulk
from state.tables import cursors, findings, reach, snapshots

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)


def add_one(tx: Tx) -> None:
    """Read, think, write: what loses updates when nobody watches."""
    before = tx.execute(sa.select(reach.c.ledger_seq).with_for_update()).scalar_one()
    tx.execute(sa.update(reach).values(ledger_seq=before + 1))


def with_counter(store: Store) -> None:
    with store.transaction() as tx:
        tx.execute(sa.insert(reach).values(consumer="counter", ledger_seq=0))


def counted(store: Store) -> int:
    with store.reading() as tx:
        return int(tx.execute(sa.select(reach.c.ledger_seq)).scalar_one())


# --- at the same time ------------------------------------------------------------------------


def test_threads_that_read_and_write_lose_nothing(store: Store) -> None:
    with_counter(store)

    def work(_: int) -> None:
        for _ in range(40):
            with store.transaction() as tx:
                add_one(tx)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(4)))
    assert counted(store) == 160


_ADDS = """
import sys
import sqlalchemy as sa
from state.store import Store
from state.tables import reach
store = Store(sys.argv[1])
sys.stdin.readline()
for _ in range(40):
    with store.transaction() as tx:
        before = tx.execute(sa.select(reach.c.ledger_seq).with_for_update()).scalar_one()
        tx.execute(sa.update(reach).values(ledger_seq=before + 1))
store.close()
"""


def test_processes_that_read_and_write_lose_nothing(store: Store, store_url: str) -> None:
    with_counter(store)
    started = [child(_ADDS, store_url) for _ in range(4)]
    for process in started:
        say(process)
    complaints = [process.communicate()[1] for process in started]
    assert [process.returncode for process in started] == [0] * 4, complaints
    assert counted(store) == 160


def child(script: str, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", script, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def say(process: subprocess.Popen[str]) -> None:
    assert process.stdin
    process.stdin.write("go\n")
    process.stdin.flush()


def test_reading_does_not_stop_a_writer_nor_a_writer_a_reader(store: Store) -> None:
    with_counter(store)
    with store.reading() as reader:
        assert reader.execute(sa.select(reach.c.ledger_seq)).scalar_one() == 0
        with store.transaction() as writer:
            add_one(writer)
            assert counted(store) == 0
    assert counted(store) == 1


@pytest.mark.parametrize("urgent", [False, True])
def test_a_writer_that_waits_too_long_is_told_so(
    sqlite_store: Store, sqlite_url: str, monkeypatch: pytest.MonkeyPatch, *, urgent: bool
) -> None:
    monkeypatch.setattr(engines, "BUSY_MILLISECONDS", 50)
    hurried = Store(sqlite_url)
    with (
        sqlite_store.transaction(),
        pytest.raises(SystemStopped) as stopped,
        hurried.transaction(urgent=urgent),
    ):
        pass
    with hurried.transaction(urgent=urgent) as tx:
        assert tx.exec_driver_sql("PRAGMA busy_timeout").scalar_one() == 50, "as it was before"
    hurried.close()
    assert stopped.value.message == "error.state_busy"


# --- all or nothing --------------------------------------------------------------------------


def half_done(store: Store) -> None:
    with store.transaction() as tx:
        add_one(tx)
        tx.exec_driver_sql("CREATE TABLE half_done (a BIGINT)")
        raise RuntimeError


def test_leaving_commits_and_an_exception_rolls_back(store: Store, store_url: str) -> None:
    with_counter(store)
    with store.transaction() as tx:
        add_one(tx)
    with pytest.raises(RuntimeError):
        half_done(store)
    other = Store(store_url)
    assert counted(other) == 1
    with other.reading() as tx:
        assert not sa.inspect(tx).has_table("half_done")
    other.close()


_COMMITS = """
import sys
import sqlalchemy as sa
from state.store import Store
from state.tables import snapshots
store = Store(sys.argv[1])
row = {"system": "s", "stream": "s", "measure": "m", "numerator": 0, "denominator": 0}
for number in range(100_000):
    with store.transaction() as tx:
        tx.execute(sa.insert(snapshots), [row | {"day": f"{number} {part}"} for part in range(20)])
    print(number, flush=True)
"""


def test_a_killed_process_loses_nothing_that_was_committed(store: Store, store_url: str) -> None:
    process = child(_COMMITS, store_url)
    assert process.stdout
    told = [process.stdout.readline() for _ in range(15)]
    process.send_signal(signal.SIGKILL)
    told += process.communicate()[0].splitlines(keepends=True)
    last = int([line for line in told if line.endswith("\n")][-1])
    with store.reading() as tx:
        days = set(tx.execute(sa.select(snapshots.c.day)).scalars())
    assert {f"{number} {part}" for number in range(last + 1) for part in range(20)} <= days
    assert len(days) % 20 == 0


_FILLS_THE_DISK = """
import resource, signal, sys
import sqlalchemy as sa
from rules.errors import SystemStopped
from state.store import Store
from state.tables import snapshots
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
store = Store(sys.argv[1])
row = {"system": "s", "stream": "s", "numerator": 0, "denominator": 0}
with store.reading() as tx:
    tx.execute(sa.select(snapshots)).all()
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), resource.RLIM_INFINITY))
try:
    for number in range(10_000):
        with store.transaction() as tx:
            rows = [row | {"day": f"{number} {part}", "measure": "m" * 2000} for part in range(20)]
            tx.execute(sa.insert(snapshots), rows)
        print(number, flush=True)
except SystemStopped as error:
    print("stopped", error.message, flush=True)
store.close()
"""


@pytest.mark.parametrize("limit", [600_000, 2_000_000, 20_000_000])
def test_a_full_disk_stops_the_run_and_loses_nothing_that_was_committed(
    sqlite_store: Store, sqlite_url: str, limit: int
) -> None:
    process = child(_FILLS_THE_DISK, sqlite_url, str(limit))
    *committed, stopped = process.communicate()[0].splitlines()
    assert stopped == "stopped error.state_full"
    assert committed
    with sqlite_store.transaction() as tx:
        days = set(tx.execute(sa.select(snapshots.c.day)).scalars())
        assert days == {f"{number} {part}" for number in committed for part in range(20)}
        assert tx.exec_driver_sql("PRAGMA integrity_check").scalar_one() == "ok"
        add = {"day": "afterwards", "system": "s", "stream": "s", "measure": "m"}
        tx.execute(sa.insert(snapshots).values(**add, numerator=1, denominator=1))


# --- many rows at once -----------------------------------------------------------------------

ROWS = st.lists(
    st.tuples(
        st.text("abcøæå%:?'\"\\ ", max_size=8),
        st.none() | st.integers(-(2**63), 2**63 - 1),
        st.datetimes(timezones=st.just(UTC)),
        st.none() | st.datetimes(timezones=st.just(UTC)),
    ),
    max_size=8,
)
SHARED = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
_INSERT = sa.insert(findings).values(
    code=sa.bindparam("b_code"),
    place=sa.bindparam("b_place"),
    first_seen_at=sa.bindparam("b_first", type_=findings.c.first_seen_at.type),
    gone_at=sa.bindparam("b_gone", type_=findings.c.gone_at.type),
    **{
        name: sa.bindparam(f"b_{name}")
        for name in ("origin", "severity", "system", "stream", "details")
    },
    last_seen_at=sa.bindparam("b_last", type_=findings.c.last_seen_at.type),
    came_back=sa.bindparam("b_back"),
)
_MORE = ("decide", "error", "s", "100 % s", "{}", NOW, 0)
_NAMES = ("b_code", "b_place", "b_first", "b_gone", "b_origin", "b_severity", "b_system")
_NAMES += ("b_stream", "b_details", "b_last", "b_back")


def stored(tx: Tx) -> list[Sequence[Any]]:
    columns = [column for column in findings.c if column.name != "fid"]
    return [tuple(row) for row in tx.execute(sa.select(*columns).order_by(findings.c.fid))]


@SHARED
@given(rows=ROWS)
def test_bulk_does_what_plain_execute_does(store: Store, rows: list[tuple[Any, ...]]) -> None:
    statements: list[tuple[Any, tuple[str, ...], list[tuple[Any, ...]]]] = [
        (_INSERT, _NAMES, [(*row, *_MORE) for row in rows]),
        (
            sa.update(findings)
            .where(findings.c.code == sa.bindparam("b_code"), findings.c.stream.like("%% s"))
            .values(
                place=sa.bindparam("b_place"),
                gone_at=sa.bindparam("b_gone", type_=findings.c.gone_at.type),
                came_back=findings.c.came_back + 1,
            ),
            ("b_place", "b_gone", "b_code"),
            [(row[1], row[3], row[0]) for row in rows[::2]],
        ),
        (
            sa.delete(findings).where(
                findings.c.first_seen_at
                == sa.bindparam("b_at", type_=findings.c.first_seen_at.type)
            ),
            ("b_at",),
            [(row[2],) for row in rows[1::3]],
        ),
    ]
    results = []
    for by_bulk in (True, False):
        with rolled_back(store) as tx:
            steps = []
            for statement, names, values in statements:
                if by_bulk:
                    bulk_in_order(tx, statement, names, values)
                elif values:
                    tx.execute(statement, [dict(zip(names, v, strict=True)) for v in values])
                steps.append(stored(tx))
            results.append(steps)
    assert results[0] == results[1]
    assert len(results[0][0]) == len(rows)


@pytest.mark.parametrize("many", [GROUP - 1, GROUP, 2 * GROUP, 2 * GROUP + 7])
def test_rows_inserted_in_groups_are_the_rows_given_in_their_order(
    store: Store, now: datetime, many: int
) -> None:
    rows = [(f"code_{n}", n, now + timedelta(seconds=n), None, *_MORE) for n in range(many)]
    with rolled_back(store) as tx:
        bulk_in_order(tx, _INSERT, _NAMES, rows)
        query = sa.select(findings.c.code, findings.c.place, findings.c.first_seen_at)
        found = [tuple(row) for row in tx.execute(query.order_by(findings.c.fid))]
    assert found == [row[:3] for row in rows]


def bulk_in_order(
    tx: Tx, statement: Any, names: Sequence[str], rows: list[tuple[Any, ...]]
) -> None:
    """`bulk` takes the values in the order in which the statement's text uses them."""
    compiled = statement.compile(dialect=sa.create_mock_engine("sqlite://", print).dialect)
    fixed = {name: value for name, value in compiled.params.items() if name not in names}
    given = [fixed | dict(zip(names, row, strict=True)) for row in rows]
    bulk(tx, statement, [tuple(row[name] for name in compiled.positiontup) for row in given])


def test_bulk_of_nothing_asks_nothing(store: Store) -> None:
    with rolled_back(store) as tx:
        bulk(tx, _INSERT, [])
        assert stored(tx) == []


def test_bulk_refuses_what_the_column_does_not_take(store: Store) -> None:
    statement = sa.insert(cursors).values(
        {column.name: sa.bindparam(f"b_{column.name}", type_=column.type) for column in cursors.c}
    )
    good = ("s", "t", "k", None, True, 1, 2, [], "f", 3, *[None] * 8)
    assert len(good) == len(cursors.c)
    with pytest.raises(sa.exc.DBAPIError), store.transaction() as tx:
        bulk(tx, statement, [good, ("s", "u", "k", None, True, "one", *good[6:])])
    with store.transaction() as tx:
        assert tx.execute(sa.select(sa.func.count()).select_from(cursors)).scalar_one() == 0
        bulk(tx, statement, [good])
        assert tuple(tx.execute(sa.select(cursors)).one()) == good


# --- the file --------------------------------------------------------------------------------


def test_only_its_owner_can_read_the_state(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        store = Store(f"sqlite:///{tmp_path / 'new' / 'state.db'}")
        with store.transaction() as tx:
            tx.exec_driver_sql("CREATE TABLE a (b)")
            modes = {
                path.name: stat.S_IMODE(path.stat().st_mode)
                for path in [tmp_path / "new", *(tmp_path / "new").iterdir()]
            }
    finally:
        os.umask(before)
    store.close()
    files = ("state.db", "state.db-wal", "state.db-shm", "state.db-turn")
    wanted = {**dict.fromkeys(files, 0o600), "new": 0o700}
    assert modes == wanted


def test_every_connection_waits_for_the_disk_and_keeps_references(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engines, "set_pragmas", SET_PRAGMAS)
    with contextlib.closing(Store(sqlite_url)) as store:
        _waits_for_the_disk(store)


def _waits_for_the_disk(sqlite_store: Store) -> None:
    with sqlite_store.reading() as one, sqlite_store.reading() as other:
        for tx in (one, other):
            settings = {
                name: tx.exec_driver_sql(f"PRAGMA {name}").scalar_one()
                for name in ("journal_mode", "synchronous", "foreign_keys")
            }
            assert settings == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}


def test_a_folder_that_cannot_be_made_is_the_users_to_mend(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(UserError) as refused:
        Store(f"sqlite:///{tmp_path / 'file' / 'state.db'}")
    assert refused.value.message == "error.state_unmakeable"


def test_python_would_lose_updates_without_us(tmp_path: Path) -> None:
    """Why BEGIN IMMEDIATE: the plain driver lets two read the same and both write."""
    path = tmp_path / "plain.db"
    one, other = (sqlite3.connect(path, timeout=5) for _ in range(2))
    one.execute("PRAGMA journal_mode=WAL")
    one.execute("CREATE TABLE counter (n)")
    one.execute("INSERT INTO counter VALUES (0)")
    one.commit()
    seen = [c.execute("SELECT n FROM counter").fetchone()[0] for c in (one, other)]
    for connection, value in zip((one, other), seen, strict=True):
        connection.execute("UPDATE counter SET n = ?", (value + 1,))
        connection.commit()
    assert one.execute("SELECT n FROM counter").fetchone() == (1,)
    one.close()
    other.close()


def test_a_process_that_is_paused_in_a_transaction_does_not_keep_the_others_waiting(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engines, "IDLE_MILLISECONDS", 300)
    paused, other = Store(postgres_url), Store(postgres_url)

    def goes_on() -> None:
        with paused.transaction() as tx:
            hold(tx)
            with other.transaction() as second:
                hold(second)
            tx.execute(sa.select(1))

    with pytest.raises(SystemStopped, match="state_gone"):
        goes_on()
    paused.close()
    other.close()


def _cut(store: Store, url: str) -> None:
    """End the session that the next transaction would have."""
    other = Store(url)
    with store.reading() as tx:
        pid = tx.exec_driver_sql("SELECT pg_backend_pid()").scalar_one()
    with other.reading() as tx:
        assert tx.exec_driver_sql(f"SELECT pg_terminate_backend({pid}, 5000)").scalar_one()
    other.close()


def test_a_connection_that_was_cut_while_it_rested_is_made_anew(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engines, "RESTED_SECONDS", 0)
    with contextlib.closing(Store(postgres_url)) as store:
        _cut(store, postgres_url)
        with store.transaction() as tx:
            hold(tx)


def test_one_that_was_cut_a_moment_after_it_was_used_fails_once(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engines, "RESTED_SECONDS", 1000)
    with contextlib.closing(Store(postgres_url)) as store:
        _cut(store, postgres_url)
        with pytest.raises(SystemStopped, match="state_gone"), store.transaction() as tx:
            hold(tx)
        with store.transaction() as tx:
            hold(tx)
