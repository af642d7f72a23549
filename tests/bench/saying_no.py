"""People say no, one after the other, as the page and the API record it.

    saying_no.py SETTINGS FIRST TIMES UNTIL

Prints the seconds that each took as JSON. It goes on for so many, and until a file is there.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Final

from rules.suppression import Channel
from sync.app import open_app
from sync.settings import read
from sync.suppression import desk

PAUSE: Final = 0.5


def main(settings: Path, first: int, times: int, until: Path) -> None:
    """Record them; the first few, which open the store, do not count."""
    found: list[float] = []
    with open_app(read(file=settings), actor="bench", dry=False) as app:
        number = first
        while len(found) < times + WARM or not until.exists():
            keys = desk.keys([("phone", f"20{number:06}")], "DK")
            said = desk.statement(
                keys, Channel.ALL, now=app.clock(), at=None, evidence="", by="bench"
            )
            begin = time.perf_counter()
            desk.record_all(app, [said])
            found.append(time.perf_counter() - begin)
            number += 1
            time.sleep(PAUSE)
    print(json.dumps(found[WARM:]))


WARM: Final = 5

if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), Path(sys.argv[4]))
