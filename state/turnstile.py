"""Lets an opt-out be recorded at once while others write page after page.

SQLite's write lock goes to whoever asks at the right moment: a writer that starts its next page
at once kept another one out for 24 seconds. So every writer passes this turnstile before it asks
for the lock, and whoever is in a hurry holds the turnstile until it is done. It waits for the page
that is being written, at most; a process that dies lets go.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows has no flock: writers take their chance there.
    fcntl = None  # type: ignore[assignment]


class Turnstile:
    """A file beside the database that is locked, never written."""

    def __init__(self, path: Path | None) -> None:
        self.path = path if fcntl else None

    def pass_by(self) -> None:
        """Go on when nobody is in a hurry."""
        with self.held():
            return

    def is_held(self) -> bool:
        """Whether somebody is in a hurry now."""
        if self.path is None:
            return False
        handle = self._open()
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(handle)
        return False

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Keep the others back. Each call has a handle of its own, so threads count as others."""
        if self.path is None:
            yield
            return
        handle = self._open()
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)

    def _open(self) -> int:
        assert self.path is not None  # noqa: S101 - nobody asks without one
        return os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
