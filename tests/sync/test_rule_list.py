"""The list of rules: in their order, with their switches, and with what they say now."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from rules.errors import Exit
from rules.hygiene import RULES
from rules.raises import RAISES
from sync import texts
from sync.cli import program

LIST = (
    "Kontakt-id;Navn;Telefon;E-mail\nK1;BO HANSEN;68 00 00 00;BO@gmial.com\nK2;Bo Hansen;ingen;-\n"
)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.chdir(tmp_path)
    Path("lists").mkdir()
    Path("lists/kontakter.csv").write_text(LIST, "utf-8")
    return Path("lists")


def _call(*args: str | Path) -> Result:
    return CliRunner().invoke(program, [str(arg) for arg in args], prog_name="sync")


def _rules(*args: str | Path) -> dict[str, dict[str, object]]:
    told = json.loads(_call("rules", "--json", *args).stdout)
    return {one["name"]: one for one in told}


def test_the_rules_stand_in_the_order_in_which_they_work() -> None:
    found = _rules()
    assert list(found) == [row.name for row in RULES]
    assert [one["order"] for one in found.values()] == list(range(1, len(RULES) + 1))
    assert {one["proposals"] for one in found.values()} == {None}
    assert not Path("state").exists(), "looking at the rules leaves nothing behind"


def test_what_each_rule_says_now_is_counted(folder: Path) -> None:
    _call("--dry-run", folder)
    found = _rules()
    said = {name: (one["proposals"], one["findings"]) for name, one in found.items()}
    assert said["full_name"] == (1, 0)
    assert said["phone"] == (1, 1)
    assert said["email"] == (1, 2)
    assert said["cvr"] == (0, 0)
    _call("apply", "1")
    assert _rules()["phone"]["proposals"] == 0


def test_all_that_the_rules_say_is_counted_once(folder: Path) -> None:
    report = json.loads(_call("--dry-run", folder, "--json").stdout)
    found = _rules().values()
    assert sum(int(str(one["proposals"])) for one in found) == report["totals"]["fields"]


def test_switches_are_shown_as_they_work(folder: Path) -> None:
    Path("ringren.toml").write_text(
        "[rules]\nswitch = { cvr = 'off' }\nfields = { other_phone = { phone = 'propose' } }\n"
        "[rules.systems.files]\nfields = { email = { phone = 'off' } }\n",
        "utf-8",
    )
    shown = _call("rules", "--lang", "en").stdout.splitlines()
    by_name = {line.split()[1]: line for line in shown if line[:3].strip().isdecimal()}
    assert "  off  " in by_name["cvr"]
    assert "on (other_phone propose, email off)" in by_name["phone"]
    assert _rules()["phone"]["switches"]["files"]["email"] == "off"  # type: ignore[index]


def test_a_field_that_settings_add_is_read_by_a_rule_too() -> None:
    Path("ringren.toml").write_text(
        "[rules]\nfields = { vip = { yes_no = 'propose' } }\n"
        "[fields.vip]\ntype = 'bool'\nkinds = ['contact']\nda = 'VIP'\nen = 'VIP'\n",
        "utf-8",
    )
    assert "vip propose" in _call("rules", "yes_no", "--lang", "en").stdout


@pytest.mark.parametrize("lang", ["da", "en"])
@pytest.mark.parametrize("rule", [row.name for row in RULES])
def test_each_rule_has_a_sheet(rule: str, lang: str) -> None:
    sheet = _call("rules", rule, "--lang", lang).stdout
    assert texts.Texts(lang).get(f"rule.{rule}") in sheet
    assert all(code in sheet for code in RAISES[rule])
    assert "list." not in sheet


def test_a_rule_that_does_not_exist_is_refused_with_those_that_do() -> None:
    refused = _call("rules", "fone", "--lang", "en")
    assert refused.exit_code == Exit.USER
    assert "phone" in refused.stderr
