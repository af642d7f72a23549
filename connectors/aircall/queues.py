"""The Power Dialer's queues, one a user: the one lever there is over whom Aircall calls next.

A queue is read whole, and rows go one by one, by their own numbers. Agents fill queues from other
programs and from files, so that what was taken out may be in again by tomorrow.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from connectors.aircall.client import Api
from connectors.barring import Queued
from rules.keys import Key, KeyKind, keys_in

FRESH: Final = timedelta(seconds=15)
"""So old may a reading be that an answer rests on."""
AGAIN: Final = timedelta(hours=1)
"""After so long a user without a queue is asked once more."""
UNQUEUED: Final = "unqueued"


@dataclass(frozen=True, slots=True)
class Reading:
    """A user's queue as it was read: row -> the numbers in it; None: he has none."""

    at: datetime
    rows: Mapping[int, frozenset[Key]] | None


class PowerDialer:
    """The queues of all users. What an answer rests on was read less than `FRESH` ago."""

    def __init__(self, api: Api, region: str) -> None:
        self._api, self._region = api, region
        self._readings: dict[int, Reading] = {}
        self._users: tuple[int, ...] | None = None

    def queued(self) -> Iterator[Sequence[Queued]]:
        """Each user's queue."""
        for user in self.users():
            rows = self._rows(user)
            yield [
                Queued(key, f"{user}/{row}") for row, keys in rows.items() for key in sorted(keys)
            ]

    def keys(self) -> set[Key]:
        """All numbers that stand in any queue."""
        return {key for user in self.users() for keys in self._rows(user).values() for key in keys}

    def take_out(self, keys: Collection[Key]) -> None:
        """These numbers, from every queue; rows that were dialled too, for agents dial again."""
        wanted = frozenset(keys)
        for user in self.users():
            for row, there in self._rows(user).items():
                if there & wanted:
                    self.drop(user, row)

    def drop(self, user: int, row: int) -> None:
        """One row; it may be gone already."""
        self._readings.pop(user, None)
        self._api.delete(f"{_path(user)}/{row}")

    def forget_users(self) -> None:
        """Somebody may have come: they are asked for anew."""
        self._users = None

    def users(self) -> tuple[int, ...]:
        """Everybody; asked once a pass."""
        if self._users is None:
            rows = self._api.rows("/v2/users", "users")
            self._users = tuple(int(row["id"]) for row in rows)
        return self._users

    def _rows(self, user: int) -> Mapping[int, frozenset[Key]]:
        now, known = self._api.clock(), self._readings.get(user)
        life = AGAIN if known and known.rows is None else FRESH
        if known is None or now - known.at > life:
            known = self._readings[user] = Reading(now, self._asked(user))
        return known.rows or {}

    def _asked(self, user: int) -> Mapping[int, frozenset[Key]] | None:
        path, found, page = _path(user), {}, 1
        while True:
            body = self._api.get(path, **({"page": page} if page > 1 else {}))
            if body is None:
                return None
            for row in body.get("numbers") or ():
                found[int(row["id"])] = self._numbers(row)
            if not (body.get("meta") or {}).get("next_page_link"):
                return found
            page += 1

    def _numbers(self, row: Mapping[str, Any]) -> frozenset[Key]:
        """However it was spelt by who put it there."""
        return frozenset(keys_in(KeyKind.PHONE, str(row.get("number") or ""), self._region))


def _path(user: int) -> str:
    return f"/v1/users/{user}/dialer_campaign/phone_numbers"
