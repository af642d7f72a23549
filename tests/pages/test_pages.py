"""The pages that are made from code say what the code says now; renew them with `make docs`."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from pages.__main__ import ROOT, everything, left_over
from pages.cases import cases_of, plain, table_of
from pages.rule_pages import cell, docstring

from rules.fills import Fill
from rules.hygiene import RULES, Row
from rules.raises import RAISES
from sync.texts import every

PAGES = everything()
EACH_RULE = pytest.mark.parametrize("row", RULES, ids=lambda row: row.name)


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_each_page_is_current(path: Path) -> None:
    assert path.is_file(), "make it: make docs"
    assert path.read_text("utf-8") == PAGES[path], "renew it: make docs"


def test_no_page_is_left_over() -> None:
    assert left_over() == []


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_page_shows_the_key_of_a_text_that_is_missing(path: Path) -> None:
    keys = r"\b(?:pages|list\.rules|rule|settings|codes|report\.cause|finding)\.[a-z_]+"
    assert set(re.findall(keys, PAGES[path])) <= {"settings.toml", "settings.md"}


@pytest.mark.parametrize(
    "path", [one for one in PAGES if one.suffix == ".md"], ids=lambda p: p.name
)
def test_no_link_of_a_page_leads_nowhere(path: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", PAGES[path]):
        assert "://" in target or (path.parent / target).resolve().exists(), target


# --- what a page of a rule needs -------------------------------------------------------------


@EACH_RULE
def test_each_rule_says_what_it_does(row: Row) -> None:
    assert f"rule.{row.name}" in every(), "add it to sync/texts/rules.toml: one sentence"
    assert len(docstring(row)) > 30, "its format has no docstring"


@EACH_RULE
def test_each_rule_has_cases_in_a_table(row: Row) -> None:
    assert table_of(row).is_file(), "name the table after the rule, or add it to pages/cases.py"
    telling = [case for case in cases_of(row) if case.says_something]
    assert len(telling) >= (1 if isinstance(row, Fill) else 10)


def test_each_rule_says_which_findings_it_raises() -> None:
    assert RAISES.keys() == {row.name for row in RULES}, "add it to rules/raises.py"


@EACH_RULE
def test_no_case_raises_what_its_rule_does_not_say(row: Row) -> None:
    raised = {code for case in cases_of(row) for code in case.findings}
    if not isinstance(row, Fill):
        raised |= {
            i.code for text in ("x" * 3000, "nan", "\x00a") for i in row.read(text, "DK").issues
        }
    assert raised <= set(RAISES.get(row.name, ())), "add it to rules/raises.py"


# --- how cells are shown ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (" a  b ", "`␣a␣␣b␣`"),
        ("", "–"),
        ("a`b", "`` a`b ``"),
        ("a\\nb", "`a\\nb`"),
        ("  ", "`␣␣`"),
    ],
)
def test_blanks_of_a_cell_can_be_seen(text: str, shown: str) -> None:
    assert cell(text) == shown
    assert plain("a\\u00e6\\nb") == "aæ\nb"
