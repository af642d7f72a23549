"""Made-up people for audiences of any size, by the rules of examples/README.md."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import NamedTuple

from simulators.hubspot.people import FIRST, LAST, phone


class Person(NamedTuple):
    """Somebody who does not exist."""

    first: str
    last: str
    address: str
    phone: str
    company: str


def people(many: int, seed: int = 7) -> Iterator[Person]:
    """So many; the same seed makes the same ones. Three at each company."""
    r = Random(seed)
    for n in range(1, many + 1):
        firm = (n - 1) // 3 + 1
        yield Person(
            r.choice(FIRST),
            r.choice(LAST),
            f"p{n}@opdigtet-{firm:04d}.dk",
            phone(r),
            f"Opdigt {firm} ApS",
        )
