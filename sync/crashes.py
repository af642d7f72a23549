"""What happens to an error that nobody expected: a short message, the rest masked into a file."""

from __future__ import annotations

import contextlib
import errno
import os
import tempfile
import traceback
from datetime import UTC, datetime
from pathlib import Path

from rules.errors import Exit
from sync.masking import mask, mask_error
from sync.shell import Shell

_SURROUNDINGS = {
    errno.ENOSPC,
    errno.EDQUOT,
    errno.EROFS,
    errno.EACCES,
    errno.EPERM,
    errno.EIO,
    errno.EMFILE,
    errno.ENFILE,
    errno.EFBIG,
}
"""Troubles of disk and rights: not a bug of ours, and nothing a traceback would explain."""


def told(error: Exception, shell: Shell) -> tuple[int, str, str, str]:
    """Exit code, kind, message and remedy of an error that is none of ours."""
    texts = shell.texts
    if isinstance(error, OSError) and error.errno in _SURROUNDINGS:
        where = str(error.filename or texts.get("error.surroundings.output"))
        reason = os.strerror(error.errno)
        message = texts.get("error.surroundings", file=where, reason=reason)
        return Exit.FAILED, "OSError", message, texts.get("error.surroundings.remedy")
    kind = type(error).__name__
    return Exit.BUG, kind, texts.get("error.bug", kind=kind), where_to_look(error, shell)


def where_to_look(error: BaseException, shell: Shell) -> str:
    """Write the crash file; the remedy that names it."""
    file = write_crash(error, shell)
    key = "error.bug.remedy" if file else "error.bug.nowhere"
    return shell.texts.get(key, file=file)


def write_crash(error: BaseException, shell: Shell) -> Path | None:
    """Write the traceback into the state folder of this call; where it stands."""
    return write_at(error, shell.home)


def write_at(error: BaseException, home: Path | None) -> Path | None:
    """Write the traceback, masked and for the owner only, into the state folder; where it stands.

    Falls back to the folder for temporary files; None when not even that can be written.
    """
    at = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    folders = [home / "crashes"] if home else []
    for folder in (*folders, Path(tempfile.gettempdir())):
        with contextlib.suppress(OSError):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            descriptor, path = tempfile.mkstemp(".txt", f"ringren-crash-{at}-", folder)
            with os.fdopen(descriptor, "w", encoding="utf-8", errors="replace") as file:
                file.write(masked_traceback(error))
            return Path(path)
    return None


def masked_traceback(error: BaseException) -> str:
    """The traceback with all causes: code lines as they are, messages without what may be cells."""
    story: list[str] = []
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        frames = "".join(traceback.format_tb(current.__traceback__))
        kind = type(current)
        name = kind.__qualname__
        if kind.__module__ != "builtins":
            name = f"{kind.__module__}.{name}"
        # What these quote are names in our own code.
        ours = isinstance(current, AttributeError | NameError | ImportError)
        message = mask(str(current)) if ours else mask_error(str(current))
        story.append(f"{mask(frames)}{name}: {message}\n")
        current = current.__cause__ or current.__context__
    return "\n--- which came after:\n".join(story)
