"""Help: every command in both languages against golden files; nothing without a text.

Renew the golden files with REGOLD=1 and read what changed.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from sync.cli import COMMANDS, program
from sync.localised import localise
from sync.shell import Shell
from sync.texts import Texts

ROOT = Path(__file__).resolve().parents[2]
GOLDEN = Path(__file__).parent / "golden"
HEAVY = (
    "sqlalchemy",
    "pydantic",
    "pydantic_settings",
    "rich",
    "phonenumbers",
    "alembic",
    "structlog",
)


def _commands() -> Iterator[tuple[str, ...]]:
    """Every command line that has a help of its own."""
    yield ()
    context = program.make_context("sync", ["--lang", "en"], resilient_parsing=True)
    for name in COMMANDS:
        command = program.get_command(context, name)
        yield from _below((name,), command)


def _below(words: tuple[str, ...], command: click.Command | None) -> Iterator[tuple[str, ...]]:
    yield words
    if isinstance(command, click.Group):
        for name, sub in command.commands.items():
            yield from _below((*words, name), sub)


@pytest.mark.parametrize("lang", ["da", "en"])
@pytest.mark.parametrize("words", list(_commands()), ids="-".join)
def test_the_help_of_each_command_is_as_people_last_read_it(
    words: tuple[str, ...], lang: str
) -> None:
    result = CliRunner().invoke(
        program, [*words, "--help", "--lang", lang], prog_name="sync", terminal_width=100
    )
    assert result.exit_code == 0, result.output
    golden = GOLDEN / f"help-{'-'.join(words) or 'sync'}.{lang}.txt"
    if os.environ.get("REGOLD"):
        golden.write_text(result.stdout, "utf-8")
    assert result.stdout == golden.read_text("utf-8")


def test_no_golden_file_is_left_over() -> None:
    wanted = {
        f"help-{'-'.join(words) or 'sync'}.{lang}.txt"
        for words in _commands()
        for lang in ("da", "en")
    }
    assert {path.name for path in GOLDEN.glob("help-*.txt")} == wanted


@pytest.mark.parametrize("lang", ["da", "en"])
def test_each_command_and_each_parameter_has_a_text(lang: str) -> None:
    context = program.make_context("sync", ["--lang", lang], resilient_parsing=True)
    silent = [
        f"{' '.join(words) or 'sync'}: {what}"
        for words in _commands()
        for what in _silent(context, words)
    ]
    assert not silent


def _silent(context: click.Context, words: tuple[str, ...]) -> Iterator[str]:
    command: click.Command = program
    for depth, word in enumerate(words):
        found = (
            program.get_command(context, word)
            if depth == 0
            else getattr(command, "commands", {})[word]
        )
        assert found is not None
        command = found
    if not command.short_help or "  sync " not in str(command.epilog):
        yield "the command itself (.short, .examples)"
    for param in command.params:
        if not getattr(param, "help", None):
            yield str(param.name)


def test_help_is_quick_because_it_imports_nothing_heavy() -> None:
    script = (
        "import sys, json\n"
        "from sync.cli import program\n"
        "try:\n    program(['--help'])\n"
        "except SystemExit as end:\n    assert not end.code, end.code\n"
        "from sync import texts\n"
        "assert texts._all.cache_info().misses == 0, 'it reads more than cli.toml'\n"
        "print(json.dumps(sorted(sys.modules)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=ROOT
    )
    loaded = set(json.loads(done.stdout.splitlines()[-1]))
    assert not loaded.intersection(HEAVY)
    assert not [name for name in loaded if name.startswith("sync.commands")]


def test_the_help_begins_with_how_one_begins() -> None:
    result = CliRunner().invoke(program, ["--help", "--lang", "en"], prog_name="sync")
    said = result.stdout
    places = [said.index(word) for word in ("sync --dry-run", "  run ", "  completion ", "--path")]
    assert places == sorted(places)


def test_both_console_scripts_are_the_same_function() -> None:
    scripts = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["scripts"]
    assert scripts["sync"] == scripts["ringren"]


def test_a_command_can_change_its_language_within_one_process() -> None:
    command = click.Command("runs", params=[click.Option(["--limit"])])
    assert localise(command, "runs", Texts("da")).short_help == "Vis tidligere kørsler."
    assert localise(command, "runs", Texts("en")).short_help == "List earlier runs."
    assert Shell.of(["runs", "--lang=da"]).lang == "da"
