"""`sync provision SYSTEM`: what a system lacks is shown, made, and told one by one.

Fields, values of picklists, rights of our user. A plan of its own: no record is touched, no field
changes its type, no value and no right is taken away. What only an administrator can do by hand
stands beside it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from connectors.rights import Checks, Lacks, Made, Provisions, Right, Wanted
from rules.errors import Exit, UserError
from sync.app import App
from sync.output import printable, table
from sync.texts import Texts


@dataclass(frozen=True, slots=True)
class Missing:
    """A right that only an administrator can give, and how; in the user's language."""

    name: str
    message: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Told:
    """What became of one field; `message` is empty when there is nothing to say."""

    stream: str
    name: str
    ok: bool
    message: str = ""


@dataclass(slots=True)
class Provisioned:
    """What a system lacks, and what was made of it. `made` is empty until somebody agreed."""

    system: str
    fields: tuple[Wanted, ...]
    rights: tuple[Missing, ...]
    made: list[Told] = field(default_factory=list)

    @property
    def exit_code(self) -> Exit:
        """CHANGES while fields wait to be made, FAILED when one of them could not be."""
        if not self.fields:
            return Exit.OK
        if len(self.made) < len(self.fields):
            return Exit.CHANGES
        return Exit.OK if all(one.ok for one in self.made) else Exit.FAILED


def look(app: App, system: str, texts: Texts) -> Provisioned:
    """What is missing; nothing is written. UserError for a system that is not set up, or has no
    fields that could be made."""
    connector = app.systems.get(system)
    if connector is None:
        known = ", ".join(app.systems) or "–"
        raise UserError("error.no_such_system", system=system, known=known)
    if system not in app.settings.systems or not isinstance(connector, Lacks):
        raise UserError("error.no_provision", system=system)
    fields = tuple(connector.missing())
    names = {f"{one.stream}.{one.name}" for one in fields} | {one.name for one in fields}
    rights = connector.check() if isinstance(connector, Checks) else ()
    missing = (_missing(one, texts) for one in rights if not one.ok and one.name not in names)
    return Provisioned(system, fields, tuple(missing))


def _missing(right: Right, texts: Texts) -> Missing:
    args = dict(right.details)
    remedy = texts.get(right.remedy, **args) if right.remedy else ""
    return Missing(right.name, texts.get(right.message, **args), remedy)


def make(app: App, found: Provisioned, texts: Texts) -> Iterator[Told]:
    """Make the fields, one by one, and note what became of each. Never in a dry run."""
    connector = app.systems[found.system]
    assert isinstance(connector, Provisions)  # noqa: S101 - `look` asked, and this is no dry run
    for made in connector.provision(found.fields):
        told = _told(made, texts)
        found.made.append(told)
        yield told


def _told(made: Made, texts: Texts) -> Told:
    message = texts.get(made.message, **dict(made.details)) if made.message else ""
    return Told(made.wanted.stream, made.wanted.name, made.ok, message)


# --- as text ----------------------------------------------------------------------------------


def as_text(found: Provisioned, texts: Texts, width: int | None) -> str:
    """What would be made, and what an administrator has to do himself."""
    lines = list(_fields(found, texts, width))
    if found.rights:
        lines += ["", texts.get("provision.rights")]
    for one in found.rights:
        lines.append(f"  ! {printable(one.message)}")
        if one.remedy:
            lines.append(f"    → {printable(one.remedy)}")
    return "\n".join(lines)


def _fields(found: Provisioned, texts: Texts, width: int | None) -> Iterator[str]:
    if not found.fields:
        yield texts.get("provision.nothing", system=found.system)
        return
    yield texts.count("provision.missing", len(found.fields), system=found.system)
    yield ""
    names = ("what", "stream", "name", "type", "label")
    headings = [texts.get(f"provision.{name}") for name in names]
    rows = [
        [texts.get(f"provision.what.{one.what}"), one.stream, one.name, _type(one), one.label]
        for one in found.fields
    ]
    yield table(headings, rows, whole=frozenset({0, 1, 2}), width=width)
    yield ""
    yield texts.get("provision.never_changed")


def _type(one: Wanted) -> str:
    return f"{one.type} ({', '.join(one.values)})" if one.values else one.type


def line(told: Told, texts: Texts) -> str:
    """What became of one field."""
    mark = "✓" if told.ok else "✗"
    said = told.message or texts.get("provision.made")
    return f"  {mark} {told.stream}.{told.name}: {printable(said)}"
