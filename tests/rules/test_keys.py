"""Keys: one number, one key, however it is spelt; and no key where there is no number."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.keys import (
    Carried,
    Key,
    KeyKind,
    domain_key,
    is_role_mailbox,
    keys_in,
    name_address_key,
    name_company_key,
    record_keys,
    stands_for_company,
)
from rules.records import ABSENT, Kind


def phones(text: str, region: str = "DK") -> list[str]:
    return [key.value for key in keys_in(KeyKind.PHONE, text, region)]


def mails(text: str) -> list[str]:
    return [key.value for key in keys_in(KeyKind.EMAIL, text)]


@pytest.mark.parametrize(
    "spelt",
    [
        "20123456",
        "20 12 34 56",
        "20.12.34.56",
        "20-12-34-56",
        "(20) 12 34 56",
        " 20123456 ",
        "20\u00a012\u00a034\u00a056",
        "+4520123456",
        "+45 20 12 34 56",
        "(+45) 20123456",
        "0045 20 12 34 56",
        "4520123456",
        "+45 (0)20123456",
        "20123456.0",
        "2.0123456E7",
        "tlf. 20 12 34 56",
        "20123456 lok. 12",
    ],
)
def test_one_number_is_one_key_however_it_is_spelt(spelt: str) -> None:
    assert phones(spelt) == ["+4520123456"]


def test_two_numbers_in_a_cell_are_two_keys() -> None:
    assert phones("20123456 / 33123456") == ["+4520123456", "+4533123456"]
    assert phones("20123456; 33123456; 44123456")[:2] == ["+4520123456", "+4533123456"]
    assert "+4544123456" in phones("20123456; 33123456; 44123456")


def test_a_number_that_the_plan_does_not_know_keeps_a_key() -> None:
    assert phones("30 00 00 00") == ["+4530000000"]
    assert phones("+999 12345678") == ["+99912345678"]
    assert phones("123 456") == ["123456"]


@pytest.mark.parametrize("text", ["", " ", "-", "hemmeligt", "se web", "0", "1234", "4,52012E+11"])
def test_what_is_no_number_has_no_key(text: str) -> None:
    """Else everybody with "hemmeligt" in the cell would be one person."""
    assert phones(text) == []


def test_a_letter_for_a_digit_is_taken_as_meant() -> None:
    assert phones("20 12 34 5O") == ["+4520123450"]


def test_an_address_in_a_phone_cell_is_an_address() -> None:
    assert keys_in(KeyKind.PHONE, "Peter@Opdigtet-0001.dk") == (
        Key(KeyKind.EMAIL, "peter@opdigtet-0001.dk"),
    )


def test_foreign_numbers_follow_the_region() -> None:
    assert phones("070-123 45 67", "SE") == ["+46701234567"]
    assert phones("+46 70 123 45 67") == ["+46701234567"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Peter.Hansen@Opdigtet-0001.DK", ["peter.hansen@opdigtet-0001.dk"]),
        (" peter@opdigtet-0001.dk ", ["peter@opdigtet-0001.dk"]),
        ("mailto:peter@opdigtet-0001.dk", ["peter@opdigtet-0001.dk"]),
        ("Peter <peter@opdigtet-0001.dk>", ["peter@opdigtet-0001.dk"]),
        ("a@opdigtet-0001.dk; b@opdigtet-0001.dk", ["a@opdigtet-0001.dk", "b@opdigtet-0001.dk"]),
        ("søren@rødgrød.dk", ["søren@xn--rdgrd-vuad.dk"]),
        ("peter@opdigtet-0001.dk.", ["peter@opdigtet-0001.dk"]),
        ("hemmelig", []),
        ("", []),
    ],
)
def test_mail_addresses(text: str, expected: list[str]) -> None:
    assert mails(text) == expected


def test_a_domain_alone_means_everybody_there() -> None:
    assert keys_in(KeyKind.EMAIL, "@opdigtet-0001.dk") == (
        Key(KeyKind.MAIL_DOMAIN, "opdigtet-0001.dk"),
    )
    address = keys_in(KeyKind.EMAIL, "peter@opdigtet-0001.dk")[0]
    assert domain_key(address) == Key(KeyKind.MAIL_DOMAIN, "opdigtet-0001.dk")


@pytest.mark.parametrize("text", ["90000001", "DK-90000001", "CVR 90 00 00 01", "90000001.0"])
def test_cvr_numbers(text: str) -> None:
    assert keys_in(KeyKind.CVR, text) == (Key(KeyKind.CVR, "90000001"),)


def test_a_record_carries_its_keys_once_and_knows_the_main_number() -> None:
    values = {
        "direct_phone": "20 12 34 56",
        "other_phone": "+4520123456",
        "main_phone": "33123456",
        "email": "P@opdigtet-0001.dk",
        "cvr": "90000001",
        "p_number": ABSENT,
        "website": "opdigtet-0001.dk",
    }
    assert set(record_keys(values)) == {
        Carried(Key(KeyKind.PHONE, "+4520123456"), main=False),
        Carried(Key(KeyKind.PHONE, "+4533123456"), main=True),
        Carried(Key(KeyKind.EMAIL, "p@opdigtet-0001.dk"), main=False),
        Carried(Key(KeyKind.CVR, "90000001"), main=False),
    }
    assert len(record_keys(values)) == 4
    assert record_keys({"direct_phone": None, "email": ""}) == ()


def test_role_mailboxes_are_nobody_in_particular() -> None:
    assert is_role_mailbox(Key(KeyKind.EMAIL, "info@opdigtet-0001.dk"))
    assert not is_role_mailbox(Key(KeyKind.EMAIL, "info.hansen@opdigtet-0001.dk"))
    assert not is_role_mailbox(Key(KeyKind.PHONE, "+4520123456"))


def test_who_a_record_stands_for() -> None:
    assert stands_for_company(Kind.COMPANY, {"full_name": "Peter"})
    assert stands_for_company(Kind.LEAD, {"company_name": "Opdigtet A/S"})
    assert not stands_for_company(Kind.LEAD, {"first_name": "Peter"})


def test_weak_keys_want_all_their_parts() -> None:
    person = {"full_name": "Peter  HANSEN", "company_name": "Opdigtet A/S"}
    assert name_company_key(person) == name_company_key({**person, "full_name": "peter hansen"})
    assert name_company_key({"full_name": "Peter"}) is None
    assert name_address_key({**person, "address": "Vej 1", "postcode": ""}) is None
    assert name_address_key({**person, "address": "Vej 1", "postcode": "8000"}) is not None


@given(st.text(max_size=60), st.sampled_from(KeyKind))
def test_any_text_gives_keys_that_give_themselves(text: str, kind: KeyKind) -> None:
    """Total, and idempotent: what a format writes back is the same person."""
    for key in keys_in(kind, text):
        assert key.value
        if key.kind in (KeyKind.PHONE, KeyKind.CVR, KeyKind.P_NUMBER) and key.value[-5:].isdigit():
            assert keys_in(key.kind, key.value) == (key,)


@given(st.integers(20000000, 99999999), st.sampled_from([" ", "-", ".", ""]))
def test_the_quick_road_and_the_long_road_meet(number: int, sign: str) -> None:
    digits = str(number)
    spelt = sign.join(digits[n : n + 2] for n in (0, 2, 4, 6))
    ways = {*phones(spelt), *phones(f"+45 {spelt}"), *phones(f"tlf: {digits}"), *phones(digits)}
    assert ways == {f"+45{digits}"}
