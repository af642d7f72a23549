"""A process of its own that pushes into a folder, and dies or runs out of disk where it is told.

    python pusher.py FOLDER POINT [LIMIT]     POINT: a fault point, or "" for none
                                              LIMIT: bytes that a file may have (RLIMIT_FSIZE)

Every row gets a new name. Prints the outcomes' class names, one a line; for a `SystemStopped` its
text key, with exit code 3.
"""

from __future__ import annotations

import os
import resource
import signal
import sys
from pathlib import Path

from connectors.files import Files
from rules.changes import Change, RecordChange
from rules.errors import SystemStopped


def main(folder: str, point: str, limit: str = "") -> int:
    def fault(reached: str) -> None:
        if reached == point:
            os.kill(os.getpid(), signal.SIGKILL)

    files = Files("files", Path(folder), fault=fault)
    [stream] = files.streams()
    pages = list(files.pull(stream, None))
    changes = [
        RecordChange(
            record.ref,
            record.version,
            (Change("full_name", str(record.values["full_name"]), "Nyt Navn", "t", "t", "r"),),
            record.place,
        )
        for page in pages
        for record in page.records
    ]
    if limit:
        resource.setrlimit(resource.RLIMIT_FSIZE, (int(limit), int(limit)))
    try:
        for outcome in files.push(stream, pages[-1].next, changes):
            print(type(outcome).__name__)
    except SystemStopped as stopped:
        print(stopped.message)
        return 3
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
