"""Sources on the page and by the API: how they stand, what they ask, and the answer of a person."""

from __future__ import annotations

from collections.abc import Iterator
from html import unescape

import pytest
from enriching import Place, placed
from listening import Listening, opened
from visiting import person, quick_passwords

from rules.rights import Role
from sync.review import choosing


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    with (
        quick_passwords(),
        placed(tmp_path_factory.mktemp("sources"), about="[page]\nport = 0\n") as place,
    ):
        one, two, wrote, more = place.register.numbers[:4]
        place.register.edit(one, website="", name="Opdigt Fabel ApS", form=80)
        place.register.edit(two, website="www.opdigtet-7777.dk", name="Opdigt Påfund ApS", form=80)
        place.register.edit(wrote, website="", employees=14, form=80)
        place.put(
            {"CVR": one, "Virksomhed": "Opdigt & Fabel", "Hjemmeside": "https://opdigtet-7777.dk"},
            {"CVR": wrote, "Ansatte": "50-99"},
            {"CVR": more},
        )
        place.enrich()
        yield place


@pytest.fixture(scope="module")
def site(place: Place) -> Iterator[Listening]:
    with opened(place.app(), ("page",)) as found:
        yield found


def test_the_page_says_how_sources_stand_what_they_gave_and_who_is_told(site: Listening) -> None:
    said = unescape(person(site, "Viggo", Role.VIEWER).get("/sources").text)
    for shown in ("How they stand", "answers", "What they gave and cost this month",
                  "Erhvervsstyrelsen", "CVR numbers, domains of sites and mail"):  # fmt: skip
        assert shown in said
    # Who may see no records is not told how many questions there are, nor led to them.
    assert "wait for an answer" not in said
    assert person(site, "Vera", Role.VIEWER).get("/sources/questions").status == 403


def test_a_question_is_answered_on_the_page_by_name(place: Place, site: Listening) -> None:
    lea = person(site, "Lea", Role.LEADER)
    assert "wait for an answer" in lea.get("/sources").text
    said = unescape(lea.get("/sources/questions").text)
    assert "Opdigt Påfund ApS" in said
    ref, two = str(place.refs()[0]), str(place.register.numbers[1])
    wrong = lea.post("/sources/questions", {"ref": ref, "company": "90999999"})
    assert (wrong.status, "none of those" in wrong.text) == (422, True)
    assert lea.post("/sources/questions", {"ref": ref}).status == 422
    assert lea.post("/sources/questions", {"ref": "x"}).status == 422
    done = lea.post("/sources/questions", {"ref": ref, "company": two})
    assert done.status == 303
    place.run()
    assert place.rows()[0]["CVR"] == two
    right = {"ref": str(place.refs()[1]), "field": "employees", "right": ""}
    assert lea.post("/sources/questions", right).status == 303
    place.run()
    left = choosing.questions(place.app())
    assert [one for one in left if one.finding.finding.field == "employees"] == []
    conrad = person(site, "Conrad", Role.COMPLIANCE)
    assert conrad.get("/sources/questions").status == 200
    assert conrad.post("/sources/questions", right).status == 403
