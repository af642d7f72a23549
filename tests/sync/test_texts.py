"""The text table: both languages, the same placeholders, and every key that code uses."""

from __future__ import annotations

import ast
import re
import string
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from sync import texts
from sync.texts import Texts, language

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("rules", "state", "connectors", "sync")
KEY = re.compile(r"[a-z_]+(?:\.[a-z0-9_-]+)+")
NO_KEY = re.compile(r"\.(?:toml|html|j2|css|js|json|csv|txt|sqlite|py)$")


def _placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


def test_a_key_has_both_languages_with_the_same_placeholders() -> None:
    every = texts.every()
    assert len(every) > 4000
    assert [key for key, entry in every.items() if not _is_whole(entry)] == []


def _is_whole(entry: Mapping[str, str]) -> bool:
    return (
        set(entry) == {"da", "en"}
        and all(map(str.strip, entry.values()))
        and _placeholders(entry["da"]) == _placeholders(entry["en"])
    )


def _literals() -> Iterator[tuple[str, str]]:
    """(text, where) of every string in our code that could be a key; f-strings end in `*`."""
    for path in sorted(p for package in PACKAGES for p in (ROOT / package).rglob("*.py")):
        named = path.relative_to(ROOT)
        nodes: list[ast.AST] = [ast.parse(path.read_text("utf-8"))]
        while nodes:
            node = nodes.pop()
            if isinstance(node, ast.JoinedStr):
                if isinstance(node.values[0], ast.Constant):
                    yield f"{node.values[0].value}*", f"{named}:{node.lineno}"
                nodes += (part for part in node.values if not isinstance(part, ast.Constant))
            elif isinstance(node, ast.Constant):
                yield str(node.value), f"{named}:{node.lineno}"
            else:
                nodes += ast.iter_child_nodes(node)


def test_every_key_that_code_uses_exists() -> None:
    every = texts.every()
    spaces = {key.partition(".")[0] for key in every} - {"sync"}
    missing = [
        f"{where}: {text}"
        for text, where in _literals()
        if text.partition(".")[0] in spaces and _is_missing(text, every)
    ]
    assert not missing, "\n".join(missing)


def _is_missing(text: str, every: texts.Table) -> bool:
    if text.endswith("*"):
        return "." in text and not any(key.startswith(text[:-1]) for key in every)
    if NO_KEY.search(text) or not KEY.fullmatch(text) or find_module(text):
        return False
    # Some callers add an ending: `.one`, `.many`, `.remedy`.
    return text not in every and not any(key.startswith(f"{text}.") for key in every)


def find_module(name: str) -> bool:
    """Whether this is a module of ours, and so no key."""
    return (ROOT / name.replace(".", "/")).with_suffix(".py").exists()


def test_a_key_that_stands_in_two_files_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("cli.toml", "more.toml"):
        (tmp_path / name).write_text('["a.b"]\nda = "x"\nen = "y"\n', "utf-8")
    monkeypatch.setattr(texts, "_FOLDER", tmp_path)
    with pytest.raises(ValueError, match=r"a\.b"):
        texts.every()


def test_a_text_is_filled_in_the_language_asked_for() -> None:
    assert "Fejl: x" in Texts("da").get("error.line", message="x")
    assert "Error: x" in Texts("en").get("error.line", message="x")


def test_an_unknown_key_shows_itself_and_a_missing_argument_stays_visible() -> None:
    assert Texts("da").get("no.such.key") == "no.such.key"
    assert "{message}" in Texts("en").get("error.line")


@pytest.mark.parametrize(
    ("env", "expected"),
    [
        ({}, "en"),
        ({"LANG": "da_DK.UTF-8"}, "da"),
        ({"LANG": "da_DK.UTF-8", "LC_MESSAGES": "en_GB.UTF-8"}, "en"),
        ({"LANG": "en_US", "LC_MESSAGES": "en_US", "LC_ALL": "da"}, "da"),
        ({"LC_ALL": "", "LANG": "da_DK"}, "da"),
        ({"LANG": "C.UTF-8"}, "en"),
        ({"LANG": "C.UTF-8", "RINGREN_LANG": "da"}, "da"),
    ],
)
def test_the_language_follows_the_surroundings(env: dict[str, str], expected: str) -> None:
    assert language(env) == expected
