"""A process that dies, a disk that is full, a folder that cannot be written: whole files, always."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

HEAD = "Id;Navn;E-mail\n"
ROWS = 3000
PUSHER = Path(__file__).with_name("pusher.py")
ROOT = Path(__file__).parents[3]
POINTS = ("after_temp_written", "before_rename", "after_rename")


def listed(name: str) -> str:
    return HEAD + "".join(f"{n};{name};n{n}@opdigtet-0001.dk\n" for n in range(ROWS))


OLD, NEW = listed("Et Navn"), listed("Nyt Navn")


def run(
    folder: Path, point: str = "", limit: int | None = None, prefix: tuple[str, ...] = ()
) -> subprocess.CompletedProcess[str]:
    arguments = [*prefix, sys.executable, str(PUSHER), str(folder), point]
    if limit is not None:
        arguments.append(str(limit))
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(arguments, env=env, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("point", POINTS)
def test_a_process_killed_at_any_point_leaves_the_old_file_or_the_new_one(
    desk: Any, point: str
) -> None:
    path = desk.put("k.csv", OLD)
    assert run(desk.root, point).returncode == -signal.SIGKILL
    assert path.read_text() == (NEW if point == "after_rename" else OLD)
    left_behind = [name for name in desk.names() if name != "k.csv"]
    assert len(left_behind) == (0 if point == "after_rename" else 1)
    assert [stream.name for stream in desk.files().streams()] == ["k.csv"]
    assert not desk.files().problems()

    again = run(desk.root)
    assert again.returncode == 0, again.stderr
    assert Counter(again.stdout.split())["Applied"] == ROWS
    assert path.read_text() == NEW
    if point != "after_rename":
        assert desk.names() == ["k.csv"]


def test_every_fault_point_is_reached_in_order(desk: Any) -> None:
    desk.put("k.csv", OLD)
    reached: list[str] = []
    desk.push({2: {"full_name": "Nyt Navn"}}, fault=reached.append)
    assert tuple(reached) == POINTS


def test_a_process_killed_at_random_moments_leaves_whole_files(desk: Any) -> None:
    """Not at a named point, but in the middle of writing: the draft grows, and then SIGKILL."""
    path = desk.put("k.csv", OLD)
    for _ in range(5):
        env = {**os.environ, "PYTHONPATH": str(ROOT)}
        with subprocess.Popen([sys.executable, str(PUSHER), str(desk.root), ""], env=env) as child:
            while child.poll() is None and desk.names() == ["k.csv"]:
                time.sleep(0.001)
            child.kill()
        assert path.read_text() in {OLD, NEW}
        path.write_text(OLD)


def test_a_draft_of_a_living_process_is_left_alone(desk: Any) -> None:
    from connectors.files import drafts

    desk.put("k.csv", OLD)
    living = f".ringren-{drafts._host()}-{os.getppid()}-1.tmp"
    foreign = f".ringren-{'0' * 8}-{2**22 + 1}-1.tmp"
    old = f".ringren-{'0' * 8}-{2**22 + 1}-2.tmp"
    other = ".ringren-noter.tmp"
    for name in (living, foreign, old, other):
        desk.put(name, "x")
    os.utime(desk.root / old, (0, 0))
    os.utime(desk.root / other, (0, 0))
    desk.push({2: {"full_name": "Nyt Navn"}})
    assert desk.names() == sorted([living, foreign, other, "k.csv"])


def test_reading_removes_no_drafts(desk: Any) -> None:
    """A dry run reads only, and writes to no outside system, not even to tidy up."""
    desk.put("k.csv", OLD)
    desk.put(".ringren-00000000-1-1.tmp", "x")
    os.utime(desk.root / ".ringren-00000000-1-1.tmp", (0, 0))
    before = {name: (desk.root / name).stat() for name in desk.names()}
    desk.pull()
    after = {name: (desk.root / name).stat() for name in desk.names()}
    assert {n: (s.st_ino, s.st_mtime_ns, s.st_size) for n, s in after.items()} == {
        n: (s.st_ino, s.st_mtime_ns, s.st_size) for n, s in before.items()
    }


@pytest.mark.parametrize("limit", [0, 10, len(OLD) // 2, len(OLD)])
def test_a_file_that_cannot_grow_leaves_the_old_one_and_no_draft(desk: Any, limit: int) -> None:
    path = desk.put("k.csv", OLD)
    stopped = run(desk.root, limit=limit)
    assert (stopped.returncode, stopped.stdout.strip()) == (3, "files.no_space"), stopped.stderr
    assert path.read_text() == OLD
    assert desk.names() == ["k.csv"]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system with room for one copy of the list, but not for two."""
    folder = tmp_path / "disk"
    folder.mkdir()
    size = f"size={len(OLD) * 3 // 2}"
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", size, "tmpfs", str(folder)], check=False, capture_output=True
    )
    if mounted.returncode:
        pytest.skip("file systems cannot be mounted here")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_full_disk_leaves_the_old_file_and_no_draft(small_disk: Path) -> None:
    (small_disk / "k.csv").write_text(OLD)
    stopped = run(small_disk)
    assert (stopped.returncode, stopped.stdout.strip()) == (3, "files.no_space"), stopped.stderr
    assert (small_disk / "k.csv").read_text() == OLD
    assert [path.name for path in small_disk.iterdir()] == ["k.csv"]


def test_a_read_only_file_system_stops_before_anything_happens(small_disk: Path) -> None:
    (small_disk / "k.csv").write_text(OLD)
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    stopped = run(small_disk)
    assert stopped.returncode == 3, stopped.stderr
    assert stopped.stdout.strip() in {"files.no_access", "files.write_protected"}
    assert (small_disk / "k.csv").read_text() == OLD


def test_a_folder_that_cannot_be_written_stops_and_leaves_the_file() -> None:
    """For root every folder can be written: then another user has to try."""
    other_user = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups")
    prefix = other_user if os.getuid() == 0 else ()
    tried = subprocess.run([*prefix, sys.executable, "-c", "import orjson"], check=False)
    if tried.returncode:
        pytest.skip("no other user can run this Python")
    with tempfile.TemporaryDirectory() as name:
        folder, path = Path(name), Path(name, "k.csv")
        path.write_text(OLD)
        path.chmod(0o666)
        folder.chmod(0o555)
        stopped = run(folder, prefix=prefix)
        left = [one.name for one in folder.iterdir()]
        text = path.read_text()
        folder.chmod(0o755)
    assert (stopped.returncode, stopped.stdout.strip()) == (3, "files.no_access"), stopped.stderr
    assert (left, text) == (["k.csv"], OLD)
