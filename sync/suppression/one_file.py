"""A single file that is read for what is in it, whatever its name is and outside of any system."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from connectors.registry import files
from rules.errors import UserError
from rules.records import Kind
from sync.app import App

if TYPE_CHECKING:
    from connectors.files import Files


def one_file(app: App, system: str, path: Path, kind_of: Callable[[Kind | None], Kind]) -> Files:
    """The file as a system of its own; `kind_of` makes the kind of its lists from the one in the
    settings, if any. UserError when it cannot be read."""

    def wish(file: str) -> dict[str, Any]:
        one = app.settings.files.of(file)
        return {
            "columns": one.columns,
            "kind": kind_of(one.kind),
            "encoding": one.encoding or "",
            "delimiter": one.delimiter or "",
        }

    limit = app.settings.files.max_workbook_mb
    found = files(system, path, said=wish, known=lambda _: None, max_workbook_mb=limit)
    for problem in found.problems():
        if problem.stops:
            raise UserError(problem.message, problem.remedy, **problem.details)
    return found
