"""Whatever the file connector says to people has a text, and a remedy, in both languages."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import connectors.files
from sync.texts import LANGUAGES, Texts

SOURCES = [path.read_text() for path in Path(connectors.files.__file__).parent.rglob("*.py")]
STOPS = sorted({key for text in SOURCES for key in re.findall(r'"(files\.[a-z_]+)"', text)})
UNUSABLE = sorted({key for text in SOURCES for key in re.findall(r'Unusable\(\s*"(\w+)"', text)})
CODES = sorted(
    {key for text in SOURCES for key in re.findall(r'(?:Flaw|Refused)\(\s*"(\w+)"', text)}
)


def test_the_sources_were_understood() -> None:
    assert {"files.no_space", "files.changed_while_read"} <= set(STOPS)
    assert {"no_header", "not_text", "empty"} <= set(UNUSABLE)
    assert {"unclosed_quote", "undecodable", "encoding_lacks_character"} <= set(CODES)


OBSTACLES = sorted({key for text in SOURCES for key in re.findall(r'Obstacle\("(\w+)"', text)})
REMARKS = sorted({key for text in SOURCES for key in re.findall(r'Remark\("(\w+)"', text)})


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("key", [*(f"copy_{code}" for code in OBSTACLES), *REMARKS])
def test_there_is_a_word_for_each_remark(key: str, lang: str) -> None:
    assert {"format", "protected"} <= set(OBSTACLES)
    assert {"formulas", "recalculate"} <= set(REMARKS)
    assert Texts(lang).find(f"header.{key}")


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize(
    "key", [*STOPS, *(f"files.{code}" for code in UNUSABLE), *(f"finding.{code}" for code in CODES)]
)
def test_there_is_a_text_and_a_remedy(key: str, lang: str) -> None:
    assert Texts(lang).find(key)
    assert Texts(lang).find(f"{key}.remedy")
