"""What else is known of a number, beside what was said about contact: calls, lists, registers."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from rules.keys import Key, KeyKind
from rules.permission import NATURAL
from rules.permission_facts import person_of
from rules.registers import in_force, keys_of
from rules.violations import Verdict
from state import attempts, match_keys, mirror, registers, releases
from state.store import Tx
from sync.app import App

MOST_CALLS: Final = 5
MOST_RECORDS: Final = 200


@dataclass(frozen=True, slots=True)
class Called:
    """One call with the number. `at` is None when the log does not say when."""

    at: datetime | None
    agent: str
    call_list: str
    outcome: str
    direction: str
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class LetGo:
    """The last list with this number that was let go to be called."""

    release: str
    source: str
    made_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class OnRegister:
    """A register that a person with this number stands on, by name and address."""

    register: str
    dated: date


@dataclass(frozen=True, slots=True)
class Around:
    """The newest calls first, and how many there are; the last release; the registers."""

    calls: tuple[Called, ...] = ()
    calls_in_all: int = 0
    let_go: LetGo | None = None
    registers: tuple[OnRegister, ...] = ()


NOTHING: Final = Around()


def around(tx: Tx, app: App, found: Sequence[Key]) -> Around:
    """What is known of whoever has one of these keys."""
    digests = [hashed.digest for hashed in app.keys.all_hashed(found)]
    phones = [h.digest for key in found if key.kind is KeyKind.PHONE for h in app.keys.hashed(key)]
    calls = attempts.of_numbers(tx, phones, MOST_CALLS) if phones else []
    return Around(
        tuple(_called(row) for row in calls),
        attempts.count_numbers(tx, phones) if phones else 0,
        _let_go(tx, digests, app.clock()),
        _registers(tx, app, digests),
    )


def _called(row: attempts.Row) -> Called:
    at = row.span.start if row.span else None
    return Called(at, row.agent, row.call_list or "", row.outcome, row.direction.value, row.verdict)


def _let_go(tx: Tx, digests: Collection[bytes], now: datetime) -> LetGo | None:
    last = releases.newest_with(tx, digests, now)
    if last is None:
        return None
    return LetGo(last.release, last.source, last.made_at, last.expires_at)


def _registers(tx: Tx, app: App, digests: Collection[bytes]) -> tuple[OnRegister, ...]:
    issues = in_force(registers.issues(tx), app.clock())
    if not issues:
        return ()
    held = mirror.held(tx, match_keys.rids(tx, digests)[:MOST_RECORDS])
    people = {
        rid: keys_of(one.record.values, app.settings.region)
        for rid, one in held.items()
        if person_of(one.record.ref.kind, one.record.values) in NATURAL
    }
    said = registers.look_up(tx, app.keys, issues, people).values()
    on = {one.by.issue: one.by for one in said if one.by}
    return tuple(OnRegister(one.register, one.dated) for one in on.values())
