"""The exact commands that a reader can type next: with the options that lead to the same state."""

from __future__ import annotations

import shlex
from pathlib import Path

from sync import homes
from sync.report import words
from sync.report.model import Command
from sync.settings import Settings


def command(settings: Settings, text: str, key: str, /, **details: object) -> Command:
    """`sync <text>`, as it must be typed from the working folder, and why."""
    return Command(command=f"sync {text}{where(settings)}", why=words.say(key, **details))


def where(settings: Settings) -> str:
    """The options without which a later command would not find this state; mostly none."""
    home, root = settings.state.path, settings.files.root
    if home is None or settings.state.url is not None:
        return ""
    if root is None or homes.home_of(root) != home:
        return f" --state {_typed(home)}"
    return f" --path {_typed(root)}" if len(homes.known_homes()) > 1 else ""


def _typed(path: Path) -> str:
    """A path as a person types it: from the working folder when it lies below it."""
    here = Path.cwd()
    whole = path if path.is_absolute() else here / path
    return shlex.quote(str(whole.relative_to(here) if whole.is_relative_to(here) else whole))
