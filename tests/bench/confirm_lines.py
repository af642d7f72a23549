"""The line about the time from hearing a no to its being read back, system by system.

A daemon with its usual schedules, six simulated systems that keep their vendors' rates, each behind
a long line. Somebody of each system says no, one after the other, as the page, the API and a webhook
record it; a no that is heard by a poll is heard up to a minute later, and takes as long from then on.
"""

from __future__ import annotations

import json
import re
import shutil
import sys
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from statistics import median
from typing import Final

import sqlalchemy as sa
from lines import HERE, ROOT, SYNC, Bench, Goal, Line
from processes import used_by
from service_lines import FULL, Home, wait_for

if str(HERE.parent) not in sys.path:
    sys.path.insert(0, str(HERE.parent))  # simulators, as pytest finds them

from simulators.line import long_line
from simulators.running import Running, started

AWAY: Final = 0.24
"""Seconds there and back, in the middle of what vendors take."""
PATIENCE: Final = 600.0
WITHOUT_HOOKS: Final = frozenset({"salesforce", "dynamics"})
"""Of these a no is heard by a poll; they have a minute, the others five seconds."""
SYSTEMS: Final[Mapping[str, tuple[Mapping[str, int | str], str]]] = {
    "salesforce": ({"companies": 20, "leads": 0}, "phone"),
    "hubspot": ({"companies": 20, "plan": "pro"}, "phone"),
    "dynamics": ({"companies": 20}, "phone"),
    "mailchimp": ({}, "email"),
    "activecampaign": ({"per_second": 5}, "email"),
    "aircall": ({"a_minute": 60, "calls": 0}, "phone"),
}
"""By name: the vendor's rate, where its simulator does not keep one by itself; by what people are known."""
_KEYS: Final = {
    "phone": re.compile(r'"(\+45\d{8})"'),
    "email": re.compile(r'"(p\d+@opdigtet-\d+\.dk)"'),
}


def confirmation(bench: Bench) -> Iterator[Line]:
    """From heard to read back: the middle and the slowest of a hundred."""
    people, times = (1000, 100) if bench.rows >= FULL else (20, 4)
    folder = bench.folder / "confirming"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    home = Home(folder)
    with ExitStack() as around:
        systems = [
            around.enter_context(started(name, contacts=people, **more))
            for name, (more, _) in SYSTEMS.items()
        ]
        ports = [around.enter_context(long_line(one.port, AWAY)) for one in systems]
        pairs = zip(systems, ports, strict=True)
        sections = [one.settings_over(port, folder) for one, port in pairs]
        text = f'lang = "en"\n{"".join(sections)}[state]\npath = "{folder / "state"}"\n'
        home.file.write_text(f"{text}[limits]\nmin_records = 100000000\n", "utf-8")
        used_by((*SYNC, "run", "--settings", home.file), cwd=ROOT, expected=range(6))
        said = {one.name: _known(one, times) for one in systems}
        with home.daemon():
            wait_for(lambda: _polled(home), every=1)
            found = _confirmed(home, said)
    for name, seconds in found.items():
        late = sorted(seconds)[int(0.99 * (len(seconds) - 1))] if seconds else PATIENCE
        ours = f"median {median(seconds or [PATIENCE]):.1f} s, p99 {late:.1f} s"
        told = f"{len(seconds)} of {len(said[name])}, {AWAY * 1000:.0f} ms away"
        goal = 60 if name in WITHOUT_HOOKS else 5
        yield Line(
            f"no to confirmation, {name}", ours, told, f"{goal} s", late / goal, Goal(most=1)
        )
    shutil.rmtree(folder)


def _polled(home: Home) -> bool:
    """Whether each system has been asked once, so that nothing but the noes is left to do."""
    jobs = home.jobs()
    return all(jobs.get(f"poll:{name}", {}).get("good_at") for name in SYSTEMS)


def _known(one: Running, times: int) -> list[tuple[str, str]]:
    """Numbers or addresses of so many people of a system."""
    kind = SYSTEMS[one.name][1]
    held = one.holds()
    people = {name: rows for name, rows in held.items() if name.lower().startswith("contact")}
    there = dict.fromkeys(_KEYS[kind].findall(json.dumps(people or held)))
    return [(kind, key) for key in there][:times]


def _confirmed(home: Home, said: Mapping[str, list[tuple[str, str]]]) -> dict[str, list[float]]:
    """Seconds from heard to read back, by system, of people of that system."""
    listed = [(name, kind, key) for name, keys in said.items() for kind, key in keys]
    keys = home.folder / "keys.json"
    keys.write_text(json.dumps(listed), "utf-8")
    command = (sys.executable, HERE / "saying_no_to_all.py", home.file, keys)
    entries: dict[str, str] = json.loads(used_by(tuple(map(str, command)), cwd=ROOT).output)
    begun = time.monotonic()
    while (found := _receipts(home, entries)) and time.monotonic() - begun < PATIENCE:
        if sum(map(len, found.values())) == len(entries):
            break
        time.sleep(1)
    return found


def _receipts(home: Home, entries: Mapping[str, str]) -> dict[str, list[float]]:
    """`entries`: the id of the event to the system whose people it is about."""
    from state.store import Store
    from state.tables import deliveries, ledger, receipts

    [file] = Path(home.folder / "state").rglob("ringren.sqlite")
    store = Store(f"sqlite:///{file}")
    query = (
        sa.select(
            ledger.c.event_id, deliveries.c.system, ledger.c.heard_at, sa.func.min(receipts.c.at)
        )
        .join(ledger, ledger.c.seq == deliveries.c.seq)
        .join(receipts, receipts.c.delivery == deliveries.c.delivery)
        .where(receipts.c.state == "confirmed")
        .group_by(ledger.c.event_id, deliveries.c.system, ledger.c.heard_at)
    )
    found: dict[str, list[float]] = defaultdict(list, {name: [] for name in SYSTEMS})
    with store.reading() as tx:
        for event, system, heard, at in tx.execute(query):
            if entries.get(event) == system:
                found[system].append((_moment(at) - heard).total_seconds())
    store.close()
    return dict(found)


def _moment(at: datetime | str) -> datetime:
    return datetime.fromisoformat(at) if isinstance(at, str) else at
