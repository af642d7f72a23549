"""A list that is held against the opt-outs, row by row; what may be called, to be taken home.

What was sent goes as soon as it was looked at. The cleaned list stays in the state folder as long as
it may be called, for those who may check lists.
"""

from __future__ import annotations

import contextlib
import re
import shutil
import tempfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from rules.errors import RingrenError, UserError
from rules.rights import Right
from rules.suppression import Channel
from sync.app import App
from sync.homes import LISTS
from sync.output import moment, number
from sync.release_story import reason
from sync.releasing import Washed, Wish, wash
from sync.web.page.asked import Answered, Asked, Download, Shown
from sync.web.page.uploads import Upload
from sync.web.refusals import Refused

CHANNELS: Final = ("call", "email", "sms")
_BOOKS: Final = frozenset({".xlsx", ".xlsm", ".xls", ".ods", ".xlsb"})
_RELEASE: Final = re.compile(r"L-\d{6}-[0-9a-f]{6}")


def lists(asked: Asked) -> Answered:
    """The form."""
    _forget_old(asked.app)
    return _page(asked)


def check(asked: Asked) -> Answered:
    """`sync list check FILE`, with `--out` when the list is to be let go."""
    if asked.upload is None:
        return _page(asked, UserError("page.lists.no_file"))
    channel, let_go = Channel(asked.choice("channel", *CHANNELS)), bool(asked.fields.get("release"))
    try:
        with _kept(asked.app, asked.upload) as (file, out):
            wish = Wish(channel, out if let_go else None, name=asked.fields.get("name", "")[:100])
            found = wash(asked.app, file, wish)
            if found.release and out.exists():
                out.parent.rename(_folder(asked.app) / found.release)
    except RingrenError as error:
        return _page(asked, error)
    return _page(asked, found=found)


def fetch(asked: Asked) -> Answered:
    """The cleaned list, as long as it may be called."""
    _forget_old(asked.app)
    name = asked.path["release"]
    folder = _folder(asked.app) / name
    if not _RELEASE.fullmatch(name) or not folder.is_dir():
        raise Refused(404, "page.no_page")
    file = next(folder.iterdir())
    return Download(file, file.name)


# --- files -----------------------------------------------------------------------------------


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


def _forget_old(app: App) -> None:
    """Lists that may be called no more, and what a process that was killed left."""
    past = app.clock() - timedelta(hours=app.settings.release.hours)
    for one in _folder(app).iterdir():
        with contextlib.suppress(OSError):
            if one.stat().st_mtime < past.timestamp():
                shutil.rmtree(one)


# --- what is shown ---------------------------------------------------------------------------


def _page(asked: Asked, error: RingrenError | None = None, found: Washed | None = None) -> Shown:
    filled: dict[str, Any] = {"channels": CHANNELS, "given": asked.fields, "found": None}
    if found:
        filled |= _told(found, asked)
    return Shown("lists", filled, 422 if error else 200, error)


def _told(found: Washed, asked: Asked) -> dict[str, Any]:
    texts = asked.texts
    rows, good = number(found.rows, texts.lang), number(found.callable, texts.lang)
    channel = texts.get(f"opt_out.on.{found.channel}")
    return {
        "found": found,
        "said": texts.get("release.rows", file=found.source, rows=rows, good=good, channel=channel),
        "reasons": [(reason(code, texts), many) for code, many in found.reasons.items()],
        "first": [
            texts.get("release.row", list=one.stream, row=one.row, reason=reason(one.code, texts))
            for one in found.refused
        ],
        "gaps": [texts.get(f"assurance.{gap.code}", system=gap.system) for gap in found.gaps],
        "until": moment(found.expires_at, texts.lang) if found.expires_at else "",
    }


PLACES: Final = (
    ("GET", "/lists", Right.LISTS, lists),
    ("POST", "/lists", Right.LISTS, check),
    ("GET", "/lists/{release}", Right.LISTS, fetch),
)
