"""Age, doubles, consents, trend and the 500 calls, on small lists whose figures one can count."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from state import snapshots
from state.snapshots import Figure
from state.tables import tallies
from sync.app import App
from sync.report import charts
from sync.report.figures import Delta, Point, TrendLine
from sync.report.model import Report
from sync.report.page import html
from sync.report.part import Words
from sync.run import run
from sync.settings.model import WhatIf
from sync.texts import Texts

CONTACTS = """Id;Navn;Tlf.;E-mail;Samtykke e-mail;Samtykke e-mail dato;Samtykke e-mail kilde;\
Behandlingsgrundlag;Dataopdateret
1;Agern Blyant;68100001;agern@opdigtet-0001.dk;Ja;01.02.2026;Messe;Samtykke;{recent}
2;Bellis Elkedel;68100002;bellis@opdigtet-0001.dk;Ja;;;Legitim interesse;{recent}
3;Cikorie Dyne;tlf. 68100003;cikorie@opdigtet-0001.dk;Nej;;;Legitim interesse;{old}
4;Dild Fad;68100001;agern@opdigtet-0001.dk;;;;;engang
5;Eg Gryde;12;eg@opdigtet-0001.dk;;;;Legitim interesse;
"""


@pytest.fixture
def lists(folder: Path, now: object) -> Path:
    for path in folder.iterdir():
        path.unlink()
    today = date(2026, 11, 24)
    text = CONTACTS.format(recent=today - timedelta(days=20), old=today - timedelta(days=800))
    (folder / "kontakter.csv").write_text(text, "utf-8")
    return folder


def looked_at(opened: Callable[..., App], **settings: object) -> Report:
    return run(opened(dry=True, **settings), dry=True).report


def calls(outcomes: dict[str, int]) -> str:
    lines = ["Opkalds-id;Tidspunkt;Agent;Ringet til;Udfald"]
    every = [outcome for outcome, many in outcomes.items() for _ in range(many)]
    lines += [
        f"C{at};02-11-2026 10:{at % 60:02d};agern;6810{at:04d};{outcome}"
        for at, outcome in enumerate(every)
    ]
    return "\n".join(lines) + "\n"


def test_every_record_is_in_a_band_of_age_and_unknown_stays_unknown(
    opened: Callable[..., App], lists: Path
) -> None:
    age = looked_at(opened).age
    found = {one.name: one.records for one in age.bands if one.records}
    assert found == {"3": 2, "older": 1, "unknown": 2}
    assert (age.old, age.known, age.limit_days) == (1, 3, 365)
    assert {one.name for one in age.bands if one.old} == {"24", "older"}


def test_doubles_are_counted_by_key(opened: Callable[..., App], lists: Path) -> None:
    found = {one.key: (one.groups, one.surplus) for one in looked_at(opened).doubles}
    assert found["email"] == (1, 1)
    assert found["phone"] == (1, 1)
    assert found["cvr"] == (0, 0)


def test_companies_are_doubles_by_domain_and_country(
    opened: Callable[..., App], lists: Path
) -> None:
    (lists / "firmaer.csv").write_text(
        "Kundenr;Firma;Hjemmeside;Land\n"
        "1;Pindsvin ApS;www.opdigtet-0007.dk;\n"
        "2;Pindsvin Holding;https://opdigtet-0007.dk/om;DK\n"
        "3;Pindsvin AB;www.opdigtet-0007.dk;SE\n"
        "4;Andet ApS;facebook.com/andet;\n"
        "5;Tredje ApS;facebook.com/tredje;\n"
    )
    found = {one.key: (one.groups, one.surplus) for one in looked_at(opened).doubles}
    assert found["site"] == (1, 1), "another country is another company, a network is nobody's"


def test_a_yes_counts_as_documented_only_with_date_and_source(
    opened: Callable[..., App], lists: Path
) -> None:
    asked = looked_at(opened).permissions
    by_channel = {one.channel: one for one in asked.channels}
    email = by_channel["email"]
    counted = (email.documented, email.undocumented, email.no, email.unanswered, email.not_asked)
    assert counted == (1, 1, 1, 2, 0)
    assert (email.permitted, by_channel["call"].permitted) == (1, 3)
    assert by_channel["call"].not_asked == asked.people == 5
    assert {one.value: one.records for one in asked.bases} == {
        "consent": 1, "legitimate_interest": 3, "": 1,
    }  # fmt: skip


def test_who_opted_out_is_not_open_to_contact(opened: Callable[..., App], lists: Path) -> None:
    (lists / "nejtak.csv").write_text("Telefon;Kanal\n68100002;Opkald\n")
    call = next(one for one in looked_at(opened).permissions.channels if one.channel == "call")
    assert (call.permitted, call.blocked, call.open) == (3, 1, 2)


def test_without_a_call_log_the_rates_are_assumed_and_say_so(
    opened: Callable[..., App], lists: Path
) -> None:
    report = looked_at(opened, what_if=WhatIf(calls=100, contact_rate=0.5, booking_rate=0.1))
    sum_ = report.what_if
    assert sum_ is not None
    portions = {one.name: one.records for one in sum_.portions}
    assert sum(portions.values()) == sum_.records == 5
    assert portions["useless"] == 1
    assert portions["repeated"] == 1
    assert not sum_.measured
    assert [one.measured for one in sum_.rates] == [True, False, False]
    assert sum_.meetings_after == pytest.approx(100 * 0.5 * 0.1)
    assert sum_.meetings_before == pytest.approx(
        sum_.meetings_after * portions["dialled"] / sum_.records
    )
    assert "antagelse" in html(report, "da")


def test_with_calls_enough_the_rates_are_the_users_own(
    opened: Callable[..., App], lists: Path
) -> None:
    (lists / "opkald.csv").write_text(
        calls({"Møde booket": 5, "Ikke interesseret": 15, "Intet svar": 80, "Forkert nummer": 20})
    )
    sum_ = looked_at(opened, what_if=WhatIf(fewest_calls=100)).what_if
    assert sum_ is not None
    assert sum_.measured
    rates = {one.name: (one.numerator, one.denominator) for one in sum_.rates}
    assert rates["contact"] == (20, 100)
    assert rates["booking"] == (5, 20)
    assert sum_.talks_after == pytest.approx(500 * 20 / 100)
    few = looked_at(opened, what_if=WhatIf(fewest_calls=101)).what_if
    assert few is not None
    assert not few.measured


def test_nobody_to_call_gives_no_sum(opened: Callable[..., App], lists: Path) -> None:
    (lists / "kontakter.csv").write_text("Id;Navn;E-mail\n1;Agern Blyant;agern@opdigtet-0001.dk\n")
    assert looked_at(opened).what_if is None


def test_the_first_run_has_no_past_and_the_second_is_held_against_it(
    opened: Callable[..., App], lists: Path
) -> None:
    first = looked_at(opened)
    assert first.trend.since is None
    assert not first.trend.deltas
    assert "Ingen tidligere kørsel" in html(first, "da")
    path = lists / "kontakter.csv"
    path.write_text(path.read_text("utf-8").replace("tlf. 68100003", "68100003"), "utf-8")
    second = looked_at(opened)
    assert second.trend.since_run == 1
    deltas = {one.name: (one.before, one.now) for one in second.trend.deltas}
    assert deltas["records"] == (5, 5)
    assert deltas["touched"][1] <= deltas["touched"][0]
    sample = run(opened(dry=True), dry=True, sample=1).report
    assert sample.trend.since_run == 2
    assert looked_at(opened).trend.since_run == 2, "a sample is nothing to be held against"


def test_curves_are_drawn_from_what_each_day_kept(opened: Callable[..., App], lists: Path) -> None:
    app = opened(dry=True)
    today = app.clock().date()
    with app.store.transaction() as tx:
        for days in (3, 2, 1):
            kept = [Figure("", "", "figure.phone", 4 - days, 5)]
            snapshots.take(tx, today - timedelta(days=days), kept)
    report = run(app, dry=True).report
    line = next(one for one in report.trend.lines if one.name == "phone")
    figure = next(one for one in report.figures if one.name == "phone")
    as_it_stands = figure.good if figure.before is None else figure.before
    assert [one.numerator for one in line.points] == [1, 2, 3, as_it_stands]
    assert line.points[-1].day == today
    with app.store.reading() as tx:
        kept_now = snapshots.by_measure(tx, ["figure.phone"], today, today)
    assert kept_now["figure.phone"][today].numerator == as_it_stands
    page = html(report, "en")
    assert page.count('class="curve"') == len(report.trend.lines)


def line_of(*values: int, unit: str = "count") -> TrendLine:
    points = [
        Point(day=date(2026, 1, 1) + timedelta(days=at), numerator=value, denominator=10)
        for at, value in enumerate(values)
    ]
    name = Words(da="x", en="x")
    return TrendLine.model_validate(
        {"name": "x", "label": name, "unit": unit, "better": "more", "points": points}
    )


def test_a_curve_goes_from_edge_to_edge_and_from_floor_to_top() -> None:
    drawn = charts.curve(line_of(0, 5, 10))
    assert drawn.path == "M4 60 L120 34 L236 8"
    assert drawn.last == ("236", "8")
    assert charts.curve(line_of(5, 5, unit="share")).path == "M4 34 L236 34"
    assert charts.curve(line_of(0, 0)).path == "M4 60 L236 60", "nothing at all is the floor"


@pytest.mark.parametrize(
    ("before", "now", "better", "shown", "mood"),
    [
        (5, 5, "fewer", "unchanged", ""),
        (5, 8, "fewer", "+3", "worse"),
        (5, 2, "fewer", "−3", "better"),
        (5, 8, "more", "+3", "better"),
        (5, 8, "neither", "+3", ""),
    ],
)
def test_a_difference_says_its_sign_and_whether_it_is_for_the_better(
    before: int, now: int, better: str, shown: str, mood: str
) -> None:
    one = Delta.model_validate(
        {"name": "x", "label": {"da": "x", "en": "x"}, "better": better,
         "before": before, "now": now}
    )  # fmt: skip
    assert charts.difference(one, Texts("en")) == shown
    assert charts.mood(one) == mood


def test_what_is_kept_is_what_a_recount_gives(opened: Callable[..., App], lists: Path) -> None:
    """A row goes, one changes, one comes: the tallies follow."""
    looked_at(opened)
    path = lists / "kontakter.csv"
    lines = path.read_text("utf-8").splitlines()
    lines = [*lines[:4], lines[4].replace("engang", "2026-11-01"), "6;Flora Hat;68100009;;;;;;"]
    path.write_text("\n".join(lines) + "\n", "utf-8")
    followed = looked_at(opened)
    app = opened(dry=True)
    with app.store.transaction() as tx:
        kept = {row.marks: row.records for row in tx.execute(sa.select(tallies)) if row.records}
        from state import mirror

        mirror.make_dirty(tx, list(tx.execute(sa.text("SELECT rid FROM mirror")).scalars()))
    anew = run(app, dry=True).report
    with app.store.reading() as tx:
        assert kept == {
            row.marks: row.records for row in tx.execute(sa.select(tallies)) if row.records
        }
    for part in ("age", "doubles", "permissions", "what_if", "figures"):
        assert getattr(anew, part) == getattr(followed, part), part
