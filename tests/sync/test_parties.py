"""The same person or company in several systems: one party, and what one may take from another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from promises.lists import Lists
from simulators.scripted import Scripted

from rules.others import RULE
from rules.records import Kind, Ref
from state import membership
from state.proposals import of_plan
from sync.app import App
from sync.passes import Outcome
from sync.report.terminal import render
from sync.review.explain import Explanation, explain
from sync.review.parties import look, look_at
from sync.settings.model import Limits, Parties, Rules

MAIL, PHONE = "ida@opdigtet-0001.dk", "+4568000001"
IDA = {"full_name": "Ida Opdigt", "email": MAIL}


@dataclass
class Two:
    """Two systems, and what we know of them."""

    sf: Scripted
    hs: Scripted
    lists: Lists

    def together(self) -> list[list[str]]:
        with self.lists.app() as app:
            return [sorted(str(m.ref) for m in one.members) for one in look(app, 99).shown]

    def explained(self, ref: Ref) -> Explanation:
        with self.lists.app() as app:
            return explain(app, ref)

    def proposed(self) -> dict[str, dict[str, str | None]]:
        """What the newest plan takes from other systems: ref -> field -> new value."""
        with self.lists.app() as app, app.store.reading() as tx:
            from state import mirror
            from state.proposals import next_plan

            found: dict[str, dict[str, str | None]] = {}
            for one in of_plan(tx, next_plan(tx), ["sf", "hs"]):
                ref = str(mirror.held(tx, [one.rid])[one.rid].record.ref)
                taken = {c.field: c.new for c in one.changes if c.rule == RULE}
                if taken:
                    found[ref] = taken
            return found


def made(folder: Path, *kinds: Kind, **sections: Any) -> Two:
    sf, hs = (Scripted(name, *(kinds or (Kind.CONTACT,))) for name in ("sf", "hs"))

    def ours(app: App) -> None:
        app.systems = {"sf": sf, "hs": hs}

    sections.setdefault("limits", Limits(max_change_share=1))
    return Two(sf, hs, Lists(folder, settings=sections, systems=ours))


@pytest.fixture
def two(tmp_path: Path) -> Two:
    return made(tmp_path)


def filling(folder: Path, fill: str = "on", **more: Any) -> Two:
    return made(folder, parties=Parties(fill=fill, **more))  # type: ignore[arg-type]


# --- who is who ------------------------------------------------------------------------------


def test_a_person_in_two_systems_is_one_party_shown_with_its_reasons(two: Two) -> None:
    two.sf.tell(two.sf.record("1", **IDA, direct_phone=PHONE))
    two.hs.tell(two.hs.record("7", **IDA), two.hs.record("8", full_name="Bo Opdigt"))
    ended = two.lists.dry()
    assert two.together() == [["hs/contact/7", "sf/contact/1"]]
    (across,) = ended.report.across
    assert (across.kind, across.parties, across.in_systems, across.records) == ("person", 1, 1, 2)
    assert "People in several lists: 1, of these 1 in several systems" in render(ended.report, "en")
    (party,) = two.explained(two.sf.ref("1")).parties
    assert [one.reasons for one in party.members] == [("email",), ("email",)]
    said = " ".join(render(two.explained(two.sf.ref("1")), "da").split())
    assert "SAMME PERSON ANDRE STEDER" in said
    assert "hs/contact/7 e-mail" in said
    with two.lists.app() as app:
        assert look_at(app, two.hs.ref("8")).shown == []


def test_it_follows_what_changes(two: Two) -> None:
    two.sf.tell(two.sf.record("1", **IDA))
    two.hs.tell(two.hs.record("7", **IDA))
    two.lists.dry()
    two.hs.tell(two.hs.record("7", full_name="Ida Opdigt", email="anden@opdigtet-0001.dk"))
    two.lists.dry()
    assert two.together() == []
    two.hs.tell(two.hs.record("7", **IDA))
    two.lists.dry()
    assert len(two.together()) == 1
    two.sf.tell(gone=["1"])
    two.lists.dry()
    assert two.together() == []


def test_a_name_with_an_address_joins_what_came_before_there_was_a_second_list(
    tmp_path: Path,
) -> None:
    """The first list is read while it is alone: its records have no such key then."""
    two = made(tmp_path)
    home = {"full_name": "Ida Opdigt", "address": "Opdigtvej 1", "postcode": "8000"}
    two.sf.tell(two.sf.record("1", **home))
    alone = two.lists.systems

    def one_only(app: App) -> None:
        app.systems = {"sf": two.sf}

    two.lists.systems = one_only
    two.lists.dry()
    two.lists.systems = alone
    two.hs.tell(two.hs.record("7", **{**home, "full_name": "ida opdigt"}))
    two.lists.dry()
    assert two.together() == [["hs/contact/7", "sf/contact/1"]]


def test_a_no_in_one_system_holds_in_the_other_where_no_key_leads(tmp_path: Path) -> None:
    """Name and address alone make them one; and the company's flag holds for the company."""
    two = made(tmp_path, Kind.CONTACT, Kind.COMPANY)
    home = {"address": "Opdigtvej 1", "postcode": "8000"}
    firm = {"company_name": "Opdigtet A/S", "website": "opdigtet-0001.dk"}
    two.sf.tell(two.sf.record("1", full_name="Ida Opdigt", opt_out="ja", **home))
    two.hs.tell(two.hs.record("7", full_name="Ida Opdigt", direct_phone=PHONE, **home))
    two.sf.tell(two.sf.record("A", Kind.COMPANY, opt_out="ja", **firm), kind=Kind.COMPANY)
    two.hs.tell(two.hs.record("B", Kind.COMPANY, **firm), kind=Kind.COMPANY)
    two.lists.dry()
    assert two.explained(two.hs.ref("7")).blocked_by
    assert two.explained(two.hs.ref("B", Kind.COMPANY)).blocked_by
    assert two.lists.is_blocked(PHONE)


