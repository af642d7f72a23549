"""Opt-out and consent fields of a record become statements; a flag that goes away lifts nothing."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.keys import Key, KeyKind
from rules.opt_out_fields import Intake, intake, is_watched
from rules.records import ABSENT, Kind, Record, Ref, Value
from rules.suppression import Channel, EventType, Evidence, Statement

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
YESTERDAY = NOW - timedelta(days=1)
PERSON: Mapping[str, Value] = {
    "full_name": "Peter Opdigtet",
    "direct_phone": "20 12 34 56",
    "email": "peter@opdigtet-0001.dk",
    "main_phone": "33 12 34 56",
    "cvr": "90000001",
    "company_name": "Opdigtet A/S",
}
PHONE, MAIL = Key(KeyKind.PHONE, "+4520123456"), Key(KeyKind.EMAIL, "peter@opdigtet-0001.dk")
MAIN, CVR = Key(KeyKind.PHONE, "+4533123456"), Key(KeyKind.CVR, "90000001")


def heard(
    old: Mapping[str, Value] | None = None, kind: Kind = Kind.CONTACT, **new: Value
) -> Intake:
    record = Record(Ref("crm", kind, "7"), "v", {**PERSON, **new})
    return intake(
        record, None if old is None else {**PERSON, **old}, heard_at=NOW, last_seen=YESTERDAY
    )


def only(found: Intake) -> Statement:
    assert len(found.statements) == 1
    return found.statements[0]


@pytest.mark.parametrize(
    ("field", "channel"),
    [
        ("opt_out", Channel.ALL),
        ("opt_out_call", Channel.CALL),
        ("opt_out_email", Channel.EMAIL),
        ("opt_out_sms", Channel.SMS),
        ("do_not_call_reason", Channel.CALL),
    ],
)
def test_each_flag_blocks_its_channel(field: str, channel: Channel) -> None:
    said = only(heard(**{field: "ja"}))
    assert (said.type, said.channel, said.evidence) == (EventType.BLOCK, channel, Evidence.FLAG)
    assert said.said == f"{field} = ja"
    assert said.name == "Peter Opdigtet"


@pytest.mark.parametrize("text", ["", "nej", "0", None, ABSENT])
def test_no_flag_says_nothing(text: Value) -> None:
    assert heard(opt_out=text, opt_out_call=text) == Intake()


def test_a_flag_names_the_record_and_carries_the_persons_own_keys() -> None:
    said = only(heard(opt_out="x"))
    assert said.keys == (Key(KeyKind.REF, "crm/contact/7"),)
    assert said.carried == (PHONE, MAIL)
    assert said.last_resort is not None


def test_a_main_number_in_the_direct_field_too_is_not_the_persons() -> None:
    assert only(heard(opt_out="x", main_phone="+4520123456")).carried == (MAIL,)


def test_a_person_without_a_key_of_his_own_is_kept_by_name_and_company() -> None:
    said = only(heard(opt_out="x", direct_phone="", email=""))
    assert said.carried == ()
    assert [key.kind for key in said.keys] == [KeyKind.REF, KeyKind.NAME_ADDRESS]


def test_a_company_is_named_by_all_it_has() -> None:
    said = only(heard(kind=Kind.COMPANY, opt_out="x"))
    assert {PHONE, MAIL, MAIN, CVR} < set(said.keys)
    assert said.carried == ()


def test_a_row_that_names_nobody_means_its_numbers_and_not_the_whole_company() -> None:
    said = only(heard(kind=Kind.LEAD, opt_out="x", full_name=""))
    assert set(said.keys) == {Key(KeyKind.REF, "crm/lead/7"), PHONE, MAIL, MAIN}


def test_a_flag_on_a_call_means_the_number_that_was_called() -> None:
    said = only(heard(kind=Kind.CALL, opt_out="x", called_number="40 12 34 56"))
    assert Key(KeyKind.PHONE, "+4540123456") in said.keys


def test_a_flag_with_named_channels_blocks_those() -> None:
    assert {one.channel for one in heard(opt_out="sms og mail").statements} == {
        Channel.SMS,
        Channel.EMAIL,
    }


def test_an_unclear_flag_blocks_and_is_reported() -> None:
    found = heard(opt_out="ring efter ferien")
    assert only(found).channel is Channel.ALL
    assert [finding.code for finding in found.findings] == ["opt_out_unclear"]


# --- time ------------------------------------------------------------------------------------


def test_a_flag_met_for_the_first_time_may_be_as_old_as_time() -> None:
    assert only(heard(opt_out="ja")).span.start is None
    assert only(heard(opt_out="ja")).span.end == NOW


def test_a_flag_that_turned_was_set_between_two_looks() -> None:
    span = only(heard({"opt_out": "nej"}, opt_out="ja")).span
    assert (span.start, span.end) == (YESTERDAY, NOW)


def test_a_field_that_was_not_read_before_was_not_seen_unset() -> None:
    assert only(heard({}, opt_out="ja")).span.start is None


def test_a_date_on_the_record_is_believed() -> None:
    span = only(heard(opt_out="ja", opt_out_at="2024-03-01")).span
    assert span.start == datetime(2024, 2, 29, 23, tzinfo=UTC)
    assert span.end < datetime(2024, 3, 1, 23, tzinfo=UTC)


def test_the_flag_may_be_the_date_itself() -> None:
    assert only(heard(opt_out="2024-03-01")).span.start is not None


def test_an_old_date_on_a_fresh_flag_may_belong_to_another_flag() -> None:
    span = only(heard({"opt_out_call": ""}, opt_out_call="ja", opt_out_at="2020-01-01")).span
    assert span.start is not None
    assert span.start.year == 2019
    assert span.end == NOW


@pytest.mark.parametrize("date", ["2062-01-01", "i går", "1900-01-01"])
def test_a_date_that_cannot_be_is_reported_and_the_block_holds_since_ever(date: str) -> None:
    found = heard(opt_out="ja", opt_out_at=date)
    assert only(found).span.start is None
    assert [finding.code for finding in found.findings] == ["opt_out_date_unclear"]


# --- again -----------------------------------------------------------------------------------


def test_the_same_row_again_says_nothing_new() -> None:
    assert heard({"opt_out": "ja"}, opt_out="ja", email="ny@opdigtet-0001.dk") == Intake()
    assert heard({"opt_out": "x"}, opt_out="JA") == Intake()


def test_a_first_reading_repeated_is_the_same_statement() -> None:
    assert only(heard(opt_out="ja")).identity == only(heard(opt_out="x")).identity


def test_set_cleared_and_set_again_are_two_statements() -> None:
    first = only(heard(opt_out="ja"))
    again = only(heard({"opt_out": "nej"}, opt_out="ja"))
    assert first.identity != again.identity


def test_set_again_with_the_old_date_still_there_is_another_statement() -> None:
    dated = {"opt_out_at": "2024-03-01"}
    first = only(heard(opt_out="ja", **dated))
    again = only(heard({"opt_out": "nej", **dated}, opt_out="ja", **dated))
    assert first.identity != again.identity


@pytest.mark.parametrize("written", ["01-03-2024", "1. marts 2024", "45352", " 01.03.24 "])
def test_the_same_date_in_another_spelling_is_no_other_statement(written: str) -> None:
    before, after = (
        {"opt_out": "x", "opt_out_at": written},
        {"opt_out": "x", "opt_out_at": "2024-03-01"},
    )
    assert heard(before, **after) == Intake()
    assert heard(after, **before) == Intake()
    assert only(heard(**before)).identity == only(heard(**after)).identity
    assert only(heard(**before)).span == only(heard(**after)).span


def test_a_new_date_on_a_standing_flag_is_another_statement() -> None:
    again = heard(
        {"opt_out": "ja", "opt_out_at": "2020-01-01"}, opt_out="ja", opt_out_at="2024-03-01"
    )
    assert only(again).span.start == datetime(2024, 2, 29, 23, tzinfo=UTC)


@pytest.mark.parametrize("cleared", ["", "nej", "0", None, ABSENT])
def test_a_cleared_flag_lifts_nothing_and_is_reported(cleared: Value) -> None:
    found = heard({"opt_out_call": "ja"}, opt_out_call=cleared)
    assert found.statements == ()
    assert [(f.code, f.field) for f in found.findings] == [("opt_out_cleared", "opt_out_call")]


def test_taking_a_channel_out_of_a_flag_is_clearing_it() -> None:
    found = heard({"opt_out": "sms og mail"}, opt_out="mail")
    assert [finding.code for finding in found.findings] == ["opt_out_cleared"]
    assert found.statements == ()


# --- consents --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "blocks"),
    [
        (None, "nej", False),
        (None, "ja", False),
        (None, "", False),
        (None, "trukket tilbage", True),
        ("", "nej", False),
        ("nej", "nej", False),
        ("ja", "nej", True),
        ("ja", "0", True),
        ("ja", "", False),
        ("ja", "ja", False),
        ("ja", "withdrawn", True),
        ("withdrawn", "withdrawn", False),
        ("withdrawn", "nej", False),
    ],
)
def test_a_withdrawn_consent_blocks_and_a_missing_one_does_not(
    old: str | None, new: str, *, blocks: bool
) -> None:
    found = heard(None if old is None else {"consent_email": old}, consent_email=new)
    assert [one.channel for one in found.statements] == ([Channel.EMAIL] if blocks else [])


def test_a_consent_never_lifts() -> None:
    found = heard({"opt_out": "ja"}, opt_out="ja", consent_call="ja", consent_call_at="2026-11-20")
    assert found == Intake()


# --- streams ---------------------------------------------------------------------------------


def test_streams_that_can_say_nothing_need_no_intake() -> None:
    assert not is_watched(Kind.CONTACT, ["email", "full_name", "opt_out_at"])
    assert is_watched(Kind.CONTACT, ["email", "opt_out_sms"])
    assert is_watched(Kind.CONTACT, ["consent_call"])
    assert is_watched(Kind.OPT_OUT, ["email"])


values = st.dictionaries(
    st.sampled_from(
        ["opt_out", "opt_out_call", "do_not_call_reason", "opt_out_at", "consent_email", "email",
         "direct_phone", "full_name", "channel"]
    ),
    st.none() | st.just(ABSENT) | st.sampled_from(["ja", "nej", "x", "2024-03-01", "sms"])
    | st.text(max_size=20),
)  # fmt: skip


@given(values, st.none() | values, st.sampled_from(Kind))
def test_any_record_can_be_read_and_a_second_reading_adds_nothing(
    new: Mapping[str, Value], old: Mapping[str, Value] | None, kind: Kind
) -> None:
    record = Record(Ref("crm", kind, "7"), "v", new)
    found = intake(record, old, heard_at=NOW, last_seen=YESTERDAY)
    assert found == intake(record, old, heard_at=NOW, last_seen=YESTERDAY)
    assert all(one.type is EventType.BLOCK and one.keys for one in found.statements)
    assert len({one.identity for one in found.statements}) == len(found.statements)
    if kind is not Kind.OPT_OUT:
        assert intake(record, new, heard_at=NOW, last_seen=NOW).statements == ()
