"""Several processes at the ledger at once, some of them killed: one chain, nothing lost."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa
from statements import NOW, block, phone

from state.keys import FILE_NAME, KeyRing, bind, new_ring, parse, write_private
from state.ledger import append, entries_for, head, verify
from state.store import Store
from state.tables import ledger, snapshots

ROOT = Path(__file__).parents[2]
_CHILD = """
import sys
from pathlib import Path
from state.keys import parse
from state.ledger import append
from state.store import Store
from statements import NOW, block
url, ring, first, count = sys.argv[1], parse(Path(sys.argv[2]).read_bytes(), "ring"), *map(int, sys.argv[3:])
store = Store(url)
sys.stdin.readline()
for number in range(first, first + count):
    with store.transaction() as tx:
        append(tx, ring, [block(number), block(0)], NOW, ("crm",))
    print(number, flush=True)
store.close()
"""


@pytest.fixture
def ring_file(store: Store, tmp_path: Path) -> Path:
    ring = new_ring(NOW)
    bind(store, ring, NOW)
    write_private(tmp_path / FILE_NAME, ring.as_json())
    return tmp_path / FILE_NAME


def child(store: Store, ring_file: Path, first: int, count: int) -> subprocess.Popen[str]:
    url = store.url.render_as_string(hide_password=False)
    return subprocess.Popen(
        [sys.executable, "-c", _CHILD, url, str(ring_file), str(first), str(count)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'tests'}"},
    )


def go(process: subprocess.Popen[str]) -> None:
    assert process.stdin
    process.stdin.write("go\n")
    process.stdin.flush()


def ring_of(path: Path) -> KeyRing:
    return parse(path.read_bytes(), str(path))


@pytest.mark.parametrize("processes", [2, 5])
def test_processes_at_once_make_one_chain(processes: int, store: Store, ring_file: Path) -> None:
    each = 20
    started = [child(store, ring_file, 1 + n * each, each) for n in range(processes)]
    for process in started:
        go(process)
    ends = [process.communicate() for process in started]
    assert [process.returncode for process in started] == [0] * processes, ends
    with store.reading() as tx:
        checked = verify(tx)
        known = set(tx.execute(sa.select(ledger.c.event_id)).scalars())
    assert checked.problems == ()
    assert checked.entries == len(known) == processes * each + 1, (
        "what all of them said is there once"
    )


def test_what_a_killed_process_had_recorded_is_there_and_the_rest_follows(
    store: Store, ring_file: Path
) -> None:
    """SIGKILL at the moment when an entry is known to be committed, and again, and again."""
    recorded: set[int] = set()
    first = 1
    for kill_after in (1, 2, 5):
        with child(store, ring_file, first, 500) as process:
            go(process)
            assert process.stdout
            for _ in range(kill_after):
                recorded.add(int(process.stdout.readline()))
            process.send_signal(signal.SIGKILL)
            recorded |= {int(line) for line in process.stdout.read().split()}
        first = max(recorded) + 1
    ring = ring_of(ring_file)
    with store.reading() as tx:
        found = entries_for(tx, {ring.digest(phone(number)) for number in recorded})
        assert verify(tx).problems == ()
        assert len(found) == len(recorded)
    with store.transaction() as tx:
        assert len(append(tx, ring, [block(number) for number in recorded], NOW)) == 0


def _pages(store: Store, stop: threading.Event, one_page: Callable[[int], None]) -> None:
    number = 0
    while not stop.is_set():
        with store.transaction() as tx:
            row = {"day": str(number), "system": "s", "stream": "x", "measure": "pages"}
            tx.execute(snapshots.insert().values(**row, numerator=0, denominator=0))
            one_page(number)
        number += 1


def _written(store: Store) -> int:
    with store.reading() as tx:
        return int(tx.execute(sa.select(sa.func.count()).select_from(snapshots)).scalar_one())


def test_an_opt_out_waits_for_the_page_being_written_and_no_more(
    store_url: str, store: Store, ring_file: Path
) -> None:
    """Writers that start the next page at once would keep it out for as long as they work."""
    ring = ring_of(ring_file)
    stop, busy = threading.Event(), threading.Event()

    def page(_number: int) -> None:
        busy.set()
        stop.wait(0.03)

    other = Store(store_url)
    writer = threading.Thread(target=_pages, args=(other, stop, page))
    writer.start()
    try:
        waited = []
        for number in range(12):
            busy.clear()
            assert busy.wait(30)
            before = _written(store)
            with store.transaction(urgent=True) as tx:
                append(tx, ring, [block(number)], NOW)
            waited.append(_written(store) - before)
    finally:
        stop.set()
        writer.join()
        other.close()
    with store.reading() as tx:
        assert head(tx).seq == 12
    assert max(waited) <= 3, f"pages written while an opt-out waited: {waited}"


_HURRY = """
import sys
from state.store import Store
with Store(sys.argv[1]).transaction(urgent=True):
    print("held", flush=True)
    sys.stdin.readline()
"""


def test_whoever_dies_in_a_hurry_holds_nobody_up(store_url: str, store: Store) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", _HURRY, store_url],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    ) as process:
        assert process.stdout
        assert process.stdout.readline() == "held\n"
        process.send_signal(signal.SIGKILL)
    with store.transaction() as tx, store.reading() as other:
        assert head(tx) == head(other)
    with store.transaction(urgent=True) as tx:
        assert head(tx).seq == 0
