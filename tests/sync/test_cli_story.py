"""A newcomer's first minutes on the command line: look, repair, ask why, take it back."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from sync.cli import program

LIST = (
    "Firma;CVR-nr.;Tlf.;Mail;Intern note\r\n"
    "Opdigtet A/S;90000003;20 12 34 56;INFO@opdigtet-0001.dk; som den er \r\n"
    "Påhit ApS;90000011;+4520123457;a@opdigtet-0002.dk;y\r\n"
).encode("windows-1252")


@pytest.fixture
def lists(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with one list that needs repairs, and nothing of this machine around it."""
    for name in list(os.environ):
        if name.upper().startswith("RINGREN_") or name in {"LC_ALL", "LC_MESSAGES", "LANG"}:
            monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "lists"
    folder.mkdir()
    (folder / "firmaer.csv").write_bytes(LIST)
    return folder


def call(*args: str | Path) -> Result:
    return CliRunner().invoke(program, [str(arg) for arg in args], prog_name="sync")


def test_from_a_raw_list_to_repairs_and_back(lists: Path, tmp_path: Path) -> None:
    file = lists / "firmaer.csv"

    looked = call("--dry-run", lists, "--report", tmp_path / "r.html", "--lang", "da")
    assert looked.exit_code == 2, looked.output
    assert file.read_bytes() == LIST
    assert looked.stdout.splitlines()[-1] == f"Rapport: {tmp_path / 'r.html'}"
    assert "sync apply 1" in looked.stdout
    assert (tmp_path / "r.html").is_file()

    applied = call("apply", "1")
    assert applied.exit_code == 0, applied.output
    repaired = file.read_bytes()
    assert b";+4520123456;info@opdigtet-0001.dk; som den er \r\n" in repaired
    assert repaired.splitlines()[2] == LIST.splitlines()[2]

    told = call("explain", "files/company/firmaer.csv#cvr:90000003", "main_phone")
    assert told.exit_code == 0, told.output
    assert "20 12 34 56" in told.stdout

    runs = json.loads(call("runs", "--json").stdout)
    assert [(run["run"], run["dry"], run["exit_code"]) for run in runs] == [
        (2, False, 0),
        (1, True, 2),
    ]
    assert call("report", "2").exit_code == 0

    preview = call("undo", "2")
    assert preview.exit_code == 2
    assert "--yes" in preview.stderr
    assert file.read_bytes() == repaired
    assert call("undo", "2", "--yes").exit_code == 0
    assert file.read_bytes() == LIST

    again = call("run", lists)
    assert again.exit_code == 0, again.output
    assert file.read_bytes() == LIST, "what a person took back is not done again"


def test_json_is_one_document_on_standard_output(lists: Path) -> None:
    looked = call("--dry-run", lists, "--json")
    assert looked.exit_code == 2
    assert json.loads(looked.stdout)["verdict"]
    assert looked.stderr == ""
    assert isinstance(json.loads(call("findings", "--json").stdout), list)


def test_findings_are_told_in_words_with_their_place(lists: Path) -> None:
    call("--dry-run", lists)
    for lang, word in (("da", "advarsel"), ("en", "warning")):
        shown = call("findings", "--lang", lang).stdout
        assert "files/company/firmaer.csv#cvr:90000003" in shown
        assert word in shown
        assert "finding." not in shown
        assert "{" not in shown
    assert "firmaer" not in call("findings", "--severity", "error").stdout
    assert "4 more" in call("findings", "--limit", "1", "--lang", "en").stdout
    assert "firmaer" not in call("findings", "--field", "email").stdout
    every = json.loads(call("findings", "--json").stdout)
    for owner in {one["owner"] for one in every}:
        told = json.loads(call("findings", "--owner", owner, "--json").stdout)
        assert told == [one for one in every if one["owner"] == owner]
        causes = json.loads(call("findings", "--owner", owner, "--causes", "--json").stdout)
        assert sum(one["count"] for one in causes) == len(told)
