"""Secrets beside the settings: `firma.secrets` beside `firma.toml`, NAME=value lines.

A service is given them by systemd (`EnvironmentFile=` of the unit that is shipped). A command that
somebody types beside it has to know the same: it takes them from the file itself, unless its own
environment says otherwise.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from sync.settings.model import PREFIX
from sync.settings.problems import Problem

SUFFIX: Final = ".secrets"
_LINE: Final = re.compile(r"\s*([A-Za-z_][A-Za-z0-9_]*)=(.*)")
_QUOTED: Final = re.compile(r"(['\"])(.*)\1")
_taken: dict[str, str] = {}
"""What this process has from such a file: it is renewed when the file is."""


def beside(settings: Path) -> Path:
    """Where they would stand."""
    return settings.with_suffix(SUFFIX)


def take(settings: Path | None, values: Mapping[str, Any]) -> list[Problem]:
    """Put those that `values`, the file of settings, asks for into the environment, and ours.

    Nothing where there is no such file or it cannot be read: whom it is not for has them from elsewhere.
    A file that others may read is refused.
    """
    path = beside(settings) if settings else None
    if path is None or not path.is_file():
        return []
    if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        return [Problem(str(path), "", "secrets_open", {"name": str(path)})]
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        return []
    asked = set(_asked(values))
    for name, value in _lines(text):
        if name in asked or name.upper().startswith(PREFIX):
            _set(name, value)
    return []


def _set(name: str, value: str) -> None:
    if os.environ.get(name) == _taken.get(name):
        os.environ[name] = _taken[name] = value


def _lines(text: str) -> Iterator[tuple[str, str]]:
    """As systemd reads them, but for values over several lines: later ones win."""
    for line in text.splitlines():
        found = _LINE.fullmatch(line)
        if found:
            value = found[2].strip()
            quoted = _QUOTED.fullmatch(value)
            yield found[1], quoted[2] if quoted else value


def _asked(value: Any) -> Iterator[str]:
    """Names in { env = "NAME" }, wherever one stands."""
    if isinstance(value, Mapping):
        if isinstance(value.get("env"), str):
            yield value["env"]
        for inner in value.values():
            yield from _asked(inner)
