"""The exact commands that a reader can type next: with the options that lead to the same state."""

from __future__ import annotations

import shlex
import shutil
import sys
from pathlib import Path
from typing import Final

from sync import homes
from sync.report import words
from sync.report.model import Command
from sync.settings import Settings

_NAMES: Final = ("sync", "ringren")


def command(settings: Settings, text: str, key: str, /, **details: object) -> Command:
    """`sync <text>`, as it must be typed from the working folder, and why."""
    typed = f"{program()} {text}{where(settings)}"
    return Command(command=typed, why=words.say(key, **details))


def program() -> str:
    """What has to be typed to call this program again.

    `sync`, unless that would call another program: Unix has a `sync` of its own.
    """
    called = Path(sys.argv[0])
    if called.name not in _NAMES:
        return _NAMES[0]
    found = shutil.which(called.name)
    if found and Path(found).resolve() == called.resolve():
        return called.name
    return _typed(called)


def where(settings: Settings) -> str:
    """The options without which a later command would not find this state; mostly none."""
    if settings.given:
        # What the file says is found again with it, what was said beside it has to be said again.
        return "".join(f" --{name} {_typed(path)}" for name, path in settings.given.items())
    home, root = settings.state.path, settings.files.root
    if home is None or settings.state.url is not None:
        return ""
    if root is None or homes.home_of(root).resolve() != home.resolve():
        return f" --state {_typed(home)}"
    return f" --path {_typed(root)}" if len(homes.known_homes()) > 1 else ""


def shown_path(path: Path | None) -> str | None:
    """A path as a person knows it: from the working folder when it lies below it."""
    if path is None:
        return None
    here = Path.cwd()
    whole = path if path.is_absolute() else here / path
    return str(whole.relative_to(here) if whole.is_relative_to(here) else whole)


def _typed(path: Path) -> str:
    return shlex.quote(shown_path(path) or ".")
