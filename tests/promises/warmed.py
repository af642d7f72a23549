"""Imported by the server of test processes: one small run, so that no child has to learn it anew.

What a statement is compiled to is half of a small run's work; who is forked from here has it.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import databases  # noqa: F401  one cache of compiled statements for every store
from promises.lists import HEADER, Lists, people

from sync.settings.model import Limits


def _run_once() -> None:
    with tempfile.TemporaryDirectory() as folder:
        lists = Lists(Path(folder), "", settings={"limits": Limits(max_change_share=1)})
        lists.put("kontakter.csv", HEADER, *people(3, flagged=1))
        lists.put("nejtak.csv", "Telefon", "68 000002")
        lists.run()
        lists.undo(1)


_run_once()
