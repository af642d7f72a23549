"""`sync registers`: issues taken in with a plan, their age, and what they say of lists and calls."""

import json
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from click.testing import CliRunner, Result
from promises.lists import Lists

from rules.errors import Exit
from rules.suppression import Channel
from rules.violation_causes import Cause
from rules.violations import Verdict
from state import attempts, registers
from state.purge import Lifetimes, purge_all
from state.store import Store
from state.tables import acts, ledger, register_entries, register_issues
from state.violations import Violation
from sync.calling import violations
from sync.calling.registers import begun, take_away
from sync.cli import program
from sync.suppression import desk
from sync.texts import Texts

NOW = datetime.now(UTC)
ISSUE = f"{NOW.year}Q{(NOW.month + 2) // 3}"
FIRST = f"{NOW.year}-{3 * ((NOW.month + 2) // 3) - 2:02d}-01"
HEADER = "Navn;Adresse;Postnr\n"
ROBINSON = (
    "IDA SOFIE OPDIGTET;PRØVEVEJ 012, 02 TV;8000",
    "Bo Opdigtet;Prøvevej 14;8000",
    "Uden Adresse;;8000",
    "Kun;Prøvevej 16;8000",
)
LIST = "Firma;Navn;Tlf.;Adresse;Postnr;Reklamebeskyttet;Behandlingsgrundlag;Interesseafvejning\n"
ROWS = (
    "Prøve Tømrer v/Ida Opdigtet;Ida Opdigtet;68 10 00 01;Prøvevej 12;8000;nej;Legitim interesse;LIA-1",
    "Prøve Maler v/Eva Opdigtet;Eva Opdigtet;68 10 00 02;Prøvevej 18;8000;nej;Legitim interesse;LIA-1",
    "Prøve Smed v/Ib Opdigtet;Ib Opdigtet;68 10 00 03;;;nej;Legitim interesse;LIA-1",
    "Opdigtet A/S;Bo Opdigtet;68 10 00 04;Prøvevej 14;8000;nej;Legitim interesse;LIA-1",
)


@pytest.fixture(autouse=True)
def a_place_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RINGREN_KEY_RING", raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "xdg-config"))
    monkeypatch.setenv("LANG", "da_DK.UTF-8")
    monkeypatch.chdir(tmp_path)
    write("robinson.csv", HEADER, ROBINSON)
    write("ring.csv", LIST, ROWS)


def write(name: str, header: str, rows: tuple[str, ...]) -> None:
    Path(name).write_text(header + "".join(f"{row}\n" for row in rows), "utf-8")


def sync(*args: str, code: int = Exit.OK) -> Result:
    found = CliRunner().invoke(program, ["--state", "state", *args], prog_name="sync")
    assert found.exit_code == code, found.output
    return found


def told(*args: str, code: int = Exit.OK) -> Any:
    return json.loads(sync(*args, "--json", code=code).stdout)


def take(file: str = "robinson.csv", day: str = ISSUE, *more: str, code: int = Exit.OK) -> Any:
    return told("registers", "import", file, "--date", day, "--yes", *more, code=code)


def reasons() -> Mapping[str, int]:
    found: Mapping[str, int] = told("list", "check", "ring.csv")["reasons"]
    return found


def opened() -> Store:
    return Store(f"sqlite:///{next(Path('state').rglob('ringren.sqlite'))}")


def count(table: sa.Table) -> int:
    store = opened()
    with store.reading() as tx:
        number: int = tx.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()
    store.close()
    return number


# --- taking an issue in ----------------------------------------------------------------------


def test_without_a_yes_the_plan_is_shown_and_nothing_changes() -> None:
    shown = sync("registers", "import", "robinson.csv", "--date", ISSUE, code=Exit.USER).output
    for part in (
        "rækker 4, personer 2",
        "Den første udgave",
        "række 4",
        "række 5",
        "Intet er ændret",
    ):
        assert part in shown
    assert "OPDIGTET" not in shown, "rows are named by number"
    assert (count(register_issues), count(register_entries)) == (0, 0)
    assert told("registers")["registers"][0]["state"] == "missing"


def test_an_issue_is_taken_in_by_a_named_person_and_stands_in_the_chain_of_acts() -> None:
    found = take("robinson.csv", ISSUE, "--by", "Anna Opdigtet")
    assert (found["done"], found["entries"], found["added"], found["unusable"]) == (True, 2, 2, 2)
    [held] = told("registers")["registers"]
    assert (held["state"], held["dated"], held["entries"]) == ("current", FIRST, 2)
    assert held["by"] == "Anna Opdigtet"
    assert count(acts) == 1
    assert "Anna Opdigtet" in sync("registers").output
    assert count(ledger) == 0, "a register is no opt-out"


