"""A list of so many noes, and a do-not-call file of a dialer that holds the same numbers.

    verifying.py ENTRIES FOLDER

Makes both, in the ordinary way; `sync suppression verify` then has something to compare.
"""

from __future__ import annotations

import sys
from pathlib import Path

from washing import block, phone

from sync.app import open_app
from sync.settings import read

AT_ONCE = 5_000
SETTINGS = '[files]\nroot = "lists"\ndo_not_call = "ring-ikke.csv"\n'


def main(entries: int, folder: Path) -> None:
    """Make them."""
    (folder / "lists").mkdir(parents=True)
    (folder / "settings.toml").write_text(SETTINGS, "utf-8")
    numbers = "".join(f"+45{phone(number)}\n" for number in range(entries))
    (folder / "ring-ikke.csv").write_text(f"telefon\n{numbers}", "utf-8")
    settings = read(file=folder / "settings.toml", root=None, state=folder / "state", lang="en")
    with open_app(settings, actor="bench", dry=True) as app:
        for first in range(0, entries, AT_ONCE):
            block(app, range(first, min(entries, first + AT_ONCE)))


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]))
