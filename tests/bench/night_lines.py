"""The lines about a night in which sources are asked, each simulated in a process of its own.

Calls are the simulators' own count, kroner the program's (`sync sources`); the least is what the largest
batches of the vendor come to.
"""

from __future__ import annotations

import csv
import json
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from math import ceil
from pathlib import Path
from typing import Any, Final

from lines import HERE, Bench, Goal, Line, shown
from processes import Used

if str(HERE.parent) not in sys.path:
    sys.path.insert(0, str(HERE.parent))  # simulators, as pytest finds them

from simulators.cvr.register import FIRST_NUMBER, check_digit
from simulators.running import Running, started

LARGE_SHARE, SMALL_SHARE, PAID_SHARE = 2, 100, 100
"""Of a million rows, half a million companies, ten thousand, and ten thousand addresses."""
FEWEST: Final = 20
PER: Final = 10_000
COMPANIES, ADDRESSES = 500, 100
"""As many as a vendor takes in one call."""


def nights(bench: Bench) -> Iterator[Line]:
    """The register asked about companies of which only the number is known, and mail verified."""
    few = max(FEWEST, bench.rows // SMALL_SHARE)
    many = max(2 * FEWEST, bench.rows // LARGE_SHARE)
    small, _, again = _first(bench, few, again=True)
    large, calls, _ = _first(bench, many)
    yield Line("night: calls, register", *_against(calls, 0, many, COMPANIES), Goal(most=1))
    yield _again("register", again, 0)
    pace = many / large.cpu, few / small.cpu
    told = f"{many:,} companies, {pace[0]:,.0f}/s of processor time, {shown(large)}"
    theirs = f"{pace[1]:,.0f}/s, {shown(small)}"
    yield Line("night: first one, whole", told, f"{few:,} companies", theirs, pace[0] / pace[1])
    for name, one, other, goal in (
        ("largest process", large.largest, small.largest, Goal(0.85, 1.15)),
        # Where there is much to do the rules run in more processes, four at most.
        ("all processes", large.together, small.together, None),
    ):
        room = f"{one / 1e6:.0f} MB", f"{few:,} companies", f"{other / 1e6:.0f} MB"
        yield Line(f"night: memory, {name}", *room, one / other, goal)
    yield from _paid(bench, max(FEWEST, bench.rows // PAID_SHARE))


def _against(calls: int, ore: int, keys: int, batch: int) -> tuple[str, str, str, float]:
    """Ours, against what, the least, and how many times that it took."""
    least = ceil(keys / batch)
    each = PER / keys
    ours = f"{calls:,} calls; {calls * each:,.0f} and {ore * each / 100:,.0f} kr. for {PER:,}"
    return ours, f"{keys:,} in batches of {batch}", f"{least:,} calls", calls / least


def _first(bench: Bench, companies: int, *, again: bool = False) -> tuple[Used, int, int]:
    """A first night over so many companies, the calls that the register had, and those of a second
    pass at once, where there is one."""
    rows = ({"CVR": number} for number in _numbers(companies))
    folder = _listed(bench, "cvr", ("CVR", "Virksomhed", "Adresse", "Postnr", "By", "Branchekode",
        "Ansatte", "Selskabsform", "Virksomhedsstatus", "Reklamebeskyttet", "Hjemmeside"), rows)  # fmt: skip
    with _asked(folder, "cvr", "calls_a_second = 100", companies=companies) as (settings, one):
        state = bench.fresh("night-cvr")
        used = bench.sync("enrich", "--dry-run", "--settings", settings, state=state)
        calls = len(one.calls())
        if again:
            bench.sync("enrich", "--dry-run", "--settings", settings, state=state)
        return used, calls, len(one.calls())


def _paid(bench: Bench, addresses: int) -> Iterator[Line]:
    """Addresses verified for money, and once more the same night: nothing is bought twice."""
    rows = ({"E-mail": f"navn@opdigtet-{at:05d}.dk"} for at in range(addresses))
    folder = _listed(bench, "zerobounce", ("E-mail", "Fornavn"), rows)
    quick = "batches_a_minute = 250\nkroner_a_night = 1000000"
    with _asked(folder, "zerobounce", quick, credits=addresses) as (settings, one):
        state = bench.fresh("night-zerobounce")
        bench.sync("enrich", "--settings", settings, state=state)
        calls, spent = _posts(one), _spent(bench, settings, state)
        figures = _against(calls, spent, addresses, ADDRESSES)
        yield Line("night: calls, verifier", *figures, Goal(most=1))
        bench.sync("enrich", "--settings", settings, state=state)
        yield _again("verifier", _posts(one), _spent(bench, settings, state) - spent)


def _again(name: str, calls: int, ore: int) -> Line:
    told = f"{calls} calls, {ore / 100:,.0f} kr."
    return Line(
        f"night: once more, {name}", told, "nothing is due", "0 calls", calls + ore, Goal(most=0)
    )


def _posts(one: Running) -> int:
    """Questions that it had since last time; how much is left is asked by GET."""
    return sum(call.startswith("POST ") for call in one.calls())


def _spent(bench: Bench, settings: Path, state: str) -> int:
    told = bench.sync("sources", "--json", "--settings", settings, state=state)
    return sum(int(one["ore_today"]) for one in json.loads(told.output))


def _numbers(companies: int) -> Iterator[int]:
    """Those of the simulated register, in its order."""
    seven, left = FIRST_NUMBER, companies
    while left:
        digit = check_digit(seven)
        if digit is not None:
            yield seven * 10 + digit
            left -= 1
        seven += 1


def _listed(
    bench: Bench, name: str, heads: tuple[str, ...], rows: Iterator[dict[str, Any]]
) -> Path:
    """A folder with a list."""
    folder = bench.folder / "nights" / name
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "lists").mkdir(parents=True)
    with (folder / "lists" / "liste.csv").open("w", encoding="utf-8", newline="") as out:
        writer = csv.DictWriter(out, heads, delimiter=";", restval="")
        writer.writeheader()
        writer.writerows(rows)
    return folder


@contextmanager
def _asked(folder: Path, name: str, about: str, **given: int) -> Iterator[tuple[Path, Running]]:
    """A source that is simulated, and a settings file that leads to it."""
    with started(name, **given) as one:
        settings = folder / "settings.toml"
        limits = "[limits]\nmax_change_share = 1.0\nswapped_share = 1.0\nmax_changes = 100000000\n"
        files = f"[files]\nroot = '{folder / 'lists'}'\n"
        settings.write_text(f"{one.settings_in(folder)}{about}\n{files}{limits}", "utf-8")
        yield settings, one