def test_a_new_issue_takes_the_place_of_the_old_one_and_the_plan_says_how() -> None:
    take(day="2020-01-01")
    write("next.csv", HEADER, ("Bo Opdigtet;Prøvevej 14;8000", "Eva Opdigtet;Prøvevej 18;8000"))
    found = take("next.csv")
    assert (found["replaces"], found["added"], found["removed"]) == ("2020-01-01", 1, 1)
    assert reasons() == {"robinson": 1, "robinson_unknown": 1}


def test_what_cannot_be_an_issue_changes_nothing() -> None:
    many = tuple(f"Ida Opdigtet;Prøvevej {number};8000" for number in range(1, 11))
    write("ti.csv", HEADER, many)
    take("ti.csv", "2020-01-01")
    write("tom.csv", HEADER, ("Ida;;",))
    write("halv.csv", HEADER, many[:4])
    write("uden.csv", "Tlf.;Navn\n", ("68 10 00 01;Ida Opdigtet",))
    for file, day, said in (
        ("robinson.csv", "2999-01-01", "fremtiden"),
        ("robinson.csv", "i går", "ingen dato"),
        ("robinson.csv", "2019-01-01", "ældre"),
        ("borte.csv", ISSUE, "ikke en fil"),
        ("tom.csv", ISSUE, "ingen, der kan findes"),
        ("halv.csv", ISSUE, "--smaller"),
        ("uden.csv", ISSUE, "kolonner"),
    ):
        assert said in refused(file, day), file
    assert (count(register_issues), count(register_entries)) == (1, 10)
    assert take("halv.csv", ISSUE, "--smaller")["removed"] == 6


def refused(file: str, day: str) -> str:
    found = sync("registers", "import", file, "--date", day, "--yes", code=Exit.USER)
    return found.output


def test_the_issue_before_is_in_force_again_when_the_newest_is_taken_away() -> None:
    take(day="2020-01-01")
    take()
    gone = told("registers", "drop", "robinson", "--yes")
    assert gone["dated"] == FIRST
    [held] = told("registers")["registers"]
    assert (held["state"], held["dated"]) == ("old", "2020-01-01")
    assert count(register_issues) == 1
    assert "hedder egen" in sync("registers", "drop", "egen", "--yes", code=Exit.USER).output


# --- what it says of a list ------------------------------------------------------------------


def test_nobody_is_free_without_the_register_unless_a_setting_says_so() -> None:
    assert reasons() == {"robinson_unknown": 3}
    Path("s.toml").write_text("[permission]\nsole_trader_unchecked = true\n", "utf-8")
    assert told("list", "check", "ring.csv", "--settings", "s.toml")["callable"] == 4


def test_sole_traders_are_held_against_it_and_people_at_companies_are_not() -> None:
    take()
    found = told("list", "check", "ring.csv", "--rows", "why.csv")
    assert found["reasons"] == {"robinson": 1, "robinson_unknown": 1}
    assert "ring,2,no,robinson\n" in Path("why.csv").read_text().replace("ring.csv,", "ring,")
    assert (
        "står på Robinsonlisten (markedsføringsloven § 10, stk. 4)"
        in sync("list", "check", "ring.csv").output
    )


def test_an_issue_of_an_earlier_quarter_frees_nobody_and_still_bars() -> None:
    take(day="2020-01-01")
    assert reasons() == {"robinson": 1, "robinson_old": 1, "robinson_unknown": 1}


def test_another_register_bars_too_and_frees_nobody() -> None:
    take("robinson.csv", ISSUE, "--name", "egen")
    assert reasons() == {"robinson": 1, "robinson_unknown": 2}


def test_a_register_is_still_asked_after_the_keys_were_changed() -> None:
    take()
    sync("suppression", "keys", "rotate")
    assert reasons() == {"robinson": 1, "robinson_unknown": 1}
    old = told("suppression", "keys", "list")[0]["id"]
    refused = sync("suppression", "keys", "drop", old, code=Exit.USER).output
    assert "robinson" in refused
    take()
    sync("suppression", "keys", "drop", old)
    assert reasons() == {"robinson": 1, "robinson_unknown": 1}


# --- what it says of calls -------------------------------------------------------------------

