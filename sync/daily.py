"""The daily report: the last run's, as a page in the state folder, and old ones taken away."""

from __future__ import annotations

import re
from datetime import date, timedelta
from pathlib import Path
from typing import Final

from state import history
from sync.app import App

FOLDER: Final = "reports"
_NAME: Final = re.compile(r"(\d{4}-\d{2}-\d{2})(?:\.|-).+")
_LOOK_BACK: Final = 500


def write(app: App) -> Path | None:
    """The page of the newest run that came to its end; None when there was none yet.

    Pages hold the customer's data: they live as long as plans do.
    """
    from sync.report.build import of_run
    from sync.report.page import write_html

    folder = app.settings.home / FOLDER
    _end_old(folder, app.today - timedelta(days=app.settings.purge.plans))
    with app.store.reading() as tx:
        newest = next(filter(_has_figures, history.list_runs(tx, _LOOK_BACK)), None)
    if newest is None:
        return None
    folder.mkdir(mode=0o700, exist_ok=True)
    path = folder / f"{app.today.isoformat()}.html"
    write_html(of_run(app, newest.run), path, app.settings.lang or "da")
    return path


def _has_figures(run: history.Run) -> bool:
    return run.command == "run" and bool(run.totals)


def _end_old(folder: Path, before: date) -> None:
    for path in folder.glob("*") if folder.is_dir() else ():
        found = _NAME.fullmatch(path.name)
        if found and date.fromisoformat(found[1]) < before:
            path.unlink(missing_ok=True)
