"""How far a block goes: the person everywhere, and nobody else."""

from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa
from databases import copy_sqlite
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from records import Passes, person
from statements import DAY, NOW, block, correction, lift, mail, phone

from rules.keys import Key, KeyKind
from rules.records import Kind, Record, Ref
from rules.suppression import EventType, Evidence
from state import reach
from state.keys import KeyRing, bind, new_ring
from state.ledger import append, payloads, verify
from state.ledger_rows import Entry, entries
from state.store import Store
from state.tables import ledger

ALL = ("call", "email", "sms")


@pytest.fixture
def ring(store: Store) -> KeyRing:
    made = new_ring(NOW)
    bind(store, made, NOW)
    return made


@pytest.fixture
def passes(store: Store, ring: KeyRing) -> Passes:
    return Passes(store, ring, NOW)


def say(passes: Passes, *said: object, at: object = NOW) -> list[Entry]:
    with passes.store.transaction() as tx:
        written = append(tx, passes.ring, said, at, ("crm",))  # type: ignore[arg-type]
    passes.carry()
    return written


def of_type(store: Store, kind: EventType) -> list[Entry]:
    with store.reading() as tx:
        return entries(tx, ledger.c.event_type == kind.value)


def test_an_opt_out_reaches_every_record_that_carries_the_number(passes: Passes) -> None:
    passes.pull(
        person("1", direct_phone="20 00 00 07"),
        person("2", "dialer", other_phone="+4520000007"),
        person("3", main_phone="20000007"),
        person("4", direct_phone="20 00 00 08"),
    )
    passes.decide()
    assert passes.blocked() == {}
    say(passes, block(7))
    assert passes.dirty() == ["crm/contact/1", "crm/contact/3", "dialer/contact/2"]
    passes.decide()
    assert set(passes.blocked()) == {"crm/contact/1", "crm/contact/3", "dialer/contact/2"}


def test_a_record_that_comes_later_is_blocked_at_once(passes: Passes) -> None:
    say(passes, block(7))
    passes.pull(person("1", direct_phone="20 00 00 07"))
    passes.decide()
    assert passes.blocked() == {"crm/contact/1": ALL}


def test_a_flag_follows_the_person_to_other_systems_by_number_and_address(passes: Passes) -> None:
    passes.pull(
        person("1", opt_out="ja", direct_phone="20000007", email="p@opdigtet-0001.dk"),
        person("2", "dialer", direct_phone="+45 20000007"),
        person("3", "mail", email="P@opdigtet-0001.dk"),
    )
    passes.decide()
    assert passes.blocked() == dict.fromkeys(
        ["crm/contact/1", "dialer/contact/2", "mail/contact/3"], ALL
    )


def test_a_block_goes_on_from_record_to_record_and_shows_its_path(
    passes: Passes, store: Store
) -> None:
    """The list knows the number, the CRM number and address, the mail system address and mobile."""
    passes.pull(
        person("1", direct_phone="20000007", email="p@opdigtet-0001.dk"),
        person("2", "mail", email="p@opdigtet-0001.dk", other_phone="30000007"),
        person("3", "dialer", direct_phone="30000007"),
    )
    passes.decide()
    (root,) = say(passes, block(7))
    passes.decide()
    assert set(passes.blocked()) == {"crm/contact/1", "mail/contact/2", "dialer/contact/3"}
    derived = of_type(store, EventType.DERIVED)
    assert all(entry.event.root == root.event.event_id for entry in derived)
    longest = max(derived, key=lambda entry: len(entry.event.path))
    assert len(longest.event.path) == 3
    assert longest.event.path[0] == root.event.event_id
    assert longest.event.span == root.event.span
    with store.reading() as tx:
        assert verify(tx).problems == ()


def test_a_second_pass_finds_nothing_more(passes: Passes, store: Store) -> None:
    passes.pull(
        person("1", opt_out="ja", direct_phone="20000007", email="p@opdigtet-0001.dk"),
        person("2", "dialer", direct_phone="20000007", email="q@opdigtet-0001.dk"),
    )
    passes.decide()
    with store.reading() as tx:
        before = entries(tx, sa.true())
        assert not reach.pending(tx)
    passes.decide()
    passes.follow()
    with store.reading() as tx:
        assert entries(tx, sa.true()) == before


