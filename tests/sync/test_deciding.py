"""`sync findings decide`: by a named person, with a reason, for as long as a finding says the same."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest
from promises.lists import Lists

from rules.errors import UserError
from state import acts, findings
from state.decisions import Chosen
from sync.listings import causes
from sync.review.deciding import Decision, What, decide

HEADER = "Id;Navn;Tlf.;Titel"
CODE = "title_unknown"
WHY = "Titlerne er interne"


@pytest.fixture
def lists(tmp_path: Path) -> Iterator[Lists]:
    made = Lists(tmp_path)
    made.put("kontakter.csv", HEADER, *(f"{n};Kim Opdigtet;68 00 00 0{n};Zyxler" for n in "123"))
    with made.at_work():
        made.run()
        yield made


def open_ones(lists: Lists) -> int:
    with lists.app() as app:
        return sum(one.count for one in causes(app) if one.code == CODE)


def numbers(lists: Lists, *, decided: bool = False) -> list[int]:
    with lists.app() as app, app.store.reading() as tx:
        return [one.fid for one in findings.listed(tx, code=CODE, decided=decided)]


def said(lists: Lists, what: What, until: date | None = None, **chosen: list[int]) -> Decision:
    with lists.app() as app:
        named = Chosen(**chosen) if chosen else Chosen([CODE])  # type: ignore[arg-type]
        return decide(app, named, what, WHY, "Lea", until)


def test_what_is_right_as_it_stands_leaves_the_list_and_stays_away_while_it_says_the_same(
    lists: Lists,
) -> None:
    assert open_ones(lists) == 3
    done = said(lists, What.LEAVE)
    assert (done.findings, open_ones(lists)) == (3, 0)
    with lists.app() as app, app.store.reading() as tx:
        [act] = acts.numbered(tx, [done.act]).values()
        assert (act.act, act.by, act.details["why"]) == ("findings.leave", "Lea", WHY)
        assert findings.by_severity(tx).get("warning", 0) + findings.by_severity(tx).get(
            "notice", 0
        ) == sum(one.count for one in causes(app))
    lists.put(
        "kontakter.csv",
        HEADER,
        "1;Bo Opdigtet;68 00 00 01;Zyxler",
        "2;Kim;68 00 00 02;Qwrtler",
        "3;Kim;;Zyxler",
    )
    lists.run()
    assert len(numbers(lists, decided=True)) == 2
    assert open_ones(lists) == 1, "the one that says something else is open again"


def test_what_was_put_off_is_open_again_on_its_day(lists: Lists) -> None:
    with pytest.raises(UserError, match=r"deciding\.no_day"):
        said(lists, What.PUT_OFF)
    with pytest.raises(UserError, match=r"deciding\.no_day"):
        said(lists, What.PUT_OFF, lists.now.date())
    one = numbers(lists)[0]
    said(lists, What.PUT_OFF, lists.now.date() + timedelta(days=2), numbers=[one])
    lists.run()
    assert numbers(lists, decided=True) == [one]
    lists.now += timedelta(days=2)
    lists.run()
    assert open_ones(lists) == 3


def test_a_decision_is_taken_back_and_nothing_is_decided_twice(lists: Lists) -> None:
    one, two, _ = numbers(lists)
    said(lists, What.LEAVE, numbers=[one, two])
    with pytest.raises(UserError, match=r"deciding\.none"):
        said(lists, What.LEAVE, numbers=[one])
    assert said(lists, What.OPEN, numbers=[one]).findings == 1
    assert (open_ones(lists), numbers(lists, decided=True)) == (2, [two])


def test_it_takes_a_name_a_reason_and_something_to_decide_about(lists: Lists) -> None:
    some = Chosen([CODE])
    with lists.app() as app:
        for chosen, why, by, key in (
            (some, "  ", "Lea", "deciding.no_reason"),
            (some, WHY, "77", "lifts.no_name"),
            (Chosen(severity="error"), WHY, "Lea", "deciding.nothing_named"),
            (Chosen(["phone_two_numbers"]), WHY, "Lea", "deciding.none"),
            (Chosen([CODE], stream="andre.csv"), WHY, "Lea", "deciding.none"),
            (Chosen(["note_holds_consent"]), WHY, "Lea", "deciding.consents"),
        ):
            with pytest.raises(UserError, match=key):
                decide(app, chosen, What.LEAVE, why, by)
        with app.store.reading() as tx:
            assert acts.head(tx).seq == 0
    assert open_ones(lists) == 3
