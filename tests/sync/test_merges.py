"""Merges in a system: nobody's opt-out is lost, and all that hung on the record that went follows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from promises.lists import Lists
from simulators.scripted import FIELDS, Scripted

from rules.keys import Key, KeyKind
from rules.records import Kind
from rules.suppression import Channel
from state import findings, mirror
from state.proposals import of_record
from sync.app import App
from sync.report.terminal import render
from sync.review.explain import Explanation, explain
from sync.suppression import desk

PHONE, OTHER, THIRD = "+4568000001", "+4568000002", "+4568000003"


@dataclass
class Desk:
    """A system, and what we know of it."""

    crm: Scripted
    lists: Lists

    def run(self, **how: Any) -> Any:
        return self.lists.dry(**how)

    def blocked(self, *idents: str) -> dict[str, tuple[str, ...]]:
        """Channels on which the ledger blocks the record itself, by its id."""
        with self.lists.app() as app:
            found = {
                one: desk.check(app, [Key(KeyKind.REF, str(self.crm.ref(one)))], app.clock())
                for one in idents
            }
        return {
            ident: tuple(a.channel for a in said.channels if a.blocked)
            for ident, said in found.items()
        }

    def shown_blocked(self, ident: str) -> bool:
        """Whether reports and call lists see the record as blocked."""
        return bool(self.explained(ident).blocked_by)

    def explained(self, ident: str, kind: Kind = Kind.CONTACT) -> Explanation:
        with self.lists.app() as app:
            return explain(app, self.crm.ref(ident, kind))

    def findings(self, ident: str) -> dict[str, str | None]:
        with self.lists.app() as app, app.store.reading() as tx:
            held = mirror.find(tx, self.crm.ref(ident))
            assert held
            told = findings.listed(tx, rid=held.rid)
            return {one.finding.code: one.finding.field for one in told}


@pytest.fixture
def here(tmp_path: Path) -> Desk:
    return made(tmp_path)


def made(folder: Path, *kinds: Kind, fields: Sequence[str] = FIELDS) -> Desk:
    crm = Scripted("crm", *(kinds or (Kind.CONTACT,)), fields=fields)

    def only_ours(app: App) -> None:
        app.systems = {"crm": crm}

    return Desk(crm, Lists(folder, systems=only_ours))


ALL = ("call", "email", "sms")


def test_a_flag_of_the_record_that_went_holds_for_the_survivor(here: Desk) -> None:
    """The survivor has another number, and no flag."""
    crm = here.crm
    loser = crm.record("1", full_name="Ida Opdigt", direct_phone=PHONE, opt_out="true")
    crm.tell(loser, crm.record("2", full_name="Ida Opdigt", direct_phone=OTHER))
    here.run()
    assert here.blocked("1", "2") == {"1": ALL, "2": ()}
    crm.tell(crm.record("2", full_name="Ida Opdigt", direct_phone=OTHER), ways=[("1", "2")])
    here.run()
    assert here.blocked("2") == {"2": ALL}
    assert here.shown_blocked("2")
    told = here.explained("1")
    assert told.went_to == crm.ref("2")
    assert here.explained("2").came_from == [crm.ref("1")]
    assert here.findings("2")["opt_out_lost_by_merge"] == "opt_out"


def test_the_survivors_number_follows_wherever_it_stands(here: Desk) -> None:
    """As for any block on a person: his other number, on another record, is blocked as well."""
    crm = here.crm
    crm.tell(
        crm.record("1", full_name="Ida Opdigt", direct_phone=PHONE, opt_out="true"),
        crm.record("2", full_name="Ida Opdigt", direct_phone=OTHER),
        crm.record("3", full_name="Ida Opdigt", other_phone=OTHER),
    )
    here.run()
    crm.tell(ways=[("1", "2")])
    here.run()
    assert here.shown_blocked("2")
    assert here.shown_blocked("3")


def test_a_no_that_comes_after_the_merge_by_a_number_the_merge_dropped(here: Desk) -> None:
    crm = here.crm
    crm.tell(
        crm.record("1", full_name="Ida Opdigt", direct_phone=PHONE),
        crm.record("2", full_name="Ida Opdigt", direct_phone=OTHER),
    )
    here.run()
    crm.tell(ways=[("1", "2")], gone=["1"])
    here.run()
    assert here.blocked("2") == {"2": ()}
    with here.lists.app() as app:
        said = desk.statement(
            desk.keys([("phone", PHONE)], "DK"),
            Channel.CALL,
            now=app.clock(),
            at=None,
            evidence="says so",
            by="anna",
        )
        desk.record(app, said)
    here.run()
    assert here.blocked("2") == {"2": ("call",)}


def test_a_no_that_names_the_old_record_by_hand_means_the_survivor(here: Desk) -> None:
    """Also of a record that went before we ever saw it."""
    crm = here.crm
    crm.tell(crm.record("2", full_name="Ida Opdigt", direct_phone=OTHER), ways=[("1", "2")])
    here.run()
    with here.lists.app() as app:
        key = Key(KeyKind.REF, str(crm.ref("1")))
        said = desk.statement(
            [key], Channel.CALL, now=app.clock(), at=None, evidence="says so", by="anna"
        )
        desk.record(app, said)
    here.run()
    assert here.shown_blocked("2")


def test_a_flag_that_the_merge_cleared_on_the_survivor_still_holds(here: Desk) -> None:
    crm = here.crm
    crm.tell(
        crm.record("1", full_name="Ida Opdigt", direct_phone=PHONE),
        crm.record("2", full_name="Ida Opdigt", direct_phone=OTHER, opt_out="true"),
    )
    here.run()
    crm.tell(
        crm.record("2", full_name="Ida Opdigt", direct_phone=PHONE, opt_out="false"),
        ways=[("1", "2")],
    )
    here.run()
    assert here.blocked("2") == {"2": ALL}
    assert here.shown_blocked("2")
    assert here.findings("2")["opt_out_cleared"] == "opt_out"


def test_the_finding_ends_when_the_survivor_shows_the_flag(here: Desk) -> None:
    crm = here.crm
    crm.tell(
        crm.record("1", full_name="Ida Opdigt", direct_phone=PHONE, opt_out="true"),
        crm.record("2", full_name="Ida Opdigt", direct_phone=OTHER),
    )
    here.run()
    crm.tell(ways=[("1", "2")])
    here.run()
    assert "opt_out_lost_by_merge" in here.findings("2")
    crm.tell(crm.record("2", full_name="Ida Opdigt", direct_phone=OTHER, opt_out="true"))
    here.run()
    assert "opt_out_lost_by_merge" not in here.findings("2")


def test_what_was_proposed_for_the_record_that_went_ends_with_a_reason(here: Desk) -> None:
    crm = here.crm
    crm.tell(
        crm.record("1", full_name="ida  opdigt", direct_phone="68 00 00 01"),
        crm.record("2", full_name="Ida Opdigt", direct_phone=OTHER),
    )
    here.run()
    crm.tell(ways=[("1", "2")])
    here.run()
    with here.lists.app() as app, app.store.reading() as tx:
        held = mirror.find(tx, crm.ref("1"))
        assert held
        assert [one.closed_as for one in of_record(tx, held.rid)] == ["merged"]
        assert mirror.gone(tx, [held.rid])


def test_a_write_whose_answer_was_lost_is_not_guessed_when_the_record_was_merged(
    here: Desk,
) -> None:
    crm = here.crm
    crm.loses_answers = True
    crm.tell(
        crm.record("1", full_name="Ida Opdigt", direct_phone="68 00 00 01"),
        crm.record("2", full_name="Ida Opdigt", direct_phone=OTHER),
    )
    here.lists.run()
    assert len(crm.written) == 1
    crm.loses_answers = False
    crm.tell(ways=[("1", "2")])
    here.lists.run()
    told = here.explained("1")
    assert told.written == () or list(told.written) == []
    assert {one.closed_as for one in told.proposed} == {"merged"}
    assert len(crm.written) == 1, "nothing is sent to a record that is no more"


def test_a_lead_that_became_a_contact_takes_its_no_along(tmp_path: Path) -> None:
    here = made(tmp_path, Kind.LEAD, Kind.CONTACT)
    crm = here.crm
    crm.tell(
        crm.record("L", Kind.LEAD, full_name="Ida Opdigt", direct_phone=PHONE, opt_out="true"),
        kind=Kind.LEAD,
    )
    here.run()
    crm.tell(crm.record("C", full_name="Ida Opdigt", direct_phone=OTHER))
    crm.tell(gone=["L"], ways=[("L", "C")], kind=Kind.LEAD, to=Kind.CONTACT)
    here.run()
    assert here.blocked("C") == {"C": ALL}
    assert here.explained("L", Kind.LEAD).went_to == crm.ref("C")


def test_a_company_that_went_up_in_another_keeps_its_no(tmp_path: Path) -> None:
    """But the main number alone, blocked as a number, does not silence the survivor."""
    here = made(tmp_path, Kind.COMPANY)
    crm = here.crm
    crm.tell(
        crm.record("1", Kind.COMPANY, company_name="Opdigtet A/S", main_phone=PHONE, opt_out="ja"),
        crm.record("2", Kind.COMPANY, company_name="Opdigtet A/S", main_phone=OTHER),
        crm.record("3", Kind.COMPANY, company_name="Anden A/S", main_phone=THIRD),
        crm.record("4", Kind.COMPANY, company_name="Anden A/S"),
        kind=Kind.COMPANY,
    )
    here.run()
    with here.lists.app() as app:
        said = desk.statement(
            desk.keys([("phone", THIRD)], "DK"),
            Channel.CALL,
            now=app.clock(),
            at=None,
            evidence="a number",
            by="anna",
        )
        desk.record(app, said)
    crm.tell(ways=[("1", "2"), ("3", "4")], kind=Kind.COMPANY)
    here.run()
    assert here.explained("2", Kind.COMPANY).blocked_by
    assert not here.explained("4", Kind.COMPANY).blocked_by


def test_a_call_with_the_record_that_went_is_one_with_the_survivor(tmp_path: Path) -> None:
    here = made(tmp_path, Kind.CONTACT, Kind.CALL, fields=(*FIELDS, "contact_ref"))
    crm = here.crm
    crm.tell(crm.record("1", full_name="Ida Opdigt"), crm.record("2", full_name="Ida Opdigt"))
    crm.tell(crm.record("k", Kind.CALL, contact_ref="1"), kind=Kind.CALL)
    here.run()
    assert here.explained("k", Kind.CALL).leads_to == {}
    crm.tell(ways=[("1", "2")])
    here.run()
    told = here.explained("k", Kind.CALL)
    assert told.leads_to == {"contact_ref": crm.ref("2")}
    assert "merged into or became crm/contact/2" in render(told, "en").replace("\n", " ")


def test_a_record_that_lives_again_leads_nowhere(here: Desk) -> None:
    crm = here.crm
    first = crm.record("1", full_name="Ida Opdigt", direct_phone=PHONE)
    crm.tell(first, crm.record("2", full_name="Ida Opdigt", direct_phone=OTHER))
    here.run()
    crm.tell(ways=[("1", "2")])
    here.run()
    crm.tell(crm.record("1", full_name="Ida Opdigt", direct_phone=PHONE))
    here.run()
    told = here.explained("1")
    assert told.went_to is None
    assert not told.gone


# --- in whatever order it is heard -----------------------------------------------------------

IDS = "abcd"


def _pages(crm: Scripted, into: dict[str, str], flagged: set[str]) -> list[tuple[str, str]]:
    """What there is to hear of: each record as it was last shown, each merge."""
    return [*(("record", one) for one in IDS), *(("way", old) for old in into)]


@st.composite
def _stories(draw: st.DrawFn) -> tuple[dict[str, str], set[str], list[tuple[str, str]], int]:
    """Merges without a circle, who had said no, an order to hear of it all in, and a first pull."""
    into: dict[str, str] = {}
    for at, one in enumerate(IDS[:-1]):
        target = draw(st.sampled_from([None, *IDS[at + 1 :]]))
        if target:
            into[one] = target
    flagged = draw(st.sets(st.sampled_from(IDS)))
    heard = [*(("record", one) for one in IDS), *(("way", old) for old in into)]
    order = draw(st.permutations(heard))
    return into, flagged, order, draw(st.integers(0, len(order)))


@settings(
    max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(story=_stories())
def test_no_order_of_hearing_loses_an_opt_out(
    tmp_path_factory: pytest.TempPathFactory,
    story: tuple[dict[str, str], set[str], list[tuple[str, str]], int],
) -> None:
    """A record that went is shown for what it says and buried, as vendors do; or its redirect comes
    first, before it or its survivor was ever seen."""
    into, flagged, order, first = story
    here = made(tmp_path_factory.mktemp("merges"))
    crm = here.crm
    for at, (what, ident) in enumerate(order):
        if at == first:
            here.run()
        if what == "way":
            crm.tell(ways=[(ident, into[ident])])
        else:
            no = {"opt_out": "true"} if ident in flagged else {}
            number = f"+456800001{IDS.index(ident)}"
            record = crm.record(ident, full_name=f"Ida {ident}", direct_phone=number, **no)
            crm.tell(record, gone=[ident] if ident in into else [])
    here.run()
    here.run()
    for ident in set(IDS) - into.keys():
        came = {ident, *(one for one in into if _end(into, one) == ident)}
        assert here.shown_blocked(ident) == bool(came & flagged), (ident, came)
        lost = "opt_out_lost_by_merge" in here.findings(ident)
        assert lost == (bool(came & flagged) and ident not in flagged)
    for old in into:
        told = here.explained(old)
        assert told.went_to == crm.ref(_end(into, old))
        assert told.gone


def _end(into: dict[str, str], one: str) -> str:
    while one in into:
        one = into[one]
    return one
