"""The lines about CRM systems, each simulated in a process of its own: first sync, and calls."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from typing import Final

from lines import HERE, ROOT, Bench, Goal, Line, shown
from processes import Used, used_by

if str(HERE.parent) not in sys.path:
    sys.path.insert(0, str(HERE.parent))  # simulators, as pytest finds them

from simulators.line import long_line
from simulators.running import Rows, Running, started

COMPANY_SHARE, CONTACT_SHARE = 25, 5
"""A million rows of the large list are 40,000 companies and 200,000 contacts here."""
CHANGED_SHARE: Final = 50
FEW_SHARE: Final = 500
"""Of a million rows 20,000 contacts that are edited, and 2,000 that are repaired."""
ABOUT: Final = re.compile(
    r"/(?:token|describe|properties|owners|details|WhoAmI)|EntityDefinitions|systemusers|openid"
)
"""Calls that sign in or look what objects there are, whatever has changed in them."""


@dataclass(frozen=True, slots=True)
class Vendor:
    """A system, the client it is held against, how many records fit into a call at most, and how
    many objects are read when nobody says otherwise.
    """

    name: str
    label: str
    client: str
    page: int
    batch: int
    objects: int


VENDORS: Final = (
    Vendor("salesforce", "Salesforce", "simple-salesforce, query_all_iter", 2000, 200, 4),
    Vendor("hubspot", "HubSpot", "hubspot-api-client, basic API", 200, 100, 4),
    Vendor("dynamics", "Dynamics 365", "requests, paged GETs", 5000, 1000, 5),
)


LIMITS: Final = "[limits]\nmax_change_share = 1.0\nswapped_share = 1.0\nmax_changes = 10000000\n"


@contextmanager
def simulated(bench: Bench, vendor: Vendor, companies: int, contacts: int) -> Iterator[Running]:
    """A simulator that runs, and a settings file that leads to it."""
    with started(vendor.name, companies=companies, contacts=contacts) as one:
        folder = _settings(bench, vendor).parent
        folder.mkdir(exist_ok=True)
        _settings(bench, vendor).write_text(f"{one.settings_in(folder)}\n{LIMITS}", "utf-8")
        yield one


@contextmanager
def _from_afar(bench: Bench, vendor: Vendor, one: Running) -> Iterator[None]:
    """The settings file leads over a long line while this lasts."""
    path = _settings(bench, vendor)
    near = path.read_text("utf-8")
    with long_line(one.port, bench.away) as port:
        path.write_text(f"{one.settings_over(port, path.parent)}\n{LIMITS}", "utf-8")
        yield
    path.write_text(near, "utf-8")


def _settings(bench: Bench, vendor: Vendor) -> Path:
    return bench.folder / "vendors" / f"{vendor.name}.toml"


# --- first sync ------------------------------------------------------------------------------


def first_syncs(bench: Bench) -> Iterator[Line]:
    """Mirror, decisions, plan and report, against the vendor's own client in a bare loop."""
    for vendor in VENDORS:
        yield from _first_sync(bench, vendor)


