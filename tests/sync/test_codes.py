"""The page of finding codes, and that every finding says what to do."""

from __future__ import annotations

from pathlib import Path

from sync.codes import codes, markdown
from sync.texts import Texts

PAGE = Path(__file__).parents[2] / "docs/findings.md"


def test_the_page_is_current() -> None:
    wanted = markdown("en").rstrip("\n") + "\n"
    assert PAGE.read_text("utf-8") == wanted, "renew it: python -m sync.codes > docs/findings.md"


def test_every_finding_says_what_to_do_in_both_languages() -> None:
    assert len(codes()) > 50
    missing = [
        (code, lang)
        for code in codes()
        for lang in ("da", "en")
        if not Texts(lang).find(f"finding.{code}.remedy")
    ]
    assert not missing
