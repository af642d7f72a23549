"""`sync suppression …`: what ends a block and what does not, keys, erasure, audit, export, import."""

import contextlib
import json
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, get_args

import pytest
from click.testing import CliRunner, Result

from rules.errors import Exit
from rules.spans import Span
from rules.suppression import DOCUMENTED, Channel, Evidence
from sync.cli import program
from sync.commands import lifting
from sync.suppression import lifts
from sync.web.page import people
from sync.web.shapes import ProposeLift

ROOT = Path(__file__).parents[2]
PHONE, OTHER, MAIL = "68 12 34 56", "68 12 34 57", "peter@opdigtet-0001.dk"
CHECKER = ROOT / "deploy" / "check_export.py"


@pytest.fixture(autouse=True)
def a_place_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RINGREN_KEY_RING", raising=False)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "xdg-state"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "xdg-config"))
    monkeypatch.setenv("LANG", "da_DK.UTF-8")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "lists").mkdir()


def sync(*args: str, code: int = Exit.OK) -> Result:
    found = CliRunner().invoke(program, ["--path", "lists", *args], prog_name="sync")
    assert found.exit_code == code, found.output
    return found


def do(*args: str, code: int = Exit.OK) -> str:
    return sync("suppression", *args, code=code).output


def told(*args: str) -> Any:
    return json.loads(sync("suppression", *args, "--json").stdout)


def is_blocked(phone: str = PHONE, channel: str = "call") -> bool:
    channels = told("check", "--phone", phone)["channels"]
    return bool({one["channel"]: one["blocked"] for one in channels}[channel])


def block(phone: str = PHONE, at: str = "2026-01-05 10:00") -> None:
    do("add", "--phone", phone, "--at", at, "--by", "Anna")


def propose(*more: str, at: str = "2026-02-01 09:00", code: int = Exit.OK, by: str = "Anna") -> str:
    return do(
        "lift", "--phone", PHONE, "--channel", "call", "--at", at, "--proof", "form",
        "--source", "formular 4711", "--by", by, *more, code=code,
    )  # fmt: skip


# --- lifts -----------------------------------------------------------------------------------


def test_a_lift_takes_a_second_person_and_frees_its_channel_only() -> None:
    block()
    assert "sync suppression approve 1" in propose()
    assert is_blocked(), "a proposal lifts nothing"
    assert "kan ikke også godkende" in do("approve", "1", "--by", " anna ", code=Exit.USER)
    assert is_blocked()
    approved = do("approve", "1", "--by", "Bent")
    assert "Foreslået af Anna, godkendt af Bent" in approved
    assert "fortsat spærret for mail og sms" in approved
    assert not is_blocked()
    assert is_blocked(channel="sms")
    assert "er afgjort" in do("approve", "1", "--by", "Carl", code=Exit.USER)


def test_one_person_is_enough_where_the_settings_say_so_but_never_for_a_correction() -> None:
    Path("ringren.toml").write_text("[suppression]\nlifts_by_one = true\n", "utf-8")
    block()
    propose("--settings", "ringren.toml")
    do("approve", "1", "--by", "Anna", "--settings", "ringren.toml")
    assert not is_blocked()
    do("correct", "1", "--why", "tastefejl", "--by", "Anna", "--settings", "ringren.toml")
    do("approve", "2", "--by", "Anna", "--settings", "ringren.toml", code=Exit.USER)


@pytest.mark.parametrize(
    ("at", "said"),
    [
        pytest.param("2026-01-05 09:00", "ikke sikkert nyere", id="before"),
        pytest.param("2026-01-05 10:03", "ikke sikkert nyere", id="as good as at the same time"),
        pytest.param("2026-01-05", "ikke sikkert nyere", id="some time that day"),
        pytest.param("2999-01-05", "ikke kommet endnu", id="to come"),
    ],
)
def test_a_consent_that_is_not_surely_newer_lifts_nothing(at: str, said: str) -> None:
    block()
    assert said in propose(at=at, code=Exit.USER)
    assert told("requests") == []


@pytest.mark.parametrize("evidence", sorted(set(Evidence) - DOCUMENTED))
def test_a_consent_that_nobody_could_be_shown_is_not_even_proposed(evidence: Evidence) -> None:
    """Approved by two people it would lift nothing, and nobody would be told."""
    span = Span(datetime(2026, 2, 1, tzinfo=UTC), datetime(2026, 2, 2, tzinfo=UTC))
    with pytest.raises(ValueError, match="proves no consent"):
        lifts.Consent(Channel.CALL, span, evidence, "brev af i dag")


