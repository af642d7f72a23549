"""A small outside world: a folder of lists and a CRM, people who edit them, and our passes over it.

    kontakter.csv   no id column: rows are known by what they say; BOM, semicolons, CRLF
    kunder.csv      an id column; Windows-1252, commas
    nejtak.csv      an opt-out list
    crm             the desk of `simulators.memory`

People are numbered; a person's number, name and address follow from theirs, in several spellings.
"""

from __future__ import annotations

import contextlib
import csv
import io
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from promises.points import Points
from pydantic import SecretStr
from simulators.memory import Desk, Fault, Memory

from connectors.files import Files
from connectors.readonly import ReadOnly
from sync.app import App, open_app
from sync.settings import FileSettings, Settings
from sync.settings.model import Files as FileSection
from sync.settings.model import Limits, Rules, State

BLOCK: Final = 68_000_000
DATABASE: Final = "ringren.sqlite"
KNOWN, NAMED, LISTED = "kontakter.csv", "kunder.csv", "nejtak.csv"


def number(person: int) -> str:
    """The person's phone number as the ledger knows it."""
    return f"+45{BLOCK + person}"


def phones(person: int) -> list[str]:
    """The same number, as people spell it; the first is how we want it."""
    eight = str(BLOCK + person)
    pairs = " ".join(eight[at : at + 2] for at in range(0, 8, 2))
    return [f"+45{eight}", pairs, f"0045 {eight}", f"+45 {pairs}", f"Tlf. {pairs}", eight]


def names(person: int) -> list[str]:
    """The same name, as people spell it; the first is how we want it."""
    last = f"{chr(65 + person // 26 % 26)}{chr(97 + person % 26)}sen"
    return [f"Bo {last}", f"bo {last.lower()}", f"  Bo   {last}", f"BO {last.upper()}"]


def mails(person: int) -> list[str]:
    """The same address, as people spell it; the first is how we want it."""
    host = f"opdigtet-{person:04}.dk"
    return [f"bo@{host}", f"BO@Opdigtet-{person:04}.DK", f" bo@{host} ", f"mailto:bo@{host}"]


def companies(person: int) -> list[str]:
    """The same company, as people spell it."""
    return [f"Opdigtet {person} ApS", f"Opdigtet {person} aps", f"Opdigtet  {person}  APS."]


@dataclass(slots=True)
class Sheet:
    """One list on disk, and how it is written."""

    path: Path
    header: list[str]
    fields: dict[str, str]
    delimiter: str
    encoding: str
    newline: str = "\r\n"

    def load(self) -> list[list[str]]:
        """The rows below the header."""
        return self.parsed(self.path.read_bytes())

    def parsed(self, data: bytes) -> list[list[str]]:
        """The rows below the header in these bytes."""
        text = data.decode(self.encoding)
        return list(csv.reader(io.StringIO(text, newline=""), delimiter=self.delimiter))[1:]

    def save(self, rows: Sequence[Sequence[str]]) -> None:
        """Somebody saves the list from a program of theirs."""
        out = io.StringIO(newline="")
        writer = csv.writer(out, delimiter=self.delimiter, lineterminator=self.newline)
        writer.writerows([self.header, *rows])
        self.path.write_bytes(out.getvalue().encode(self.encoding))

    def column(self, name: str) -> int:
        """Where a column stands."""
        return self.header.index(name)


def sheets(root: Path) -> dict[str, Sheet]:
    """The three lists, not yet written."""
    return {
        KNOWN: Sheet(
            root / KNOWN,
            ["Navn", "Telefon", "Nej tak", "Intern"],
            {"Navn": "full_name", "Telefon": "direct_phone", "Nej tak": "opt_out", "Intern": ""},
            ";",
            "utf-8-sig",
        ),
        NAMED: Sheet(
            root / NAMED,
            ["Kundenr", "Navn", "Firma", "Telefon", "Mail", "Nej tak"],
            {
                "Kundenr": "id",
                "Navn": "full_name",
                "Firma": "company_name",
                "Telefon": "direct_phone",
                "Mail": "email",
                "Nej tak": "opt_out",
            },
            ",",
            "cp1252",
        ),
        LISTED: Sheet(
            root / LISTED,
            ["Telefon", "E-mail"],
            {"Telefon": "direct_phone", "E-mail": "email"},
            ";",
            "utf-8",
            "\n",
        ),
    }


@dataclass
class World:
    """Everything that outlives a process of ours, and the means to start one."""

    folder: Path
    url: str = ""
    desk: Desk = field(default_factory=Desk)
    delete_feed: bool = True
    now: datetime = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
    rules: Rules = field(default_factory=Rules)
    limits: Limits = field(
        default_factory=lambda: Limits(max_change_share=1, min_records=10_000, flips=2)
    )
    with_desk: bool = True

    def __post_init__(self) -> None:
        self.root.mkdir(parents=True, exist_ok=True)
        self.home.mkdir(parents=True, exist_ok=True)
        self.sheets = sheets(self.root)

    @property
    def root(self) -> Path:
        """The audited folder."""
        return self.folder / "lists"

    @property
    def home(self) -> Path:
        """The state folder."""
        return self.folder / "state"

    def clock(self) -> datetime:
        """Every look at the clock is a little later."""
        self.now += timedelta(milliseconds=1)
        return self.now

    @property
    def settings(self) -> Settings:
        """The settings of the next process."""
        kinds: dict[str, Any] = {KNOWN: "contact", NAMED: "contact", LISTED: "opt_out"}
        named = {
            name: FileSettings(kind=kinds[name], columns=sheet.fields)
            for name, sheet in self.sheets.items()
        }
        return Settings(
            state=State(path=self.home, url=SecretStr(self.url) if self.url else None),
            files=FileSection(root=self.root, named=named),
            rules=self.rules,
            limits=self.limits,
        )

    @contextlib.contextmanager
    def process(
        self,
        *,
        dry: bool,
        points: Points | None = None,
        hook: Callable[[str], Fault | None] = lambda _point: None,
        actor: str = "anna",
    ) -> Iterator[App]:
        """A process of ours, from start to end or death."""
        with open_app(self.settings, actor=actor, dry=dry, clock=self.clock) as app:
            systems: dict[str, Any] = dict(app.systems)
            if self.with_desk:
                crm = Memory("crm", self.desk, hook=hook, delete_feed=self.delete_feed)
                systems["crm"] = ReadOnly(crm) if dry else crm
            files = systems.get("files")
            if isinstance(files, Files) and points:
                files._fault = points.visit
            app.systems = systems
            if points:
                points.watch(app.store.engine)
            yield app

    def copied(self, folder: Path) -> World:
        """The same world in another place; SQLite only, and nobody at work in it."""
        shutil.copytree(self.folder, folder)
        return World(
            folder,
            self.url,
            self.desk.copied(),
            self.delete_feed,
            self.now,
            self.rules,
            self.limits,
            self.with_desk,
        )

    def outside(self) -> dict[str, Any]:
        """All that can be seen of the outside: bytes and moments of files, and the desk's journal."""
        seen: dict[str, Any] = {
            path.name: (path.read_bytes(), path.stat().st_mtime_ns, path.stat().st_mode)
            for path in sorted(self.root.iterdir())
        }
        return {**seen, "crm": (self.desk.snapshot(), len(self.desk.journal))}

    def contents(self) -> dict[str, bytes]:
        """What the lists hold."""
        return {name: sheet.path.read_bytes() for name, sheet in self.sheets.items()}
