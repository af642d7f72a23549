"""The file connector keeps the contract, for lists and for sheets, with and without an id column."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import xlsxwriter
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

    def flag(self, email: str, *, no: bool) -> None:
        raise NotImplementedError("nobody tells of what a file was")

    def snapshot(self) -> Any:
        return {path.name: path.read_bytes() for path in self.root.iterdir()}

    def load(self) -> list[list[str]]:
        with self.path.open(newline="", encoding="utf-8") as file:
            return list(csv.reader(file, delimiter=";"))

    def save(self, rows: list[list[str]]) -> None:
        with self.path.open("w", newline="", encoding="utf-8") as file:
            csv.writer(file, delimiter=";").writerows(rows)


class Workbook(Folder):
    """A folder with one workbook; others edit it with openpyxl, which writes all of it anew."""

    claims = replace(Folder.claims, counts="records")

    def __init__(self, root: Path, headers: list[str]) -> None:
        self.first = True
        super().__init__(root, headers)
        self.path = root / "kontakter.xlsx"

    def load(self) -> list[list[str]]:
        sheet = openpyxl.load_workbook(self.root / "kontakter.xlsx")["Ark1"]
        return [["" if one is None else str(one) for one in row] for row in sheet.values]

    def save(self, rows: list[list[str]]) -> None:
        path = self.root / "kontakter.xlsx"
        if self.first:
            self.first = False
            self._make(path, rows)
            return
        book = openpyxl.load_workbook(path)
        sheet = book["Ark1"]
        sheet.delete_rows(1, sheet.max_row)
        for row in rows:
            sheet.append(row)
        book.save(path)

    def _make(self, path: Path, rows: list[list[str]]) -> None:
        book = xlsxwriter.Workbook(path)
        sheet = book.add_worksheet("Ark1")
        for place, row in enumerate(rows):
            sheet.write_row(place, 0, row)
        book.add_worksheet("Noter").write(0, 0, "Kun en note")
        book.close()


class TestFilesWithAnIdColumn(ConnectorContract):
    @pytest.fixture
    def outside(self, tmp_path: Path) -> Outside:
        return Folder(tmp_path, ["Kontakt-id", "Navn", "E-mail"])


class TestFilesKnownByTheirEmail(ConnectorContract):
    @pytest.fixture
    def outside(self, tmp_path: Path) -> Outside:
        return Folder(tmp_path, ["Navn", "E-mail"])


class TestSheetsWithAnIdColumn(ConnectorContract):
    @pytest.fixture
    def outside(self, tmp_path: Path) -> Outside:
        return Workbook(tmp_path, ["Kontakt-id", "Navn", "E-mail"])


class TestSheetsKnownByTheirEmail(ConnectorContract):
    @pytest.fixture
    def outside(self, tmp_path: Path) -> Outside:
        return Workbook(tmp_path, ["Navn", "E-mail"])