def test_command_page_and_interface_offer_the_proofs_that_lift_and_no_others() -> None:
    offered = get_args(ProposeLift.model_fields["proof"].annotation)
    assert set(lifting.PROOFS) == set(people.PROOFS) == set(offered) == DOCUMENTED


def test_a_no_that_came_between_proposal_and_approval_stands() -> None:
    block()
    propose()
    block(at="2026-03-01 10:00")
    assert "fortsat spærret for opkald" in do("approve", "1", "--by", "Bent")
    assert is_blocked()


def test_somebody_elses_consent_lifts_nothing() -> None:
    do("add", "--email", "@opdigtet-0001.dk", "--at", "2026-01-05 10:00")
    lift = ("lift", "--email", MAIL, "--channel", "email", "--at", "2026-02-01 09:00", "--proof",
            "mail", "--source", "mail 1", "--by", "Anna")  # fmt: skip
    assert "hele virksomheden eller domænet" in do(*lift, code=Exit.USER)
    assert told("check", "--email", MAIL)["blocked"]


def test_a_refused_lift_lifts_nothing_and_is_told() -> None:
    block()
    propose()
    do("refuse", "1", "--why", "forkert person", "--by", "Bent")
    assert is_blocked()
    assert told("requests") == []
    assert "ophævelse afvist, Bent" in do("why", PHONE)


def test_no_personal_number_is_kept_of_what_people_say_about_a_lift_or_a_correction() -> None:
    do("add", "--phone", PHONE, "--at", "2026-01-05 10:00", "--evidence", "ringede, 010190-1234")
    do("lift", "--phone", PHONE, "--channel", "call", "--at", "2026-02-01 09:00", "--proof", "mail",
       "--source", "mail fra 010190-1234", "--evidence", "skrev 010190-1234", "--by", "Anna")  # fmt: skip
    do("correct", "1", "--why", "forvekslet med 010190-1234", "--by", "Anna")
    do("approve", "1", "--by", "Bent")
    do("refuse", "2", "--why", "nej, 010190-1234 er rigtig", "--by", "Bent")
    file = next(Path().rglob("ringren.sqlite"))
    held = b"".join(one.read_bytes() for one in file.parent.glob("ringren.sqlite*"))
    assert b"010190-1234" not in held
    assert b"0101901234" not in held


# --- corrections -----------------------------------------------------------------------------


def test_a_correction_takes_two_people_and_takes_back_what_followed() -> None:
    block()
    do("correct", "1", "--why", "tastefejl", "--by", "Anna")
    assert is_blocked()
    do("approve", "1", "--by", "ANNA", code=Exit.USER)
    assert is_blocked()
    do("approve", "1", "--by", "Bent")
    assert not is_blocked()
    assert not is_blocked(channel="sms")


def test_a_correction_can_be_corrected() -> None:
    block()
    for number, entry in ((1, 1), (2, 2)):
        do("correct", str(entry), "--why", "fejl", "--by", "Anna")
        do("approve", str(number), "--by", "Bent")
    assert is_blocked()


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["correct", "7", "--why", "fejl"], "intet nr. 7"),
        (["correct", "1", "--why", " "], "mangler en begrundelse"),
        (["correct", "1", "--why", "fejl", "--by", "."], "mangler et navn"),
        (["approve", "7"], "intet forslag nr. 7"),
        (["refuse", "7", "--why", "x"], "intet forslag nr. 7"),
        (["audit", "--noted", "hvad"], "ikke et punkt"),
        (["keys", "drop", "k9"], "ingen af det navn"),
        (["import", "findes-ikke.csv"], "er ikke en fil"),
    ],
)
def test_mistakes_are_said_and_change_nothing(args: list[str], said: str) -> None:
    block()
    assert said in do(*args, code=Exit.USER)
    assert is_blocked()
    assert told("status")["entries"] == 1


# --- the story -------------------------------------------------------------------------------


def test_why_tells_who_proposed_and_who_approved_in_both_languages() -> None:
    block()
    propose()
    assert "forslag 1: ophæv nr. 1 med opkald" in do("why", PHONE)
    do("approve", "1", "--by", "Bent")
    story = do("why", PHONE)
    for part in ("ophævelse foreslået, Anna", "ophævelse godkendt, Bent", "formular 4711",
                 "SPÆRRET for mail og sms"):  # fmt: skip
        assert part in story
    english = do("why", PHONE, "--lang", "en")
    assert "lift approved, Bent" in english
    assert "logged in as" in english, "the name that was given is not the login"


