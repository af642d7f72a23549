"""`sync consents`: what stands in a note is confirmed or refused by a person, and the strictest wins."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from promises.lists import Lists

from rules.errors import Exit, UserError
from rules.records import Kind, Ref
from rules.suppression import Channel
from state import acts
from sync.suppression import desk
from sync.suppression.consents import Answered, Said, confirm, plan, refuse, waiting
from sync.suppression.erasing import erase

HEADER = "Id;Navn;Tlf.;Noter;Samtykke opkald;Samtykke opkald dato;Samtykke opkald kilde;Behandlingsgrundlag"
YES = "Kunden har givet samtykke til opkald"
SAID = Said(Channel.CALL, "20-11-2026", "mail af 20/11, sag 4711")
BY = "Rosa Reol"


class People(Lists):
    """A list of people with notes, and the commands about what stands there."""

    def put_people(self, *rows: str) -> None:
        self.put("kontakter.csv", HEADER, *rows)
        self.run()

    def open(self) -> list[tuple[Channel, ...]]:
        with self.app() as app:
            return [one.channels for one in waiting(app, 50)]

    def confirm(self, said: Said = SAID, ident: str = "1") -> Answered:
        with self.app(dry=False) as app:
            return confirm(app, ref(ident), said, BY)

    def row(self, number: int = 1) -> list[str]:
        return self.rows("kontakter.csv")[number].split(";")


def ref(ident: str, kind: Kind = Kind.CONTACT, file: str = "kontakter.csv") -> Ref:
    return Ref("files", kind, f"{file}#{ident}")


@pytest.fixture
def people(tmp_path: Path) -> People:
    return People(tmp_path)


def test_a_confirmed_consent_is_written_with_date_source_and_basis_and_told_of(
    people: People,
) -> None:
    people.put_people(f"1;Kim Opdigtet;68 00 00 01;{YES};;;;")
    assert people.open() == [(Channel.CALL,)]
    with people.app() as app:
        assert len(plan(app, ref("1"), SAID).changes) == 4
    assert people.row()[4:] == ["", "", "", ""], "it is shown first, and nothing is written"
    done = people.confirm()
    assert (done.written, done.exit_code) == (True, Exit.OK)
    assert people.row()[4:7] == ["Ja", "2026-11-20", "mail af 20/11, sag 4711"]
    assert people.row()[7] == "Samtykke"
    assert people.open() == []
    with people.app() as app, app.store.reading() as tx:
        [act] = acts.listed(tx)
        assert (act.act, act.by) == ("consent.confirmed", BY)
        assert act.details["run"] == str(done.run)
        assert "Kim" not in str(act.details) and YES not in str(act.details)  # noqa: PT018
    [written] = people.written(done.run)
    assert {change.rule for change in written.changes} == {"consent"}


def test_undo_takes_it_back_blocks_nobody_and_proposes_it_again(people: People) -> None:
    people.put_people(f"1;Kim Opdigtet;68 00 00 01;{YES};;;;")
    done = people.confirm()
    people.undo(done.run)
    assert people.row()[4:] == ["", "", "", ""]
    people.run()
    assert people.open() == [(Channel.CALL,)]
    with people.app() as app:
        assert not desk.check(app, desk.keys([("phone", "68000001")], "DK"), app.clock()).blocked


def test_the_strictest_wins(people: People) -> None:
    cases = (
        (f"Kim;68 00 00 01;{YES}. Senere: ønsker ikke at blive ringet op;;;;", "not_proposed"),
        ("Bo;68 00 00 02;Vil gerne have en brochure;;;;", "not_proposed"),
        ("Ib;68 00 00 03;Har ikke givet samtykke til opkald;;;;", "not_proposed"),
        (f"Eva;68 00 00 04;{YES};trukket tilbage;;;", "blocked"),
    )
    people.put_people(*(f"{number};{row}" for number, (row, _) in enumerate(cases)))
    before = people.rows("kontakter.csv")
    for number, (_, code) in enumerate(cases):
        with pytest.raises(UserError, match=rf"consents\.{code}"):
            people.confirm(ident=str(number))
    assert people.rows("kontakter.csv") == before


def test_somebody_on_the_list_is_no_case_for_a_confirmation(people: People) -> None:
    people.put_people(f"1;Kim Opdigtet;68 00 00 01;{YES};;;;")
    with people.app() as app:
        keys = desk.keys([("phone", "68 00 00 01")], "DK")
        said = desk.statement(
            keys, Channel.CALL, now=app.clock(), at=None, evidence="", by="Rosa Reol"
        )
        desk.record(app, said)
    with pytest.raises(UserError, match=r"consents\.blocked"):
        people.confirm()


def test_a_consent_that_could_not_be_shown_is_not_written(people: People) -> None:
    people.put_people(f"1;Kim Opdigtet;68 00 00 01;{YES};;;;")
    for said, key in (
        (Said(Channel.CALL, "20-11-2026", "  "), r"consents\.no_source"),
        (Said(Channel.CALL, "20-11-2027", "mail"), r"opt_out\.future"),
        (Said(Channel.CALL, "engang i fjor", "mail"), r"opt_out\.no_date"),
        (Said(Channel.SMS, "20-11-2026", "mail"), r"consents\.not_proposed"),
    ):
        with pytest.raises(UserError, match=key):
            people.confirm(said)


def test_a_list_without_the_fields_says_which_are_lacking(people: People) -> None:
    people.put("kontakter.csv", "Id;Navn;Tlf.;Noter", f"1;Kim Opdigtet;68 00 00 01;{YES}")
    people.run()
    with pytest.raises(UserError, match=r"consents\.no_fields"):
        people.confirm()


def test_a_refused_note_is_not_proposed_again_until_it_says_more(people: People) -> None:
    people.put_people(f"1;Kim Opdigtet;68 00 00 01;{YES};;;;")
    with people.app() as app:
        refuse(app, ref("1"), [], "bad kun om en brochure, CPR 010190-1234", BY)
        with app.store.reading() as tx:
            [act] = acts.listed(tx)
            assert (act.act, act.by) == ("consent.refused", BY)
            assert "1234" not in act.details["why"], "a personal number is kept nowhere"
    assert people.open() == []
    people.run()
    assert people.open() == []
    people.put_people(f"1;Kim Opdigtet;68 00 00 01;{YES} og til mail;;;;")
    assert people.open() == [(Channel.CALL, Channel.EMAIL)]


def test_a_note_on_a_call_is_confirmed_on_the_person_who_was_called(people: People) -> None:
    people.now = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
    people.put_people("1;Kim Opdigtet;68 00 00 01;;;;;")
    people.put(
        "opkald.csv",
        "Opkalds-id;Tidspunkt;Agent;Ringet til;Kontakt-id;Udfald;Noter",
        f"7;20-11-2026 09:15:00;Rav Elkedel;68 00 00 01;1;;{YES}",
    )
    people.run()
    with people.app() as app:
        [one] = waiting(app, 50)
        assert one.ref.kind is Kind.CALL
    with people.app(dry=False) as app:
        assert confirm(app, one.ref, SAID, BY).written
    assert people.row()[4] == "Ja"
    assert people.open() == []


def test_erasing_the_person_empties_who_said_what_of_the_consent(people: People) -> None:
    people.put_people(f"1;Kim Opdigtet;68 00 00 01;{YES};;;;")
    people.confirm()
    with people.app() as app:
        erase(app, desk.keys([("phone", "68 00 00 01")], "DK"), BY)
        with app.store.reading() as tx:
            [act] = acts.listed(tx)
            assert (act.by, dict(act.details)) == ("", {})
            assert acts.problems(tx) == (1, [])
