"""`make demo` as a newcomer runs it: three systems looked at, mended, taken back; then one no."""

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
    assert "The simulators are ended." in done.stdout
    assert (out / "report.html").stat().st_size > 50_000
