"""Questions over HTTP beside an empty route of the same server, on the server's processor time.

    asking.py ENTRIES FOLDER

Prints JSON: seconds of each, and how many questions. The server is a process of its own; one
connection is kept open. Made-up numbers.
"""

from __future__ import annotations

import http.client
import json
import random
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from statistics import median
from urllib.parse import urlsplit

import psutil
from washing import SEED, block, fill, phone

from state.tokens import Scope
from sync.app import open_app
from sync.people.tokens import make
from sync.settings import read

ROUNDS = 3
SETTINGS = "[api]\nport = 0\na_minute = 1000000\n"


def prepared(folder: Path, entries: int) -> str:
    """A list of so many noes; gives a token."""
    (folder / "settings.toml").write_text(SETTINGS, "utf-8")
    settings = read(file=folder / "settings.toml", root=None, state=folder / "state", lang="en")
    with open_app(settings, actor="bench", dry=True) as app:
        block(app, range(1))
        fill(app, entries)
        return make(app, "bench", [Scope.CHECK], None, "bench").token


@contextmanager
def serving(folder: Path) -> Iterator[tuple[psutil.Process, str]]:
    """`sync serve` until the block ends; its process and its address."""
    command = [sys.executable, "-m", "sync", "serve", "--state", folder / "state"]
    process = subprocess.Popen(
        [*command, "--settings", folder / "settings.toml", "--json"],
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert process.stdout
        printed = ""
        while not printed.rstrip().endswith("]"):
            printed += process.stdout.readline() or sys.exit("it did not start")
        yield psutil.Process(process.pid), json.loads(printed)[0]["url"]
    finally:
        process.terminate()
        process.communicate()


def main(entries: int, folder: Path) -> None:
    """Measure; a small list is a trial, and asked less."""
    questions = 1_000 if entries >= 100_000 else 200
    token = prepared(folder, entries)
    chance = random.Random(SEED)
    free = [f"/v1/check?phone=99{chance.randint(0, 999_999):06}" for _ in range(questions)]
    barred = [f"/v1/check?phone={phone(0)}"] * questions
    empty = ["/health/live"] * questions
    with serving(folder) as (process, url):
        connection = http.client.HTTPConnection(urlsplit(url).netloc)
        headers = {"Authorization": f"Bearer {token}"}

        def ask(paths: list[str]) -> bytes:
            body = b""
            for path in paths:
                connection.request("GET", path, headers=headers)
                answer = connection.getresponse()
                body = answer.read()
                assert answer.status == 200, body
            return body

        assert json.loads(ask(barred[:50]))["call"] is True
        assert json.loads(ask(free[:50]))["call"] is False
        ask(empty[:50])
        asked = {"empty": empty, "free": free, "barred": barred}
        rounds = [
            {name: used(process, partial(ask, paths)) for name, paths in asked.items()}
            for _ in range(ROUNDS)
        ]
        connection.close()
    found = {name: median(one[name] for one in rounds) for name in rounds[0]}
    print(json.dumps(found | {"questions": questions}))


def used(process: psutil.Process, work: Callable[[], object]) -> float:
    """Processor time that the server takes meanwhile."""
    before = process.cpu_times()
    work()
    after = process.cpu_times()
    return (after.user - before.user) + (after.system - before.system)


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]))