CONTACTS = (
    "Id;Firma;Navn;Tlf.;Adresse;Postnr;Samtykke opkald;Samtykke opkald dato;Samtykke opkald kilde"
)
PEOPLE = (
    "1;;Ida Opdigtet;68 00 00 01;Prøvevej 12;8000;;;",
    "2;;Eva Opdigtet;68 00 00 02;Prøvevej 18;8000;;;",
    "3;;Bo Opdigtet;68 00 00 03;Prøvevej 14;8000;ja;01-10-2026;formular 7",
    "4;Opdigtet A/S;Bo Opdigtet;68 00 00 04;Prøvevej 14;8000;;;",
    "5;;Bo Sofus Opdigtet;68 00 00 05;Prøvevej 14;8000;;;",
)
CALLS = "Opkalds-id;Tidspunkt;Agent;Ringet til;Kontakt-id;Udfald;Ringeliste;Retning;Varighed (sek.)"
OUT, IN = "Udgående", "Indgående"


class Floor(Lists):
    """A call centre whose people and Robinson list are known before the first call."""

    def begin(self) -> None:
        self.put("leads.csv", CONTACTS, *PEOPLE)
        self.run()
        self.take()

    def take(self, day: date = date(2026, 10, 1)) -> None:
        with self.app() as app, begun(app, Path("robinson.csv"), "robinson", day) as draft:
            draft.let_in(draft.read(), "Anna Opdigtet")

    def called(self, *rows: str) -> list[Violation]:
        self.put("opkald.csv", CALLS, *(f"{n};{row}" for n, row in enumerate(rows, start=1)))
        self.run()
        return self.found()

    def found(self) -> list[Violation]:
        with self.app() as app:
            return list(violations.look(app, None, everything=False, limit=100).shown)


def call(number: int, at: str = "25-11-2026 10:00:00", way: str = OUT, outcome: str = "") -> str:
    return f"{at};Rav Elkedel;68 00 00 0{number};;{outcome};Nord;{way};60"


@pytest.fixture
def floor(tmp_path: Path) -> Floor:
    here = Floor(tmp_path)
    here.begin()
    here.now = datetime(2026, 11, 26, 9, 0, tzinfo=UTC)
    return here


def test_each_call_to_somebody_on_the_register_is_in_its_class(floor: Floor) -> None:
    by_hand = f"25-11-2026 11:00:00;Rav Elkedel;68 00 00 01;;;;{OUT};60"
    before = call(1, "23-11-2026 10:00:00")
    asked = call(5, "25-11-2026 09:00:00", IN, "Intet svar")
    others = [call(number) for number in (2, 3, 4, 5)]
    found = floor.called(call(1), by_hand, before, asked, *others)
    assert [(one.number, one.verdict, one.cause) for one in found] == [
        ("+4568••••01", Verdict.REGISTER, Cause.BY_HAND),
        ("+4568••••01", Verdict.REGISTER, Cause.NOT_WASHED),
    ]
    with floor.app() as app:
        told = violations.told_one(violations.explain(app, found[1].violation), Texts("da"))
        with app.store.reading() as tx:
            assert attempts.counts(tx)[Verdict.REQUESTED] == 1, "who called is called back"
    for part in ("Robinsonlisten", "ikke holdt op mod registret", "Registret er fra", "2026"):
        assert part in told


def no(floor: Floor, channel: Channel) -> None:
    with floor.app() as app:
        keys = desk.keys([("phone", "68 00 00 01")], "DK")
        said = desk.statement(keys, channel, now=app.clock(), at=None, evidence="", by="Rosa Reol")
        desk.record(app, said)


def test_a_call_stays_found_when_the_issue_of_its_time_is_gone_and_an_opt_out_counts_for_more(
    floor: Floor,
) -> None:
    [one] = floor.called(call(1))
    with floor.app() as app:
        take_away(app, "robinson", "Anna Opdigtet")
    # A no concerns the call's number, so that the call is looked at once more.
    no(floor, Channel.EMAIL)
    floor.run()
    [again] = floor.found()
    assert (again.violation, again.verdict) == (one.violation, Verdict.REGISTER)
    no(floor, Channel.CALL)
    floor.now += timedelta(days=1)
    later = call(1, "26-11-2026 12:00:00")
    assert next(one.verdict for one in floor.called(call(1), later)) is Verdict.CERTAIN


def test_replaced_issues_are_purged_when_their_time_is_over(floor: Floor) -> None:
    floor.take(date(2026, 10, 2))
    later = floor.now + timedelta(days=181)
    with floor.app() as app:
        assert purge_all(app.store, later, Lifetimes(registers=182)).get("register_entries") is None
        done = purge_all(app.store, later, Lifetimes(registers=180))
        assert (done["register_entries"], done["register_issues"]) == (2, 1)
        with app.store.reading() as tx:
            assert [one.dated for one in registers.issues(tx)] == [date(2026, 10, 2)]
