"""`make demo` as a newcomer runs it: three systems looked at, mended, taken back; one no; facts."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
@pytest.mark.timeout(620)
def test_the_demo_holds_leaves_a_report_and_nothing_running(tmp_path: Path) -> None:
    out = tmp_path / "demo"
    small = ["--companies", "6", "--contacts", "20", "--out", str(out)]
    done = subprocess.run(
        [sys.executable, "examples/demo.py", *small],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'tests'}"},
        capture_output=True,
        encoding="utf-8",
        check=False,
        timeout=600,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "✗" not in done.stdout
    assert "✓ all three systems hold what they held before, but for blocks" in done.stdout
    for shown in (
        "salesforce shows",
        "dynamics shows",
        "the flag was put back",
        "the released list",
    ):
        assert f"✓ {shown}" in done.stdout
    assert "✓ the forbidden call is told of" in done.stdout
    for shown in (
        "the raw company is a full one",
        "the day of the check has moved",
        "no number of a protected company was taken",
        "where two companies meet, nothing was filled",
        "the record itself says so",
        "the protected company may not be called, the other one may",
    ):
        assert f"✓ {shown}" in done.stdout
    assert "The simulators are ended." in done.stdout
    assert (out / "report.html").stat().st_size > 50_000
