"""A person says who is who: it holds whatever keys say, and an opt-out follows whom it joins."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from click.testing import CliRunner
from listening import listening
from promises.lists import Lists
from visiting import SETTINGS, person, quick_passwords

from rules.errors import UserError
from rules.records import Kind, Ref
from rules.rights import Role
from rules.suppression import Channel
from state import acts, parties
from sync.cli import program
from sync.review.linking import Said, What, say
from sync.review.parties import look
from sync.run import run
from sync.suppression import desk

HEADER = "Id;Navn;Tlf.;E-mail"
WHY = "Talt med begge"
IDA = "ida@opdigtet-0001.dk"


def ref(file: str, ident: int) -> Ref:
    return Ref("files", Kind.CONTACT, f"{file}.csv#{ident}")


A, B, ALONE = ref("a", 1), ref("b", 1), ref("b", 2)


def put(lists: Lists) -> None:
    lists.put("a.csv", HEADER, f"1;Ida Opdigt;68 00 00 01;{IDA}", "9;Bo Bøg;68 00 00 09;")
    lists.put("b.csv", HEADER, f"1;Ida Opdigt;68 00 00 02;{IDA}", "2;I. Opdigt;68 00 00 03;")


@pytest.fixture
def lists(tmp_path: Path) -> Iterator[Lists]:
    made = Lists(tmp_path)
    put(made)
    with made.at_work():
        made.run()
        yield made


def together(lists: Lists, *, unsure: bool = False) -> list[set[str]]:
    with lists.app() as app:
        return [{str(m.ref) for m in one.members} for one in look(app, 9, unsure=unsure).shown]


def said(lists: Lists, what: What, of: Ref, other: Ref | None = None, why: str = WHY) -> Said:
    with lists.app() as app:
        return say(app, what, of, why, "Lea", other)


def test_whom_a_person_sets_apart_stays_apart_until_it_is_left_to_keys_again(lists: Lists) -> None:
    assert together(lists) == [{str(A), str(B)}]
    said(lists, What.APART, A)
    assert together(lists) == []
    lists.run()
    assert together(lists) == [], "the mail is the same still"
    with pytest.raises(UserError, match=r"linking\.alone"):
        said(lists, What.APART, A)
    said(lists, What.FREE, A)
    lists.run()
    assert together(lists) == [{str(A), str(B)}]
    with pytest.raises(UserError, match=r"linking\.not_held"):
        said(lists, What.FREE, A)


def test_an_opt_out_follows_whom_a_person_joins_and_stays_when_they_are_set_apart(
    lists: Lists,
) -> None:
    with lists.app() as app:
        keys = desk.keys([("phone", "68 00 00 01")], "DK")
        no = desk.statement(keys, Channel.ALL, now=app.clock(), at=None, evidence="", by="X")
        desk.record(app, no)
    assert not lists.is_blocked("68 00 00 03")
    done = said(lists, What.SAME, ALONE, B)
    assert done.records == 2
    lists.run()
    assert {str(A), str(B), str(ALONE)} in together(lists) or {str(B), str(ALONE)} in together(
        lists
    )
    assert lists.is_blocked("68 00 00 03")
    said(lists, What.APART, ALONE)
    lists.run()
    assert lists.is_blocked("68 00 00 03"), "only a lift or a correction ends a block"


def test_what_is_confirmed_lasts_longer_than_its_reasons(lists: Lists) -> None:
    said(lists, What.CONFIRM, A)
    lists.put("b.csv", HEADER, "1;Ida Andersen;68 00 00 02;ny@opdigtet-0002.dk", "2;I. Opdigt;;")
    lists.run()
    assert together(lists) == [{str(A), str(B)}]
    assert together(lists, unsure=True) == []
    with lists.app() as app, app.store.reading() as tx:
        [act] = acts.listed(tx)
        assert (act.act, act.by, act.details["why"]) == ("party.confirm", "Lea", WHY)
        assert parties.there_are(tx)


def test_it_takes_a_reason_and_two_that_can_be_one(lists: Lists) -> None:
    for what, of, other, why, key in (
        (What.CONFIRM, A, None, " ", "linking.no_reason"),
        (What.CONFIRM, ALONE, None, WHY, "linking.alone"),
        (What.SAME, A, None, WHY, "linking.no_other"),
        (What.SAME, A, A, WHY, "linking.no_other"),
        (What.SAME, A, ref("a", 77), WHY, "error.no_record"),
        (What.FREE, A, None, WHY, "linking.not_held"),
    ):
        with pytest.raises(UserError, match=key):
            said(lists, what, of, other, why)
    with lists.app() as app, app.store.reading() as tx:
        assert acts.head(tx).seq == 0


def test_the_page_says_who_is_who_with_a_name_and_a_reason(tmp_path: Path) -> None:
    lists = Lists(tmp_path)
    put(lists)
    with (
        quick_passwords(),
        listening(
            tmp_path, SETTINGS.format(root=lists.root) + "[limits]\nmin_records = 9999\n"
        ) as site,
    ):
        run(site.app, dry=False)
        lea = person(site, "Lea", Role.LEADER)
        page = lea.get("/parties").text
        assert f'href="/parties?ref={quote(str(A))}"' in page
        there = f"/parties?ref={quote(str(A), safe='')}"
        lea.get(there)
        fields = {"ref": str(A), "what": "apart", "why": " "}
        assert lea.post("/parties", fields).status == 422
        assert lea.post("/parties", fields | {"ref": "x"}).status == 422
        done = lea.post("/parties", fields | {"why": WHY})
        assert done.headers["location"] == f"{there}&told=party_said"
        assert "said by a person" in lea.get(there).text
        conrad = person(site, "Conrad", Role.COMPLIANCE)
        assert 'name="what"' not in conrad.get(there).text
        assert conrad.post("/parties", fields | {"why": WHY}).status == 403


def test_the_command_says_one_thing_at_a_time(lists: Lists, tmp_path: Path) -> None:
    home = ["--path", str(lists.root), "--state", str(tmp_path / "state"), "--lang", "en"]
    both = [*home, "parties", str(A), "--apart", "--confirm", "--why", WHY]
    assert "one thing at a time" in CliRunner().invoke(program, both).stderr
    done = CliRunner().invoke(program, [*home, "parties", str(A), "--confirm", "--why", WHY])
    assert done.exit_code == 0, done.output
    assert "said by a person" in CliRunner().invoke(program, [*home, "parties"]).stdout
