"""The rules alone, in one process on one core: no store, no connector but the reading of the rows.

python rules_alone.py FILE        prints rows and seconds
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

from connectors.files import Files
from rules.decide import Context, decide
from rules.records import Record


def records(path: Path) -> list[Record]:
    """The rows of a list as the connector reads them."""
    files = Files("files", path)
    return [
        record
        for stream in files.streams()
        for page in files.pull(stream, None)
        for record in page.records
    ]


def main() -> None:
    """Read, then decide, and time the second only."""
    rows = records(Path(sys.argv[1]))
    context = Context()
    begin = time.perf_counter()
    for record in rows:
        decide(record, context)
    print(len(rows), time.perf_counter() - begin)


if __name__ == "__main__":
    main()
