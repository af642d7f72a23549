"""What the operating system refuses, as the errors that the engine knows."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from rules.errors import SystemStopped, TryAgain

_CODES: Final = {
    errno.ENOSPC: "files.no_space",
    errno.EDQUOT: "files.no_space",
    errno.EFBIG: "files.no_space",
    errno.EROFS: "files.no_access",
    errno.EACCES: "files.no_access",
    errno.EPERM: "files.no_access",
}


@contextmanager
def told(path: Path) -> Iterator[None]:
    """Turns what happens to `path` into `SystemStopped`, or `TryAgain` when it has gone."""
    try:
        yield
    except (FileNotFoundError, NotADirectoryError) as error:
        raise TryAgain("files.gone", file=str(path)) from error
    except OSError as error:
        code = _CODES.get(error.errno or 0, "files.io_error")
        reason = os.strerror(error.errno or 0)
        raise SystemStopped(code, file=str(path), reason=reason) from error
