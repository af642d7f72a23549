"""A folder of lists as a place: people save them as a whole, sort them, and import old copies."""

from __future__ import annotations

import fcntl
import os
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any, BinaryIO, Final

from promises.world import Sheet
from simulators.web import Clock
from soak.place import Field, Known, News, Texts

from connectors.files import Files as Connector
from connectors.files.meaning import Wishes
from rules.records import Kind

NAMES: Final = {Kind.COMPANY: "firmaer.csv", Kind.CONTACT: "kontakter.csv"}
FIELDS: Final = {
    Kind.COMPANY: {
        "company": Field("Firma", "company_name"),
        "phone": Field("Hovednummer", "main_phone"),
        "note": Field("Adresse", "address"),
    },
    Kind.CONTACT: {
        "name": Field("Navn", "full_name"),
        "phone": Field("Direkte telefon", "direct_phone"),
        "mail": Field("E-mail", "email"),
        "note": Field("Stilling", "title"),
        "no": Field("Ring ikke", "opt_out_call"),
    },
}
YES: Final = "ja"
Row = dict[str, str]
"""By header."""


def no_visit(_point: str) -> None:
    """Nobody is told."""


@dataclass
class Place:
    """One folder."""

    r: Random
    time: Any = None
    """A clock that others go by, too."""
    system: str = "files"
    skew: timedelta = timedelta()
    fields: Mapping[Kind, Mapping[str, Field]] = field(default_factory=lambda: FIELDS)
    history: bool = False
    forgets: bool = True
    unheard: set[tuple[Kind, str]] = field(default_factory=set)
    pending: Mapping[tuple[Kind, str], News] = field(default_factory=dict)
    went: dict[tuple[Kind, str], tuple[Kind, str]] = field(default_factory=dict)
    rows: dict[Kind, dict[str, Row]] = field(default_factory=dict)
    """What stands in each list, by the id in it."""
    _bytes: dict[Kind, bytes] = field(default_factory=dict)
    _news: list[News] = field(default_factory=list)
    _gone: list[tuple[Kind, str]] = field(default_factory=list)
    _old: dict[Kind, dict[str, Row]] = field(default_factory=dict)
    _visit: Callable[[str], None] = no_visit
    _held: BinaryIO | None = None
    _opposed: bool = False
    _last: int = 0

    def __post_init__(self) -> None:
        self._home = tempfile.TemporaryDirectory()
        self.root = Path(self._home.name)
        self.clock = self.time or Clock(datetime(2026, 11, 25, 10, 0, tzinfo=UTC))
        self.sheets = {}
        for kind, name in NAMES.items():
            columns = {one.vendor: one.canonical for one in self.fields[kind].values()}
            header = ["Nr.", *columns]
            self.sheets[kind] = Sheet(
                self.root / name, header, {"Nr.": "id", **columns}, ";", "utf-8"
            )
            self.rows[kind] = {}
            self._save(kind)

    def close(self) -> None:
        """The folder goes."""
        self._home.cleanup()

    # --- the list itself ---

    def _save(self, kind: Kind) -> None:
        """Somebody saves a list: over the old file, or a new one in its place."""
        sheet = self.sheets[kind]
        path, beside = sheet.path, sheet.path.with_name(".saved")
        if self.r.random() < 0.5:
            sheet.path = beside
        sheet.save([[row[name] for name in sheet.header] for row in self.rows[kind].values()])
        if sheet.path == beside:
            beside.replace(path)
            sheet.path = path
        else:
            # A disk may tell two moments apart that its clock does not.
            moment = path.stat().st_mtime_ns + 1
            os.utime(path, ns=(moment, moment))
        self._bytes[kind] = path.read_bytes()

    def _look(self) -> None:
        """What our program wrote since; what cannot be seen is no news."""
        if not self.root.is_dir():
            # The folder is away. A list that is missing in its folder is an error all the same.
            return
        for kind, sheet in self.sheets.items():
            data = sheet.path.read_bytes()
            if data == self._bytes[kind]:
                continue
            rows = [dict(zip(sheet.header, row, strict=True)) for row in sheet.parsed(data)]
            before, self.rows[kind] = self.rows[kind], {row["Nr."]: row for row in rows}
            self._bytes[kind] = data
            self._note(kind, before, ours=True)

    def _note(
        self, kind: Kind, before: Mapping[str, Row], *, ours: bool, rival: bool = False
    ) -> None:
        now = self.rows[kind]
        for ident in dict.fromkeys((*before, *now)):
            old, new = before.get(ident, {}), now.get(ident, {})
            if old != new:
                one = self._one(kind, ident, old, new, ours=ours)
                self._news.append(replace(one, rival=rival))

    def _one(self, kind: Kind, ident: str, old: Row, new: Row, *, ours: bool) -> News:
        before, after = self._traits(kind, old), self._traits(kind, new)
        names = dict.fromkeys((*before, *after)) if new else ()
        asked = {name: after.get(name, "") for name in names if before.get(name) != after.get(name)}
        flags = [bool(row.get(FIELDS[Kind.CONTACT]["no"].vendor)) for row in (old, new)]
        return News(
            kind, self._ref(kind, ident), ours, before, asked, after, self.now(),
            no=flags == [False, True], cleared=bool(new) and flags == [True, False],
        )  # fmt: skip

    def _traits(self, kind: Kind, row: Row) -> dict[str, str]:
        held = self.fields[kind].items()
        return {t: text for t, one in held if t != "no" and (text := row.get(one.vendor))}

    def _ref(self, kind: Kind, ident: str) -> str:
        return f"{NAMES[kind]}#{ident}"

    def _change(self, kind: Kind, rows: dict[str, Row], *, rival: bool = False) -> None:
        """Somebody saves a list with these rows."""
        before = self.rows[kind]
        self.rows[kind] = rows
        self._save(kind)
        self._note(kind, before, ours=False, rival=rival)

    def _copied(self, kind: Kind) -> dict[str, Row]:
        self._look()
        return {ident: dict(row) for ident, row in self.rows[kind].items()}

    # --- ours ---

    def connector(self, known: Known) -> Connector:
        wishes = {
            sheet.path.name: Wishes(columns=sheet.fields, kind=kind)
            for kind, sheet in self.sheets.items()
        }
        return Connector(
            self.system, self.root, wishes=wishes.__getitem__, known=known, fault=self._visit
        )

    @contextmanager
    def reached(self, visit: Callable[[str], None]) -> Iterator[None]:
        self._visit = visit
        try:
            yield
        finally:
            self._visit = no_visit
            self._look()
            self._turn_back()

    def _turn_back(self) -> None:
        """What a rival does when we are done: each cell that we wrote holds again what it did."""
        if not self._opposed:
            return
        for kind in NAMES:
            rows = self._copied(kind)
            for one in [one for one in self._news if one.ours and one.kind is kind]:
                if (row := rows.get(one.ident.partition("#")[2])) is None:
                    continue
                for trait, text in one.asked.items():
                    if row[self.fields[kind][trait].vendor] == text:
                        row[self.fields[kind][trait].vendor] = one.before.get(trait, "")
                if one.no:
                    row[self.fields[kind]["no"].vendor] = ""
            if rows != self.rows[kind]:
                self._change(kind, rows, rival=True)

    def now(self) -> datetime:
        return self.clock()

    # --- theirs ---

    def add(self, kind: Kind, traits: Texts, *, no: bool = False) -> str:
        rows = self._copied(kind)
        self._last += 1
        ident = f"K{self._last}"
        row = dict.fromkeys(self.sheets[kind].header, "")
        row |= {self.fields[kind][trait].vendor: text for trait, text in traits.items()}
        row |= {"Nr.": ident, **({self.fields[kind]["no"].vendor: YES} if no else {})}
        self._change(kind, {**rows, ident: row})
        return self._ref(kind, ident)

    def edit(self, kind: Kind, ident: str, traits: Texts) -> None:
        rows = self._copied(kind)
        row = rows[ident.partition("#")[2]]
        row |= {self.fields[kind][trait].vendor: text for trait, text in traits.items()}
        self._change(kind, rows)

    def flag(self, kind: Kind, ident: str, *, no: bool) -> None:
        rows = self._copied(kind)
        rows[ident.partition("#")[2]][self.fields[kind]["no"].vendor] = YES if no else ""
        self._change(kind, rows)

    def remove(self, kind: Kind, ident: str) -> None:
        rows = self._copied(kind)
        del rows[ident.partition("#")[2]]
        self._gone.append((kind, ident.partition("#")[2]))
        self._change(kind, rows)

    def living(self, kind: Kind) -> Sequence[str]:
        return [self._ref(kind, ident) for ident in self.rows[kind]]

    def flagged(self, kind: Kind, ident: str) -> bool:
        return bool(self.rows[kind][ident.partition("#")[2]][self.fields[kind]["no"].vendor])

    def ways(self) -> Mapping[str, Callable[[Random], str | None]]:
        return {
            "list sorted": self._sort,
            "saved by another program": self._other,
            "column moved": self._move,
            "made anew": self._again,
            "merge": self._merge,
            "old copy imported": self._import,
        }

    def _sort(self, r: Random) -> str:
        kind = r.choice(list(NAMES))
        rows = list(self._copied(kind).items())
        r.shuffle(rows)
        self._change(kind, dict(rows))
        return "one"

    def _other(self, r: Random) -> str:
        kind = r.choice(list(NAMES))
        self._look()
        sheet = self.sheets[kind]
        sheet.delimiter, sheet.newline = r.choice(";,\t"), r.choice(("\r\n", "\n"))
        sheet.encoding = r.choice(("utf-8", "utf-8-sig", "cp1252"))
        self._save(kind)
        return "one"

    def _move(self, r: Random) -> str:
        kind = r.choice(list(NAMES))
        self._look()
        r.shuffle(self.sheets[kind].header)
        self._save(kind)
        return "one"

    def _again(self, r: Random) -> str | None:
        """A row that was deleted is entered once more, under its number."""
        free = [(kind, ident) for kind, ident in self._gone if ident not in self.rows[kind]]
        if not free:
            return None
        kind, ident = r.choice(free)
        rows = self._copied(kind)
        row = dict.fromkeys(self.sheets[kind].header, "") | {"Nr.": ident}
        row[self.fields[kind]["phone"].vendor] = f"68 {r.randrange(800_000, 900_000):06}"
        self._change(kind, {**rows, ident: row})
        return "one"

    def _merge(self, r: Random) -> str | None:
        """Two rows become one; who said no and was not read is nobody's duplicate."""
        kind = r.choice(list(NAMES))
        quiet = [i for i in self.living(kind) if (kind, i) not in self.unheard]
        if len(quiet) < 4:
            return None
        winner, loser = r.sample(quiet, 2)
        self.remove(kind, loser)
        return winner

    def _import(self, r: Random) -> str | None:
        """An old copy is imported over the list, flags and all; a no that was not read stays."""
        kind, rows = Kind.CONTACT, self._copied(Kind.CONTACT)
        old, self._old[kind] = self._old.get(kind), rows
        if not old:
            return None
        no, merged = self.fields[kind]["no"].vendor, {}
        for ident, row in rows.items():
            merged[ident] = dict(old.get(ident, row)) if r.random() < 0.5 else dict(row)
            if (kind, self._ref(kind, ident)) in self.unheard:
                merged[ident][no] = row[no]
        self._change(kind, merged)
        return "one"

    def oppose(self) -> None:
        self._opposed = True

    def pass_by(self, seconds: float) -> None:
        self.clock.pass_(seconds)

    def spoil(self, r: Random) -> str:
        """Another process has a list in its hands."""
        self._held = self.sheets[r.choice(list(NAMES))].path.open("rb")
        fcntl.flock(self._held.fileno(), fcntl.LOCK_EX)
        return "list in use"

    def calm(self) -> None:
        if self._held:
            self._held.close()
            self._held = None

    def settle(self) -> None:
        """Nothing stays half done here."""

    def exposed(self, point: str) -> str | None:
        """Between the last look at the list and the rename nobody can be seen."""
        return None if point == "before_rename" else "*"

    # --- what is to be seen ---

    def truth(self, kind: Kind) -> Mapping[str, Mapping[str, str | None]]:
        self._look()
        held = [one for trait, one in self.fields[kind].items() if trait != "no"]
        return {
            self._ref(kind, ident): {one.canonical: row[one.vendor] or None for one in held}
            for ident, row in self.rows[kind].items()
        }

    def news(self) -> Sequence[News]:
        self._look()
        found, self._news = self._news, []
        return found

    def shows(self, one: News) -> bool:
        del one
        return True
