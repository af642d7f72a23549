"""Where the state of each audited folder lives: one private folder for each, outside of it.

A home holds the database, the keys, crash files and `audited.json`, which names what is audited.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import shutil
import stat
import unicodedata
from dataclasses import dataclass
from pathlib import Path

from rules.errors import UserError

DATABASE = "ringren.sqlite"
_NAME_FILE = "audited.json"
LISTS = "lists"
"""Lists that were let go on the page."""
BACKUPS = "backups"
"""What a restore replaced."""
_BESIDE = ("", "-wal", "-shm", "-turn")
_OURS = (
    *(DATABASE + end for end in _BESIDE),
    "keys",
    "crashes",
    "reports",
    LISTS,
    BACKUPS,
    "daemon.lock",
    _NAME_FILE,
)


@dataclass(frozen=True, slots=True)
class Home:
    """A state folder and what it is the state of; `audited` is None when that is not recorded."""

    folder: Path
    audited: Path | None


def all_homes() -> Path:
    """The folder of all homes: `$XDG_STATE_HOME/ringren`."""
    from platformdirs import user_state_path

    return user_state_path("ringren")


def home_of(audited: Path) -> Path:
    """The default home of a folder or file: its readable name and a short hash of its full path."""
    real = str(audited.resolve())
    digest = hashlib.blake2b(os.fsencode(real), digest_size=4).hexdigest()
    return all_homes() / f"{_slug(audited.resolve().name)}-{digest}"


def _slug(name: str) -> str:
    plain = name.lower().replace("æ", "ae").replace("ø", "oe").replace("å", "aa")
    plain = unicodedata.normalize("NFKD", plain).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:40] or "root"


def read_home(folder: Path) -> Home:
    """The home in `folder`, as far as it says what it belongs to."""
    try:
        named = json.loads((folder / _NAME_FILE).read_text("utf-8"))["audited"]
    except (OSError, ValueError, KeyError, TypeError):
        return Home(folder, None)
    return Home(folder, Path(named))


def known_homes() -> list[Home]:
    """Every default home there is, by name."""
    try:
        folders = sorted(path for path in all_homes().iterdir() if path.is_dir())
    except OSError:
        return []
    return [home for home in map(read_home, folders) if home.audited]


def has_store(folder: Path | None) -> bool:
    """Whether something has been read into this home's own database."""
    return folder is not None and (folder / DATABASE).is_file()


def make_home(folder: Path, audited: Path | None) -> None:
    """Make the folder, for its owner only, and note what it is the state of.

    UserError `error.state_elsewhere` when it is the state of something else already.
    """
    before = read_home(folder).audited
    if audited and before and before != audited.resolve():
        raise UserError("error.state_elsewhere", folder=folder, before=before, audited=audited)
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if audited and not before:
            text = json.dumps({"audited": str(audited.resolve())}, ensure_ascii=False)
            path = folder / _NAME_FILE
            path.touch(mode=0o600)
            path.write_text(text + "\n", "utf-8")
    except OSError as error:
        reason = error.strerror or str(error)
        raise UserError("error.state_folder", folder=folder, reason=reason) from error


def hand_over(folder: Path | None) -> None:
    """What root made in a home that belongs to somebody else becomes his, as far as it is told apart
    from what lies elsewhere: a service that may not open a file of its own could not begin."""
    if os.geteuid() != 0 or folder is None or not folder.is_dir():
        return
    owner = folder.stat()
    if owner.st_uid == 0:
        return
    for _, folders, files, place in os.fwalk(folder):
        for name in (*folders, *files):
            with contextlib.suppress(OSError):
                there = os.stat(name, dir_fd=place, follow_symlinks=False)
                alone = stat.S_ISREG(there.st_mode) and there.st_nlink == 1
                if there.st_uid == 0 and (alone or stat.S_ISDIR(there.st_mode)):
                    os.chown(name, owner.st_uid, owner.st_gid, dir_fd=place, follow_symlinks=False)


def refuse_overlap(folder: Path, audited: Path) -> None:
    """UserError when state would lie in what is audited, or what is audited in the state."""
    home, root = folder.resolve(), audited.resolve()
    if home == root or root in home.parents:
        raise UserError("error.state_inside", folder=folder, audited=audited)
    if home in root.parents and read_home(folder).audited is not None:
        raise UserError("error.audited_inside", folder=folder, audited=audited)


def apart(folder: Path | None, audited: Path | None) -> bool:
    """Whether the state folder may be written to at all."""
    if folder is None or audited is None:
        return True
    try:
        refuse_overlap(folder, audited)
    except UserError:
        return False
    return True


def check(folder: Path, audited: Path | None) -> None:
    """UserError when what is audited is missing, or the state lies in it."""
    if audited is None:
        return
    if not audited.exists():
        raise UserError("error.no_such_path", path=audited)
    refuse_overlap(folder, audited)


def forget_home(folder: Path, audited: Path | None) -> list[Path]:
    """Remove what is ours in a home, and the folder when nothing else is left; what was removed.

    UserError when the folder is no home, or lies in what is audited: then nothing is ours.
    """
    if audited:
        refuse_overlap(folder, audited)
    if read_home(folder).audited is None and not (folder / DATABASE).exists():
        raise UserError("error.no_home", folder=folder)
    removed = []
    for name in _OURS:
        path = folder / name
        if path.is_symlink() or path.is_file():
            path.unlink()
        elif path.is_dir():
            shutil.rmtree(path)
        else:
            continue
        removed.append(path)
    if folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()
    return removed
