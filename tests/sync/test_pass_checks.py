"""What is missing, old or unproven: found when its day comes, said once a list, gone when mended."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from promises.lists import Lists
from proposed import fill

from rules.records import Kind
from state import cursors, findings, samples
from state import mirror as mirror_
from state.cursors import Lease
from state.store import Store
from state.tables import mirror
from sync.app import App
from sync.fingerprint import of_stream
from sync.listings import Wanted, find
from sync.output import as_json
from sync.settings.model import Checks, Duties, Limits

HEADER = "Id;Navn;Telefon;Ringeliste;Behandlingsgrundlag;Næste skridt den;Dataopdateret"
PEOPLE = (
    "1;Rav Elkedel;+4568000001;;Aftale;2026-11-26;2026-10-01",
    "2;Birk Blyant;+4568000002;;Aftale;2027-03-01;2026-10-01",
    "3;Vibe Kande;+4568000003;;Aftale;;2026-10-01",
)


@pytest.fixture
def lists(tmp_path: Path) -> Lists:
    return Lists(tmp_path, settings={"limits": Limits(max_change_share=1)})


def found(lists: Lists, *, gone: bool = False) -> set[tuple[str | None, str]]:
    """(id or None for the list, code) of the findings there are."""
    with lists.app() as app, app.store.reading() as tx:
        listed = findings.listed(tx, with_gone=gone)
    return {(one.ref_id and one.ref_id.split("#")[1], one.finding.code) for one in listed}


def test_a_record_grows_old_while_nobody_touches_it(
    lists: Lists, monkeypatch: pytest.MonkeyPatch
) -> None:
    decided: list[int] = []
    really = mirror_.set_decided

    def counted(tx: Any, rows: Any) -> None:
        decided.append(len(rows))
        really(tx, rows)

    monkeypatch.setattr(mirror_, "set_decided", counted)
    lists.put("kontakter.csv", HEADER, *PEOPLE)
    seen = []
    for days in (0, 1, 2, 0, 400):
        lists.now += timedelta(days=days)
        decided.clear()
        lists.dry()
        codes = sorted(f"{ident} {code}" for ident, code in found(lists) if ident)
        seen.append((sum(decided), codes))
    assert seen[0] == (3, [])
    assert seen[1] == (0, [])  # 25 November: nothing is due, nothing is looked at
    assert seen[2] == (1, ["1 next_action_past"])
    assert seen[3] == (0, ["1 next_action_past"])
    assert seen[4][0] == 3
    assert {"1 data_stale", "2 data_stale", "2 next_action_past", "3 data_stale"} <= set(seen[4][1])


def test_a_stop_between_the_day_and_the_decision_loses_nothing(
    lists: Lists, monkeypatch: pytest.MonkeyPatch
) -> None:
    lists.put("kontakter.csv", HEADER, *PEOPLE)
    lists.dry()
    lists.now += timedelta(days=3)

    def stop(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(mirror_, "set_decided", stop)
        with pytest.raises(KeyboardInterrupt):
            lists.dry()
    lists.dry()
    assert ("1", "next_action_past") in found(lists)


def test_what_is_mended_is_gone(lists: Lists) -> None:
    lists.put("kontakter.csv", HEADER, "1;Rav Elkedel;;Uge 45;;;2026-10-01")
    lists.dry()
    assert ("1", "missing_for_call_list") in found(lists)
    lists.put("kontakter.csv", HEADER, "1;Rav Elkedel;+4568000001;Uge 45;Aftale;;2026-10-01")
    lists.dry()
    assert ("1", "missing_for_call_list") not in found(lists)
    assert ("1", "missing_for_call_list") in found(lists, gone=True)


def test_a_list_is_told_once_that_it_lacks_a_column_until_it_has_it(lists: Lists) -> None:
    rows = [f"{n};Rav Elkedel;+4568{n:06}" for n in range(30)]
    lists.put("kontakter.csv", "Id;Navn;Telefon", *rows)
    lists.dry()
    lists.dry()
    assert found(lists) == {(None, "no_column_for_call_list"), (None, "no_column_at_hand_off")}
    more = ";Behandlingsgrundlag;Dataopdateret"
    lists.put(
        "kontakter.csv", f"Id;Navn;Telefon{more}", *(f"{row};Aftale;2026-10-01" for row in rows)
    )
    lists.dry()
    assert found(lists) == {(None, "no_column_for_evidence"), (None, "no_column_at_hand_off")}


def test_a_list_that_is_gone_lacks_nothing(lists: Lists) -> None:
    path = lists.put("kontakter.csv", HEADER, *PEOPLE)
    lists.put("andre.csv", HEADER, PEOPLE[0])
    lists.dry()
    path.unlink()
    lists.run("shrink", "large_share")
    with lists.app() as app, app.store.reading() as tx:
        assert {one.stream for one in findings.listed(tx)} == {"andre.csv"}


def test_a_finding_gets_graver_when_the_record_goes_on_a_call_list(lists: Lists) -> None:
    def severity() -> str:
        lists.dry()
        with lists.app() as app, app.store.reading() as tx:
            listed = findings.listed(tx, code="data_stale")
        return " ".join(one.finding.severity.value for one in listed)

    row = "1;Rav Elkedel;+4568000001;{};Aftale;;2020-01-01"
    lists.put("kontakter.csv", HEADER, row.format(""))
    assert severity() == "notice"
    lists.put("kontakter.csv", HEADER, row.format("Uge 45"))
    assert severity() == "warning"


def test_each_finding_has_an_owner_and_a_day_in_the_report_and_the_list(lists: Lists) -> None:
    lists.settings["duties"] = Duties(days={"basis_missing": 3}, owners={"basis_missing": "sales"})
    lists.put("kontakter.csv", HEADER, "1;Rav Elkedel;;;;;2026-10-01", "2;Birk;x;Uge 45;;;;")
    report = lists.dry().report
    groups = {one.code: one for one in report.findings}
    assert groups["basis_missing"].owner == "sales"
    assert groups["basis_missing"].due.isoformat() == "2026-11-27"
    assert groups["missing_for_call_list"].due.isoformat() == "2026-11-25"
    assert all(one.due == group.due for group in report.findings for one in group.examples)
    with lists.app() as app, app.store.reading() as tx:
        shown = find(tx, Wanted(), 100, app.duties).shown
    told = {one.finding.code: (one.owner, one.due) for one in shown}
    assert told == {code: (one.owner, one.due) for code, one in groups.items()}
    as_read = {
        one["finding"]["code"]: (one["owner"], one["due"]) for one in json.loads(as_json(shown))
    }
    assert as_read == {code: (owner, due.isoformat()) for code, (owner, due) in told.items()}


def test_a_column_that_should_be_a_list_is_told_once_and_until_it_is_one(lists: Lists) -> None:
    def put(other: str) -> None:
        rows = [f"{n};Virksomhed {n};{other if n % 3 else 'Detail'}" for n in range(60)]
        lists.put("virksomheder.csv", "Id;Firma;Sektor", *rows)

    put("detailhandel")
    lists.dry()
    assert (None, "picklist_wanted") in found(lists)
    put("detail ")
    lists.dry()
    assert (None, "picklist_wanted") not in found(lists)


def test_a_long_list_is_looked_at_here_and_there(store: Store, now: datetime) -> None:
    fill(store, 3000, "a.csv")
    fill(store, 10, "b.csv", first=3001)
    with store.transaction() as tx:
        marked = sa.update(mirror).where(mirror.c.rid.in_([1, 1500, 3000]))
        tx.execute(marked.values(cells='{"sector": "Detail"}'))
        some = samples.sample(tx, "files", "a.csv", 3000, 300)
        assert len(some) == 300
        assert samples.sample(tx, "files", "a.csv", 3000, 300) == some
        assert len(samples.sample(tx, "files", "a.csv", 3000, 3000)) == 3000
        assert len(samples.sample(tx, "files", "b.csv", 10, 300)) == 10
        assert sum("sector" in one for one in some.values()) >= 1
        tx.execute(sa.update(mirror).values(place=None))
        assert len(samples.sample(tx, "files", "a.csv", 3000, 300)) == 300


def test_lists_that_say_different_things_about_the_same_company_are_told(lists: Lists) -> None:
    head = "Id;Firma;CVR;Tlf.;Antal ansatte"
    lists.put(
        "crm.csv",
        head,
        "1;Opdigt ApS;90000004;68 00 00 01;10-19",
        "2;Fabel A/S;90000012;68 00 00 02;50-99",
        "3;Alene ApS;90000020;68 00 00 03;5-9",
    )
    lists.put(
        "købt.csv",
        head,
        "A;OPDIGT ApS;DK90000004;+4568000001;12",
        "B;Fabel A/S;90000012;68 99 99 99;50-99",
    )
    lists.dry()
    with lists.app() as app, app.store.reading() as tx:
        noted = findings.listed(tx, code="sources_disagree")
    told = [(one.stream, one.finding.field, dict(one.finding.details)) for one in noted]
    disagreed = {"count": "1", "of": "2"}
    assert sorted(told) == [
        ("crm.csv", "main_phone", disagreed),
        ("købt.csv", "main_phone", disagreed),
    ]


def test_two_columns_for_the_same_are_told(lists: Lists) -> None:
    lists.put("firmaer.csv", "Id;Firma;Virksomhed;CVR", "1;Opdigt ApS;Fabel ApS;90000004")
    lists.dry()
    assert (None, "column_twice") in found(lists)


def test_other_users_are_another_look_at_everybody_and_other_duties_are_not(lists: Lists) -> None:
    lists.put("kontakter.csv", "Id;Navn;Telefon;Ansvarlig", "1;Rav Elkedel;+4568000001;Vibe Kande")
    lists.dry()
    assert ("1", "owner_not_active") not in found(lists)
    with lists.app() as app:
        before = of_stream(app, lease_of(app))
    lists.settings["duties"] = Duties(days={"owner_not_active": 2})
    with lists.app() as app:
        assert of_stream(app, lease_of(app)) == before
    lists.settings["checks"] = Checks(users=["Birk"])
    with lists.app() as app:
        assert of_stream(app, lease_of(app)) != before
    lists.dry()
    assert ("1", "owner_not_active") in found(lists)


def lease_of(app: App) -> Lease:
    with app.store.transaction() as tx:
        return cursors.take(
            tx, "files", "kontakter.csv", Kind.CONTACT, holder=app.holder, now=app.clock()
        )
