"""`sync archive`: figures of closed years into a file for each, and out of the database.

A year is closed when it ended a year ago: trends and the report of a month look back no further. The file is
read back and compared before anything goes; killed at any moment, the same command goes on.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from rules.errors import InvariantBroken, UserError
from state import archive
from sync.app import App
from sync.logs import logger
from sync.output import number, table
from sync.texts import Texts

OPEN_YEARS: Final = 1
"""Beside the current one."""
LOG = logger(__name__)


@dataclass(frozen=True, slots=True)
class Archived:
    """A closed year: where it is put, what there is of it by table, and how many rows went; None where
    it was only looked at."""

    year: int
    file: str
    rows: Mapping[str, int]
    gone: int | None = None


def look(app: App, place: Path | None) -> list[Archived]:
    """What would be put away; nothing is written."""
    folder = _folder(app, place)
    with app.store.reading() as tx:
        return [
            Archived(year, str(_file(app, folder, year)), archive.counted(tx, year))
            for year in archive.years(tx, app.today.year - OPEN_YEARS)
        ]


def put_away(app: App, place: Path | None) -> list[Archived]:
    """Every closed year. UserError where a file is there that holds something else."""
    found = look(app, place)
    _folder(app, place).mkdir(mode=0o700, parents=True, exist_ok=True)
    return [_put(app, one) for one in found]


def _put(app: App, one: Archived) -> Archived:
    path = Path(one.file)
    if not path.exists():
        draft = path.with_name(f".{path.name}.new")
        draft.unlink(missing_ok=True)
        with app.store.reading() as tx:
            archive.write(tx, one.year, draft)
        archive.holds(draft)
        draft.replace(path)
    kept = _kept(path)
    with app.store.reading() as tx:
        if archive.missing(tx, one.year, kept):
            raise UserError("archive.differs", file=path, year=one.year)
    gone = archive.remove(app.store, one.year, kept)
    LOG.info("year put away", year=one.year, rows=gone)
    return Archived(one.year, one.file, one.rows, gone)


def _kept(path: Path) -> frozenset[bytes]:
    try:
        return archive.holds(path)
    except InvariantBroken:
        raise UserError("archive.broken", file=path) from None


def _folder(app: App, place: Path | None) -> Path:
    folder = place or app.settings.archive.folder
    if folder is None:
        raise UserError("archive.no_place")
    return folder.expanduser()


def _file(app: App, folder: Path, year: int) -> Path:
    return folder / f"{app.settings.home.name}-{year}.jsonl.gz"


def told(found: list[Archived], texts: Texts) -> str:
    """A line for each year."""
    if not found:
        return texts.get("archive.nothing", year=OPEN_YEARS)
    names = ("year", "rows", "file", "gone")
    rows = [
        [
            str(one.year),
            number(sum(one.rows.values()), texts.lang),
            one.file,
            texts.get("archive.looked") if one.gone is None else number(one.gone, texts.lang),
        ]
        for one in found
    ]
    return table([texts.get(f"archive.column.{name}") for name in names], rows)
