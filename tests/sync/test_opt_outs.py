"""`sync suppression …`, and opt-outs through whole passes over files: nothing takes a block back."""

import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from rules.errors import Exit
from state.ledger import erase
from state.store import Store
from sync.cli import program

ROOT = Path(__file__).parents[2]
PHONE, MAIL = "20 12 34 56", "peter@opdigtet-0001.dk"
HEADER = "Id;Navn;Tlf.;Mail;Nej tak\n"


@pytest.fixture(autouse=True)
def a_place_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.upper().startswith("RINGREN_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "xdg-state"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "xdg-config"))
    monkeypatch.setenv("LANG", "da_DK.UTF-8")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "lists").mkdir()


def write(name: str, *rows: str, header: str = HEADER) -> None:
    Path("lists", name).write_text(header + "".join(f"{row}\n" for row in rows), "utf-8")


def call(*args: str | Path, code: int | None = Exit.OK) -> Result:
    found = CliRunner().invoke(program, ["--path", "lists", *map(str, args)], prog_name="sync")
    assert code is None or found.exit_code == code, found.output
    return found


def told(*args: str) -> Any:
    return json.loads(call("suppression", *args, "--json").stdout)


def is_blocked(*args: str) -> bool:
    return bool(told("check", *args)["blocked"])


def run(*args: str, code: int | None = None) -> Result:
    return call("run", *args, code=code)


# --- the commands ----------------------------------------------------------------------------


def test_what_was_added_is_blocked_and_the_rest_is_not() -> None:
    assert not is_blocked("--phone", PHONE)
    assert (
        "Noteret: +45 20 12 34 56" in call("suppression", "add", "--phone", "0045 20123456").output
    )
    assert is_blocked("--phone", PHONE)
    assert is_blocked("--phone", "+4520123456", "--email", MAIL)
    assert not is_blocked("--phone", "20 12 34 57")
    assert "var allerede spærret" in call("suppression", "add", "--phone", PHONE).output


def test_a_channel_is_a_channel() -> None:
    call("suppression", "add", "--email", MAIL, "--channel", "email")
    channels = {
        one["channel"]: one["blocked"] for one in told("check", "--email", MAIL)["channels"]
    }
    assert channels == {"call": False, "email": True, "sms": False}
    assert "SPÆRRET for mail" in call("suppression", "check", "--email", MAIL).output


def test_a_personal_identity_number_among_the_words_is_kept_nowhere() -> None:
    call("suppression", "add", "--phone", PHONE, "--evidence", "cpr 311299-7171")
    assert is_blocked("--phone", PHONE)
    for path in Path().rglob("*"):
        assert not path.is_file() or b"311299" not in path.read_bytes(), path


def test_a_company_is_blocked_by_its_number() -> None:
    call("suppression", "add", "--cvr", "DK 90 00 00 06")
    assert is_blocked("--cvr", "90000006")
    assert not is_blocked("--phone", "90000006"), "a phone number is another thing"


def test_the_date_is_believed() -> None:
    call("suppression", "add", "--phone", PHONE, "--at", "01-03-2020")
    assert is_blocked("--phone", PHONE, "--at", "2020-03-02")
    assert not is_blocked("--phone", PHONE, "--at", "2020-02-01")


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["add"], "mangler et nummer"),
        (["add", "--phone", "hemmeligt"], "hverken et telefonnummer"),
        (["add", "--phone", PHONE, "--at", "i går"], "ikke en dato"),
        (["add", "--phone", PHONE, "--at", "01-01-2999"], "ikke kommet endnu"),
        (["check"], "mangler et nummer"),
        (["why", "hvem ved"], "hverken et telefonnummer"),
    ],
)
def test_mistakes_are_said_and_nothing_is_recorded(args: list[str], said: str) -> None:
    assert said in call("suppression", *args, code=Exit.USER).output
    assert told("list") == []


def test_why_tells_the_story_from_the_first_word_to_the_last_record() -> None:
    write(
        "kontakter.csv", f"1;Peter Opdigtet;{PHONE};{MAIL};ja", f"2;Peter Opdigtet;30123456;{MAIL};"
    )
    run("--dry-run")
    call("suppression", "add", "--phone", PHONE, "--evidence", "ringede selv", "--by", "Anna")
    story = call("suppression", "why", "20123456").output
    for part in ("SPÆRRET", "hørte vi fra files", "Navn: Peter Opdigtet", "ringede selv", "Anna",
                 "files/contact/", "files: venter"):  # fmt: skip
        assert part in story
    assert "CVR" not in story, "nothing is known of a company of that number"
    followed = call("suppression", "why", "30 12 34 56").output
    assert "fulgte nr. 1 med til" in followed
    english = call("--lang", "en", "opt-out", "why", MAIL).output
    assert "is BLOCKED" in english


