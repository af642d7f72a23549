"""Files of cleaning steps: what `sync refine import` writes, `[cleaning] steps` names, and rules do."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from rules.catalogue import DEFAULT
from rules.errors import UserError
from rules.formats.cells import trimmed
from rules.records import Kind
from rules.refine.histories import may_step
from rules.refine.steps import Do, Step, Steps, settles

FORM: Final = "ringren steps 1"
MOST_BYTES: Final = 20_000_000


class _Form(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class StepRow(_Form):
    """One step: where it stood in the history, the field, what is done."""

    at: Annotated[int, Field(ge=1)]
    field: str
    do: Do
    old: tuple[str, ...] = ()
    new: str = ""

    @property
    def step(self) -> Step:
        """As the rules have it."""
        return Step(self.at, self.do, self.old, self.new)

    @model_validator(mode="after")
    def _does_no_harm(self) -> Self:
        known = DEFAULT.get(self.field)
        if known is not None and not may_step(known):
            raise ValueError("a field that no step may touch")
        if self.do in {Do.EDIT, Do.REPLACE} and not all(self.old):
            raise ValueError("nothing to look for")
        if self.do is Do.REPLACE and (len(self.old) != 1 or not settles(self.step)):
            raise ValueError("a replacement that never settles")
        if self.do is Do.EDIT and not (self.old and trimmed(self.new)):
            raise ValueError("an edit that empties cells")
        return self


class StepsFile(_Form):
    """A whole file: the steps of one history, for one kind of record in one system."""

    form: Literal["ringren steps 1"]
    made_from: str
    made_at: datetime
    by: str
    kind: Kind
    system: str
    steps: tuple[StepRow, ...]


def check(path: Path) -> Path:
    """The path; ValueError when another file than one of steps is there. What settings ask when they
    are read; a file that is not there is told when the rules want it."""
    if path.expanduser().exists():
        _read(path.expanduser())
    return path


def row_of(paths: Iterable[Path], system: str | None = None) -> Steps | None:
    """The steps of these files as one rule, file after file; of one system, or all that there are."""
    found: dict[Kind, dict[str, tuple[Step, ...]]] = {}
    for path in paths:
        one = _known(path)
        if system not in {None, one.system} or not one.steps:
            continue
        fields = found.setdefault(one.kind, {})
        for row in one.steps:
            fields[row.field] = (*fields.get(row.field, ()), row.step)
    return Steps(found) if found else None


def _known(path: Path) -> StepsFile:
    """What the file holds now; UserError when it cannot be read any more."""
    path = path.expanduser()
    try:
        seen = path.stat()
        return _cached(path, seen.st_mtime_ns, seen.st_size)
    except (OSError, ValueError):
        raise UserError("refine.no_steps", file=path) from None


@lru_cache(maxsize=32)
def _cached(path: Path, _modified: int, _size: int) -> StepsFile:
    return _read(path)


def _read(path: Path) -> StepsFile:
    try:
        if path.stat().st_size > MOST_BYTES:
            raise ValueError("too large")
        return StepsFile.model_validate_json(path.read_bytes())
    except (OSError, ValidationError):
        raise ValueError("no file of steps") from None
