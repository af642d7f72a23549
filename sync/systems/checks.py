"""`sync check`: is everything as it must be? Settings, systems, security; each with what to do.

Looks only. What it opens is opened read-only, but for the program's own state.
"""

from __future__ import annotations

import importlib.util
import os
import sqlite3
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from connectors.protocol import Connector, Stream
from connectors.rights import Checks, Right
from connectors.sources.source import Source
from rules.enrichment.manual import FLAG
from rules.errors import RingrenError
from rules.fields.field import PARTIES
from sync import homes
from sync.output import number, printable, size, table
from sync.settings import Settings
from sync.texts import Texts

PACKAGES = ("sync", "connectors", "state", "rules")
OLDEST_SQLITE = (3, 37, 0)
"""STRICT tables; RETURNING came two versions before."""


class Verdict(StrEnum):
    """How a check came out."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Check:
    """One line of the list. `message` and `remedy` are in the user's language."""

    area: str
    verdict: Verdict
    message: str
    remedy: str = ""


@dataclass(slots=True)
class Checked:
    """All checks, and the streams of each system with how their columns were understood."""

    checks: list[Check] = field(default_factory=list)
    streams: dict[str, Sequence[Stream]] = field(default_factory=dict)

    @property
    def failed(self) -> bool:
        """Whether something must be mended before a run can be trusted."""
        return any(check.verdict is Verdict.FAIL for check in self.checks)


class Checking:
    """Makes the lines; one instance a call."""

    def __init__(self, settings: Settings, texts: Texts, file: Path | None = None) -> None:
        self._settings = settings
        self._texts = texts
        self._file = file

    def without_store(self) -> Iterator[Check]:
        """What can be looked at before anything is opened."""
        yield self._settings_file()
        yield from self._folders()
        yield from self._packages()
        yield self._sqlite()

    def store_opened(self) -> Check:
        """The database answered and has the newest schema."""
        return self._ok("security", "database", name=self._database())

    def trouble(self, area: str, error: RingrenError) -> Check:
        """An error as a line."""
        message, remedy = self._texts.of_error(error)
        return Check(area, Verdict.FAIL, message, remedy)

    def permissions(self) -> Iterator[Check]:
        """The state folder and what lies in it are the owner's alone."""
        home = self._settings.state.path
        if home is None or not home.is_dir():
            return
        found = open_paths(home)
        for path in found:
            wanted = "700" if path.is_dir() else "600"
            key = bool(path.name.startswith("key"))
            verdict = Verdict.FAIL if key else Verdict.WARN
            yield self._line("security", verdict, "open_to_others", path=path, mode=wanted)
        if not found:
            yield self._ok("security", "private", path=home)

    def system(self, name: str, connector: Connector, checked: Checked) -> Iterator[Check]:
        """The streams of a system: what they are, what of them is unsure or cannot be used."""
        try:
            streams = connector.streams()
            rights = list(connector.check()) if isinstance(connector, Checks) else []
        except RingrenError as error:
            yield self.trouble("systems", error)
            return
        checked.streams[name] = streams
        for stream in streams:
            yield self._stream(name, stream)
        yield from self._flags(name, streams)
        for right in rights:
            yield self._right(right)
        for problem in () if rights else connector.problems():
            args = dict(problem.details)
            message = self._texts.get(problem.message, **args)
            remedy = self._texts.get(problem.remedy, **args)
            yield Check("systems", Verdict.WARN, message, remedy)
        if not streams:
            yield self._line("systems", Verdict.FAIL, "nothing_to_read", system=name)

    def _flags(self, system: str, streams: Sequence[Stream]) -> Iterator[Check]:
        """Where a record cannot say that a person has to look: the work list alone does then."""
        without = [
            one.name
            for one in streams
            if one.kind in PARTIES
            and any(column.canonical for column in one.columns)
            and not any(column.canonical == FLAG for column in one.columns)
        ]
        if without and self._settings.sources.is_used:
            args = {"system": system, "streams": ", ".join(without)}
            yield self._line("systems", Verdict.WARN, "no_manual_check", **args)

    def source(self, source: Source) -> Iterator[Check]:
        """Whether a source of facts lets us in, and what it says of itself."""
        try:
            for right in source.check():
                yield self._right(right)
        except RingrenError as error:
            yield self.trouble("systems", error)

    def _right(self, right: Right) -> Check:
        args = dict(right.details)
        message = self._texts.get(right.message, **args)
        if right.ok:
            return Check("systems", Verdict.OK, message)
        verdict = Verdict.FAIL if right.stops else Verdict.WARN
        return Check("systems", verdict, message, self._texts.get(right.remedy, **args))

    def _stream(self, system: str, stream: Stream) -> Check:
        mapped = [column for column in stream.columns if column.canonical]
        unsure = [column for column in mapped if not column.sure]
        args = {
            "stream": f"{system}/{stream.name}",
            "kind": stream.kind.value,
            "mapped": number(len(mapped), self._texts.lang),
            "columns": number(len(stream.columns), self._texts.lang),
            "unsure": ", ".join(column.name for column in unsure),
        }
        if not mapped:
            return self._line("systems", Verdict.FAIL, "unmapped", **args)
        if unsure:
            return self._line("systems", Verdict.WARN, "unsure", **args)
        return self._ok("systems", "stream", **args)

    def _settings_file(self) -> Check:
        if self._file is None:
            return self._ok("settings", "defaults")
        if mode(self._file) & 0o022:
            return self._line("security", Verdict.WARN, "settings_open", file=self._file)
        return self._ok("settings", "settings_file", file=self._file)

    def _folders(self) -> Iterator[Check]:
        root, home = self._settings.files.root, self._settings.state.path
        if root is None:
            if not self._settings.systems:
                yield self._line("settings", Verdict.FAIL, "no_root")
            return
        if not root.exists():
            yield self._line("settings", Verdict.FAIL, "no_such_root", path=root)
            return
        writable = os.access(root if root.is_dir() else root.parent, os.W_OK)
        if writable:
            yield self._ok("settings", "root", path=root)
        else:
            yield self._line("settings", Verdict.WARN, "root_read_only", path=root)
        if home is not None:
            try:
                homes.refuse_overlap(home, root)
                yield self._ok("settings", "home", path=home)
            except RingrenError as error:
                yield self.trouble("settings", error)

    def _packages(self) -> Iterator[Check]:
        places = {name: _parent_of(name) for name in PACKAGES}
        ours = places["sync"]
        strangers = [f"{name} ({place})" for name, place in places.items() if place != ours]
        if strangers:
            names = ", ".join(strangers)
            yield self._line("security", Verdict.FAIL, "strangers", names=names, ours=ours)
        else:
            yield self._ok("security", "packages", ours=ours)

    def _sqlite(self) -> Check:
        version = sqlite3.sqlite_version
        if sqlite3.sqlite_version_info < OLDEST_SQLITE:
            oldest = ".".join(map(str, OLDEST_SQLITE))
            return self._line(
                "security", Verdict.FAIL, "sqlite_old", version=version, oldest=oldest
            )
        return self._ok("security", "sqlite", version=version)

    def _database(self) -> str:
        if self._settings.state.url is None:
            return str(self._settings.home / homes.DATABASE)
        # Never the address itself: it may hold a password.
        return self._settings.database_url.partition(":")[0]

    def _ok(self, area: str, key: str, **args: object) -> Check:
        return Check(area, Verdict.OK, self._texts.get(f"check.{key}", **args))

    def _line(self, area: str, verdict: Verdict, key: str, **args: object) -> Check:
        text, remedy = f"check.{key}", f"check.{key}.remedy"
        return Check(area, verdict, self._texts.get(text, **args), self._texts.get(remedy, **args))