def test_why_knows_a_record() -> None:
    write("kontakter.csv", f"1;Peter Opdigtet;{PHONE};{MAIL};ja")
    run("--dry-run")
    (ref,) = told("why", PHONE)["records"]
    assert told("why", ref)["chapters"][0]["said"] == "opt_out = ja"


def test_the_list_shows_no_more_than_it_must() -> None:
    write("kontakter.csv", f"1;Kanarie Fuglesen;{PHONE};kanarie@opdigtet-0001.dk;ja")
    run("--dry-run")
    call("suppression", "add", "--phone", "30 12 34 56", "--evidence", "kanarie")
    for args in (["list"], ["list", "--json"]):
        shown = call("suppression", *args).output.lower()
        for secret in ("kanarie", "20123456", "20 12 34 56", "30123456", "30 12 34 56"):
            assert secret not in shown
    assert "30 12 34 56" in call("suppression", "list", "--clear").output
    assert len(told("list", "--limit", "1")) == 1


def test_an_erased_entry_is_told_without_what_was_erased() -> None:
    call("suppression", "add", "--phone", PHONE, "--evidence", "kanarie")
    store = Store(f"sqlite:///{next(Path('xdg-state').rglob('ringren.sqlite'))}")
    with store.transaction() as tx:
        assert erase(tx, [1], datetime.now(UTC)) == 1
    store.close()
    story = call("suppression", "why", PHONE).output
    assert "SPÆRRET" in story
    assert "spærringen består" in story
    assert "kanarie" not in story
    assert "(slettet)" in call("suppression", "list", "--clear").output


# --- through passes --------------------------------------------------------------------------


def test_a_dry_run_hears_opt_outs_too() -> None:
    write("kontakter.csv", f"1;Peter Opdigtet;{PHONE};{MAIL};ja")
    write("nejtak.csv", "40 12 34 56;sms", header="Telefon;Kanal\n")
    run("--dry-run")
    assert is_blocked("--phone", PHONE)
    assert is_blocked("--email", MAIL)
    assert [one["channel"] for one in told("check", "--phone", "40123456")["channels"]
            if one["blocked"]] == ["sms"]  # fmt: skip


@pytest.mark.parametrize(
    "then",
    [
        pytest.param([f"1;Peter Opdigtet;{PHONE};{MAIL};nej"], id="the flag says no"),
        pytest.param([f"1;Peter Opdigtet;{PHONE};{MAIL};"], id="the flag is empty"),
        pytest.param([f"9;Peter O.;{PHONE};;"], id="another row has the number"),
        pytest.param(["2;En Anden;40123456;anden@opdigtet-0001.dk;"], id="the row is gone"),
        pytest.param([f"1;Peter Opdigtet;50123456;{MAIL};"], id="another number"),
    ],
)
def test_nothing_that_happens_to_the_row_takes_the_block_back(then: list[str]) -> None:
    others = [f"{n};Person {n};5012{n:04};p{n}@opdigtet-0001.dk;" for n in range(100, 110)]
    write("kontakter.csv", f"1;Peter Opdigtet;{PHONE};{MAIL};ja", *others)
    run()
    write("kontakter.csv", *then, *others)
    run()
    run("--dry-run")
    assert is_blocked("--phone", PHONE)
    assert is_blocked("--email", MAIL)


def test_a_cleared_flag_is_reported() -> None:
    write("kontakter.csv", f"1;Peter Opdigtet;{PHONE};{MAIL};ja")
    run("--dry-run")
    write("kontakter.csv", f"1;Peter Opdigtet;{PHONE};{MAIL};nej")
    run("--dry-run")
    findings = json.loads(call("findings", "--json").stdout)
    assert "opt_out_cleared" in json.dumps(findings)


def test_a_column_that_is_only_now_understood_is_read() -> None:
    """The flag stood there all the time, under a heading that nobody knew."""
    write("kontakter.csv", f"1;Peter Opdigtet;{PHONE};{MAIL};ja", header="Id;Navn;Tlf.;Mail;Hmm\n")
    run("--dry-run")
    assert not is_blocked("--phone", PHONE)
    write("kontakter.csv", f"1;Peter Opdigtet;{PHONE};{MAIL};ja")
    run("--dry-run")
    assert is_blocked("--phone", PHONE)


