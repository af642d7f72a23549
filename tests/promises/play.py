"""Plays random lives by seed: the same steps as the stateful test, quicker to look through.

Also from the command line, for long searches: `python -m promises.play SEEDS [STEPS]`.
"""

from __future__ import annotations

import random
import sys
import tempfile
import traceback
from collections import Counter
from collections.abc import Callable, Collection
from pathlib import Path

from promises.life import Life
from promises.world import KNOWN, NAMED, World
from simulators.memory import Desk, Entry, Fault

from sync.logs import set_up

FAULTS = [
    *(3 * [("crm.push", Fault.LOST)]),
    *(4 * [("crm.push", Fault.DROPPED)]),
    *(4 * [("crm.push", Fault.REFUSED)]),
    *(2 * [("crm.push", Fault.STOPPED)]),
    *(2 * [("crm.push", Fault.LATER)]),
    ("crm.pull", Fault.STOPPED),
    ("crm.pull", Fault.LATER),
    *(2 * [("crm.pull", Fault.OVER)]),
    ("crm.streams", Fault.STOPPED),
]
DEADLY = {
    "before commit": 20,
    "after commit": 20,
    "after_temp_written": 1,
    "before_rename": 1,
    "after_rename": 1,
    "crm.pull": 1,
    "crm.push": 2,
    "crm.pushed": 2,
}
HOSTILE = (
    *(f"killed {point}" for point in DEADLY),
    *dict.fromkeys(f"fault: {fault.value}" for _, fault in FAULTS),
    "edited during a pass", "overtaken", "settings changed", "apply", "undo", "outcome conflict",
    "outcome unknown", "outcome rejected", "row doubled", "row deleted", "rows reordered",
    "flag set", "flag cleared", "desk flag set", "desk flag cleared", "opt-out deleted",
    "desk record removed", "there and back", "rival",
)  # fmt: skip
"""What must happen in at least one of a hundred steps, or playing proves little."""
LISTS = [KNOWN, NAMED]
HEADERS = {KNOWN: ["Navn", "Telefon"], NAMED: ["Navn", "Firma", "Telefon", "Mail"]}


def edits(r: random.Random, life: Life) -> list[tuple[int, Callable[[], None]]]:
    """What people may do next, with how often."""
    name = r.choice(LISTS)
    at, spelling = r.randrange(8), r.randrange(6)
    says = r.choice(["ja", ""])
    return [
        (5, lambda: life.edit_row(name, at, r.choice(HEADERS[name]), spelling)),
        (1, lambda: life.annotate_row(at, f"note {spelling}")),
        (3, lambda: life.add_row(name, spelling, at)),
        (2, lambda: life.delete_row(name, at)),
        (2, lambda: life.double_row(at)),
        (2, lambda: life.reorder_rows(name, spelling)),
        (3, lambda: life.flag_row(name, at % 4, says)),
        (1, lambda: life.add_to_list(spelling + at)),
        (2, lambda: life.drop_from_list(at)),
        (1, lambda: life.add_to_desk(spelling)),
        (5, lambda: life.edit_at_desk(at, r.choice(["full_name", "direct_phone"]), spelling)),
        (2, lambda: life.flag_at_desk(at % 3, says)),
        (1, lambda: life.remove_at_desk(at)),
    ]


def troubles(
    r: random.Random, life: Life, lacking: Collection[str] = ()
) -> list[tuple[int, Callable[[], None]]]:
    """What may go wrong with the next pass, with how often; first of all what is `lacking`."""
    point, fault = r.choice(
        [one for one in FAULTS if f"fault: {one[1].value}" in lacking] or FAULTS
    )
    deadly = r.choice(
        [one for one in sorted(DEADLY) if f"killed {one}" in lacking] or sorted(DEADLY)
    )
    nth, at = r.randrange(1, DEADLY[deadly] + 1), r.randrange(1, 45)
    return [
        (4, lambda: life.break_call(point, 1 + nth % 2, fault)),
        (5, lambda: life.kill_at(deadly, nth)),
        (3, lambda: life.meddle(at, lambda: one(r, edits(r, life)))),
        (1, lambda: life.be_overtaken(at)),
    ]


def passes(r: random.Random, life: Life) -> list[tuple[int, Callable[[], None]]]:
    """What we may do next, with how often."""
    which = r.randrange(6)
    return [
        (3, life.dry_run),
        (5, life.real_run),
        (1, lambda: life.real_run("phone")),
        (3, lambda: life.apply(which)),
        (3, lambda: life.take_back(which)),
        (1, lambda: life.take_back(which, rule="phone")),
        (1, lambda: life.take_back(which, ident=which)),
        (2, life.there_and_back),
    ]


def one(r: random.Random, choices: list[tuple[int, Callable[[], None]]]) -> None:
    """Do one of them."""
    r.choices([does for _, does in choices], [weight for weight, _ in choices])[0]()


STEPS = 8


def turn_back(desk: Desk, entry: Entry) -> None:
    """A rival that corrects our corrections."""
    desk.edit(entry.ident, "rival", **{name: entry.before.get(name, "") for name in entry.asked})


def play(
    seed: int, folder: Path, steps: int = STEPS, url: str = "", lacking: Collection[str] = ()
) -> Life:
    """One life from beginning to end; AssertionError when a promise was broken.

    `lacking`: what of HOSTILE has not happened in any life yet, and is to.
    """
    r = random.Random(seed)
    life = Life.born(World(folder, url, delete_feed=r.random() < 0.5))
    if r.random() < 0.2:
        life.seen["rival"] += steps
        life.world.desk.rival = turn_back
    for _ in range(steps):
        for _ in range(r.randrange(1, 5)):
            one(r, edits(r, life))
        if r.random() < 0.05:
            life.switch("phone", r.choice(["on", "off"]))
        if r.random() < 0.75:
            one(r, troubles(r, life, lacking))
        one(r, passes(r, life))
        life.check()
    life.settle()
    return life


def main(first: int, last: int, steps: int) -> int:
    """Plays the seeds and says which of them broke something."""
    set_up("console", "error")
    seen: Counter[str] = Counter()
    broken = 0
    for seed in range(first, last):
        with tempfile.TemporaryDirectory() as folder:
            try:
                seen.update(play(seed, Path(folder), steps).seen)
            except Exception:  # noqa: BLE001 - whatever breaks is what is looked for
                broken += 1
                lines = traceback.format_exc().splitlines()
                print(f"seed {seed}:", *lines[-14:], sep="\n  ", flush=True)
    print(table(seen, (last - first) * steps))
    return broken


def table(seen: Counter[str], steps: int) -> str:
    """How often everything happened, and in how many of a hundred steps."""
    return "\n".join(f"{n:6} {n / steps:7.1%} {what}" for what, n in seen.most_common())


if __name__ == "__main__":
    numbers = [int(one) for one in sys.argv[1:]]
    sys.exit(main(numbers[0], numbers[1], numbers[2] if len(numbers) > 2 else STEPS))
