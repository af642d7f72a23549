"""The page of finding codes, and that every finding says what to do."""

from __future__ import annotations

import re
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


def test_every_trap_is_shown_by_findings_that_there_are() -> None:
    page = PAGE.with_name("traps.md").read_text("utf-8")
    rows = [line.split("|")[1:-1] for line in page.splitlines() if line.startswith("| ")]
    traps = [row for row in rows if row[0].strip() not in {"Trap", "---", "Moment"}]
    assert len(traps) == 10
    for row in traps:
        named = [code for cell in row[1:] for code in re.findall(r"`([a-z_]+)`", cell)]
        assert named
        assert set(named) <= {*codes()}, row[0]
