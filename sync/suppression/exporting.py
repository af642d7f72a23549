"""`sync suppression export`: the list in a file of its owner's, all of it or nothing."""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from rules.errors import UserError
from state import exporting, ledger
from sync.app import App
from sync.suppression.audit import written_head


@dataclass(frozen=True, slots=True)
class Exported:
    """What was written. `clear`: numbers, names and evidence are in it, not their hashes alone."""

    file: str
    entries: int
    lines: int
    head: str
    clear: bool


def export(app: App, out: Path, *, clear: bool) -> Exported:
    """Write the list as it stands now; readable by its owner only. UserError when that fails."""
    draft = out.with_name(f".{out.name}.{secrets.token_hex(4)}")
    try:
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        number = 0
        try:
            with os.fdopen(handle, "wb") as file, app.store.reading() as tx:
                last = ledger.head(tx)
                for line in exporting.lines(tx, app.keys, app.clock(), clear=clear):
                    file.write(line)
                    number += 1
                file.flush()
                os.fsync(file.fileno())
            draft.replace(out)
        finally:
            draft.unlink(missing_ok=True)
    except OSError as error:
        raise UserError("export.failed", file=str(out), why=str(error.strerror)) from error
    return Exported(str(out), last.seq, number, written_head(last), clear)