def _parent_of(package: str) -> Path | None:
    spec = importlib.util.find_spec(package)
    places = list(spec.submodule_search_locations or ()) if spec else []
    return Path(places[0]).resolve().parent if places else None


def open_paths(home: Path) -> list[Path]:
    """What in the state folder others on the machine can read or change, the folder itself too."""
    ours = (home, *sorted(path for path in home.rglob("*") if not path.is_symlink()))
    return [path for path in ours if mode(path) & 0o077]


def mode(path: Path) -> int:
    """Who may do what with a file."""
    return stat.S_IMODE(path.stat().st_mode)


_MARKS = {Verdict.OK: "✓", Verdict.WARN: "!", Verdict.FAIL: "✗"}


def as_text(checked: Checked, texts: Texts, width: int | None) -> str:
    """The checks by area, then each stream with its columns."""
    lines: list[str] = []
    for area in ("settings", "systems", "security"):
        found = [check for check in checked.checks if check.area == area]
        if found:
            lines += ["", texts.get(f"check.area.{area}")]
        for check in found:
            lines.append(f"  {_MARKS[check.verdict]} {printable(check.message)}")
            if check.remedy and check.verdict is not Verdict.OK:
                lines.append(f"    → {printable(check.remedy)}")
    for system, streams in checked.streams.items():
        for stream in streams:
            lines += ["", *_columns(system, stream, texts, width)]
    return "\n".join(lines).lstrip("\n")


def _columns(system: str, stream: Stream, texts: Texts, width: int | None) -> Iterator[str]:
    kind = texts.get(f"check.kind.{stream.kind.value}")
    yield f"{system}/{printable(stream.name)} · {kind}{_notes(stream, texts)}"
    rows = [
        [
            column.name,
            column.canonical or (texts.get("check.key_only") if column.key else "–"),
            texts.find(f"check.unit.{column.unit}") or column.unit,
            "" if column.sure or not column.canonical else texts.get("check.is_unsure"),
        ]
        for column in stream.columns
    ]
    headings = [*(texts.get(f"check.{name}") for name in ("column", "field", "unit")), ""]
    if not any(column.unit for column in stream.columns):
        headings, *rows = [[*row[:2], row[3]] for row in (headings, *rows)]
    yield "\n".join(
        f"  {line}"
        for line in table(
            headings, rows, whole=frozenset(range(1, len(headings))), width=width and width - 2
        ).splitlines()
    )
    for remark in stream.remarks:
        text = texts.get(f"header.{remark.code}", **dict(remark.details))
        yield f"  · {printable(text)}"


def _notes(stream: Stream, texts: Texts) -> str:
    notes = dict(stream.notes)
    octets = notes.pop("bytes", "")
    shown = [_note(name, note, texts) for name, note in notes.items() if note]
    shown += [size(int(octets), texts.lang)] if octets.isdigit() else []
    if stream.identity:
        shown.append(_identity(stream.identity, texts))
    return "".join(f" · {note}" for note in shown)


def _note(name: str, note: str, texts: Texts) -> str:
    """A word says what it is; a number needs its name."""
    return f"{texts.get(f'report.note.{name}')}: {note}" if note.isdigit() else printable(note)


def _identity(identity: str, texts: Texts) -> str:
    """How a row is recognised: by a column of its own, or by one of the known means."""
    kind, _, column = identity.partition(" ")
    if column:
        return texts.get("check.by.column", column=printable(column))
    return texts.find(f"check.by.{kind}") or kind
