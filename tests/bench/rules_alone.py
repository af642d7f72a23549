"""The rules alone, in one process on one core: no store, no connector but the reading of the rows.

python rules_alone.py FILE [--no-names | --all | --checks]    prints rows and seconds of processor time

The look whether each change stays as it is included. On the columns that the opponent cleans, with
what they hang on; `--no-names` without the name, as the opponent has it, too; `--all` on all columns
of the list; `--checks` the whole decision on them, with what is missing, old or unproven.
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

COMPARED: Final = ("direct_phone", "email", "website", "cvr", "full_name")
NAME: Final = "full_name"
HANGS_ON: Final = ("country",)
"""Read, not cleaned: it says how a number without country code is meant."""


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
    if option == "--all":
        return lambda record: clean(record.ref.kind, record.values)
    rules = tuple(row for row in RULES if set(row.fields) & set(columns(option)))
    return lambda record: clean(record.ref.kind, record.values, rules=rules)


def columns(option: str) -> tuple[str, ...]:
    """The columns that are cleaned."""
    return COMPARED if option != "--no-names" else tuple(c for c in COMPARED if c != NAME)


def narrowed(record: Record, option: str) -> Record:
    """The record with the columns that matter only."""
    if option in {"--all", "--checks"}:
        return record
    names = (*columns(option), *HANGS_ON)
    values = {name: record.values[name] for name in names if name in record.values}
    return record._replace(values=values)


def main() -> None:
    """Read, then clean, and time the second only."""
    option = sys.argv[2] if len(sys.argv) > 2 else ""
    rows = [narrowed(record, option) for record in records(Path(sys.argv[1]))]
    do = work(option)
    with roomy():
        begin = time.process_time()
        for record in rows:
            do(record)
        print(len(rows), time.process_time() - begin)


if __name__ == "__main__":
    main()
