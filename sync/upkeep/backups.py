"""`sync backup`: all that is kept, in one file; the keys, which lie elsewhere, in one of their own.

The work is state/backups.py's. No backup is ever deleted from here.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from rules.errors import UserError
from state import backups, keys
from state.keys import ENVIRONMENT, FILE_NAME
from sync.app import KEYS, App
from sync.output import number, printable, size
from sync.suppression.audit import written_head
from sync.texts import Texts
from sync.upkeep.migrating import counted

SUFFIX = ".sqlite"


@dataclass(frozen=True, slots=True)
class Made:
    """A backup as it was written and read back. `keys_at`: where the keys are without which nobody
    on the list can be found; `keys_file`: where they were written to now."""

    file: str
    octets: int
    tables: int
    rows: int
    entries: int
    head: str
    acts: int
    keys_at: str
    keys_file: str


def make(app: App, place: Path | None, keys_file: Path | None = None) -> Made:
    """Write it, and the keys where that is asked for. UserError when there is no place for it."""
    file = _file(app, place or app.settings.backup.folder)
    if keys_file is not None:
        _refuse_together(keys_file, file)
    app.progress.start("progress.backup", backups.rows(app.store) * 2, "unit.rows")
    done = backups.write(app.store, file, counted(app.progress), by=app.actor, at=app.clock())
    app.progress.end()
    if keys_file is not None:
        _write_keys(app, keys_file)
    return Made(
        file=str(file),
        octets=file.stat().st_size,
        tables=len(done.tables),
        rows=done.rows,
        entries=done.ledger.seq,
        head=written_head(done.ledger),
        acts=done.acts.seq,
        keys_at=keys_at(app.settings.home),
        keys_file=str(keys_file or ""),
    )


def keys_at(home: Path, env: Mapping[str, str] = os.environ) -> str:
    """Where the keys come from: the name of the variable, or the file."""
    return ENVIRONMENT if env.get(ENVIRONMENT) else str(home / KEYS / FILE_NAME)


def _file(app: App, place: Path | None) -> Path:
    """The file to write: in a folder one of a new name, with the moment in it."""
    if place is None:
        raise UserError("backup.no_place")
    folder = place if place.is_dir() else place.parent
    if not folder.is_dir() or not os.access(folder, os.W_OK):
        raise UserError("backup.no_folder", folder=folder)
    if not place.is_dir():
        return place
    return place / f"{app.settings.home.name}-{app.clock():%Y%m%dT%H%M%SZ}{SUFFIX}"


def _refuse_together(keys_file: Path, file: Path) -> None:
    """Whoever has both can guess every number on the list."""
    if keys_file.resolve().parent == file.resolve().parent:
        raise UserError("backup.keys_together", folder=file.parent)
    if keys_file.exists() or not keys_file.parent.is_dir():
        raise UserError("backup.keys_place", file=keys_file)


def _write_keys(app: App, keys_file: Path) -> None:
    try:
        keys.write_private(keys_file, app.keys.as_json())
    except OSError as error:
        raise UserError("export.failed", file=str(keys_file), why=str(error.strerror)) from error


def told(made: Made, texts: Texts) -> str:
    """Where it is, what was proved, and what it is worth nothing without."""
    lang = texts.lang
    lines = [
        texts.get("backup.made", file=made.file, size=size(made.octets, lang)),
        texts.get(
            "backup.proved",
            tables=number(made.tables, lang),
            rows=number(made.rows, lang),
            entries=number(made.entries, lang),
            head=made.head[: made.head.find(":") + 13],
        ),
        "",
    ]
    if made.keys_file:
        lines.append(texts.get("backup.keys_written", file=made.keys_file))
    else:
        lines.append(texts.get("backup.keys_apart", place=made.keys_at))
    return printable("\n".join([*lines, texts.get("backup.after")]))
