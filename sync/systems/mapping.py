"""`sync map SYSTEM`: which of the customer's own fields hold what ours do; proposed, never decided.

It looks at the fields that a system describes and at some records of each object, writes nothing
outside, and keeps nothing of what it saw. The settings get a line a field, when a person agrees.
"""

from __future__ import annotations

import os
import tempfile
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from connectors.protocol import Connector, Stream
from connectors.rights import Offered, Offers
from rules.errors import Exit, UserError
from rules.proposing import Candidate, Left, Proposal, Reason, Trust, propose
from sync.app import App
from sync.output import number, printable, table
from sync.settings.problems import dotted
from sync.texts import Texts


@dataclass(frozen=True, slots=True)
class Mapped:
    """One object: what is proposed there, and what stays unmapped."""

    stream: str
    proposals: tuple[Proposal, ...]
    left: tuple[Left, ...]
    read: int
    """Records that were looked at."""


@dataclass(slots=True)
class Proposed:
    """All of a system. `toml` is what can be pasted; `written` the file that got it."""

    system: str
    objects: tuple[Mapped, ...]
    calls: int
    toml: str
    written: str | None = None

    @property
    def worth_writing(self) -> Mapping[str, Mapping[str, str]]:
        """Object → canonical field → the system's field, without mere guesses."""
        found = {
            one.stream: {p.canonical: p.name for p in one.proposals if p.trust is not Trust.GUESS}
            for one in self.objects
        }
        return {stream: fields for stream, fields in found.items() if fields}

    @property
    def exit_code(self) -> Exit:
        """CHANGES while there is something to write."""
        return Exit.CHANGES if self.worth_writing and not self.written else Exit.OK


def look(app: App, system: str) -> Proposed:
    """Proposals for a system; UserError for one that is not set up, or has no fields of its own."""
    connector = app.systems.get(system)
    if connector is None:
        raise UserError("error.no_such_system", system=system, known=", ".join(app.systems) or "–")
    if system not in app.settings.systems or not isinstance(connector, Offers):
        raise UserError("error.no_map", system=system)
    streams = {one.name: one for one in connector.streams()}
    offered: dict[str, list[Offered]] = {name: [] for name in streams}
    for one in connector.offered():
        offered[one.stream].append(one)
    objects = tuple(_of(app, connector, streams[name], some) for name, some in offered.items())
    calls = app.budget.used.get(system, 0) if app.budget else 0
    return Proposed(system, objects, calls, toml(system, objects))


def _of(app: App, connector: Connector, stream: Stream, offered: Sequence[Offered]) -> Mapped:
    assert isinstance(connector, Offers)  # noqa: S101 - `look` asked
    names = [one.name for one in offered if one.typed != "other"]
    rows = connector.sample(stream.name, names) if names else []
    taken = {one.canonical: one.name for one in stream.columns if one.canonical}
    candidates = [_candidate(one, rows) for one in offered]
    proposals, left = propose(stream.kind, candidates, taken, app.catalogue)
    return Mapped(stream.name, tuple(proposals), tuple(left), len(rows))


def _candidate(one: Offered, rows: Sequence[Mapping[str, str | None]]) -> Candidate:
    cells = tuple(text for row in rows if (text := row.get(one.name)))
    return Candidate(one.name, one.labels, one.typed, cells, len(rows), one.options)


# --- as settings ------------------------------------------------------------------------------


def toml(system: str, objects: Sequence[Mapped]) -> str:
    """What can be pasted; a guess stands behind `#`."""
    lines: list[str] = []
    for one in objects:
        if one.proposals:
            lines.append(f"[{dotted((system, 'fields', one.stream))}]")
            lines += [_line(proposal) for proposal in one.proposals]
    return "\n".join(lines)


def _line(one: Proposal) -> str:
    line = f'{one.canonical} = "{one.name}"'
    return f"# {line}" if one.trust is Trust.GUESS else line


def write(path: Path, system: str, wanted: Mapping[str, Mapping[str, str]]) -> None:
    """Add these lines to the settings file. Nothing that stands there is changed.

    UserError where the file says it in a way to which nothing can be added, and it stays as it is.
    """
    raw = path.read_bytes().decode()
    mark = "\ufeff" if raw.startswith("\ufeff") else ""
    before = raw.removeprefix(mark)
    wanted = _new(tomllib.loads(before), system, wanted)
    after = _added(before, system, wanted)
    expected = _merged(tomllib.loads(before), system, wanted)
    try:
        fits = tomllib.loads(after) == expected
    except tomllib.TOMLDecodeError:
        fits = False
    if not fits:
        raise UserError("error.map_by_hand", file=path)
    _replace(path, mark + after)


