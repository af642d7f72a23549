"""A do-not-call list on disk that a dialer reads: blocked numbers get there, and are read back."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from rules.barring import Spelling, all_spellings, spelt
from rules.errors import Exit
from sync.cli import program

PHONE, OTHER = "+4568000001", "+4568000002"
SETTINGS = """
[state]
path = "state"
[files]
root = "lists"
do_not_call = "dialer/ring-ikke.csv"
"""


@pytest.fixture(autouse=True)
def a_place_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.upper().startswith("RINGREN_") or name in {"LC_ALL", "LC_MESSAGES", "LANG"}:
            monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.chdir(tmp_path)
    Path("lists").mkdir()
    Path("dialer").mkdir()
    settings()


def settings(more: str = "") -> None:
    Path("ringren.toml").write_text(SETTINGS + more, "utf-8")


LIST = Path("dialer/ring-ikke.csv")


def told(*args: str, code: int = Exit.OK) -> Any:
    done = CliRunner().invoke(program, ["suppression", *args, "--json"], prog_name="sync")
    assert done.exit_code == code, done.output
    return json.loads(done.stdout)


def deliver() -> Any:
    return told("deliver")["systems"]["files"]


def state_of(phone: str) -> tuple[str, str]:
    (one,) = told("receipt", phone)["items"][0]["systems"]
    return one["state"], one["by"] or one["why"]


def test_a_blocked_number_is_added_once_and_confirmed_by_being_read_back() -> None:
    told("add", "--phone", PHONE)
    first = deliver()
    assert LIST.read_bytes() == b"telefon\r\n+4568000001\r\n"
    assert (first["written"], first["confirmed"], first["open"]) == (1, 1, 0)
    assert state_of(PHONE) == ("confirmed", "listed")
    told("add", "--phone", OTHER)
    deliver()
    assert LIST.read_bytes() == b"telefon\r\n+4568000001\r\n+4568000002\r\n"
    before = LIST.stat()
    assert deliver()["written"] == 0
    assert LIST.stat() == before


def test_what_stands_there_is_kept_and_known_however_it_is_spelt() -> None:
    LIST.write_bytes("Navn;Telefon;Note\nBø;0045 68 00 00 01;vil ikke\nAb;12;".encode("cp1252"))
    old = LIST.read_bytes()
    settings('do_not_call_spelling = "national"\n')
    told("add", "--phone", PHONE)
    told("add", "--phone", OTHER)
    assert deliver()["written"] == 1
    assert LIST.read_bytes() == old + b"\n;68000002;\n"


def test_an_opt_out_of_mails_alone_or_of_sms_is_no_reason_to_list_a_number() -> None:
    told("add", "--phone", PHONE, "--channel", "sms")
    told("add", "--email", "bo@opdigtet-0001.dk")
    done = deliver()
    assert not LIST.exists()
    assert (done["settled"], done["open"]) == (2, 0)
    assert state_of("bo@opdigtet-0001.dk") == ("settled", "not_held")
    # The same number, now for calls too.
    told("add", "--phone", PHONE, "--channel", "call")
    deliver()
    assert b"+4568000001" in LIST.read_bytes()


def test_a_list_that_cannot_be_used_leaves_the_delivery_open_and_is_told() -> None:
    LIST.write_text("Navn;Adresse\nBo;Vej 1\n", "utf-8")
    told("add", "--phone", PHONE)
    done = told("deliver", code=Exit.FAILED)
    assert [one["message"] for one in done["failures"]] == ["files.do_not_call_no_column"]
    assert state_of(PHONE)[0] == "waiting"
    LIST.unlink()
    assert deliver()["open"] == 1, "it waits for its time"


def test_a_removed_row_is_found_by_the_comparison_and_put_back() -> None:
    told("add", "--phone", PHONE)
    told("add", "--phone", OTHER)
    deliver()
    LIST.write_bytes(b"telefon\r\n+4568000002\r\n")
    assert deliver()["written"] == 0, "what was confirmed is asked for by the comparison only"
    one = told("verify")["systems"]["files"]
    assert (one["verdict"], one["read"]) == ("repaired", "whole")
    assert (one["entries"], one["shown"], one["missing"]) == (2, 1, 1)
    assert LIST.read_bytes() == b"telefon\r\n+4568000002\r\n+4568000001\r\n"
    assert told("verify")["systems"]["files"]["verdict"] == "green"


def test_a_list_in_the_folder_of_lists_is_not_read_as_one() -> None:
    settings()
    text = Path("ringren.toml").read_text("utf-8").replace("dialer/", "lists/")
    Path("ringren.toml").write_text(text, "utf-8")
    told("add", "--phone", PHONE)
    told("deliver")
    told("deliver")
    assert Path("lists/ring-ikke.csv").read_bytes() == b"telefon\r\n+4568000001\r\n"
    assert len(told("receipt", PHONE)["items"]) == 1, "our own row is no news"


def test_the_list_needs_a_folder_of_lists(monkeypatch: pytest.MonkeyPatch) -> None:
    text = '[state]\npath = "state"\n[files]\ndo_not_call = "a.csv"\n[hubspot]\ntoken = { env = "T" }\n'
    Path("ringren.toml").write_text(text, "utf-8")
    monkeypatch.setenv("T", "x")
    done = CliRunner().invoke(program, ["suppression", "deliver"], prog_name="sync")
    assert done.exit_code != Exit.OK
    assert "files.root" in done.output


@pytest.mark.parametrize("number", [PHONE, "+46701234567"])
def test_every_spelling_is_recognised_as_the_number(number: str) -> None:
    for one in Spelling:
        assert spelt(number, one) in all_spellings(number)
    assert len({spelt(PHONE, one) for one in Spelling}) == len(Spelling)
    assert spelt("+46701234567", Spelling.NATIONAL) == "0046701234567"


def test_a_correction_says_on_which_lists_the_number_stands_all_the_same() -> None:
    told("add", "--phone", PHONE)
    deliver()
    told("correct", "1", "--why", "tastefejl", "--by", "Anna")
    done = told("approve", "1", "--by", "Bent")
    assert done["on_lists"] == ["files"]
    assert LIST.read_bytes() == b"telefon\r\n+4568000001\r\n", "nothing is ever taken off there"
