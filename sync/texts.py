"""Everything that users read, in Danish and English: the tables of `sync/texts/*.toml`.

    ["cli.run.help"]
    da = "…"
    en = "… {name} …"

`cli.toml` is read first, the other files only when a key is not found there, so that `sync --help`
stays quick. A key stands in one file only; tests check that both languages have it with the same
placeholders, and that each key used in code exists.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from sys import intern

from rules.errors import RingrenError

LANGUAGES = ("da", "en")
_FOLDER = Path(__file__).with_suffix("")
_FIRST = "cli.toml"

Table = dict[str, dict[str, str]]


class _Placeholders(dict[str, object]):
    """Arguments of a text; one that is not given stays visible as `{name}`."""

    def __missing__(self, name: str) -> str:
        return "{" + name + "}"


def _file(name: str) -> Table:
    with (_FOLDER / name).open("rb") as file:
        return tomllib.load(file)


def every() -> Table:
    """All files as one table; ValueError when a key stands in two of them."""
    merged: Table = {}
    for path in sorted(_FOLDER.glob("*.toml")):
        table = _file(path.name)
        twice = merged.keys() & table.keys()
        if twice:
            raise ValueError(f"text keys stand twice, the second time in {path.name}: {twice}")
        merged.update(table)
    return merged


@cache
def _first(lang: str) -> Mapping[str, str]:
    return _spoken(_file(_FIRST), lang)


@cache
def _all(lang: str) -> Mapping[str, str]:
    return _spoken(every(), lang)


def _spoken(table: Table, lang: str) -> Mapping[str, str]:
    """What is kept: a process speaks one language most of the time, and a service runs for months."""
    return {intern(key): entry[lang] for key, entry in table.items() if lang in entry}


def language(env: Mapping[str, str] | None = None) -> str:
    """The language of the surroundings: RINGREN_LANG, else the locale; `da*` is Danish."""
    env = os.environ if env is None else env
    for name in ("RINGREN_LANG", "LC_ALL", "LC_MESSAGES", "LANG"):
        value = env.get(name, "")
        if value:
            return "da" if value.lower().startswith("da") else "en"
    return "en"


class Texts:
    """The texts in one language."""

    __slots__ = ("lang",)

    def __init__(self, lang: str) -> None:
        self.lang = lang if lang in LANGUAGES else "en"

    def find(self, key: str) -> str | None:
        """The text as it stands in the table, or None when there is no such key."""
        return _first(self.lang).get(key) or _all(self.lang).get(key)

    def get(self, key: str, /, **args: object) -> str:
        """The text with its placeholders filled; the key itself when there is no such text."""
        text = self.find(key)
        if text is None:
            return key
        return text.format_map(_Placeholders(args)) if "{" in text else text

    def count(self, key: str, number: int, /, **args: object) -> str:
        """`key.one` for 1, else `key.many`; `{count}` is the number, written out."""
        from sync.output import number as spelt

        form = f"{key}.one" if number == 1 else f"{key}.many"
        return self.get(form, count=spelt(number, self.lang), **args)

    def of_error(self, error: RingrenError) -> tuple[str, str]:
        """Message and remedy of an error: its text keys looked up, or what it says as it stands."""
        remedy = error.remedy
        if not remedy and self.find(f"{error.message}.remedy"):
            remedy = f"{error.message}.remedy"
        return self.get(error.message, **error.details), self.get(remedy, **error.details)
