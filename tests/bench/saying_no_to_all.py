"""People of several systems say no, one after the other, as the page and the API record it.

    saying_no_to_all.py SETTINGS KEYS

KEYS is a file of [system, kind, key]. Prints the event's id -> system as JSON.
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

PAUSE: Final = 1.0


def main(settings: Path, keys: Path) -> None:
    """Record them."""
    found: dict[str, str] = {}
    with open_app(read(file=settings), actor="bench", dry=False) as app:
        for system, kind, key in json.loads(keys.read_text("utf-8")):
            said = desk.statement(
                desk.keys([(kind, key)], "DK"),
                Channel.ALL,
                now=app.clock(),
                at=None,
                evidence="",
                by="bench",
            )
            [added] = desk.record_all(app, [said])
            found[added.event] = system
            time.sleep(PAUSE)
    print(json.dumps(found))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
