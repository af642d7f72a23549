"""`sync list check`: who may be called, why not, and what is let go and what is not."""

import csv
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from click.testing import CliRunner, Result
from openpyxl import Workbook, load_workbook

from rules.errors import Exit
from rules.keys import Key, KeyKind
from state import releases
from state.keys import parse
from state.store import Store
from state.tables import release_keys, verifications
from state.tables import releases as table
from sync.cli import program

HEADER = "Firma;Navn;Tlf.;Mail;Reklamebeskyttet;Behandlingsgrundlag;Interesseafvejning\r\n"
GOOD = "nej;Legitim interesse;LIA-1"
ROWS = (
    f"Opdigtet A/S;Peter Opdigtet;68 10 00 01;peter@opdigtet-0001.dk;{GOOD}",
    f"Opdigtet A/S;Anna Opdigtet;68 10 00 02;anna@opdigtet-0001.dk;{GOOD}",
    "Fredet A/S;Bo Opdigtet;68 10 00 03;bo@opdigtet-0002.dk;ja;Legitim interesse;LIA-1",
    "Ukendt A/S;Ib Opdigtet;68 10 00 04;ib@opdigtet-0003.dk;;Legitim interesse;LIA-1",
    f"Opdigtet A/S;Uden Nummer;hemmeligt;uden@opdigtet-0001.dk;{GOOD}",
    ";Åse Forbruger;68 10 00 05;aase@opdigtet-0004.dk;;;",
    "",
    f'"Citeret ""A/S""";Carl Opdigtet;"68 10 00 06";carl@opdigtet-0005.dk;{GOOD}',
)
CODES = ["", "opted_out", "protected", "protection_unknown", "no_number", "consumer_call", ""]


@pytest.fixture(autouse=True)
def a_place_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RINGREN_KEY_RING", raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "xdg-config"))
    monkeypatch.setenv("LANG", "da_DK.UTF-8")
    monkeypatch.chdir(tmp_path)
    text = HEADER + "".join(f"{row}\r\n" for row in ROWS)
    Path("ring.csv").write_bytes(text.encode("cp1252"))


def sync(*args: str, code: int = Exit.OK) -> Result:
    found = CliRunner().invoke(program, ["--state", "state", *args], prog_name="sync")
    assert found.exit_code == code, found.output
    return found


def check(*args: str, code: int = Exit.OK) -> Any:
    out = sync("list", "check", *args, "--json", code=code).stdout
    return json.loads(out) if out else None


def no(phone: str) -> None:
    sync("suppression", "add", "--phone", phone)


def opened() -> Store:
    return Store(f"sqlite:///{next(Path('state').rglob('ringren.sqlite'))}")


