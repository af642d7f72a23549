"""`sync list check LIST`: a list of a connected system, with the verdicts and the release of a file."""

from __future__ import annotations

import csv
from datetime import UTC, datetime
from pathlib import Path

import pytest
from promises.lists import Lists

from rules.errors import RunStopped, UserError
from rules.records import Kind
from rules.suppression import Channel
from state.tables import verifications
from sync.app import App
from sync.calling.releasing import Washed, Wish, wash
from sync.settings.model import FileSettings
from sync.suppression import desk

COMPANIES = "Id;Firma;CVR;Reklamebeskyttet;Data opdateret"
PEOPLE = "Id;Navn;Tlf.;Mail;Virksomheds id;Behandlingsgrundlag;Interesseafvejning;Ringeliste"
MEMBERS = "Medlem id;Kampagne;Kontakt id"
GOOD = "Legitim interesse;LIA-1"


class Office(Lists):
    """Companies, people, and who is on which campaign."""

    def begin(self) -> None:
        self.named = {"medlemmer.csv": FileSettings(kind=Kind.MEMBER)}
        self.put(
            "virksomheder.csv", COMPANIES,
            "10;Opdigtet A/S;90000003;nej;01-11-2026", "11;Fredet A/S;90000011;ja;01-11-2026",
        )  # fmt: skip
        self.put(
            "kontakter.csv", PEOPLE,
            f"1;=HYPERLINK(1) Opdigtet;68 00 00 01;a@opdigtet-0001.dk;10;{GOOD};",
            f"2;Bo Opdigtet;68 00 00 02;b@opdigtet-0001.dk;10;{GOOD};Nord",
            f"3;Carl Opdigtet;68 00 00 03;c@opdigtet-0002.dk;11;{GOOD};Nord",
            "4;Dorte Opdigtet;68 00 00 04;d@opdigtet-0001.dk;10;;",
            f"5;Eva Opdigtet;hemmeligt;e@opdigtet-0001.dk;10;{GOOD};",
        )  # fmt: skip
        self.put(
            "medlemmer.csv", MEMBERS,
            *(f"{n};Efterår 2026;{n}" for n in range(1, 6)), "6;Efterår 2026;1", "7;Efterår 2026;99",
            "8;Forår;1",
        )  # fmt: skip
        self.run()

    def check(self, name: str, wish: Wish | None = None) -> Washed:
        with self.app() as app:
            return wash(app, Path(name), wish or Wish())

    def no(self, phone: str) -> None:
        with self.app() as app:
            keys = desk.keys([("phone", phone)], "DK")
            said = desk.statement(
                keys, Channel.ALL, now=app.clock(), at=None, evidence="", by="Rosa Reol"
            )
            desk.record(app, said)


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Office:
    monkeypatch.chdir(tmp_path)
    here = Office(tmp_path, now=datetime(2026, 11, 24, 9, 0, tzinfo=UTC))
    here.begin()
    return here


def verified(app: App) -> None:
    row = {"system": "files", "at": app.clock(), "verdict": "green", "counts": {}}
    with app.store.transaction() as tx:
        tx.execute(verifications.insert().values(row))


def test_each_member_of_a_campaign_is_judged_once_with_what_the_company_says(
    office: Office,
) -> None:
    office.no("68 00 00 02")
    found = office.check("Efterår 2026", Wish(rows=Path("why.csv")))
    assert (found.source, found.rows, found.callable) == ("Efterår 2026", 6, 1)
    with Path("why.csv").open(encoding="utf-8", newline="") as file:
        reasons = {row["row"].rpartition("#")[2]: row["reason"] for row in csv.DictReader(file)}
    assert reasons == {
        "1": "", "2": "opted_out", "3": "protected", "4": "basis_missing", "5": "no_number",
        "6": "unreadable",
    }  # fmt: skip


def test_the_list_on_the_persons_record_and_a_whole_list_are_lists_too(office: Office) -> None:
    assert office.check("Nord").rows == 2
    assert office.check("kontakter.csv").rows == 5
    with pytest.raises(UserError, match=r"release\.no_list"):
        office.check("Syd")
    with pytest.raises(UserError, match=r"error\.no_such_system"):
        office.check("Nord", Wish(system="salesforce"))


def test_it_is_released_as_a_file_is_and_under_its_own_name(office: Office) -> None:
    wish = Wish(out=Path("ren.csv"))
    with pytest.raises(RunStopped, match=r"release\.not_verified"):
        office.check("Efterår 2026", wish)
    assert not Path("ren.csv").exists()
    with office.app() as app:
        verified(app)
    found = office.check("Efterår 2026", wish)
    assert found.release is not None
    rows = Path("ren.csv").read_text("utf-8-sig").splitlines()
    assert [row.partition(";")[0].rpartition("#")[2] for row in rows] == ["Id", "1", "2"]
    assert "'=HYPERLINK(1) Opdigtet" in rows[1], "nothing that a spreadsheet would reckon with"
    assert ";68 00 00 01" in rows[1] or ";+4568000001" in rows[1]
