"""What a simulated Mailchimp account holds: audiences, their members, complaints, webhooks.

The rules are those of the Marketing API 3.0 as its public description (OpenAPI 3.0.91) and the
notes of those who use it tell them: an unsubscribe holds in one audience only, who unsubscribed
himself is never subscribed again by others, an archived member does not show what he said, and who
was deleted for good comes back in no way.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from threading import RLock
from typing import Any

STATUSES = ("subscribed", "unsubscribed", "cleaned", "pending", "transactional", "archived")
BY_HIMSELF = frozenset({"self", "complaint", "bounce"})
"""Who or what took somebody off so that nobody but himself puts him on again."""


def stamp(at: datetime) -> str:
    """A time as the interface writes it: whole seconds."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S+00:00")


def md5(address: str) -> str:
    """The id of a member."""
    return hashlib.md5(address.strip().lower().encode(), usedforsecurity=False).hexdigest()


@dataclass(slots=True)
class Member:
    """Somebody in one audience. `off_by`: who took him off."""

    email_address: str
    contact_id: str
    web_id: int
    status: str
    last_changed: datetime
    merge_fields: dict[str, str] = field(default_factory=dict)
    off_by: str = ""
    unsubscribe_reason: str = ""
    timestamp_opt: str = ""
    sms_phone_number: str = ""
    sms_subscription_status: str = ""
    tags: list[str] = field(default_factory=list)

    @property
    def id(self) -> str:
        """MD5 of the address in lower case."""
        return md5(self.email_address)


@dataclass(slots=True)
class Audience:
    """A list."""

    id: str
    name: str
    merge_fields: dict[str, bool] = field(default_factory=dict)
    """Tag -> whether it has to be filled."""
    members: dict[str, Member] = field(default_factory=dict)
    complaints: list[dict[str, Any]] = field(default_factory=list)
    forgotten: set[str] = field(default_factory=set)
    webhooks: list[dict[str, Any]] = field(default_factory=list)

    def find(self, key: str) -> Member | None:
        """By hash, address or contact id."""
        if found := self.members.get(key) or self.members.get(md5(key)):
            return found
        return next((one for one in self.members.values() if one.contact_id == key), None)


@dataclass(slots=True)
class Mailing:
    """A campaign that was sent, or is being sent: to whom, and what became of each mail."""

    id: str
    audience: str
    title: str
    send_time: datetime
    sent_to: dict[str, tuple[str, str]] = field(default_factory=dict)
    """Hash -> (address, sent, hard or soft)."""
    status: str = "sent"


class Refused(Exception):
    """A title of the interface's own, with its status."""

    def __init__(self, status: int, title: str, detail: str = "", field: str = "") -> None:
        super().__init__(title)
        self.status, self.title, self.detail, self.field = status, title, detail, field