def test_a_no_that_was_there_first_goes_to_who_joins_later(two: Two) -> None:
    home = {"full_name": "Ida Opdigt", "address": "Opdigtvej 1", "postcode": "8000"}
    two.sf.tell(two.sf.record("1", **home, opt_out="ja"))
    two.hs.tell(two.hs.record("8", full_name="Bo Opdigt"))
    two.lists.dry()
    two.hs.tell(two.hs.record("7", **home))
    two.lists.dry()
    assert two.explained(two.hs.ref("7")).blocked_by
    assert not two.explained(two.hs.ref("8")).blocked_by


def test_nothing_new_writes_nothing(two: Two) -> None:
    two.sf.tell(two.sf.record("1", **IDA))
    two.hs.tell(two.hs.record("7", **IDA))
    two.lists.dry()
    with two.lists.app() as app, app.store.reading() as tx:
        before = membership.listed(tx, 9)
    two.lists.dry()
    with two.lists.app() as app, app.store.reading() as tx:
        assert membership.listed(tx, 9) == before


# --- values ----------------------------------------------------------------------------------


def test_nothing_is_taken_unless_a_setting_says_so(two: Two) -> None:
    two.sf.tell(two.sf.record("1", **IDA))
    two.hs.tell(two.hs.record("7", **IDA, direct_phone=PHONE))
    two.lists.dry()
    assert two.proposed() == {}


def test_an_empty_field_is_filled_told_of_and_taken_back(tmp_path: Path) -> None:
    two = filling(tmp_path)
    two.sf.tell(two.sf.record("1", **IDA))
    two.hs.tell(two.hs.record("7", **IDA, direct_phone="68 00 00 01", opt_out_email="true"))
    two.lists.dry()
    assert two.proposed() == {"sf/contact/1": {"direct_phone": PHONE}}
    number = two.lists.run().report.run.run
    (sent,) = [one for one in two.sf.written if one.ref == two.sf.ref("1")]
    assert {c.field: c.new for c in sent.changes} == {"direct_phone": PHONE}
    told = two.explained(two.sf.ref("1"))
    (change,) = told.written[0].changes
    assert (change.source, change.details["ref"]) == ("other_crm", "hs/contact/7")
    said = " ".join(render(told, "en").split())
    assert "hs/contact/7 is the same person or company and has it" in said
    assert "Source: the same person or company in another system" in said
    two.lists.undo(number, ref=two.sf.ref("1"))
    assert two.sf.written[-1].changes[0].new is None
    two.lists.dry()
    assert "sf/contact/1" not in two.proposed(), "what a person took back is not proposed again"


