"""Who is told what: the list of processors, from the configuration in use (GDPR art. 30, R78).

The companies stand in `rules/tables/recipients.csv`; which of them count, the settings say. Systems
that are connected hold the data anyway: they stand here so that the list is whole.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from rules import tables
from sync.app import App
from sync.output import table
from sync.report.asked import called
from sync.texts import Texts

TABLE: Final = "recipients"
SYSTEM: Final = "system"
INSIDE: Final = frozenset({"DK", "IE", "AT", "FI"})
"""Countries of the table in which the GDPR holds: all others are a transfer (chapter V)."""


@dataclass(frozen=True, slots=True)
class Recipient:
    """One line of the list. `role`: authority, controller, processor, or `system` for what is
    connected. `country` is empty where the agreement alone says it; `sends` are kinds of key, or kinds
    of record of a system. `sure`: whether the contract party is known for certain."""

    source: str
    name: str
    country: str
    role: str
    sends: tuple[str, ...]
    sure: bool

    @property
    def is_transfer(self) -> bool:
        """Whether what is sent leaves the Union."""
        return bool(self.country) and self.country not in INSIDE


def recipients(app: App) -> list[Recipient]:
    """Sources in the order in which they are asked, then systems."""
    return [*_sources(app), *_systems(app)]


def _sources(app: App) -> Iterator[Recipient]:
    rows = tables.rows(TABLE)
    doors = app.settings.sources.cvr.open_doors
    for name, source in app.sources.items():
        asked = {kind.value for kind in source.profile.asking}
        found = [row for row in rows if row["source"] == name and row["door"] in {"", *doors}]
        for row in found:
            sends = tuple(one for one in row["sends"].split() if one in asked)
            sure = row["sure"] == "yes"
            yield Recipient(name, row["name"], row["country"], row["role"], sends, sure)
        if not found:
            yield Recipient(name, name, "", "processor", tuple(sorted(asked)), sure=False)


def _systems(app: App) -> Iterator[Recipient]:
    for name, connector in app.systems.items():
        if name != "files":
            kinds = dict.fromkeys(stream.kind.value for stream in connector.streams())
            yield Recipient(name, name, "", SYSTEM, tuple(kinds), sure=False)


def as_text(found: list[Recipient], texts: Texts) -> str:
    """A table that can be taken into a record of processing, and what still has to be looked up."""
    names = ("source", "name", "country", "role", "purpose", "sends")
    heads = [texts.get(f"recipients.{name}") for name in names]
    rows = [cells(one, texts) for one in found]
    return "\n\n".join([table(heads, rows), *notes(found, texts)])


def notes(found: list[Recipient], texts: Texts) -> list[str]:
    """What the marks in the table mean, those that stand there."""
    said = []
    if any(one.is_transfer for one in found):
        said.append(texts.get("recipients.transfer"))
    if not all(one.sure for one in found):
        said.append(texts.get("recipients.unsure"))
    return said


def cells(one: Recipient, texts: Texts) -> list[str]:
    """A line in words."""
    is_system = one.role == SYSTEM
    label = "check.kind" if is_system else "recipients.sends"
    purpose = "system" if is_system else one.source
    return [
        called(one.source, texts),
        one.name if one.sure else f"{one.name} *",
        (one.country + (" †" if one.is_transfer else "")) or "*",
        texts.get(f"recipients.role.{one.role}"),
        texts.find(f"recipients.purpose.{purpose}") or "–",
        ", ".join(texts.find(f"{label}.{kind}") or kind for kind in one.sends),
    ]
