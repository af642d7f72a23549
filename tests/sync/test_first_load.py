"""A first load puts the index of keys aside; whatever ends it, opt-outs find whom they reach."""

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from state import match_keys
from sync.cli import program
from sync.stages.decide import Deciding

LIST = "id;Navn;Tlf.\n" + "".join(f"{n};Opdigtet Person;2012{n:04}\n" for n in range(1, 31))
INDEX = "ix_match_keys_digest"

Sync = Callable[..., Result]


@pytest.fixture
def sync(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Sync:
    """The command line over one list of thirty people, which are many here."""
    monkeypatch.setattr(match_keys, "MANY", 30)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    (tmp_path / "people.csv").write_text(LIST)

    def call(*args: str) -> Result:
        state = ("--state", str(tmp_path / "state"))
        return CliRunner().invoke(program, [*args, *state], prog_name="sync")

    return call


def indexes(tmp_path: Path) -> set[str]:
    with closing(sqlite3.connect(tmp_path / "state" / "ringren.sqlite")) as db:
        return {name for (name,) in db.execute("SELECT name FROM sqlite_master")}


def look(sync: Sync, tmp_path: Path) -> Result:
    return sync("--dry-run", str(tmp_path / "people.csv"), "--json")


def test_the_index_is_away_while_a_first_load_decides_and_back_at_its_end(
    sync: Sync, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []
    write = Deciding._write

    def watched(*args: object) -> None:
        seen.append(INDEX in indexes(tmp_path))
        write(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(Deciding, "_write", watched)
    assert look(sync, tmp_path).exit_code == 2
    assert seen == [False]
    assert INDEX in indexes(tmp_path)


def test_after_a_kill_in_the_middle_opt_outs_find_their_records_and_the_index_comes_back(
    sync: Sync, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as killing:
        killing.setattr(match_keys, "index_again", killed)
        assert isinstance(look(sync, tmp_path).exception, SystemExit)
    assert INDEX not in indexes(tmp_path)
    assert sync("opt-out", "add", "--phone", "20120007").exit_code == 0
    report = json.loads(look(sync, tmp_path).stdout)
    assert [one["ref"] for one in report["opt_outs"]["listed"]] == ["files/contact/people.csv#7"]
    assert INDEX in indexes(tmp_path)


def killed(*_: object) -> None:
    raise KeyboardInterrupt
