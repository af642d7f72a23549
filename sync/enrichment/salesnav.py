"""`sync linkedin`: our companies as files for an upload to LinkedIn Sales Navigator, which has no other door.

Companies only: lists of people cannot be uploaded, and no fact about one leaves here. What is closed, or
may not be called, is not looked for.
"""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from rules.enrichment.identity import identity
from rules.enrichment.standing import Standing, standing_of
from rules.errors import UserError
from rules.fields.choices import COMPANY_STATUS
from rules.formats.choices import Picklist
from rules.records import Kind, Value
from state import blocked, mirror
from sync.app import App
from sync.report.sheets import safe

HEADER: Final = ("account_name", "website", "city", "country", "crm_account_id")
MOST: Final = 1000
"""Rows in a file, by the vendor's help pages."""
_PAGE: Final = 2000
_STATUS: Final = Picklist(COMPANY_STATUS, closed=True)
_OVER: Final = frozenset({Standing.CEASED, Standing.BANKRUPT})

Row = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Written:
    """The files, and how many companies stand in them."""

    files: tuple[str, ...]
    companies: int


def write(app: App, folder: Path) -> Written:
    """All companies, each once, in files of `MOST` rows; UserError when one cannot be written."""
    files: list[str] = []
    rows: list[Row] = []
    number = 0
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for row in _companies(app):
            rows.append(row)
            number += 1
            if len(rows) == MOST:
                files.append(_file(app, folder, len(files) + 1, rows))
                rows = []
        if rows:
            files.append(_file(app, folder, len(files) + 1, rows))
    except OSError as error:
        raise UserError("export.failed", file=str(folder), why=str(error.strerror)) from error
    return Written(tuple(files), number)


def _file(app: App, folder: Path, number: int, rows: list[Row]) -> str:
    """Comma-separated UTF-8 whatever the country: a file of semicolons is refused."""
    path = folder / f"salesnav-accounts-{app.today.isoformat()}-{number}.csv"
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerows([HEADER, *rows])
    draft = path.with_suffix(".tmp")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(out.getvalue().encode())
    draft.replace(path)
    return str(path)


def _companies(app: App) -> Iterator[Row]:
    behind, seen = 0, set[str]()
    while True:
        with app.store.reading() as tx:
            page = mirror.alive(tx, behind, _PAGE, {Kind.COMPANY})
            refused = blocked.channels(tx, [row.rid for *_, row in page])
        if not page:
            return
        behind = page[-1][2].rid
        for system, _, row in page:
            values = mirror.values_of(row.cells)
            if row.rid in refused or _is_over(values) or not _text(values, "company_name"):
                continue
            if _is_new(values, seen):
                yield _row(values, f"{system}:{row.id}")


def _is_new(values: Mapping[str, Value], seen: set[str]) -> bool:
    """Whether it is the first with its number or site; who has neither is taken as he is."""
    who = identity(values)
    keys = {key for key in (who.cvr, who.site) if key}
    is_new = seen.isdisjoint(keys)
    seen |= keys
    return is_new


def _is_over(values: Mapping[str, Value]) -> bool:
    return standing_of(_STATUS.value(_text(values, "company_status"))) in _OVER


def _row(values: Mapping[str, Value], ident: str) -> Row:
    named = ("company_name", "website", "city", "country")
    return (*(safe(_text(values, name)) for name in named), ident)


def _text(values: Mapping[str, Value], name: str) -> str:
    text = values.get(name)
    return " ".join(text.split()) if isinstance(text, str) else ""
