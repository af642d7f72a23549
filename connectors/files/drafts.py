"""The temporary file that becomes the new version of a file, all at once or not at all."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable
from contextlib import suppress
from hashlib import blake2b
from itertools import count
from pathlib import Path
from typing import BinaryIO, Final, Self

from connectors.files.tokens import DIGEST

PREFIX: Final = ".ringren-"
_NAME: Final = re.compile(r"\.ringren-([0-9a-f]{8})-(\d+)-\d+\.tmp")
_FLAGS: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
_ABANDONED_SECONDS: Final = 3600
_numbers: Final = count(1)

Fault = Callable[[str], None]
"""Called with the name of each point at which a crash is worth a test."""


def no_fault(_point: str) -> None:
    """The hook outside of tests."""


def _host() -> str:
    return blake2b(os.uname().nodename.encode(), digest_size=4).hexdigest()


class Draft:
    """A new file beside `target`, with its mode and owner (or those of `like`) as far as we may set
    them.

    Removed on leaving the block unless `publish` was called.
    """

    def __init__(self, target: Path, fault: Fault, *, like: Path | None = None) -> None:
        self._target = target
        self._like = like or target
        self._fault = fault
        self.path = target
        self.file: BinaryIO
        self.digest = hashlib.new(DIGEST, usedforsecurity=False)

    def __enter__(self) -> Self:
        descriptor = -1
        while descriptor < 0:
            name = f"{PREFIX}{_host()}-{os.getpid()}-{next(_numbers)}.tmp"
            self.path = self._target.with_name(name)
            # A name may be taken: process ids come back after a restart of the machine.
            with suppress(FileExistsError):
                descriptor = os.open(self.path, _FLAGS, 0o600)
        self.file = os.fdopen(descriptor, "wb", 1 << 20)
        _sweep(self.path)
        return self

    def __exit__(self, *_: object) -> None:
        # Closing flushes; on a full disk that fails again, and the file must go all the same.
        with suppress(OSError):
            self.file.close()
        self.path.unlink(missing_ok=True)

    def write(self, data: bytes) -> None:
        """Append to the file."""
        self.file.write(data)
        self.digest.update(data)

    def finish(self) -> None:
        """Bring everything to the disk, under the mode and owner of the target."""
        self.file.flush()
        descriptor = self.file.fileno()
        _alike(descriptor, self._like)
        os.fsync(descriptor)
        self._fault("after_temp_written")

    def publish(self) -> None:
        """Put the file in the place of the target. On return it is on the disk under that name."""
        self._fault("before_rename")
        self.path.replace(self._target)
        self._fault("after_rename")
        # Some network file systems cannot do this to a folder; the rename itself has happened.
        with suppress(OSError):
            descriptor = os.open(self._target.parent, os.O_RDONLY | os.O_DIRECTORY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)


def _alike(descriptor: int, target: Path) -> None:
    """Give the open file the owner, mode and extended attributes (access lists too) of `target`."""
    like = target.stat()
    with suppress(OSError):
        os.fchown(descriptor, like.st_uid, like.st_gid)
    with suppress(OSError):
        os.fchmod(descriptor, like.st_mode & 0o7777)
    with suppress(OSError):
        for name in os.listxattr(target):
            with suppress(OSError):
                os.setxattr(descriptor, name, os.getxattr(target, name))


def _sweep(ours: Path) -> None:
    """Remove drafts whose process was killed: it is gone, or wrote nothing for an hour."""
    now = ours.stat().st_mtime
    for path in ours.parent.glob(f"{PREFIX}*.tmp"):
        named = _NAME.fullmatch(path.name)
        if named and path != ours:
            with suppress(OSError):
                alive = named[1] != _host() or _runs(int(named[2]))
                if not alive or path.stat().st_mtime < now - _ABANDONED_SECONDS:
                    path.unlink()


def _runs(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return True
    return True
