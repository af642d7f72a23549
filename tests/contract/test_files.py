"""The file connector keeps the contract, with and without an id column."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest
from contract.suite import ConnectorContract, Outside

from connectors.files import Files
from connectors.protocol import Capabilities


class Folder:
    """A folder with one list of contacts, edited with the standard library's csv."""

    claims = Capabilities(
        push=True, conditional_write=True, atomic_batch=True, batch_size=None, counts="bytes"
    )
    many = 4100

    def __init__(self, root: Path, headers: list[str]) -> None:
        self.root = root
        self.path = root / "kontakter.csv"
        names = [f"Prøve Prøvesen {n}" for n in range(self.many)]
        every = {"Kontakt-id": "K{n}", "Navn": "{name}", "E-mail": "p{n}@opdigtet-0001.dk"}
        rows = [
            [every[header].format(n=n, name=name) for header in headers]
            for n, name in enumerate(names)
        ]
        self.save([headers, *rows])

    def connector(self) -> Files:
        return Files("files", self.root)

    def edit(self, email: str, field: str, value: str) -> None:
        rows = self.load()
        column = rows[0].index({"full_name": "Navn"}[field])
        next(row for row in rows if email in row)[column] = value
        self.save(rows)

    def remove(self, email: str) -> None:
        self.save([row for row in self.load() if email not in row])

    def snapshot(self) -> Any:
        return {path.name: path.read_bytes() for path in self.root.iterdir()}

    def load(self) -> list[list[str]]:
        with self.path.open(newline="", encoding="utf-8") as file:
            return list(csv.reader(file, delimiter=";"))

    def save(self, rows: list[list[str]]) -> None:
        with self.path.open("w", newline="", encoding="utf-8") as file:
            csv.writer(file, delimiter=";").writerows(rows)


class TestFilesWithAnIdColumn(ConnectorContract):
    @pytest.fixture
    def outside(self, tmp_path: Path) -> Outside:
        return Folder(tmp_path, ["Kontakt-id", "Navn", "E-mail"])


class TestFilesKnownByTheirEmail(ConnectorContract):
    @pytest.fixture
    def outside(self, tmp_path: Path) -> Outside:
        return Folder(tmp_path, ["Navn", "E-mail"])