def test_requests_are_masked_unless_asked_for() -> None:
    block()
    propose("--evidence", "kanarie")
    masked = do("requests") + json.dumps(told("requests"))
    for secret in ("kanarie", "68 12 34 56", "6812345", "4711"):
        assert secret not in masked
    assert "68 12 34 56" in do("requests", "--clear")


# --- keys ------------------------------------------------------------------------------------


def test_after_a_rotation_everybody_is_found_and_the_old_key_may_go() -> None:
    block()
    propose()
    do("approve", "1", "--by", "Bent")
    first = told("keys", "list")[0]["id"]
    assert "2 indførsler" in do("keys", "rotate")
    old, new = told("keys", "list")
    assert (old["id"], old["needed"], new["newest"], new["missing"]) == (first, 0, True, 0)
    assert not is_blocked()
    assert is_blocked(channel="sms")
    block(OTHER)
    do("keys", "drop", first)
    assert [one["id"] for one in told("keys", "list")] == [new["id"]]
    assert is_blocked(OTHER)
    assert is_blocked(channel="sms")
    assert not is_blocked(), "the lift is known by the new key as well"
    assert told("audit")["breaks"] == []


def test_a_key_that_an_erased_entry_needs_stays() -> None:
    block()
    do("erase", "--phone", PHONE, "--yes")
    do("keys", "rotate")
    (old, _) = told("keys", "list")
    assert old["needed"] == 1
    assert "skal blive" in do("keys", "drop", old["id"], code=Exit.USER)
    assert is_blocked()


def test_what_was_erased_after_a_rotation_is_known_by_the_new_key() -> None:
    block()
    do("keys", "rotate")
    do("erase", "--phone", PHONE, "--yes")
    do("keys", "drop", told("keys", "list")[0]["id"])
    assert is_blocked()


# --- erasure ---------------------------------------------------------------------------------


def test_erasure_takes_the_person_and_keeps_the_block() -> None:
    Path("lists/kontakter.csv").write_text(
        f"Id;Navn;Tlf.;Mail;Nej tak\n1;Kanarie Fuglesen;{PHONE};{MAIL};ja\n", "utf-8"
    )
    sync("run", "--dry-run", code=Exit.CHANGES)
    do("add", "--phone", PHONE, "--evidence", "kanarie sagde nej", "--by", "Anna")
    left = do("erase", "--phone", PHONE, "--yes")
    assert "files/contact/" in left, "it still stands in the list"
    Path("lists/kontakter.csv").unlink()
    story = do("why", PHONE)
    assert "SPÆRRET" in story
    assert "kanarie" not in story.lower()
    assert is_blocked()
    assert "data slettet" in story
    assert told("audit")["breaks"] == []


def test_an_open_request_goes_with_the_person() -> None:
    block()
    propose()
    do("erase", "--phone", PHONE, "--yes")
    assert told("requests") == []
    do("approve", "1", "--by", "Bent", code=Exit.USER)
    assert is_blocked()


# --- audit, export ---------------------------------------------------------------------------


def a_history() -> None:
    block()
    do("add", "--email", MAIL, "--phone", OTHER, "--channel", "email")
    propose()
    do("approve", "1", "--by", "Bent")
    do("correct", "2", "--why", "fejl", "--by", "Anna")
    do("approve", "2", "--by", "Bent")
    block("68 12 34 58")
    do("keys", "rotate")
    block("68 12 34 59")


def test_the_audit_says_where_a_hand_was() -> None:
    a_history()
    head = told("audit")["head"]
    assert told("audit", "--noted", head)["breaks"] == []
    block("68 12 34 60")
    assert told("audit", "--noted", head)["breaks"] == []
    hand("DROP TRIGGER ledger_no_update", "UPDATE ledger SET channel = 'sms' WHERE seq = 1")
    broken = do("audit", code=Exit.FAILED)
    assert "IKKE hel" in broken
    assert "listen, nr. 1: er ændret" in broken