def _new(
    values: Mapping[str, Any], system: str, wanted: Mapping[str, Mapping[str, str]]
) -> Mapping[str, Mapping[str, str]]:
    """Without what the file says something about already, be it a field that is not there."""
    there = values.get(system, {}).get("fields", {})
    found = {
        stream: {name: to for name, to in fields.items() if name not in there.get(stream, {})}
        for stream, fields in wanted.items()
    }
    return {stream: fields for stream, fields in found.items() if fields}


def _added(text: str, system: str, wanted: Mapping[str, Mapping[str, str]]) -> str:
    end = "\r\n" if "\r\n" in text else "\n"
    lines = text.removesuffix(end).split(end)
    for stream, fields in wanted.items():
        header = f"[{dotted((system, 'fields', stream))}]"
        new = [f'{canonical} = "{name}"' for canonical, name in fields.items()]
        at = next((n for n, line in enumerate(lines) if _bare(line) == header), None)
        if at is None:
            lines += ["", header, *new]
        else:
            lines[at + 1 : at + 1] = new
    return end.join(lines) + end


def _bare(line: str) -> str:
    return "".join(line.partition("#")[0].split())


def _merged(
    values: dict[str, Any], system: str, wanted: Mapping[str, Mapping[str, str]]
) -> dict[str, Any]:
    fields = values.setdefault(system, {}).setdefault("fields", {})
    for stream, some in wanted.items():
        there = fields.setdefault(stream, {})
        fields[stream] = {**some, **there}
    return values


def _replace(path: Path, text: str) -> None:
    """All of it or nothing, under the file's own rights."""
    real = path.resolve()
    descriptor, draft = tempfile.mkstemp(dir=real.parent, prefix=f".{real.name}.")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(text.encode())
            file.flush()
            os.fsync(file.fileno())
        Path(draft).chmod(real.stat().st_mode & 0o777)
        Path(draft).replace(real)
    finally:
        Path(draft).unlink(missing_ok=True)


# --- as text ----------------------------------------------------------------------------------


@dataclass(slots=True)
class _Sheet:
    texts: Texts
    width: int | None
    lines: list[str] = field(default_factory=list)


def as_text(found: Proposed, texts: Texts, width: int | None) -> str:
    """Each object with its proposals, what stays unmapped, and the lines to paste."""
    sheet = _Sheet(texts, width)
    for one in found.objects:
        _object(sheet, found.system, one)
    if found.toml:
        sheet.lines += ["", texts.get("map.paste"), "", *found.toml.splitlines()]
    calls = number(found.calls, texts.lang)
    sheet.lines += ["", texts.get("map.calls", calls=calls), texts.get("map.only_mapped")]
    return "\n".join(sheet.lines).lstrip("\n")


def _object(sheet: _Sheet, system: str, one: Mapped) -> None:
    texts = sheet.texts
    read = texts.count("map.read", one.read)
    sheet.lines += ["", f"{system}/{one.stream} · {read}"]
    if not (one.proposals or one.left):
        sheet.lines.append(f"  {texts.get('map.no_own')}")
        return
    names = ("field", "ours", "trust", "filled", "why")
    rows = [
        [
            p.name,
            p.canonical,
            texts.get(f"map.trust.{p.trust}"),
            _rate(p.filled, p.read, texts),
            _reasons(p.reasons, texts),
        ]
        for p in one.proposals
    ]
    if rows:
        _table(sheet, [texts.get(f"map.{name}") for name in names], rows)
    if one.left:
        sheet.lines.append(f"  {texts.count('map.left', len(one.left))}")
        headings = [texts.get(f"map.{name}") for name in ("field", "filled", "why_not")]
        rows = [
            [o.name, _rate(o.filled, o.read, texts), _reasons((o.reason,), texts)] for o in one.left
        ]
        _table(sheet, headings, rows)


def _table(sheet: _Sheet, headings: list[str], rows: list[list[str]]) -> None:
    width = sheet.width and sheet.width - 2
    found = table(headings, rows, whole=frozenset({0, 1}), width=width)
    sheet.lines += [f"  {line}" for line in found.splitlines()]


def _rate(filled: int, read: int, texts: Texts) -> str:
    if not read:
        return "–"
    of = number(read, texts.lang)
    return texts.get("map.rate", filled=number(filled, texts.lang), of=of)


def _reasons(reasons: Sequence[Reason], texts: Texts) -> str:
    return ", ".join(_said(reasons, texts))


def _said(reasons: Sequence[Reason], texts: Texts) -> Iterator[str]:
    for one in reasons:
        yield printable(texts.get(f"map.reason.{one.code}", **dict(one.details)))
