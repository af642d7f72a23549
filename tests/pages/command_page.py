"""docs/commands.md: the help of every command, as `--help` prints it."""

from __future__ import annotations

from collections.abc import Iterator

import click
from click.testing import CliRunner

from sync.cli import COMMANDS, program
from sync.texts import Texts


def page(lang: str) -> str:
    """The whole page in one language."""
    texts = Texts(lang)
    parts = [f"# {texts.get('pages.commands.title')}\n\n{texts.get('pages.commands.intro')}"]
    for words in commands():
        help_text = _help(words, lang)
        parts.append(f"## {' '.join(('sync', *words))}\n\n```text\n{help_text}\n```")
    return "\n\n".join(parts) + "\n"


def commands() -> Iterator[tuple[str, ...]]:
    """Every command line that has a help of its own, in the order of `sync --help`."""
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


def _help(words: tuple[str, ...], lang: str) -> str:
    result = CliRunner().invoke(
        program, [*words, "--help", "--lang", lang], prog_name="sync", terminal_width=100
    )
    return result.stdout.strip("\n")