def test_each_row_has_its_answer_and_its_reason() -> None:
    no("68100002")
    found = check("ring.csv", "--rows", "why.csv")
    assert (found["rows"], found["callable"], found["release"]) == (7, 2, None)
    with Path("why.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [one["reason"] for one in rows] == CODES
    assert [one["row"] for one in rows] == ["2", "3", "4", "5", "6", "7", "9"]
    assert not Path("ring.ren.csv").exists()


def test_the_reasons_are_told_with_their_paragraphs_in_both_languages() -> None:
    no("68100002")
    danish = sync("list", "check", "ring.csv").output
    for part in ("2 af 7 rækker", "har sagt nej tak (GDPR art. 21", "reklamebeskyttet i CVR (CVR-loven § 19)",
                 "forbrugeraftaleloven § 4", "Intet er givet fri"):  # fmt: skip
        assert part in danish
    english = sync("list", "check", "ring.csv", "--lang", "en").output
    assert "Consumer Contracts Act § 4" in english
    assert "0002" not in danish, "rows are named by their number, not by who stands there"


def test_the_clean_list_has_the_kept_rows_byte_for_byte_and_a_release() -> None:
    no("68100002")
    found = check("ring.csv", "--out", "ren.csv")
    lines = Path("ring.csv").read_bytes().splitlines(keepends=True)
    assert Path("ren.csv").read_bytes() == lines[0] + lines[1] + lines[8]
    made, expires = (datetime.fromisoformat(found[name]) for name in ("made_at", "expires_at"))
    assert timedelta(0) <= expires - made - timedelta(hours=4) < timedelta(minutes=1)
    assert found["release"].startswith("L-")


def test_a_release_remembers_who_stood_on_it_and_nothing_in_clear() -> None:
    no("68100002")
    found = check("ring.csv", "--out", "ren.csv", "--name", "Ringeliste 7")
    ring = parse(next(Path("state").rglob("keys.json")).read_bytes(), "keys")
    store = opened()
    later = datetime.now(UTC) + timedelta(hours=1)
    with store.reading() as tx:
        for number, there in (("+4568100001", True), ("+4568100002", False)):
            digests = [one.digest for one in ring.hashed(Key(KeyKind.PHONE, number))]
            last = releases.newest_with(tx, digests, later)
            assert (last is not None) is there
            if last:
                assert (last.release, last.written) == (found["release"], "Ringeliste 7")
        heads = b"".join(tx.execute(sa.select(release_keys.c.heads)).scalars())
        assert len(heads) == 8 * 4, "a number and an address each"
    store.close()


def test_a_workbook_comes_out_as_a_workbook() -> None:
    no("68100002")
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "Ringeliste"
    for row in (["Firma", "Navn", "Tlf.", "Reklamebeskyttet", "Behandlingsgrundlag", "Interesseafvejning"],
                ["Opdigtet A/S", "Peter Opdigtet", 68100001, "nej", "Legitim interesse", "LIA-1"],
                ["Opdigtet A/S", "Anna Opdigtet", 68100002, "nej", "Legitim interesse", "LIA-1"],
                ["Opdigtet A/S", "Ida Opdigtet", 68100007, "nej", "Legitim interesse", "LIA-1"]):  # fmt: skip
        sheet.append(row)
    book.create_sheet("Andre").append(["68100002"])
    book.save("ring.xlsx")
    found = check("ring.xlsx", "--out", "ren.xlsx")
    assert (found["rows"], found["callable"]) == (3, 2)
    clean = load_workbook("ren.xlsx")
    assert clean.sheetnames == ["Ringeliste"], "nobody has judged who stands on other sheets"
    rows = list(clean["Ringeliste"].iter_rows(values_only=True))
    assert [row[2] for row in rows] == ["Tlf.", 68100001, 68100007]


def test_mail_is_another_question_than_a_call() -> None:
    found = check("ring.csv", "--channel", "email")
    assert found["reasons"] == {"no_consent": 6, "protected": 1}


def test_settings_let_through_what_they_name() -> None:
    Path("s.toml").write_text("[permission]\nunknown_protection = true\n", "utf-8")
    strict, loose = check("ring.csv"), check("ring.csv", "--settings", "s.toml")
    assert (strict["callable"], loose["callable"]) == (3, 4)
    assert "protection_unknown" not in loose["reasons"]


# --- nothing is let go while the list is not verified ------------------------------------------


def verified(verdict: str = "green", ago: timedelta = timedelta(0)) -> None:
    store = opened()
    with store.transaction() as tx:
        tx.execute(
            sa.insert(verifications).values(
                system="files", at=datetime.now(UTC) - ago, verdict=verdict, counts={}
            )
        )
    store.close()


@pytest.fixture
def folder() -> list[str]:
    Path("lists").mkdir()
    Path("lists/kontakter.csv").write_text(
        "Id;Navn;Tlf.;Mail;Nej tak\n1;Kim Opdigtet;68 20 00 01;kim@opdigtet-0009.dk;ja\n", "utf-8"
    )
    return ["--path", "lists"]


def release(*args: str, code: int = Exit.OK) -> Result:
    return sync("list", "check", "ring.csv", "--out", "ren.csv", *args, code=code)


def test_nothing_is_let_go_before_every_system_was_read_and_compared(folder: list[str]) -> None:
    assert "never_read" in release(*folder, code=Exit.GUARD).output
    assert not Path("ren.csv").exists()
    sync(*folder, "run")
    assert "never_compared" in release(*folder, code=Exit.GUARD).output
    for verdict in ("stopped", "open"):
        verified(verdict)
        assert "not_agreeing" in release(*folder, code=Exit.GUARD).output
    verified("green", timedelta(hours=49))
    assert "compared_long_ago" in release(*folder, code=Exit.GUARD).output
    verified()
    assert "Givet fri" in release(*folder).output
    told = sync("list", "check", "ring.csv", *folder).output
    assert "aldrig" not in told


def test_an_opt_out_that_was_heard_in_a_system_takes_its_person_off_the_list(
    folder: list[str],
) -> None:
    sync(*folder, "run")
    with Path("ring.csv").open("a", encoding="cp1252") as file:
        file.write(f"Opdigtet A/S;Kim;68200001;andet@opdigtet-0001.dk;{GOOD}\r\n")
    assert check("ring.csv", *folder)["reasons"]["opted_out"] == 1


def test_nothing_is_let_go_when_the_list_of_noes_was_changed_by_hand() -> None:
    import sqlite3

    no("68100002")
    no("68100001")
    store = opened()
    store.close()
    with sqlite3.connect(next(Path("state").rglob("ringren.sqlite"))) as db:
        db.execute("DROP TRIGGER ledger_no_update")
        db.execute("UPDATE ledger SET channel = 'sms' WHERE seq = 1")
    db.close()
    assert "broken" in release(code=Exit.GUARD).output
    assert not Path("ren.csv").exists()


def test_who_says_no_while_the_list_is_looked_at_is_not_let_go(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from sync.calling import releasing

    sift = releasing._Washing.sift

    def sift_and_hear(*args: Any) -> None:
        sift(*args)
        no("68100001")

    monkeypatch.setattr(releasing._Washing, "sift", sift_and_hear)
    release(code=Exit.GUARD)
    assert not Path("ren.csv").exists()
    store = opened()
    with store.reading() as tx:
        assert releases.listed(tx, 10) == []
        assert tx.execute(sa.select(sa.func.count()).select_from(table)).scalar_one() == 0
    store.close()


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["findes-ikke.csv"], "er ikke en fil"),
        (["tom.csv"], "ingen kolonne"),
    ],
)
def test_mistakes_are_said(args: list[str], said: str) -> None:
    Path("tom.csv").write_text("Farve;Antal\nrød;1\n", "utf-8")
    assert said in sync("list", "check", *args, code=Exit.USER).output
