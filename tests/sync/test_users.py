"""`sync users`: who may sign in, by which password, and what is refused."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from visiting import PASSWORD, quick_passwords

from rules.rights import RIGHTS, Right, Role, rights_of
from sync.cli import program
from sync.people import passwords


@pytest.fixture(autouse=True)
def quick(request: pytest.FixtureRequest) -> Iterator[None]:
    if "argon2id" in request.node.name:
        yield
        return
    with quick_passwords():
        yield


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    lists = tmp_path / "lists"
    lists.mkdir()
    return lists


def call(folder: Path, *args: str, typed: str | None = None) -> Any:
    return CliRunner().invoke(
        program,
        [
            "users",
            *args,
            "--path",
            str(folder),
            "--state",
            str(folder.parent / "state"),
            "--lang",
            "en",
        ],
        input=typed,
    )


def test_somebody_is_added_listed_changed_and_removed(folder: Path) -> None:
    file = folder.parent / "password"
    file.write_text(f"{PASSWORD}\nwhat follows is no part of it\n")
    added = call(folder, "add", "Rav Elkedel", "--role", "agent", "--password-file", str(file))
    assert (added.exit_code, "may now sign in" in added.output) == (0, True)
    again = call(folder, "add", "rav  ELKEDEL", "--role", "admin", "--password-file", str(file))
    assert (again.exit_code, "called rav ELKEDEL already" in again.output) == (1, True)
    assert call(folder, "role", "rav elkedel", "leader", "compliance").exit_code == 0
    [one] = json.loads(call(folder, "list", "--json").stdout)
    assert (one["name"], one["roles"]) == ("Rav Elkedel", ["compliance", "leader"])
    assert "password" not in one
    typed = call(folder, "password", "Rav Elkedel", "--password-file", "-", typed=PASSWORD + "2\n")
    assert typed.exit_code == 0
    assert call(folder, "remove", "Rav Elkedel").exit_code == 0
    assert call(folder, "remove", "Rav Elkedel").exit_code == 1
    assert "removed" in call(folder, "list").output
    assert (
        call(
            folder, "add", "Rav Elkedel", "--role", "viewer", "--password-file", str(file)
        ).exit_code
        == 0
    )


def test_a_password_is_never_an_argument_and_nobody_is_asked_in_a_pipe(folder: Path) -> None:
    assert call(folder, "add", "Rav", PASSWORD, "--role", "agent").exit_code != 0
    assert call(folder, "add", "Rav", "--role", "agent", "--password", PASSWORD).exit_code != 0
    piped = call(folder, "add", "Rav", "--role", "agent", typed=f"{PASSWORD}\n{PASSWORD}\n")
    assert (piped.exit_code, "--password-file" in piped.output) == (1, True)


@pytest.mark.parametrize(
    ("password", "why"),
    [
        ("kort", "too short"), ("", "too short"), ("aaaaaaaaaaaaaaa", "easy"),
        ("RAV ELKEDEL!", "easy"), ("Rav Elkedel Rav Elkedel", "easy"), ("x" * 1001, "too long"),
        (PASSWORD, ""), ("æøå 你好 кот 12", ""),
    ],
)  # fmt: skip
def test_a_password_that_is_guessed_easily_is_refused(
    folder: Path, password: str, why: str
) -> None:
    answer = call(
        folder,
        "add",
        "Rav Elkedel",
        "--role",
        "agent",
        "--password-file",
        "-",
        typed=password + "\n",
    )
    assert (answer.exit_code, why in answer.output) == (1 if why else 0, True)


@pytest.mark.parametrize("name", ["", "   ", "123", "x" * 61, "to\u202eMand"])
def test_a_name_tells_people_apart(folder: Path, name: str) -> None:
    answer = call(
        folder, "add", name, "--role", "agent", "--password-file", "-", typed=PASSWORD + "\n"
    )
    assert answer.exit_code == 1


def test_passwords_are_kept_as_argon2id_and_tried_as_they_are() -> None:
    kept = passwords.kept(PASSWORD)
    assert kept.startswith("$argon2id$")
    assert kept != passwords.kept(PASSWORD)
    assert passwords.holds(kept, PASSWORD)
    assert not passwords.holds(kept, PASSWORD + " ")
    assert not passwords.holds(None, PASSWORD)
    assert not passwords.holds("", PASSWORD)
    assert not passwords.holds(None, "\0nobody")
    assert not passwords.is_old(kept)


def test_nobody_decides_what_his_role_only_proposes() -> None:
    assert Right.DECIDE not in RIGHTS[Role.LEADER]
    assert rights_of([Role.VIEWER]) < rights_of([Role.AGENT]) < rights_of([Role.LEADER])
    assert rights_of([]) == frozenset()
    assert frozenset(Right) == rights_of(Role)
