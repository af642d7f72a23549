#!/usr/bin/env python3
"""Ringren on three CRM systems without an account: audited, repaired, taken back; one no; facts.

    PYTHONPATH=.:tests python examples/demo.py [--companies N] [--contacts N] [--out DIR]

Starts the simulators of the tests (tests/simulators) on this machine with made-up data, writes
settings that point at them, and runs the program as anybody would: make the fields that lack, look,
carry out, take back; then one person says no (one_list.py), and raw companies are filled from the company
register (facts.py). What the systems hold is asked from the simulators themselves, not from the
program. Ends with 0 only when everything held. `make demo` calls it.
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from typing import Any, Final

import facts
import one_list
from simulators.running import Rows, Running, started, surroundings

ROOT: Final = Path(__file__).resolve().parents[1]
SETTINGS: Final = "ringren.toml"
MOST_LINES: Final = 24
LONGEST: Final = 110
BLOCKS: Final = re.compile(r"DoNotCall|OptedOut|optout|do_not_call|donot", re.IGNORECASE)
"""Fields that say no: only these may differ afterwards, and only from no flag to a flag."""

NO_BLOCK: Final = (None, "", "false", False)

Change = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class System:
    """A system, and how many records fit into a call at most."""

    name: str
    label: str
    page: int
    batch: int
    objects: tuple[str, ...]

    def least(self, rows: Rows) -> int:
        """Calls without which nobody can read all of it: one a page, one where nothing is."""
        return sum(max(1, ceil(len(rows.get(name, ())) / self.page)) for name in self.objects)

    def least_written(self, changed: set[Change]) -> int:
        """Calls without which nobody can write these records: one a batch."""
        touched = {(name, ident) for name, ident, _field in changed}
        return sum(ceil(sum(o == name for o, _ in touched) / self.batch) for name in self.objects)


SYSTEMS: Final = (
    System("salesforce", "Salesforce", 2000, 200, ("Account", "Contact", "Lead", "Task")),
    System("hubspot", "HubSpot", 100, 100, ("companies", "contacts", "calls", "meetings")),
    System(
        "dynamics", "Dynamics 365", 5000, 1000,
        ("account", "contact", "lead", "phonecall", "campaignresponse"),
    ),
)  # fmt: skip


class Demo:
    """The story: each command, what it printed, and whether the systems agree with it."""

    def __init__(self, out: Path, simulators: list[Running]) -> None:
        self.out, self.simulators = out, simulators
        self.calls: list[tuple[str, list[int], list[int]]] = []
        self.failed: list[str] = []

    def run(self, file: str, *args: str, expected: int = 0) -> dict[str, Rows]:
        """Run a command as a user would; what the systems hold afterwards, by name."""
        print(f"\n$ sync {' '.join(args)}", flush=True)
        command = [sys.executable, "-m", "sync", *args]
        done = subprocess.run(  # noqa: S603
            command, cwd=self.out, env=surroundings(), capture_output=True, encoding="utf-8",
            check=False,
        )  # fmt: skip
        said = done.stdout + done.stderr
        (self.out / file).write_text(said, "utf-8")
        lines = said.splitlines()
        print(*(f"  {_short(line)}".rstrip() for line in lines[:MOST_LINES]), sep="\n")
        if len(lines) > MOST_LINES:
            print(f"  … {len(lines) - MOST_LINES} more lines: {self.out / file}")
        used = [len(one.calls()) for one in self.simulators]
        if self.calls and self.calls[-1][0] == f"sync {args[0]}":
            used = [n + more for n, more in zip(self.calls.pop()[1], used, strict=True)]
        self.calls.append((f"sync {args[0]}", used, []))
        self.hold(f"`sync {args[0]}` ended with {expected}", done.returncode == expected)
        return {one.name: one.holds() for one in self.simulators}

    def edit(self, name: str, object_name: str, ident: str, /, **values: Any) -> None:
        """Somebody types into a record of a system."""
        self._named(name).edit(object_name, ident, **values)

    def holds(self, name: str) -> Rows:
        """What a system holds."""
        return self._named(name).holds()

    def _named(self, name: str) -> Running:
        return next(one for one in self.simulators if one.name == name)

    def least(self, *numbers: int) -> None:
        """What the last command cannot be done with less than."""
        self.calls[-1][2].extend(numbers)

    def hold(self, what: str, held: object) -> None:
        """Say whether something held."""
        print(f"{'✓' if held else '✗'} {what}")
        if not held:
            self.failed.append(what)

    def show_calls(self) -> None:
        """Calls as the simulators counted them, against the least that could do."""
        print("\nCALLS, as the simulators counted them, and the least that could do")
        print(f"  {'':<16}", *(f"{one.label:>14}" for one in SYSTEMS))
        for name, used, least in self.calls:
            cells = [f"{u} / {m}" for u, m in zip(used, least, strict=True)] if least else used
            print(f"  {name:<16}", *(f"{cell:>14}" for cell in cells))
        print(
            "  Least: one call a page (2,000, 100, 5,000 records), one a batch of corrections (200, 100,"
            "\n  1,000). Used counts everything: signing in, what the objects look like, what has changed"
            "\n  since, looks before and after writing."
        )


def _short(line: str) -> str:
    return line if len(line) <= LONGEST else f"{line[: LONGEST - 1]}…"


def differences(before: Rows, after: Rows) -> set[Change]:
    """Object, id and field of all values that differ; a record that came or went, in all fields."""
    return {
        (name, ident, field)
        for name in before.keys() | after.keys()
        for ident in before.get(name, {}).keys() | after.get(name, {}).keys()
        for field in _differing(before.get(name, {}).get(ident), after.get(name, {}).get(ident))
    }


def _differing(one: Mapping[str, Any] | None, other: Mapping[str, Any] | None) -> set[str]:
    one, other = one or {}, other or {}
    return {name for name in one.keys() | other.keys() if one.get(name) != other.get(name)}


def but_for_blocks(changes: set[Change], after: Rows) -> set[Change]:
    """The differences that are not a new block."""
    return {
        (name, ident, field)
        for name, ident, field in changes
        if not BLOCKS.search(field) or after[name][ident].get(field) in NO_BLOCK
    }


def show_records(
    before: Mapping[str, Rows], mended: Mapping[str, Rows], after: Mapping[str, Rows]
) -> None:
    """Of each system the record with the most corrections: before, repaired, taken back."""
    for system in SYSTEMS:
        old, new, last = (held[system.name] for held in (before, mended, after))
        changed = sorted(differences(old, new))
        if not changed:
            continue
        whose = [(name, ident) for name, ident, _field in changed]
        name, ident = max(whose, key=lambda one: (whose.count(one), one))
        print(f"  {system.label} {name} {ident}")
        for field in (field for o, i, field in changed if (o, i) == (name, ident)):
            values = [held[name][ident].get(field) for held in (old, new, last)]
            print(f"    {field:<20}", " → ".join(repr(value) for value in values))


def tell(demo: Demo) -> None:
    """Check, make what is missing, look, carry out, take back, compare."""
    start = demo.run("check.txt", "check")
    for one in SYSTEMS:
        start = demo.run(f"provision-{one.name}.txt", "provision", one.name, "--yes")
    looked = demo.run("look.txt", "--dry-run", "--report", "report.html", expected=2)
    demo.least(*(one.least(start[one.name]) for one in SYSTEMS))
    demo.hold("the dry run wrote nothing to any system", looked == start)
    mended = demo.run("apply.txt", "apply", "1")
    changed = {one.name: differences(start[one.name], mended[one.name]) for one in SYSTEMS}
    least = [one.least_written(changed[one.name]) for one in SYSTEMS]
    demo.least(*least)
    demo.hold("all three systems were repaired", all(changed.values()))
    cleared = [
        one
        for name, changes in changed.items()
        for one in but_for_blocks(changes, mended[name])
        if BLOCKS.search(one[2])
    ]
    demo.hold("fields that say no were only ever set", not cleared)
    after = demo.run("undo.txt", "undo", "2", "--yes")
    demo.least(*least)
    print("\nIN THE SYSTEMS: before → repaired → taken back")
    show_records(start, mended, after)
    left = [but_for_blocks(differences(start[n], after[n]), after[n]) for n in start]
    demo.hold("all three systems hold what they held before, but for blocks", not any(left))
    demo.show_calls()
    one_list.tell(demo)
    facts.tell(demo)


def main() -> int:
    """0 when everything held."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--out", type=Path, default=Path("out/demo"))
    parser.add_argument("--companies", type=int, default=40)
    parser.add_argument("--contacts", type=int, default=200)
    asked = parser.parse_args()
    if (asked.out / SETTINGS).exists():
        shutil.rmtree(asked.out)
    asked.out.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        simulators = [
            stack.enter_context(
                started(one.name, companies=asked.companies, contacts=asked.contacts)
            )
            for one in SYSTEMS
        ]
        start = {one.name: one.holds() for one in simulators}
        settings = "".join(one.settings_in(asked.out) for one in simulators)
        (asked.out / SETTINGS).write_text(f'[state]\npath = "state"\n\n{settings}', "utf-8")
        print("Salesforce, HubSpot and Dynamics 365, simulated on this machine; all data made up.")
        for one in SYSTEMS:
            sizes = [f"{len(rows):,} {name}" for name, rows in start[one.name].items()]
            print(f"  {one.label:<14}", " · ".join(sizes))
        print(f"\n$ cd {asked.out}    # the settings are in {SETTINGS}")
        demo = Demo(asked.out, simulators)
        tell(demo)
    print(f"\nThe simulators are ended. The report: {asked.out / 'report.html'}")
    for what in demo.failed:
        print(f"✗ did not hold: {what}")
    return 1 if demo.failed else 0


if __name__ == "__main__":
    sys.exit(main())
