"""Rows of an opt-out list: there is a "no" by being there."""

from datetime import UTC, datetime

import pytest

from rules.keys import Key, KeyKind
from rules.opt_out_fields import Intake, intake
from rules.records import Kind, Record, Ref, Value
from rules.suppression import Channel, EventType, Evidence, Statement

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
PHONE, MAIL = Key(KeyKind.PHONE, "+4520123456"), Key(KeyKind.EMAIL, "peter@opdigtet-0001.dk")
CVR = Key(KeyKind.CVR, "90000001")


def row(place: int = 2, **values: Value) -> Intake:
    ref = Ref("files", Kind.OPT_OUT, f"list.csv#{place}")
    return intake(Record(ref, "v", values, place), None, heard_at=NOW)


def only(found: Intake) -> Statement:
    assert len(found.statements) == 1
    return found.statements[0]


def test_a_number_alone_blocks_it_on_every_channel_since_ever() -> None:
    said = only(row(direct_phone="20 12 34 56"))
    assert (said.type, said.channel, said.evidence) == (
        EventType.BLOCK,
        Channel.ALL,
        Evidence.LIST,
    )
    assert said.keys == (PHONE,)
    assert said.span.start is None


def test_number_and_address_are_one_statement() -> None:
    said = only(row(direct_phone="20123456", email="Peter@opdigtet-0001.dk"))
    assert set(said.keys) == {PHONE, MAIL}


def test_two_numbers_in_a_cell_are_both_blocked() -> None:
    assert len(only(row(direct_phone="20123456 / 30123456")).keys) == 2


def test_a_named_persons_row_does_not_silence_the_company() -> None:
    said = only(row(direct_phone="20123456", cvr="90000001", full_name="Peter Opdigtet"))
    assert said.keys == (PHONE,)


def test_a_companys_row_blocks_the_company() -> None:
    assert set(only(row(direct_phone="20123456", cvr="90000001")).keys) == {PHONE, CVR}
    assert only(row(cvr="90000001")).keys == (CVR,)


def test_a_person_known_by_the_company_only_blocks_the_company_and_is_reported() -> None:
    found = row(cvr="90000001", full_name="Peter Opdigtet")
    assert only(found).keys == (CVR,)
    assert [finding.code for finding in found.findings] == ["opt_out_company_wide"]


def test_name_and_address_are_a_key_where_there_is_no_other() -> None:
    said = only(row(full_name="Peter Opdigtet", address="Prøvevej 1", postcode="8000"))
    assert [key.kind for key in said.keys] == [KeyKind.NAME_ADDRESS]


def test_a_row_that_nobody_can_be_found_by_is_kept_and_reported() -> None:
    found = row(direct_phone="hemmeligt", note="ringede 12/3")
    said = only(found)
    assert [key.kind for key in said.keys] == [KeyKind.REF]
    assert "direct_phone = hemmeligt" in said.said
    assert [finding.code for finding in found.findings] == ["opt_out_without_key"]


@pytest.mark.parametrize(
    ("text", "channels"),
    [
        ("telefon", {Channel.CALL}),
        ("sms, mail", {Channel.SMS, Channel.EMAIL}),
        ("", {Channel.ALL}),
        ("mobil", {Channel.ALL}),
    ],
)
def test_the_channel_is_what_the_row_surely_says_else_all(
    text: str, channels: set[Channel]
) -> None:
    found = row(direct_phone="20123456", channel=text)
    assert {one.channel for one in found.statements} == channels
    codes = [finding.code for finding in found.findings]
    assert codes == (["opt_out_channel_unclear"] if text == "mobil" else [])


def test_flags_per_channel_are_channels() -> None:
    found = row(direct_phone="20123456", opt_out_call="ja", opt_out_sms="x", opt_out_email="nej")
    assert {one.channel for one in found.statements} == {Channel.CALL, Channel.SMS}


def test_a_list_of_everybody_says_who_has_not_opted_out() -> None:
    assert row(direct_phone="20123456", opt_out="nej").statements == ()
    assert row(direct_phone="20123456", opt_out_call="nej").statements == ()
    assert only(row(direct_phone="20123456", opt_out="ja")).keys == (PHONE,)


def test_a_row_that_moves_is_the_same_statement_and_another_date_is_not() -> None:
    here = only(row(2, direct_phone="20123456", opt_out_at="2024-03-01", note="a"))
    there = only(row(900, direct_phone="+45 20123456", opt_out_at="2024-03-01", note="b"))
    later = only(row(2, direct_phone="20123456", opt_out_at="2025-03-01"))
    assert here.identity == there.identity
    assert here.identity != later.identity


def test_a_date_that_cannot_be_is_reported() -> None:
    found = row(direct_phone="20123456", opt_out_at="2062-01-01")
    assert only(found).span.start is None
    assert [finding.code for finding in found.findings] == ["opt_out_date_unclear"]


def test_a_row_whose_date_is_spelled_anew_is_the_same_statement() -> None:
    was, now = (row(email=MAIL.value, opt_out_at=date) for date in ("1/3-2024", "2024-03-01"))
    assert only(was).identity == only(now).identity
    assert only(was).span == only(now).span


def test_a_row_about_a_record_means_the_record_and_its_numbers_follow() -> None:
    said = only(row(contact_ref="contact/003A lead/00QB", direct_phone="20123456", channel="tlf"))
    assert said.keys == (
        Key(KeyKind.REF, "files/contact/003A"), Key(KeyKind.REF, "files/lead/00QB"),
    )  # fmt: skip
    assert (said.carried, said.channel) == ((PHONE,), Channel.CALL)


@pytest.mark.parametrize("text", ["17", "call/17", "nobody/17", "contact"])
def test_a_number_in_a_reference_is_no_record(text: str) -> None:
    assert only(row(contact_ref=text, direct_phone="20123456")).keys == (PHONE,)