# --- what does not go on ---------------------------------------------------------------------


def colleagues(number: int, **values: str) -> list[Record]:
    return [person(f"c{n}", **values) for n in range(number)]


def test_a_switchboard_does_not_silence_a_company_unasked(passes: Passes, store: Store) -> None:
    """Twenty people with the same number in the field of the direct one; one of them opts out."""
    passes.pull(
        person("1", opt_out="ja", direct_phone="33000000", email="p@opdigtet-0001.dk"),
        *colleagues(20, direct_phone="33 00 00 00"),
        person("2", "mail", email="p@opdigtet-0001.dk"),
    )
    passes.decide()
    assert set(passes.blocked()) == {"crm/contact/1", "mail/contact/2"}
    (found,) = of_type(store, EventType.SHARED)
    with store.reading() as tx:
        assert payloads(tx, [found.seq])[found.seq].keys == (Key(KeyKind.PHONE, "+4533000000"),)


def test_until_a_number_is_known_to_be_shared_it_is_blocked(passes: Passes) -> None:
    """A kill between pull and decide must not leave the person's number open."""
    passes.pull(
        person("1", opt_out="ja", direct_phone="33000000"),
        *colleagues(20, direct_phone="33000000"),
    )
    passes._decide_dirty()
    assert len(passes.blocked()) == 21


def test_asked_for_by_number_a_switchboard_is_silenced_but_leads_nowhere(passes: Passes) -> None:
    passes.pull(
        *(
            person(f"c{n}", direct_phone="20000007", email=f"c{n}@opdigtet-0001.dk")
            for n in range(20)
        ),
        person("mail", "mail", email="c3@opdigtet-0001.dk"),
    )
    passes.decide()
    say(passes, block(7))
    passes.decide()
    assert set(passes.blocked()) == {f"crm/contact/c{n}" for n in range(20)}


def test_a_main_number_leads_nowhere_however_few_have_it(passes: Passes) -> None:
    passes.pull(
        person("1", opt_out="ja", direct_phone="33000000"),
        person("2", direct_phone="33000000"),
        person("3", main_phone="33000000"),
    )
    passes.decide()
    assert set(passes.blocked()) == {"crm/contact/1"}


def test_one_person_on_many_records_is_one_person(passes: Passes) -> None:
    passes.pull(
        person("1", opt_out="ja", full_name="Peter Opdigtet", direct_phone="20000007"),
        *colleagues(10, full_name="peter  OPDIGTET", direct_phone="20000007"),
    )
    passes.decide()
    assert len(passes.blocked()) == 11


def test_a_role_mailbox_leads_from_nobody_to_nobody(passes: Passes) -> None:
    passes.pull(
        person("1", email="info@opdigtet-0001.dk", direct_phone="20000007"),
        person("2", email="info@opdigtet-0001.dk", direct_phone="30000008"),
    )
    passes.decide()
    say(passes, block(7))
    passes.decide()
    assert "crm/contact/2" in passes.blocked(), "the address itself is on his record"
    with passes.store.reading() as tx:
        keys = {
            key
            for entry in entries(tx, sa.true())
            for key in payloads(tx, [entry.seq])[entry.seq].keys
        }
    assert Key(KeyKind.PHONE, "+4530000008") not in keys


def test_a_companys_opt_out_blocks_its_people_and_goes_no_further(passes: Passes) -> None:
    company = Record(
        Ref("crm", Kind.COMPANY, "c"),
        "v",
        {"cvr": "90000001", "main_phone": "33000000", "opt_out": "ja"},
    )
    passes.pull(
        company,
        person("1", cvr="90000001", direct_phone="20000007"),
        person("2", "dialer", direct_phone="20000007"),
    )
    passes.decide()
    assert set(passes.blocked()) == {"crm/company/c", "crm/contact/1"}


# --- changes ---------------------------------------------------------------------------------


def test_a_new_number_of_a_blocked_person_is_blocked_too(passes: Passes) -> None:
    passes.pull(person("1", opt_out="ja", direct_phone="20000007"))
    passes.decide()
    passes.pull(
        person("1", opt_out="ja", direct_phone="30000007"),
        person("2", "dialer", direct_phone="30000007"),
    )
    passes.decide()
    assert set(passes.blocked()) == {"crm/contact/1", "dialer/contact/2"}


