"""The daily report: the last run's, as a page in the state folder, and old ones taken away."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date, timedelta
from pathlib import Path
from typing import Final

from state import history
from sync.app import App
from sync.run import RUN

FOLDER: Final = "reports"
_NAME: Final = re.compile(r"(\d{4}-\d{2}-\d{2})(?:\.|-).+")
_LOOK_BACK: Final = 500


def write(app: App) -> Path | None:
    """The page of the newest run that came to its end, or a page for each system where each has runs
    of its own; the last of them, None when there was none yet.

    Pages hold the customer's data: they live as long as plans do.
    """
    from sync.report.build import of_run
    from sync.report.page import write_html

    folder = app.settings.home / FOLDER
    _end_old(folder, app.today - timedelta(days=app.settings.purge.plans))
    with app.store.reading() as tx:
        found = _newest(history.list_runs(tx, _LOOK_BACK))
    path = None
    for systems, run in sorted(found.items()):
        folder.mkdir(mode=0o700, exist_ok=True)
        parts = [app.today.isoformat(), *(systems if len(found) > 1 else ())]
        path = folder / f"{'-'.join(parts)}.html"
        write_html(of_run(app, run), path, app.settings.lang or "da")
    return path


def _newest(runs: Iterable[history.Run]) -> dict[tuple[str, ...], int]:
    """Systems -> the newest run over just these, unless a newer one went through them all."""
    found: dict[tuple[str, ...], int] = {}
    seen: set[str] = set()
    for run in filter(_has_figures, runs):
        systems = tuple((run.totals or {})["run"]["systems"])
        if not seen.issuperset(systems):
            found[systems] = run.run
            seen.update(systems)
    return found


def _has_figures(run: history.Run) -> bool:
    return run.command.split()[0] == RUN and bool(run.totals)


def _end_old(folder: Path, before: date) -> None:
    for path in folder.glob("*") if folder.is_dir() else ():
        found = _NAME.fullmatch(path.name)
        if found and date.fromisoformat(found[1]) < before:
            path.unlink(missing_ok=True)
