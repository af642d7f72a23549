"""A folder to put lists into, and the usual steps over it.

folder(name, content)      writes a list (text as UTF-8, bytes as they are); its path
files(**settings)          a connector over the folder
pulled(name="")            what a first reading gives: records, broken rows, token, stream
pushed({place: {field: new}})  reads, pushes these changes, gives the outcomes
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from connectors.files import Files
from connectors.protocol import Broken, Moved, Outcome, Stream, Token
from rules.changes import Change, RecordChange
from rules.records import ABSENT, Record


@dataclass
class Pulled:
    """All pages of one reading, put together."""

    stream: Stream
    records: list[Record]
    broken: list[Broken]
    token: Token

    @property
    def flaws(self) -> list[tuple[int, str]]:
        """(place, code) of the broken rows."""
        return [(one.place, one.finding.code) for one in self.broken]

    def at(self, place: int) -> Record:
        """The record of a row."""
        return next(record for record in self.records if record.place == place)


class Desk:
    """One folder, and what a person does with it."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def put(self, name: str, content: str | bytes) -> Path:
        path = self.root / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def files(self, **settings: Any) -> Files:
        return Files("files", self.root, **settings)

    def pull(self, name: str = "", token: Token | None = None, **settings: Any) -> Pulled:
        files = self.files(**settings)
        streams = [one for one in files.streams() if name in {"", one.name}]
        assert streams, files.problems()
        pages = list(files.pull(streams[0], token))
        return Pulled(
            streams[0],
            [record for page in pages for record in page.records],
            [broken for page in pages for broken in page.broken],
            pages[-1].next,
        )

    def push(
        self, edits: Mapping[int, Mapping[str, str | None]], name: str = "", **settings: Any
    ) -> list[Outcome]:
        pulled = self.pull(name, **settings)
        changes = [changed(pulled.at(place), fields) for place, fields in edits.items()]
        answers = self.files(**settings).push(pulled.stream, pulled.token, changes)
        return [answer for answer in answers if not isinstance(answer, Moved)]

    def names(self) -> list[str]:
        """Everything in the folder, hidden files too."""
        return sorted(path.name for path in self.root.iterdir())


def changed(record: Record, fields: Mapping[str, str | None]) -> RecordChange:
    """The change of a record that sets these fields."""
    changes = []
    for field, new in fields.items():
        old = record.values.get(field)
        changes.append(Change(field, None if old is ABSENT else old, new, "t", "test", "r"))
    return RecordChange(record.ref, record.version, tuple(changes), record.place)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    root = tmp_path / "lister"
    root.mkdir()
    return Desk(root)


@pytest.fixture
def change_record() -> Callable[[Record, Mapping[str, str | None]], RecordChange]:
    return changed


__all__: Sequence[str] = ()
