"""The processes that judge end with the one that started them, whatever happens to it."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil

ROOT = Path(__file__).parents[2]
STARTS_ONE = """
import multiprocessing, os, signal
from concurrent.futures import ProcessPoolExecutor
from sync.stages import hands

if __name__ == "__main__":
    start = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(1, start, hands._begin)
    print(pool.submit(os.getpid).result(), flush=True)
    signal.pause()
"""


def test_they_end_with_a_parent_that_was_killed(tmp_path: Path) -> None:
    script = tmp_path / "starts_one.py"
    script.write_text(STARTS_ONE)
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        [sys.executable, script], stdout=subprocess.PIPE, text=True, env=environment
    ) as parent:
        assert parent.stdout
        hand = psutil.Process(int(parent.stdout.readline()))
        parent.send_signal(signal.SIGKILL)
    hand.wait(timeout=10)
