"""What somebody did in OpenRefine is done again by each pass: imported, planned, explained, undone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from rules.errors import Exit
from sync.cli import program
from sync.settings import SettingsError, read

HISTORY: list[dict[str, Any]] = [
    {
        "op": "core/mass-edit",
        "engineConfig": {"facets": [], "mode": "row-based"},
        "columnName": "Stilling",
        "expression": "value",
        "edits": [{"from": ["chefen", "den store"], "fromBlank": False, "fromError": False, "to": "adm. dir"}],
        "description": "Mass edit cells in column Stilling",
    },
    {
        "op": "core/text-transform",
        "engineConfig": {"facets": [], "mode": "row-based"},
        "columnName": "Firma",
        "expression": 'value.replace("(lukket)", "")',
        "onError": "keep-original",
        "repeat": False,
        "repeatCount": 10,
    },
    {
        "op": "core/text-transform",
        "engineConfig": {"facets": [], "mode": "row-based"},
        "columnName": "Stilling",
        "expression": 'value.replace("prokura ", "prokurist ")',
        "onError": "keep-original",
    },
    {"op": "core/column-removal", "columnName": "Bemærkning"},
    {"op": "core/column-rename", "oldColumnName": "Kol7", "newColumnName": "Noget nyt"},
]  # fmt: skip
HEADER = "Id;Navn;Stilling;Telefon;Firma"


class Desk:
    """One installation, used through the command line."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.settings = folder, folder / "ringren.toml"
        (folder / "lists").mkdir()
        self.history = folder / "history.json"
        self.history.write_text(json.dumps(HISTORY), "utf-8")
        self.steps = folder / "steps.json"
        self.put(
            "K1;Prøve Hansen;den store;+4568000001;Opdigt ApS",
            "K2;Prøve Jensen;CEO;+4568000002;Opdigt ApS",
        )
        self.set("")

    def put(self, *rows: str) -> None:
        text = "\n".join((HEADER, *rows)) + "\n"
        (self.folder / "lists" / "kontakter.csv").write_text(text, "utf-8")

    def rows(self) -> list[str]:
        return (self.folder / "lists" / "kontakter.csv").read_text("utf-8").splitlines()[1:]

    def set(self, more: str) -> None:
        self.settings.write_text(
            f'lang = "en"\n[state]\npath = "{self.folder / "state"}"\n'
            f'[files]\nroot = "{self.folder / "lists"}"\n[limits]\nmax_change_share = 1.0\n{more}',
            "utf-8",
        )

    def call(self, *args: str) -> Result:
        return CliRunner().invoke(program, [*args, "--settings", str(self.settings)])

    def take_over(self) -> Result:
        return self.call(
            "refine", "import", str(self.history), "--kind", "contact", "--into", str(self.steps)
        )


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_steps_are_done_by_each_pass_explained_and_taken_back(desk: Desk) -> None:
    told = desk.take_over()
    assert told.exit_code == Exit.CHANGES
    assert "title: operations 2, steps 2" in told.output
    for place in (
        "2. core/text-transform",
        "4. core/column-removal: Nothing is deleted.",
        "5. core/column-rename",
    ):
        assert place in told.output
    assert f'steps = ["{desk.steps}"]' in told.output
    before = desk.rows()
    desk.set(f'[cleaning]\nsteps = ["{desk.steps}"]\n')
    assert "cleaning_steps" in desk.call("rules").output
    ran = json.loads(desk.call("run", "--json").output)
    assert desk.rows()[0].split(";")[2] == "Adm. direktør"
    assert desk.rows()[1] == before[1]
    explained = desk.call("explain", "files/contact/kontakter.csv#K1", "title").output
    assert "Step 1 of what was done in OpenRefine" in explained
    assert desk.call("run", "--json").exit_code == Exit.OK
    assert desk.rows()[0].split(";")[2] == "Adm. direktør"
    assert desk.call("undo", str(ran["run"]["run"]), "--yes").exit_code in {Exit.OK, Exit.CHANGES}
    assert desk.rows()[0].split(";")[2] == "den store"


def test_a_switch_has_steps_wait_or_takes_them_away(desk: Desk) -> None:
    desk.take_over()
    for said, held in (("propose", {"held_back": 1}), ("off", {})):
        desk.set(
            f'[cleaning]\nsteps = ["{desk.steps}"]\n[rules.switch]\ncleaning_steps = "{said}"\n'
        )
        told = json.loads(desk.call("run", "--json").output)
        assert desk.rows()[0].split(";")[2] == "den store"
        assert told["totals"]["dropped"] == held


def test_steps_hold_for_their_kind_and_system_alone(desk: Desk) -> None:
    desk.take_over()
    text = desk.steps.read_text("utf-8")
    other = desk.folder / "other.json"
    for file, old, new in (
        (desk.steps, '"kind": "contact"', '"kind": "company"'),
        (other, '"system": "files"', '"system": "hubspot"'),
    ):
        assert old in text
        file.write_text(text.replace(old, new), "utf-8")
    desk.set(f'[cleaning]\nsteps = ["{desk.steps}", "{other}"]\n')
    desk.call("run")
    assert desk.rows()[0].split(";")[2] == "den store"


WRONG = (
    ('"ringren steps 1"', '"ringren steps 9"'),
    ('"field": "title"', '"field": "opt_out"'),
    ('"new": "adm. dir"', '"new": " "'),
    ('"do": "edit"', '"do": "erase"'),
    ('"at": 1', '"at": 1, "more": 1'),
    ('"new": "prokurist "', '"new": "prokura prokura "'),
)


def test_a_file_that_does_what_steps_may_not_is_refused(desk: Desk) -> None:
    desk.take_over()
    text = desk.steps.read_text("utf-8")
    desk.set(f'[cleaning]\nsteps = ["{desk.steps}"]\n')
    read(file=desk.settings)
    for old, new in WRONG:
        assert old in text
        desk.steps.write_text(text.replace(old, new), "utf-8")
        with pytest.raises(SettingsError, match="steps"):
            read(file=desk.settings)


def test_a_history_that_is_none_changes_nothing(desk: Desk) -> None:
    for content in (b"", b"[" * 100_000, b"{}", b"[]", b"\xff\xfe", b'[{"op": 7}]', b"nul\0"):
        desk.history.write_bytes(content)
        told = desk.take_over()
        assert (told.exit_code, desk.steps.exists()) == (Exit.USER, False), content[:20]
    assert (
        desk.call("refine", "import", str(desk.folder / "none"), "--kind", "contact").exit_code == 1
    )
    desk.history.write_text(json.dumps({"entries": [{"operation": one} for one in HISTORY]}))
    assert desk.take_over().exit_code == Exit.CHANGES
    assert desk.steps.exists()
