"""Where settings come from, and what can be said about a source before its values are checked.

Precedence: command line, environment, secrets folder, keyring, TOML file.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import UnionType
from typing import Any, Union, get_args, get_origin

from pydantic import BaseModel

from sync.settings.lines import key_lines
from sync.settings.model import PREFIX, Settings
from sync.settings.parts import SECRET, from_keyring
from sync.settings.problems import Problem, dotted, nearest

_PASSWORD_IN_URL = re.compile(r"://[^/@:]*:[^/@]+@")
_OTHER_NAMES = frozenset({"RINGREN_SETTINGS", "RINGREN_KEY_RING"})
"""Ours, and no settings: where the file is, and the key ring (state/keys.py)."""
_PATHS = (
    ("files", "root"),
    ("state", "path"),
    ("salesforce", "private_key_file"),
    ("dynamics", "certificate_file"),
    ("api", "certificate_file"),
    ("api", "key_file"),
    ("form", "certificate_file"),
    ("form", "key_file"),
)


@dataclass(slots=True)
class File:
    """The settings file as read: its values, and the line of each key."""

    path: Path | None = None
    values: dict[str, Any] = field(default_factory=dict)
    lines: dict[tuple[str, ...], int] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def place(self, key: tuple[str, ...]) -> str:
        """`ringren.toml:12`, for the deepest part of `key` that stands in the file."""
        for end in range(len(key), 0, -1):
            if key[:end] in self.lines:
                return f"{self.path}:{self.lines[key[:end]]}"
        return str(self.path)

    def where(self, key: tuple[str, ...]) -> str:
        """Where the value of `key` came from, for people: `$RINGREN_…` or `ringren.toml:12`."""
        for end in range(len(key), 0, -1):
            name = PREFIX + "__".join(key[:end]).upper()
            if any(name == given.upper() for given in os.environ):
                return f"${name}"
        return self.place(key) if self.path else "–"

    def has(self, key: tuple[str, ...]) -> bool:
        """Whether the file says anything about this key."""
        return key in self.lines


def find_file(asked: Path | None) -> Path | None:
    """The settings file: the one asked for, else ./ringren.toml, else the user's; None: no file."""
    if asked or os.environ.get("RINGREN_SETTINGS"):
        return asked or Path(os.environ["RINGREN_SETTINGS"])
    from platformdirs import user_config_path

    places = (Path("ringren.toml"), user_config_path("ringren") / "settings.toml")
    return next((path for path in places if path.is_file()), None)


def read_file(path: Path | None) -> File:
    """The file's values; what cannot be read or is no TOML becomes a problem."""
    if path is None:
        return File()
    try:
        text = path.read_bytes().decode("utf-8-sig")
        values = tomllib.loads(text)
    except OSError as error:
        reason = error.strerror or ""
        return File(path, problems=[Problem(str(path), "", "unreadable", {"reason": reason})])
    except UnicodeDecodeError as error:
        return File(path, problems=[Problem(f"{path}:{_line_of(error)}", "", "not_utf8")])
    except tomllib.TOMLDecodeError as error:
        return File(path, problems=[_no_toml(path, str(error))])
    file = File(path, values, key_lines(text))
    file.problems.extend(_clear_secrets(file))
    _from_the_file_on(file)
    return file


def _line_of(error: UnicodeDecodeError) -> int:
    return error.object.count(b"\n", 0, error.start) + 1


def _no_toml(path: Path, message: str) -> Problem:
    found = re.search(r"at line (\d+), column (\d+)", message)
    where = f"{path}:{found[1]}" if found else str(path)
    return Problem(where, "", "no_toml", {"column": found[2] if found else "?"})


def _clear_secrets(file: File) -> Iterator[Problem]:
    for key in secret_keys(Settings):
        value: Any = file.values
        for part in key:
            value = value.get(part) if isinstance(value, dict) else None
        # An address without a password is no secret: postgresql:///ringren.
        is_address = key[-1] == "url"
        if isinstance(value, str) and (not is_address or _PASSWORD_IN_URL.search(value)):
            name = PREFIX + "__".join(key).upper()
            yield Problem(file.place(key), dotted(key), "clear_secret", {"name": name})


def _from_the_file_on(file: File) -> None:
    """Relative paths in a file are meant from the file's own folder."""
    folder = (file.path or Path()).parent
    for section, key in _PATHS:
        table = file.values.get(section)
        if isinstance(table, dict) and isinstance(table.get(key), str):
            table[key] = str(folder / Path(table[key]).expanduser())


@cache
def secret_keys(model: type[BaseModel], above: tuple[str, ...] = ()) -> tuple[tuple[str, ...], ...]:
    """The key paths of all secrets of a model."""
    found: list[tuple[str, ...]] = []
    for name, info in model.model_fields.items():
        here = (*above, name)
        inner = section_of(info.annotation)
        if inner:
            found += secret_keys(inner, here)
        elif SECRET in _marks(info.annotation) or SECRET in info.metadata:
            found.append(here)
    return tuple(found)


def _marks(annotation: Any) -> list[Any]:
    marks = list(getattr(annotation, "__metadata__", ()))
    for inner in get_args(annotation):
        marks += _marks(inner)
    return marks


def section_of(annotation: Any) -> type[BaseModel] | None:
    """The model behind an annotation that is a table with fixed keys; None for anything else."""
    if get_origin(annotation) in {Union, UnionType}:
        return next((found for one in get_args(annotation) if (found := section_of(one))), None)
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return None


def environment_problems(env: Mapping[str, str], file: File) -> Iterator[Problem]:
    """Names that begin like ours and mean nothing: pydantic would pass over them in silence."""
    known = _known(Settings)
    mentioned = set(re.findall(r"RINGREN_\w+", str(file.values)))
    for name in sorted(env):
        upper = name.upper()
        if not upper.startswith(PREFIX) or upper in known | mentioned | _OTHER_NAMES:
            continue
        if any(upper.startswith(f"{one}__") for one in _open_names(Settings, PREFIX)):
            continue
        near = nearest(upper, known)
        details = {"nearest": near} if near else {}
        yield Problem(f"${name}", "", "unknown_name", details)


@cache
def _known(model: type[BaseModel]) -> frozenset[str]:
    return frozenset(_names(model, PREFIX))


def _names(model: type[BaseModel], prefix: str) -> Iterator[str]:
    for name, info in model.model_fields.items():
        full = prefix + name.upper()
        yield full
        if inner := section_of(info.annotation):
            yield from _names(inner, f"{full}__")


def _open_names(model: type[BaseModel], prefix: str) -> Iterator[str]:
    """Names of tables whose keys the user makes up."""
    for name, info in model.model_fields.items():
        full = prefix + name.upper()
        if inner := section_of(info.annotation):
            yield from _open_names(inner, f"{full}__")
        elif get_origin(info.annotation) is dict:
            yield full


def secrets_folders() -> list[Path]:
    """Folders with one file for each secret: systemd's credentials, a container's secrets."""
    credentials = os.environ.get("CREDENTIALS_DIRECTORY")
    places = [Path("/run/secrets"), *([Path(credentials)] if credentials else [])]
    return [path for path in places if path.is_dir()]


def keyring_values() -> dict[str, Any]:
    """Secrets that the keyring holds under `ringren` and the key's dotted name."""
    values: dict[str, Any] = {}
    for key in secret_keys(Settings):
        secret = from_keyring(".".join(key))
        if secret:
            table = values
            for part in key[:-1]:
                table = table.setdefault(part, {})
            table[key[-1]] = secret
    return values
