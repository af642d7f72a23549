"""A list that somebody sent, held against the opt-outs; what may be called, kept to be fetched.

What was sent goes as soon as it was looked at. The cleaned list stays in the state folder as long as
it may be called, for those who may check lists.
"""

from __future__ import annotations

import contextlib
import re
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Final

from rules.suppression import Channel
from sync.app import App
from sync.calling.releasing import Washed, Wish, wash
from sync.homes import LISTS
from sync.web.uploads import Upload

_BOOKS: Final = frozenset({".xlsx", ".xlsm", ".xls", ".ods", ".xlsb"})
RELEASE: Final = r"^L-[0-9]{6}-[0-9a-f]{6}$"
"""What a list that was let go is called."""


def checked(app: App, upload: Upload, channel: Channel, name: str, *, let_go: bool) -> Washed:
    """`sync list check FILE`, with `--out` when it is to be let go; errors as `wash`.

    Where it was written is for nobody to know: it is fetched by the name of its release.
    """
    with _kept(app, upload) as (file, out):
        found = wash(app, file, Wish(channel, out if let_go else None, name=name))
        if found.release and out.exists():
            out.parent.rename(_folder(app) / found.release)
    return replace(found, written=out.name if found.written else None)


def fetched(app: App, release: str) -> Path | None:
    """The cleaned list, as long as it may be called."""
    forget_old(app)
    folder = _folder(app) / release
    if not re.search(RELEASE, release) or not folder.is_dir():
        return None
    return next(folder.iterdir(), None)


def forget_old(app: App) -> None:
    """Lists that may be called no more, and what a process that was killed left."""
    past = app.clock() - timedelta(hours=app.settings.release.hours)
    for one in _folder(app).iterdir():
        with contextlib.suppress(OSError):
            if one.stat().st_mtime < past.timestamp():
                shutil.rmtree(one)


def _folder(app: App) -> Path:
    folder = app.settings.home / LISTS
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder


@contextlib.contextmanager
def _kept(app: App, upload: Upload) -> Iterator[tuple[Path, Path]]:
    """The file that was sent, for so long as this takes, and where the cleaned one goes."""
    own = Path(tempfile.mkdtemp(prefix="upload-", dir=_folder(app)))
    try:
        file = own / upload.name
        upload.write(file)
        suffix = ".xlsx" if file.suffix.lower() in _BOOKS else file.suffix
        (own / "out").mkdir(mode=0o700)
        yield file, own / "out" / f"{file.stem}-ok{suffix}"
    finally:
        shutil.rmtree(own, ignore_errors=True)