def test_a_cleared_flag_changes_nothing(passes: Passes) -> None:
    passes.pull(person("1", opt_out="ja", direct_phone="20000007"))
    passes.decide()
    passes.pull(person("1", opt_out="nej", direct_phone="20000007"))
    passes.decide()
    assert passes.blocked() == {"crm/contact/1": ALL}


def test_a_row_made_anew_without_the_flag_stays_blocked_by_what_it_carries(passes: Passes) -> None:
    passes.pull(person("1", opt_out="ja", direct_phone="20000007"))
    passes.decide()
    passes.pull(person("other id", direct_phone="20000007"))
    passes.decide()
    assert "crm/contact/other id" in passes.blocked()


def test_a_row_made_anew_with_only_a_shared_number_is_known_by_name_and_company(
    passes: Passes,
) -> None:
    passes.pull(
        person("1", opt_out="ja", full_name="Peter Opdigtet", direct_phone="33000000"),
        *colleagues(20, direct_phone="33000000"),
    )
    passes.decide()
    passes.pull(person("other id", full_name="PETER Opdigtet", direct_phone="33000000"))
    passes.decide()
    assert set(passes.blocked()) == {"crm/contact/1", "crm/contact/other id"}


def test_a_lift_frees_every_record_that_the_root_had_reached(passes: Passes) -> None:
    passes.pull(
        person("1", direct_phone="20000007", email="p@opdigtet-0001.dk"),
        person("2", "mail", email="p@opdigtet-0001.dk"),
    )
    passes.decide()
    (root,) = say(passes, block(7))
    passes.decide()
    assert len(passes.blocked()) == 2
    say(passes, lift(root.event.event_id, keys=block(7).keys), at=NOW + DAY)
    passes.now = NOW + 2 * DAY
    assert len(passes.dirty()) == 2
    passes.decide()
    assert passes.blocked() == {}
    passes.pull(person("1", direct_phone="20000007", email="r@opdigtet-0001.dk"))
    passes.decide()
    assert passes.blocked() == {}, "and a lifted block goes nowhere any more"


def test_what_two_people_took_out_is_not_put_in_again(passes: Passes, store: Store) -> None:
    passes.pull(
        person("1", direct_phone="20000007", email="wrong@opdigtet-0001.dk"),
        person("2", "mail", email="wrong@opdigtet-0001.dk"),
    )
    passes.decide()
    say(passes, block(7))
    passes.decide()
    (derived, *_) = of_type(store, EventType.DERIVED)
    say(passes, correction(derived.event.event_id), at=NOW + DAY)
    passes.decide()
    passes.pull(person("1", direct_phone="20000007", email="wrong@opdigtet-0001.dk", title="x"))
    passes.decide()
    assert set(passes.blocked()) == {"crm/contact/1"}


def test_a_whole_mail_domain_reaches_everybody_there(passes: Passes) -> None:
    passes.pull(person("1", email="p@opdigtet-0001.dk"), person("2", email="p@opdigtet-0002.dk"))
    passes.decide()
    say(passes, block(7, keys=(Key(KeyKind.MAIL_DOMAIN, "opdigtet-0001.dk"),)))
    passes.decide()
    assert set(passes.blocked()) == {"crm/contact/1"}


def test_steps_can_be_cut_short_anywhere(passes: Passes, store: Store, ring: KeyRing) -> None:
    """Each step alone in its transaction, and after each the process is a new one."""
    passes.pull(
        *(
            person(
                f"p{n}", opt_out="ja", direct_phone=f"200001{n:02}", email=f"p{n}@opdigtet-0001.dk"
            )
            for n in range(12)
        ),
        *(
            person(f"q{n}", "mail", email=f"p{n}@opdigtet-0001.dk", other_phone=f"300001{n:02}")
            for n in range(12)
        ),
        *(person(f"r{n}", "dialer", direct_phone=f"300001{n:02}") for n in range(12)),
    )
    for _ in range(200):
        with store.reading() as tx:
            if not reach.pending(tx) and not passes.dirty():
                break
        passes.screen = type(passes.screen)(ring)
        passes._decide_dirty()
        for step in (
            lambda tx: reach.carry(tx, limit=1),
            lambda tx: reach.settle(tx, ring, NOW, 3, limit=1),
            lambda tx: reach.spread(tx, ring, NOW, max_people=3, limit=1),
        ):
            with store.transaction() as tx:
                step(tx)
    assert len(passes.blocked()) == 36


