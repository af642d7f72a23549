"""What new settings would change: the truth, and nothing is written to find it out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from click.testing import CliRunner, Result
from promises.lists import HEADER, Lists, people

from rules.errors import Exit, UserError
from state import tables
from sync.app import App
from sync.cli import program
from sync.review import preview as previewing
from sync.review.preview import Difference, Preview, as_text, preview
from sync.settings import Settings
from sync.settings.model import Files, FileSettings, Limits, Rules, Switches
from sync.texts import Texts

MESSY = "K1;Hansen, Bo;68 00 00 00 lok. 12;BO@gmial.com;"
CLEAN = "K2;Bo Hansen;+4568000001;bo@opdigtet-0001.dk;"


@pytest.fixture
def lists(tmp_path: Path) -> Lists:
    found = Lists(tmp_path, settings={"limits": Limits(max_change_share=1)})
    found.put("kontakter.csv", HEADER, MESSY, CLEAN)
    return found


def _preview(lists: Lists, **planned: Any) -> Preview:
    with lists.app() as app:
        return preview(app, app.settings.model_copy(update=planned))


def _told(found: list[Difference]) -> dict[tuple[str, str | None], dict[str, int]]:
    return {(one.name, one.field): {way: n for way, n in one.records.items() if n} for one in found}


def _everything(app: App) -> dict[str, list[Any]]:
    """All rows of all tables."""
    with app.store.reading() as tx:
        return {
            table.name: sorted(map(repr, tx.execute(sa.select(table))))
            for table in tables.metadata.sorted_tables
        }


# --- what it says ----------------------------------------------------------------------------


def test_a_rule_that_would_be_off_takes_its_repairs_and_findings_along(lists: Lists) -> None:
    lists.dry()
    seen = _preview(lists, rules=Rules(switch={"email": "off"}))
    assert _told(seen.changes) == {("email", "email"): {"disappears": 1}}
    assert _told(seen.findings) == {("email_typo", "email"): {"disappears": 1}}
    assert (seen.records, seen.looked_at, seen.differing) == (2, 2, 1)
    assert seen.settings == ["rules.switch.email"]
    (sample,) = seen.changes[0].samples
    assert (sample.ref, sample.cell, sample.planned) == (
        "files/contact/kontakter.csv#K1",
        "BO@gmial.com",
        None,
    )


def test_what_it_says_is_what_the_next_dry_run_does(lists: Lists) -> None:
    lists.put("kontakter.csv", HEADER, *people(30), MESSY, CLEAN)
    before = lists.dry().report.totals.fields
    for planned in (
        Rules(switch={"phone": "off"}),
        Rules(default="off", switch={"email": "on"}),
        Rules(systems={"files": Switches(switch={"full_name": "off"})}),
    ):
        seen = _preview(lists, rules=planned)
        moved = [one.records["appears"] - one.records["disappears"] for one in seen.changes]
        lists.settings["rules"] = planned
        assert lists.dry().report.totals.fields == before + sum(moved)
        lists.settings["rules"] = Rules()
        assert lists.dry().report.totals.fields == before


def test_another_region_has_numbers_come_out_differently(lists: Lists) -> None:
    lists.put("kontakter.csv", HEADER, "K1;Bo Hansen;08 123 45 67;bo@opdigtet-0001.dk;")
    lists.dry()
    seen = _preview(lists, region="SE")
    assert _told(seen.changes)["phone", "direct_phone"] == {"differs": 1}
    assert seen.changes[0].samples[0].planned == "+4681234567"


def test_proposing_instead_of_writing_is_told_apart(lists: Lists) -> None:
    lists.dry()
    seen = _preview(lists, rules=Rules(switch={"email": "propose"}))
    assert _told(seen.changes) == {("email", "email"): {"waits": 1}}
    lists.settings["rules"] = Rules(default="propose")
    lists.dry()
    assert _told(_preview(lists, rules=Rules()).changes)["email", "email"] == {"unasked": 1}


def test_the_same_settings_change_nothing_and_nothing_is_looked_at(lists: Lists) -> None:
    lists.dry()
    seen = _preview(lists)
    assert (seen.differs, seen.looked_at, seen.settings) == (False, 0, [])
    calm = _preview(lists, limits=Limits(max_change_share=1, max_changes=7))
    assert (calm.differs, calm.looked_at) == (False, 0)
    assert calm.settings == ["limits.max_changes"]


def test_only_lists_whose_outcome_can_differ_are_looked_at(lists: Lists) -> None:
    lists.put("firmaer.csv", "CVR;Firma", "90000004;opdigtet  aps")
    lists.dry()
    seen = _preview(lists, rules=Rules(switch={"company_name": "off"}))
    assert (seen.records, seen.looked_at) == (3, 1)


def test_columns_that_mean_something_else_have_to_be_read_anew(lists: Lists) -> None:
    lists.dry()
    named = {"kontakter.csv": FileSettings(columns={"Telefon": "main_phone"})}
    seen = _preview(lists, files=Files(root=lists.root, named=named))
    assert seen.read_anew == ["kontakter.csv"]
    assert seen.differs
    assert "kontakter.csv" in as_text(seen, Texts("en")).splitlines()[1]


def test_no_more_samples_are_kept_than_are_shown(lists: Lists) -> None:
    lists.put("kontakter.csv", HEADER, *people(60))
    lists.dry()
    seen = _preview(lists, rules=Rules(default="off"))
    assert seen.differing == 60
    assert {len(one.samples) for one in [*seen.changes, *seen.findings]} == {previewing.SAMPLES}


def test_a_cpr_number_is_not_shown(lists: Lists) -> None:
    lists.put("kontakter.csv", "Kontakt-id;Navn;Telefon;Firma", "K1;BO 010190-1234;x;BO aps")
    lists.dry()
    for rules in (Rules(default="off"), Rules(switch={"full_name": "off"})):
        seen = _preview(lists, rules=rules)
        assert seen.changes or rules.default == "on"
        assert "010190" not in as_text(seen, Texts("en"))


def test_what_was_taken_back_is_no_news(lists: Lists) -> None:
    lists.run()
    lists.undo(1, rule="email")
    lists.dry()
    seen = _preview(lists, rules=Rules(switch={"email": "off"}))
    assert seen.changes == []
    assert ("taken_back", "email") in _told(seen.findings)


# --- what it does not do ---------------------------------------------------------------------


def test_nothing_is_written_and_nothing_outside_is_asked(
    lists: Lists, monkeypatch: pytest.MonkeyPatch
) -> None:
    lists.dry()
    files = {path: path.read_bytes() for path in lists.root.iterdir()}
    with lists.app() as app:
        app.systems = dict.fromkeys(app.systems, None)  # type: ignore[assignment]
        before = _everything(app)
        monkeypatch.setattr(app.store, "transaction", lambda: pytest.fail("it writes"))
        seen = preview(app, app.settings.model_copy(update={"rules": Rules(default="off")}))
        assert seen.differing == 1
        assert _everything(app) == before
    assert {path: path.read_bytes() for path in lists.root.iterdir()} == files


def test_without_anything_read_there_is_nothing_to_compare(lists: Lists) -> None:
    with lists.app() as app, pytest.raises(UserError, match=r"error\.nothing_read"):
        preview(app, Settings())


# --- the command -----------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.chdir(tmp_path)
    Path("lists").mkdir()
    Path("lists/kontakter.csv").write_text(f"{HEADER}\n{MESSY}\n{CLEAN}\n", "utf-8")
    Path("new.toml").write_text("[rules]\nswitch = { email = 'off' }\n", "utf-8")
    return Path("lists")


def _call(*args: str | Path) -> Result:
    return CliRunner().invoke(program, [str(arg) for arg in args], prog_name="sync")


@pytest.mark.parametrize("lang", ["da", "en"])
def test_a_person_reads_what_would_change(folder: Path, lang: str) -> None:
    _call("--dry-run", folder)
    told = _call("preview", "new.toml", "--lang", lang)
    assert told.exit_code == Exit.CHANGES, told.output
    assert "rules.switch.email" in told.stdout
    assert "»BO@gmial.com«" in told.stdout
    assert "email_typo" in told.stdout
    assert "preview." not in told.stdout
    assert _call("preview", "new.toml", "--settings", "new.toml").exit_code == Exit.OK


def test_a_program_reads_the_same_as_json(folder: Path) -> None:
    _call("--dry-run", folder)
    told = json.loads(_call("preview", "new.toml", "--json").stdout)
    assert [(one["name"], one["records"]["disappears"]) for one in told["changes"]] == [
        ("email", 1)
    ]
    assert told["settings"] == ["rules.switch.email"]


def test_mistakes_in_the_new_file_are_told_with_their_line(folder: Path) -> None:
    _call("--dry-run", folder)
    Path("new.toml").write_text("[rules]\nswitch = { emial = 'off' }\n", "utf-8")
    refused = _call("preview", "new.toml", "--lang", "en")
    assert refused.exit_code == Exit.USER
    assert "new.toml:2" in refused.stderr
    assert "did you mean email?" in refused.stderr


def test_before_the_first_run_the_command_says_what_comes_first(folder: Path) -> None:
    refused = _call("preview", "new.toml", folder, "--lang", "en")
    assert refused.exit_code == Exit.USER
    assert "sync --dry-run FOLDER" in refused.stderr
    assert not list(Path("state").rglob("*.sqlite"))