def test_a_guard_that_stops_the_run_does_not_stop_the_block() -> None:
    rows = [f"{n};person {n};5012{n:04};P{n}@opdigtet-0001.dk;" for n in range(60)]
    write("kontakter.csv", *rows)
    run("--dry-run")
    write("kontakter.csv", *rows[:20], f"1000;Peter Opdigtet;{PHONE};{MAIL};ja")
    assert run().exit_code == Exit.GUARD, "two thirds of the list are gone"
    assert is_blocked("--phone", PHONE)


def test_undo_takes_back_changes_and_no_block() -> None:
    write("kontakter.csv", f"1;Peter Opdigtet;{PHONE};{MAIL};ja")
    before = Path("lists/kontakter.csv").read_bytes()
    run()
    assert Path("lists/kontakter.csv").read_bytes() != before
    number = max(one["run"] for one in json.loads(call("runs", "--json").stdout))
    call("undo", str(number), "--yes", code=None)
    assert Path("lists/kontakter.csv").read_bytes() == before
    assert is_blocked("--phone", PHONE)
    assert is_blocked("--email", MAIL)


def test_a_mass_of_opt_outs_is_taken_in_whole() -> None:
    write("nejtak.csv", *(f"5012{n:04}" for n in range(3000)), header="Telefon\n")
    run("--dry-run")
    assert is_blocked("--phone", "50122999")
    assert len(told("list", "--limit", "5000")) == 3000


def test_broken_rows_of_a_list_are_reported_and_the_rest_counts() -> None:
    write("nejtak.csv", "20123456;a@opdigtet-0001.dk", "hemmeligt;", "30123456;;;;;;;x", "40123456;",
          header="Telefon;E-mail\n")  # fmt: skip
    run("--dry-run")
    assert is_blocked("--phone", "20123456")
    assert is_blocked("--phone", "40123456")
    assert "opt_out_without_key" in json.dumps(json.loads(call("findings", "--json").stdout))


def test_recording_works_while_a_run_is_at_work() -> None:
    """Another process reads a long list, page by page; each opt-out comes in between two pages."""
    rows = (f"{n};person {n};{50000000 + n};P{n}@opdigtet-0001.dk;" for n in range(12_000))
    write("kontakter.csv", *rows)
    command = [sys.executable, "-m", "sync", "--path", "lists", "run", "--dry-run"]
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as busy:
        recorded = 0
        while busy.poll() is None and recorded < 5:
            call("suppression", "add", "--phone", f"4000000{recorded}")
            recorded += 1
        assert busy.poll() is None, "the run was over before the fifth opt-out"
        busy.communicate()
    assert busy.returncode == Exit.CHANGES
    assert all(is_blocked("--phone", f"4000000{n}") for n in range(5))


def test_without_its_keys_the_program_stops() -> None:
    call("suppression", "add", "--phone", PHONE)
    (keys,) = Path("xdg-state").rglob("keys.json")
    keys.unlink()
    for args in (["opt-out", "check", "--phone", PHONE], ["run", "--dry-run"]):
        assert "Nøglerne til listen over nej tak mangler" in call(*args, code=Exit.USER).output


def test_no_log_no_database_file_outside_the_side_table_shows_the_number(tmp_path: Path) -> None:
    call("suppression", "add", "--email", "kanarie@opdigtet-0001.dk", "--by", "Kanarie Fuglesen")
    dump = subprocess.run(
        [sys.executable, "-c", _DUMP, str(next(Path("xdg-state").rglob("ringren.sqlite")))],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert "kanarie" in dump.stdout.split("--- side table")[1].lower()
    assert "kanarie" not in dump.stdout.split("--- side table")[0].lower()


_DUMP = """
import sqlite3, sys
db = sqlite3.connect(sys.argv[1])
names = [n for (n,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
for name in names:
    if name != "ledger_payload":
        print(name, list(db.execute(f"SELECT * FROM {name}")))
print("--- side table", list(db.execute("SELECT * FROM ledger_payload")))
"""


def test_the_older_name_of_the_commands_is_understood() -> None:
    call("suppression", "add", "--phone", PHONE)
    assert "is BLOCKED" in call("--lang", "en", "suppression", "check", "--phone", PHONE).output
    assert "opt-out  " not in call("--help").output