def test_taking_out_a_link_frees_what_was_reached_through_it(passes: Passes, store: Store) -> None:
    passes.pull(
        person("1", direct_phone="20000007", email="wrong@opdigtet-0001.dk"),
        person("2", "mail", email="wrong@opdigtet-0001.dk", other_phone="30000007"),
        person("3", "dialer", direct_phone="30000007"),
    )
    passes.decide()
    say(passes, block(7))
    passes.decide()
    assert len(passes.blocked()) == 3
    first = min(of_type(store, EventType.DERIVED), key=lambda entry: len(entry.event.path))
    say(passes, correction(first.event.event_id), at=NOW + DAY)
    passes.now = NOW + 2 * DAY
    passes.decide()
    assert set(passes.blocked()) == {"crm/contact/1"}


def test_a_record_named_at_the_desk_is_looked_at_anew(passes: Passes) -> None:
    passes.pull(person("1"), person("2"))
    passes.decide()
    say(passes, block(keys=(Key(KeyKind.REF, "crm/contact/1"),), evidence=Evidence.PERSON))
    assert passes.dirty() == ["crm/contact/1"]


class Blobs:
    """Keys and records that hang together, found the simple way."""

    def __init__(self) -> None:
        self.sets: list[set[str]] = []

    def join(self, *names: str) -> None:
        touched = [one for one in self.sets if one.intersection(names)]
        self.sets = [one for one in self.sets if not one.intersection(names)]
        self.sets.append(set(names).union(*touched))


@given(
    steps=st.lists(
        st.one_of(
            st.tuples(
                st.just("record"),
                st.sampled_from(["crm", "dialer", "mail"]),
                st.lists(st.integers(0, 9), min_size=1, max_size=3, unique=True),
                st.booleans(),
            ),
            st.tuples(st.just("opt-out"), st.integers(0, 9)),
            st.tuples(st.just("decide")),
        ),
        max_size=14,
    )
)
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whoever_hangs_together_with_an_opt_out_is_blocked_and_nobody_else(
    steps: list[tuple[Any, ...]], sqlite_prepared: Path, tmp_path: Path
) -> None:
    """In whatever order records, opt-outs and passes come. Even keys are numbers, odd addresses."""
    store = Store(copy_sqlite(sqlite_prepared, tmp_path / f"{uuid4()}.db"))
    ring = new_ring(NOW)
    bind(store, ring, NOW)
    passes, blobs, out = Passes(store, ring, NOW), Blobs(), set()
    for number, step in enumerate(steps):
        if step[0] == "decide":
            passes.decide()
        elif step[0] == "opt-out":
            say(passes, block(number, keys=(_key(step[1]),)))
            out.add(f"key {step[1]}")
        else:
            _, system, keys, flagged = step
            record = person(str(number), system, **_fields(keys, flagged=flagged))
            passes.pull(record)
            blobs.join(str(record.ref), *(f"key {key}" for key in keys))
            out |= {str(record.ref)} if flagged else set()
    passes.decide()
    expected = {name for blob in blobs.sets if blob & out for name in blob if "/" in name}
    assert set(passes.blocked()) == expected
    with store.reading() as tx:
        assert verify(tx).problems == ()
        assert not reach.pending(tx)
    store.close()


def _key(number: int) -> Key:
    return mail(number) if number % 2 else phone(number)


def _fields(keys: list[int], *, flagged: bool) -> dict[str, str]:
    """All records are of one person by name, so that no key is shared."""
    found = {"full_name": "Peter Opdigtet", "opt_out": "ja" if flagged else ""}
    phones = [_key(key).value for key in keys if key % 2 == 0]
    mails = [_key(key).value for key in keys if key % 2]
    found |= dict(zip(("direct_phone", "other_phone"), phones, strict=False))
    if len(phones) > 2:
        found["direct_phone"] += f" / {phones[2]}"
    return found | ({"email": "; ".join(mails)} if mails else {})
