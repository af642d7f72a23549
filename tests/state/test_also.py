"""What stands in fields that nothing is mapped to: hashed at the door, found by every live key."""

from datetime import timedelta

from statements import NOW

from rules.keys import Key, KeyKind, also_keys
from rules.records import Kind, Record, Ref
from state.also import hashed_text, read
from state.keys import new_ring
from state.screen import all_digests, hash_records


def record(kind: Kind = Kind.CONTACT, *also: tuple[str, str]) -> Record:
    return Record(Ref("crm", kind, "1"), "v", {"full_name": "Ny Opdigt"}, also=also)


def test_all_numbers_and_addresses_of_a_cell_are_keys_and_words_are_none() -> None:
    one = record(
        Kind.CONTACT,
        ("phone", "68 12 34 56 / +45 68 65 43 21"),
        ("phone", "ring efter kl. 9"),
        ("email", "A@Opdigtet-0001.dk; b@opdigtet-0002.dk"),
        ("email", "har ingen"),
    )
    values = [(key.kind.value, key.value) for key, _ in also_keys(one)]
    assert values == [
        ("phone", "+4568123456"),
        ("phone", "+4568654321"),
        ("email", "a@opdigtet-0001.dk"),
        ("mail_domain", "opdigtet-0001.dk"),
        ("email", "b@opdigtet-0002.dk"),
        ("mail_domain", "opdigtet-0002.dk"),
    ]


def test_what_is_stored_has_no_clear_text_and_leads_on_from_people_only() -> None:
    ring = new_ring(NOW)
    cells = (("phone", "68 12 34 56"), ("email", "info@opdigtet-0001.dk"))
    text = hashed_text(ring, record(Kind.CONTACT, *cells), "DK")
    assert text is not None
    assert "6812" not in text
    assert "opdigtet" not in text
    assert [(one.name, one.leads) for one in read(text)] == [
        ("also_phone", True),
        ("also_role_mailbox", False),
        ("also_domain", False),
    ]
    company = read(hashed_text(ring, record(Kind.COMPANY, *cells), "DK"))
    assert not any(one.leads for one in company)
    assert hashed_text(ring, record(), "DK") is None
    assert read(None) == ()


def test_after_a_new_key_both_what_is_old_and_what_is_new_is_found() -> None:
    old = new_ring(NOW)
    both = old.with_new_key(NOW + timedelta(days=1))
    key = Key(KeyKind.PHONE, "+4568123456")
    kept = hashed_text(both, record(Kind.CONTACT, ("phone", "68123456")), "DK")
    [one] = hash_records(both, [(1, record())], "DK", {1: kept})
    digests = all_digests(both, one, frozenset({"phone"}))
    assert {old.digest(key), both.digest(key)} <= set(digests)


def test_a_record_does_not_show_it_when_it_is_printed() -> None:
    assert "6812" not in repr(record(Kind.CONTACT, ("phone", "68 12 34 56")))
