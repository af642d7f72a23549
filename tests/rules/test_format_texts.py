"""Each code and reason that formats and hygiene can give has its text, in both languages."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

import rules
from rules.hygiene import RULES, clean
from rules.records import Kind

ROOT = Path(rules.__file__).parent
TEXTS = ROOT.parent / "sync" / "texts"
SOURCE = "".join(
    path.read_text("utf-8")
    for path in [
        *ROOT.glob("formats/*.py"),
        ROOT / "hygiene.py",
        ROOT / "private.py",
        ROOT / "moments.py",
        ROOT / "flags.py",
        ROOT / "others.py",
    ]
)
FINDINGS = tomllib.loads((TEXTS / "findings.toml").read_text("utf-8"))
REASONS = tomllib.loads((TEXTS / "reasons.toml").read_text("utf-8"))
_GIVEN = re.compile(
    r'(?:kept\(\s*text,|Issue\(|Finding\(|_Number\(\s*"",|_Number\([^"()]*,|issue=)\s*"([a-z_]+)"'
)
_NO_PLACE = re.compile(r'^    "[a-z_]+": "([a-z_]+)",$', re.MULTILINE)
CODES = sorted(set(_GIVEN.findall(SOURCE)) | set(_NO_PLACE.findall(SOURCE)))


@pytest.mark.parametrize("code", CODES)
def test_a_finding_says_what_and_what_to_do(code: str) -> None:
    for key in (f"finding.{code}", f"finding.{code}.remedy"):
        assert FINDINGS[key].keys() == {"da", "en"}
        assert all(FINDINGS[key].values())


@pytest.mark.parametrize("key", sorted(set(re.findall(r'"(reason\.[a-z0-9_.]+)"', SOURCE))))
def test_a_change_says_why(key: str) -> None:
    assert REASONS[key].keys() == {"da", "en"}


def test_every_field_that_something_moves_into_says_where_it_stood() -> None:
    targets = [*re.findall(r'spill=\{?"?([a-z_]+)"', SOURCE), "other_phone", "title"]
    assert {f"reason.moved.{target}" for target in targets} <= REASONS.keys()


def test_no_text_is_left_over() -> None:
    said = {key.removeprefix("finding.").removesuffix(".remedy") for key in FINDINGS}
    assert said <= set(CODES) | set(re.findall(r'"([a-z_]+)"', SOURCE))
    reasons = {key for key in REASONS if not key.startswith("reason.moved.")}
    assert reasons <= set(re.findall(r'"(reason\.[a-z0-9_.]+)"', SOURCE))


def test_both_languages_have_the_same_placeholders() -> None:
    for table in (FINDINGS, REASONS):
        for key, text in table.items():
            placeholders = [sorted(re.findall(r"\{(\w+)\}", text[lang])) for lang in ("da", "en")]
            assert placeholders[0] == placeholders[1], key


@pytest.mark.parametrize(
    "values",
    [
        {"direct_phone": "20 12 34 5O"}, {"direct_phone": "20123456 / 33123456"},
        {"direct_phone": "20123456", "country": "SE"}, {"full_name": "Dr. Hansen"},
        {"direct_phone": "33123456 lok. 1"}, {"email": "anne@gmial.com"}, {"email": "a(at)b.dk"},
        {"website": "www,opdigtet-0001,dk"}, {"website": "facebook.com/x"}, {"cvr": "95000001"},
        {"company_name": "Opdigtet under konkurs"}, {"note": "010170-1234"},
        {"company_name": "x" * 3000}, {"cvr": "20123456", "direct_phone": "20123456"},
        {"cvr": "90000004", "direct_phone": "90000004"}, {"direct_phone": "a@opdigtet-0001.dk"},
    ],
)  # fmt: skip
def test_a_finding_brings_all_that_its_text_asks_for(values: dict[str, str]) -> None:
    _, findings = clean(Kind.LEAD, values)
    assert findings
    for finding in findings:
        asked = re.findall(r"\{(\w+)\}", FINDINGS[f"finding.{finding.code}"]["da"])
        assert set(asked) <= finding.details.keys()


def test_rules_are_named_as_settings_name_them() -> None:
    assert all(re.fullmatch(r"[a-z0-9_]+", rule.name) for rule in RULES)
