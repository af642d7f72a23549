"""What a simulated Aircall company holds: users, numbers, calls, tags, contacts, queues, webhooks.

Rules as the public reference and those who use it tell them: contacts and calls are shown up to row
10,000, calls for six months, the Power Dialer has one queue a user, no list says whom not to call,
and a webhook that is not answered is switched off.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from threading import RLock
from typing import Any, Final

WALL: Final = 10_000
SIX_MONTHS: Final = timedelta(days=183)
FAILURES: Final = 10
MOST_COMMENTS: Final = 5

Row = dict[str, Any]


class Refused(Exception):
    """The vendor says no: a status and its body."""

    def __init__(self, status: int, **body: Any) -> None:
        super().__init__(status)
        self.status, self.body = status, body


@dataclass(frozen=True, slots=True)
class Write:
    """An accepted write: who did it, to what, how it was and how it is."""

    who: str
    what: str
    before: Any
    after: Any


@dataclass(slots=True)
class Company:
    """A company with its own key. What people do goes by `who` other than "api"."""

    clock: Callable[[], datetime]
    api_id: str = "opdigtet-id"
    api_token: str = "opdigtet-token"  # noqa: S105 - of a company that does not exist
    users: dict[int, Row] = field(default_factory=dict)
    numbers: dict[int, Row] = field(default_factory=dict)
    calls: dict[int, Row] = field(default_factory=dict)
    shown_from: dict[int, datetime] = field(default_factory=dict)
    """Calls that become visible late."""
    tags: dict[int, Row] = field(default_factory=dict)
    contacts: dict[int, Row] = field(default_factory=dict)
    queues: dict[int, list[Row]] = field(default_factory=dict)
    """By user: the rows of his Power Dialer. Who has no campaign is not in it."""
    without_dialer: set[int] = field(default_factory=set)
    """Users for whom the Power Dialer is not switched on."""
    webhooks: dict[str, Row] = field(default_factory=dict)
    outgoing: list[tuple[str, Row]] = field(default_factory=list)
    """Messages that wait to be sent: (webhook id, body)."""
    journal: list[Write] = field(default_factory=list)
    lock: Any = field(default_factory=RLock)
    _ids: Iterator[int] = field(default_factory=lambda: count(1001))

    def new_id(self) -> int:
        """The next number."""
        return next(self._ids)

    @property
    def now(self) -> int:
        """Seconds since 1970."""
        return int(self.clock().timestamp())

    def note(self, who: str, what: str, before: Any, after: Any) -> None:
        """An accepted write."""
        self.journal.append(Write(who, what, deepcopy(before), deepcopy(after)))

    # --- people, numbers, tags ---

    def user(self, name: str) -> int:
        """Somebody who dials."""
        ident = self.new_id()
        mail = f"{name.split(maxsplit=1)[0].lower()}@opdigtet-9001.dk"
        row = {"id": ident, "name": name, "email": mail, "available": True}
        self.users[ident] = row | {"availability_status": "available", "created_at": "2025-01-07"}
        return ident

    def number(self, digits: str, name: str = "Salg DK") -> int:
        """A number of the company's."""
        ident = self.new_id()
        row = {"id": ident, "name": name, "digits": digits, "country": "DK"}
        self.numbers[ident] = row | {"time_zone": "Europe/Copenhagen"}
        return ident

    def tag(self, name: str) -> int:
        """A tag that agents may put on calls."""
        ident = self.new_id()
        self.tags[ident] = {"id": ident, "name": name, "color": "#ff0000", "description": None}
        return ident

    # --- calls ---

    def call(
        self,
        to: str | None,
        *,
        user: int | None = None,
        number: int | None = None,
        direction: str = "outbound",
        seconds: int = 60,
        answered: bool = True,
        ago: int = 0,
        contact: int | None = None,
        shown_after: int = 0,
    ) -> int:
        """A call that has ended, `seconds` long, begun `ago` seconds before now."""
        begun, ident = self.now - ago, self.new_id()
        self.calls[ident] = {
            "id": ident, "sid": f"CA{ident:08d}",
            "direct_link": f"https://api.aircall.io/v1/calls/{ident}",
            "direction": direction, "status": "done", "missed_call_reason": None,
            "started_at": begun, "answered_at": begun + 8 if answered else None,
            "ended_at": begun + seconds, "duration": seconds, "hangup_cause": None,
            "cost": "0.0", "raw_digits": spaced(to) if to else "anonymous", "voicemail": None,
            "recording": None, "asset": None, "archived": False, "user": user,
            "number": number, "contact": contact, "assigned_to": None, "transferred_by": None,
            "transferred_to": None, "teams": [], "comments": [], "tags": [],
        }  # fmt: skip
        if shown_after:
            self.shown_from[ident] = self.clock() + timedelta(seconds=shown_after)
        self.announce("call.created", self.call_body(self.calls[ident], hook=True))
        self.announce("call.ended", self.call_body(self.calls[ident], hook=True))
        return ident

    def begin(self, to: str, *, user: int, number: int) -> int:
        """A call that rings now."""
        ident = self.call(to, user=user, number=number, seconds=0, answered=False)
        self.calls[ident] |= {"status": "initial", "ended_at": None, "duration": 0}
        return ident

    def end(self, ident: int, seconds: int) -> None:
        """It is over."""
        call = self.calls[ident]
        ended = call["started_at"] + seconds
        call |= {"status": "done", "ended_at": ended, "duration": seconds}
        self.announce("call.ended", self.call_body(call, hook=True))

    def put_tag(self, ident: int, tag: int, who: str = "agent") -> None:
        """Somebody tags a call, often long after it."""
        call = self.calls[ident]
        if any(one["id"] == tag for one in call["tags"]):
            return
        before = list(call["tags"])
        call["tags"].append({"id": tag, "tagged_at": self.now, "by": call["user"]})
        self.note(who, f"calls/{ident}/tags", before, call["tags"])
        self.announce("call.tagged", self.call_body(call, hook=True))

    def comment(self, ident: int, text: str, who: str = "agent") -> None:
        """Somebody writes about a call."""
        call = self.calls[ident]
        if len(call["comments"]) >= MOST_COMMENTS:
            raise Refused(422, error="Too many comments", troubleshoot="At most 5 a call")
        call["comments"].append({"id": self.new_id(), "content": text, "posted_at": self.now})
        self.note(who, f"calls/{ident}/comments", None, text)

    def shown_calls(self) -> list[Row]:
        """What the interface shows now."""
        oldest, now = int((self.clock() - SIX_MONTHS).timestamp()), self.clock()
        return [
            one
            for one in self.calls.values()
            if one["started_at"] >= oldest and self.shown_from.get(one["id"], now) <= now
        ]

    def call_body(self, call: Row, *, contact: bool = False, hook: bool = False) -> Row:
        """A call as it goes over the line."""
        user, number = self.users.get(call["user"]), self.numbers.get(call["number"])
        body = call | {
            "user": user and dict(user),
            "number": number and dict(number),
            "contact": self.contacts.get(call["contact"]) if contact else None,
            "tags": [
                {**self.tags[one["id"]], "tagged_at": one["tagged_at"]} for one in call["tags"]
            ],
        }
        return body | ({"call_uuid": call["sid"]} if hook else {})

    # --- contacts ---

    def contact(self, who: str = "person", **values: Any) -> int:
        """A shared contact. The same twice is two."""
        ident = self.new_id()
        numbers = [_detail(self.new_id(), one) for one in values.pop("phone_numbers", ())]
        emails = [_detail(self.new_id(), one) for one in values.pop("emails", ())]
        names = ("first_name", "last_name", "company_name", "information")
        self.contacts[ident] = {
            "id": ident, "direct_link": f"https://api.aircall.io/v1/contacts/{ident}",
            **{name: values.get(name) for name in names}, "is_shared": True,
            "created_at": self.now, "updated_at": self.now,
            "phone_numbers": numbers, "emails": emails,
        }  # fmt: skip
        self.note(who, f"contacts/{ident}", None, self.contacts[ident])
        return ident

    def edit(self, ident: int, who: str = "person", **values: Any) -> None:
        """Somebody writes into a contact."""
        contact = self.contacts[ident]
        before = dict(contact)
        contact |= values | {"updated_at": self.now}
        self.note(who, f"contacts/{ident}", before, contact)
        self.announce("contact.updated", dict(contact))

    def remove(self, ident: int, who: str = "person") -> None:
        """For good."""
        self.note(who, f"contacts/{ident}", self.contacts.pop(ident), None)

    # --- queues ---

    def campaign(self, user: int) -> None:
        """His Power Dialer begins with an empty queue."""
        self.queues.setdefault(user, [])

    def queue(self, user: int, *numbers: str, who: str = "person") -> None:
        """Somebody puts numbers in, by a click or a file; as they are spelt there."""
        self.campaign(user)
        known = {_digits(one["number"]) for one in self.queues[user]}
        for number in numbers:
            if _digits(number) in known:
                raise Refused(422, error="Validation failed", troubleshoot="already imported")
            row = {"id": self.new_id(), "number": number, "called": False, "created_at": self.now}
            self.queues[user].append(row)
            self.note(who, f"users/{user}/queue", None, row)

    def unqueue(self, user: int, ident: int, who: str = "api") -> None:
        """One row goes."""
        rows = self.queues.get(user)
        found = next((one for one in rows or () if one["id"] == ident), None)
        if rows is None or found is None:
            raise Refused(404, message="Not Found")
        rows.remove(found)
        self.note(who, f"users/{user}/queue", found, None)

    def queued(self) -> set[str]:
        """All numbers in any queue, digits only."""
        return {_digits(one["number"]) for rows in self.queues.values() for one in rows}

    # --- webhooks ---

    def hook(self, url: str, events: list[str], name: str | None = None) -> Row:
        """No events means all of them."""
        ident = f"00000000-0000-4000-8000-{self.new_id():012d}"
        self.webhooks[ident] = {
            "webhook_id": ident, "direct_link": f"https://api.aircall.io/v1/webhooks/{ident}",
            "created_at": self.clock().isoformat(), "url": url, "active": True,
            "token": secrets.token_hex(16), "events": list(events), "custom_name": name,
            "failures": 0,
        }  # fmt: skip
        return self.webhooks[ident]

    def announce(self, event: str, data: Mapping[str, Any]) -> None:
        """A message to every webhook that wants it."""
        for ident, hook in self.webhooks.items():
            if hook["active"] and (not hook["events"] or event in hook["events"]):
                resource = event.partition(".")[0]
                body = {"resource": resource, "event": event, "timestamp": self.now}
                message = body | {"token": hook["token"], "data": deepcopy(dict(data))}
                self.outgoing.append((ident, message))

    def send(self, post: Callable[[str, Row], int]) -> int:
        """Send what waits; gives how many were not taken. A webhook that fails often is off."""
        waiting, self.outgoing = self.outgoing, []
        for ident, message in waiting:
            hook = self.webhooks[ident]
            if not hook["active"]:
                continue
            if post(hook["url"], message) // 100 == 2:
                hook["failures"] = 0
                continue
            hook["failures"] += 1
            hook["active"] = hook["failures"] < FAILURES
            self.outgoing.append((ident, message))
        return len(self.outgoing)

    # --- for tests ---

    def snapshot(self) -> dict[str, dict[str, Any]]:
        """All that is stored, to be compared."""
        return deepcopy(
            {
                "calls": {str(k): v for k, v in self.calls.items()},
                "contacts": {str(k): v for k, v in self.contacts.items()},
                "queues": {str(k): v for k, v in self.queues.items()},
                "webhooks": dict(self.webhooks),
            }
        )


def spaced(number: str) -> str:
    """A number as it is shown: `+45 33 12 34 56`."""
    if not number.startswith("+45") or len(number) != 11:
        return number
    rest = number[3:]
    return " ".join(["+45", *(rest[at : at + 2] for at in range(0, 8, 2))])


def _digits(number: str) -> str:
    return "".join(filter(str.isdigit, number))


def _detail(ident: int, value: str | Mapping[str, Any]) -> Row:
    given = {"label": "Work", "value": value} if isinstance(value, str) else dict(value)
    return {"id": ident, **given}
