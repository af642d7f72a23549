"""Who else has a file: another process of ours, or an office program with the file open."""

from __future__ import annotations

import fcntl
from pathlib import Path
from typing import BinaryIO

from rules.errors import TryAgain


def keep_apart(file: BinaryIO, path: Path, lock: int) -> None:
    """Nobody of ours begins to read while one of ours writes; a writer is held off by nobody else.

    A process that was paused while it wrote still writes when it wakes up: until then what the
    file holds is not known to anybody. `TryAgain` when it has to be waited for.
    """
    try:
        fcntl.flock(file.fileno(), lock | fcntl.LOCK_NB)
        if lock == fcntl.LOCK_SH:
            fcntl.flock(file.fileno(), fcntl.LOCK_UN)
    except BlockingIOError as error:
        raise TryAgain("files.in_use", file=str(path)) from error
    except OSError:
        return  # a file system without locks


def refuse_if_open(path: Path) -> None:
    """`TryAgain` while an office program has the workbook open: it would overwrite what we write.

    Excel lays `~$kunder.xlsx` beside it (of a name of more than eight characters it may leave out
    the first two), LibreOffice `.~lock.kunder.xlsx#`.
    """
    name = path.name
    for lock in (f"~${name}", f"~${name[2:]}", f".~lock.{name}#"):
        if len(lock) > 4 and path.with_name(lock).exists():
            raise TryAgain("files.open_elsewhere", file=str(path), lock=lock)