def test_it_may_only_be_proposed(tmp_path: Path) -> None:
    two = filling(tmp_path, "propose")
    two.sf.tell(two.sf.record("1", **IDA))
    two.hs.tell(two.hs.record("7", **IDA, direct_phone=PHONE))
    two.lists.run()
    assert two.sf.written == []
    plan = _plan(two.lists.dry())
    assert two.proposed() == {"sf/contact/1": {"direct_phone": PHONE}}
    two.lists.apply(plan)
    assert [c.new for one in two.sf.written for c in one.changes] == [PHONE]


def _plan(ended: Outcome) -> int:
    assert ended.report.run.plan
    return ended.report.run.plan.plan


@pytest.mark.parametrize(
    ("mine", "others"),
    [
        ({"direct_phone": "+4568000009"}, [{"direct_phone": PHONE}]),
        ({}, [{"direct_phone": PHONE}, {"direct_phone": "+4568000002"}]),
        ({}, [{"direct_phone": "ring efter kl. 16"}]),
        ({}, [{"opt_out": "ja", "opt_out_email": "ja"}]),
        ({}, [{"cvr": "90000012"}]),
    ],
)
def test_what_is_not_taken(
    tmp_path: Path, mine: dict[str, str], others: Sequence[dict[str, str]]
) -> None:
    """Nothing over what stands, nothing they do not agree on, nothing unsound, no opt-out, no key
    that would prove itself."""
    two = filling(tmp_path)
    two.sf.tell(two.sf.record("1", **IDA, **mine))
    two.hs.tell(*(two.hs.record(str(at), **IDA, **one) for at, one in enumerate(others)))
    two.lists.dry()
    assert "sf/contact/1" not in two.proposed()


def test_a_name_with_an_address_alone_carries_no_value(tmp_path: Path) -> None:
    two = filling(tmp_path)
    home = {"full_name": "Ida Opdigt", "address": "Opdigtvej 1", "postcode": "8000"}
    two.sf.tell(two.sf.record("1", **home))
    two.hs.tell(two.hs.record("7", **home, direct_phone=PHONE))
    two.lists.dry()
    assert two.together()
    assert two.proposed() == {}


def test_a_proposal_ends_with_its_reason(tmp_path: Path) -> None:
    two = filling(tmp_path, "propose")
    two.sf.tell(two.sf.record("1", **IDA))
    two.hs.tell(two.hs.record("7", **IDA, direct_phone=PHONE))
    two.lists.dry()
    assert two.proposed()
    two.hs.tell(two.hs.record("7", **IDA, direct_phone="+4568000002"))
    two.lists.dry()
    assert two.proposed() == {"sf/contact/1": {"direct_phone": "+4568000002"}}
    two.hs.tell(two.hs.record("7", full_name="Bo Prøve", email=MAIL, direct_phone=PHONE))
    two.lists.dry()
    assert two.proposed() == {}


def test_fields_and_systems_can_be_left_out(tmp_path: Path) -> None:
    rules = Rules.model_validate({"systems": {"sf": {"switch": {RULE: "off"}}}})
    two = made(tmp_path, parties=Parties(fill="on", fields=["title"]), rules=rules)
    two.sf.tell(two.sf.record("1", **IDA))
    two.hs.tell(two.hs.record("7", **IDA, direct_phone=PHONE, title="Direktør"))
    two.sf.tell(two.sf.record("2", full_name="Bo Opdigt", email="bo@opdigtet-0001.dk",
                              direct_phone="+4568000003", title="Konsulent"))  # fmt: skip
    two.hs.tell(two.hs.record("8", full_name="Bo Opdigt", email="bo@opdigtet-0001.dk"))
    two.lists.dry()
    assert two.proposed() == {"hs/contact/8": {"title": "Konsulent"}}
