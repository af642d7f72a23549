"""What is held back: what a person took back, what flips, and what would be lost half-way."""

from __future__ import annotations

from rules.changes import Change
from rules.trust import Past, hold_back, together


def change(field: str, new: str | None, **details: str) -> Change:
    return Change(field, "before", new, "phone", "hygiene", "reason.phone.e164", details)


def test_what_a_person_took_back_is_not_proposed_again() -> None:
    past = Past((), {"email": "a@opdigtet-0001.dk"})
    wanted = [change("email", "a@opdigtet-0001.dk"), change("direct_phone", "+4568000001")]
    allowed, findings = hold_back(wanted, past, most_times=2)
    assert [one.field for one in allowed] == ["direct_phone"]
    assert [(one.code, one.field) for one in findings] == [("taken_back", "email")]


def test_another_value_than_the_one_taken_back_may_be_proposed() -> None:
    past = Past((), {"email": "b@opdigtet-0001.dk"})
    allowed, findings = hold_back([change("email", "a@opdigtet-0001.dk")], past, most_times=2)
    assert len(allowed) == 1
    assert not findings


def test_a_value_that_was_turned_back_twice_is_frozen() -> None:
    wanted = change("direct_phone", "+4568000001")
    once, _ = hold_back([wanted], Past([wanted], {}), most_times=2)
    frozen, findings = hold_back([wanted], Past([wanted, wanted], {}), most_times=2)
    assert once == (wanted,)
    assert frozen == ()
    assert [one.code for one in findings] == ["flips"]


def test_what_moves_goes_with_the_field_it_moves_to_or_not_at_all() -> None:
    away = change("direct_phone", None, needs="email")
    there = change("email", "a@opdigtet-0001.dk")
    assert together([away, there]) == (away, there)
    assert together([away]) == ()
    assert together([there]) == (there,)


def test_a_move_is_held_back_whole_when_its_goal_was_taken_back() -> None:
    away = change("direct_phone", None, needs="email")
    there = change("email", "a@opdigtet-0001.dk")
    allowed, _ = hold_back([away, there], Past((), {"email": there.new}), most_times=2)
    assert allowed == ()