def _first_sync(bench: Bench, vendor: Vendor) -> Iterator[Line]:
    companies, contacts = bench.rows // COMPANY_SHARE, bench.rows // CONTACT_SHARE
    settings, state = _settings(bench, vendor), f"vendor-{vendor.name}"
    with simulated(bench, vendor, companies // 10, contacts // 10):
        tenth = bench.sync("--dry-run", "--settings", settings, state=bench.fresh(state))
    with simulated(bench, vendor, companies, contacts) as one:
        ceiling = _bare(vendor, settings, "--raw")
        rows, theirs = _bare(vendor, settings)
        ours = bench.sync("--dry-run", "--settings", settings, state=bench.fresh(state))
        with _from_afar(bench, vendor, one):
            _, their_far = _bare(vendor, settings)
            far = bench.sync("--dry-run", "--settings", settings, state=bench.fresh(state))
    speed, name = f"{rows / theirs:,.0f} rows/s", f"first sync, {vendor.label}"
    yield Line(name, _speed(rows, ours), vendor.client, speed, theirs / ours.wall, Goal(0.6))
    their_speed = f"{rows / their_far:,.0f} rows/s"
    told = f"  the same, {1000 * bench.away:.0f} ms away"
    ratio = their_far / far.wall
    yield Line(told, _speed(rows, far), vendor.client, their_speed, ratio, Goal(0.6))
    limit = f"{ceiling[0] / ceiling[1]:,.0f} rows/s"
    yield Line("  the simulator's ceiling", limit, vendor.client, speed, theirs / ceiling[1])
    alike = f"the same, {rows // 10:,} rows"
    peaks = f"{ours.largest / 1e6:.0f} MB", alike, f"{tenth.largest / 1e6:.0f} MB"
    yield Line(
        "  peak memory, largest process", *peaks, ours.largest / tenth.largest, Goal(0.85, 1.15)
    )


def _speed(rows: int, used: Used) -> str:
    return f"{rows / used.wall:,.0f} rows/s, {shown(used)}"


def _bare(vendor: Vendor, settings: Path, *options: str) -> tuple[int, float]:
    """Rows and seconds of a bare loop."""
    command = (sys.executable, HERE / "bare_client.py", vendor.name, settings, *options)
    rows, seconds = used_by(command, cwd=ROOT).output.split()
    return int(rows), float(seconds)


# --- calls -----------------------------------------------------------------------------------


@dataclass
class Counting:
    """Commands on one simulator, and the calls that each took."""

    bench: Bench
    vendor: Vendor
    one: Running

    def run(self, *command: str) -> list[str]:
        """The calls of a command."""
        settings, state = _settings(self.bench, self.vendor), f"calls-{self.vendor.name}"
        self.one.calls()
        self.bench.sync(*command, "--settings", settings, state=state)
        return self.one.calls()

    def beside(self, *command: str) -> int:
        """How many more it took than a look at what has changed, right before it."""
        looked = len(self.run("--dry-run"))
        return len(self.run(*command)) - looked


def calls(bench: Bench) -> Iterator[Line]:
    """Calls as the simulators counted them, against the least that could do."""
    for vendor in VENDORS:
        bench.fresh(f"calls-{vendor.name}")
        changed = max(20, bench.rows // CHANGED_SHARE)
        with simulated(bench, vendor, changed // 5, changed) as one:
            yield from _read(Counting(bench, vendor, one), changed)
        bench.fresh(f"calls-{vendor.name}")
        few = max(20, bench.rows // FEW_SHARE)
        with simulated(bench, vendor, few // 5, few) as one:
            yield from _written(Counting(bench, vendor, one))


def _read(counting: Counting, changed: int) -> Iterator[Line]:
    vendor = counting.vendor
    # The reading behind a first one asks in some systems for what had left before.
    for _ in range(2):
        counting.run("--dry-run")
    quiet = counting.run("--dry-run")
    changes = [one for one in quiet if not ABOUT.search(one)]
    beside = f"{len(quiet) - len(changes)} more to sign in and see what there is"
    told = f"{len(changes)} calls, {beside}", "one an object, one a delete feed"
    most = 2 * vendor.objects
    name = f"calls, {vendor.label}, nothing changed"
    yield Line(name, *told, f"{most} calls", len(changes) / most, Goal(most=1))
    counting.one.touch(changed)
    used = len(counting.run("--dry-run")) - len(quiet) + 1
    yield _line(vendor, f"{changed:,} changed", used, ceil(changed / vendor.page), Goal(most=1.05))


def _written(counting: Counting) -> Iterator[Line]:
    # Runs: a first look, a look before the corrections, these, a look before they are taken back.
    counting.run("--dry-run")
    for told, command in (
        ("corrections", ("apply", "1")),
        ("taken back at once", ("undo", "3", "--yes")),
    ):
        before = counting.one.holds()
        used = counting.beside(*command)
        least = _least_written(counting.vendor, before, counting.one.holds())
        yield _line(counting.vendor, told, used, least, Goal(most=3))


def _least_written(vendor: Vendor, before: Rows, after: Rows) -> int:
    """One call a batch and object."""
    return sum(
        ceil(sum(row != after[name].get(ident) for ident, row in rows.items()) / vendor.batch)
        for name, rows in before.items()
    )


def _line(vendor: Vendor, what: str, used: int, least: int, goal: Goal) -> Line:
    told = f"{used} calls", "the least that could do", f"{least} calls"
    return Line(f"calls, {vendor.label}, {what}", *told, used / least, goal)