def test_what_was_cut_off_the_end_shows_against_a_noted_head() -> None:
    a_history()
    head = told("audit")["head"]
    number = head.partition(":")[0]
    hand(
        "DROP TRIGGER ledger_no_delete",
        "DROP TRIGGER ledger_keys_no_delete", "DROP TRIGGER ledger_payload_no_delete",
        *(f"DELETE FROM {table} WHERE seq = {number}"  # noqa: S608
          for table in ("ledger_keys", "ledger_payload", "ledger")),
    )  # fmt: skip
    assert told("audit")["breaks"] == []
    assert "skåret af" in do("audit", "--noted", head, code=Exit.FAILED)


def hand(*statements: str) -> None:
    """Somebody at the database itself."""
    with contextlib.closing(sqlite3.connect(next(Path("xdg-state").rglob("ringren.sqlite")))) as db:
        for one in statements:
            db.execute(one)
        db.commit()


def checked(*args: str, code: int = 0) -> str:
    done = subprocess.run(
        [sys.executable, "-I", str(CHECKER), *args], capture_output=True, text=True, check=False
    )
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize("clear", [[], ["--clear"]])
def test_the_list_can_be_rebuilt_without_this_program(clear: list[str]) -> None:
    a_history()
    do("export", "--out", "list.jsonl", *clear)
    head = told("audit")["head"]
    assert "as said" in checked("list.jsonl", head)
    text = Path("list.jsonl").read_text("utf-8")
    assert ("peter@" in text) is bool(clear)
    assert Path("list.jsonl").stat().st_mode & 0o077 == 0


def cut_short(lines: list[str]) -> list[str]:
    return lines[:-1]


def one_entry_less(lines: list[str]) -> list[str]:
    return [line for line in lines if not line.startswith('{"entry":[3,')]


def other_channel(lines: list[str]) -> list[str]:
    return [line.replace('"block","all"', '"block","sms"') for line in lines]


def one_claim_less(lines: list[str]) -> list[str]:
    claim = next(line for line in lines if line.startswith('{"key"'))
    return [line for line in lines if line != claim]


@pytest.mark.parametrize("forge", [cut_short, one_entry_less, other_channel, one_claim_less])
def test_the_checker_sees_a_forged_export(forge: Callable[[list[str]], list[str]]) -> None:
    a_history()
    do("export", "--out", "list.jsonl")
    lines = Path("list.jsonl").read_text("utf-8").splitlines()
    Path("forged.jsonl").write_text("\n".join(forge(lines)) + "\n", "utf-8")
    checked("forged.jsonl", code=1)
    checked("list.jsonl", f"3:{'0' * 64}", code=1)


def test_the_checker_is_short_enough_to_be_read() -> None:
    assert len(CHECKER.read_text("utf-8").splitlines()) <= 150


# --- import ----------------------------------------------------------------------------------


def test_bad_rows_of_an_imported_file_are_told_and_the_rest_counts() -> None:
    Path("nej.csv").write_text(
        f"Telefon;E-mail;Kanal\n{PHONE};;\nhemmeligt;;\n;{MAIL};mail\n", "utf-8"
    )
    found = told("import", "nej.csv", "--by", "Anna")
    assert (found["rows"], found["new"], found["unusable"]) == (3, 3, 1)
    assert [(one["row"], one["code"]) for one in found["troubles"]] == [(3, "opt_out_without_key")]
    assert is_blocked()
    assert told("check", "--email", MAIL)["blocked"]
    again = told("import", "nej.csv", "--by", "Anna")
    assert (again["new"], again["known"]) == (0, 3)


def test_a_file_with_another_name_and_a_workbook_are_taken_as_well(tmp_path: Path) -> None:
    from openpyxl import Workbook

    book = Workbook()
    sheet = book.active
    assert sheet is not None
    for row in (["Navn", "Mobil"], ["Peter Opdigtet", PHONE], ["Anna Opdigtet", OTHER]):
        sheet.append(row)
    book.save("kunder.xlsx")
    assert told("import", "kunder.xlsx")["new"] == 2
    assert is_blocked()
    assert is_blocked(OTHER)


def test_status_says_where_the_list_stands() -> None:
    a_history()
    propose_other = ("correct", "1", "--why", "fejl", "--by", "Anna")
    do(*propose_other)
    status = told("status")
    assert (status["entries"], status["waiting"], len(status["keys"])) == (6, 1, 2)
    assert status["by_type"] == {"block": 4, "correction": 1, "lift": 1}
    assert "1 forslag venter" in do("status")
    assert "1 request waits" in do("status", "--lang", "en")