@dataclass
class Account:
    """The account, as people and programs use it. `journal` has every change that was accepted."""

    clock: Callable[[], datetime]
    audiences: dict[str, Audience] = field(default_factory=dict)
    journal: list[dict[str, Any]] = field(default_factory=list)
    events: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    """What webhooks have to tell: (URL, form)."""
    mailings: list[Mailing] = field(default_factory=list)
    hollow: set[str] = field(default_factory=set)
    """Addresses of which a change is answered well and not made."""
    lock: RLock = field(default_factory=RLock)
    _numbers: int = 0

    # --- what an administrator does ---

    def audience(self, ident: str, name: str = "", **required: bool) -> Audience:
        """A new audience."""
        tags = {"FNAME": False, "LNAME": False, "PHONE": False, "COMPANY": False, **required}
        self.audiences[ident] = Audience(ident, name or ident, tags)
        return self.audiences[ident]

    def add(self, audience: str, address: str, status: str = "subscribed", **merge: str) -> Member:
        """Somebody new, however he came."""
        self._numbers += 1
        one = Member(
            address,
            hashlib.md5(f"{audience}{self._numbers}".encode(), usedforsecurity=False).hexdigest(),
            100_000 + self._numbers,
            status,
            self.clock(),
            dict(merge),
            timestamp_opt=stamp(self.clock()),
        )
        self.audiences[audience].members[one.id] = one
        self._note(audience, one, "", "people")
        return one

    def edit(self, audience: str, address: str, **merge: str) -> None:
        """Somebody's merge fields are changed by hand."""
        one = self._member(audience, address)
        one.merge_fields |= merge
        one.last_changed = self.clock()

    def move(self, audience: str, address: str, to: str) -> None:
        """He gives another address."""
        one = self._member(audience, address)
        del self.audiences[audience].members[one.id]
        one.email_address, one.last_changed = to, self.clock()
        self.audiences[audience].members[one.id] = one
        self._tell(audience, one, {"type": "upemail", "data[old_email]": address})

    def load(self, audience: str, addresses: Mapping[str, Mapping[str, str]]) -> list[str]:
        """An import by an administrator, subscribing all; the addresses that were refused."""
        refused = []
        for address, merge in addresses.items():
            one = self.audiences[audience].find(address)
            if md5(address) in self.audiences[audience].forgotten:
                refused.append(address)
            elif one is None:
                self.add(audience, address, **dict(merge))
            elif one.off_by in BY_HIMSELF and one.status != "archived":
                refused.append(address)
            else:
                one.merge_fields |= merge
                self.set(audience, one, "subscribed", "import")
        return refused

    def archive(self, audience: str, address: str) -> None:
        """He is put away; what he said is no longer shown."""
        self.set(audience, self._member(audience, address), "archived", "people")

    def forget(self, audience: str, address: str) -> None:
        """He is deleted for good."""
        one = self._member(audience, address)
        self.audiences[audience].forgotten.add(one.id)
        del self.audiences[audience].members[one.id]
        self._note(audience, one, "", "forgotten")

    def mail(self, audience: str, title: str, *more: str, status: str = "sent") -> Mailing:
        """A mailing to all who are subscribed; `more`: others, as an earlier copy of the list has them."""
        people = [m.email_address for m in self.audiences[audience].members.values()
                  if m.status == "subscribed"]  # fmt: skip
        ident = f"c{len(self.mailings):09x}"
        found = {md5(one): (one, "sent") for one in [*people, *more]}
        self.mailings.append(Mailing(ident, audience, title, self.clock(), found, status))
        return self.mailings[-1]

    # --- what happens of itself ---

    def unsubscribe(self, audience: str, address: str, reason: str = "NORMAL") -> None:
        """He presses the link under a mail."""
        one = self._member(audience, address)
        one.unsubscribe_reason = reason
        self.set(audience, one, "unsubscribed", "self")
        self._tell(audience, one, {"type": "unsubscribe", "data[action]": "unsub"})

    def complain(self, audience: str, address: str) -> None:
        """He reports a mail as spam."""
        one = self._member(audience, address)
        one.unsubscribe_reason = "abuse complaint"
        self.set(audience, one, "unsubscribed", "complaint")
        self.audiences[audience].complaints.append(
            {
                "id": 1000 + len(self.audiences[audience].complaints),
                "campaign_id": "c0ffee0001",
                "list_id": audience,
                "email_id": one.id,
                "email_address": one.email_address,
                "merge_fields": dict(one.merge_fields),
                "vip": False,
                "date": stamp(self.clock()),
            }
        )
        self._tell(audience, one, {"type": "cleaned", "data[reason]": "abuse"})

    def bounce(self, audience: str, address: str) -> None:
        """His mailbox is no more."""
        one = self._member(audience, address)
        self.set(audience, one, "cleaned", "bounce")
        self._tell(audience, one, {"type": "cleaned", "data[reason]": "hard"})

    # --- both ---

    def set(self, audience: str, one: Member, status: str, by: str) -> None:
        """A status, and who gave it; `off_by` outlives an archive."""
        before = one.status
        if one.email_address.lower() in self.hollow:
            return
        one.status, one.last_changed = status, self.clock()
        if status in {"unsubscribed", "cleaned"}:
            one.off_by = one.off_by if one.off_by in BY_HIMSELF else by
        elif status in {"subscribed", "pending"}:
            one.off_by = one.unsubscribe_reason = ""
        self._note(audience, one, before, by)

    def snapshot(self) -> dict[str, Any]:
        """All there is, to be compared."""
        return {
            ident: {one.id: asdict(one) for one in audience.members.values()}
            for ident, audience in self.audiences.items()
        }

    def status(self, audience: str, address: str) -> str:
        """As an administrator sees it; nothing for somebody who is not there."""
        one = self.audiences[audience].find(address)
        return one.status if one else ""

    def _member(self, audience: str, address: str) -> Member:
        one = self.audiences[audience].find(address)
        if one is None:
            raise KeyError(address)
        return one

    def _note(self, audience: str, one: Member, before: str, by: str) -> None:
        line = {"list": audience, "address": one.email_address, "by": by}
        self.journal.append({**line, "before": before, "after": one.status})

    def _tell(self, audience: str, one: Member, said: Mapping[str, str]) -> None:
        form = {
            "fired_at": self.clock().astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S"),
            "data[id]": one.contact_id,
            "data[list_id]": audience,
            "data[email]": one.email_address,
            **said,
        }
        for hook in self.audiences[audience].webhooks:
            if hook["events"].get(said["type"]):
                self.events.append((hook["url"], form))
