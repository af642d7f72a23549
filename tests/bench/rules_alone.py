"""The rules alone, in one process on one core: no store, no connector but the reading of the rows.

python rules_alone.py FILE [--no-names | --checks]      prints rows and seconds of processor time

All rules of hygiene, the look whether each change stays as it is included; `--no-names` without
those for people's names; `--checks` the whole decision, with what is missing, old or unproven.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from connectors.files import Files
from rules.decide import Context, decide
from rules.hygiene import RULES, clean
from rules.records import Record
from sync.heap import roomy

NAMES: Final = frozenset({"full_name", "first_name", "last_name"})


def records(path: Path) -> list[Record]:
    """The rows of a list as the connector reads them."""
    files = Files("files", path)
    return [
        record
        for stream in files.streams()
        for page in files.pull(stream, None)
        for record in page.records
    ]


def work(option: str) -> Callable[[Record], object]:
    """What is done to each record."""
    if option == "--checks":
        context = Context()
        return lambda record: decide(record, context)
    rules = tuple(rule for rule in RULES if option != "--no-names" or rule.name not in NAMES)
    return lambda record: clean(record.ref.kind, record.values, rules=rules)


def main() -> None:
    """Read, then clean, and time the second only."""
    rows = records(Path(sys.argv[1]))
    do = work(sys.argv[2] if len(sys.argv) > 2 else "")
    with roomy():
        begin = time.process_time()
        for record in rows:
            do(record)
        print(len(rows), time.process_time() - begin)


if __name__ == "__main__":
    main()
