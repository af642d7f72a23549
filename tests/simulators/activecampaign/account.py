"""What a simulated ActiveCampaign account holds: contacts, lists, who stands on which, bounces.

The rules are those of the API v3 as its public description and its makers' forum tell them: an
opt-out is a row of contact and list, a new list is not covered, and nothing but an import refuses
to subscribe again who has unsubscribed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta, timezone
from threading import RLock
from typing import Any, Final

UNCONFIRMED, ACTIVE, UNSUBSCRIBED, BOUNCED = "0", "1", "2", "3"
ZONE: Final = timezone(timedelta(hours=-6))
"""The account's own time, in which its stamps are written."""


def stamp(at: datetime) -> str:
    """A time as the interface writes it."""
    return at.astimezone(ZONE).replace(microsecond=0).isoformat()


def local(at: datetime) -> str:
    """A time as the texts have it: of the account's zone, without saying so."""
    return at.astimezone(ZONE).replace(microsecond=0, tzinfo=None).isoformat()


@dataclass(slots=True)
class Contact:
    """Somebody; `rows` by list."""

    id: int
    email: str
    firstName: str = ""  # noqa: N815 - as the vendor has it
    lastName: str = ""  # noqa: N815
    phone: str = ""
    orgname: str = ""
    udate: datetime | None = None
    cdate: datetime | None = None
    deleted: str = "0"
    bounced_hard: int = 0
    bounced_soft: int = 0
    bounced_date: str | None = None
    rows: dict[int, Row] = field(default_factory=dict)
    automations: list[int] = field(default_factory=list)
    tags: list[int] = field(default_factory=list)


@dataclass(slots=True)
class Row:
    """A contact on a list."""

    id: int
    status: str
    sdate: str = ""
    udate: str = ""
    unsubreason: str = ""
    sourceid: str = "0"


@dataclass(slots=True)
class Broadcast:
    """A text message to many: to whom it went when, who did not get it, who answered with a stop."""

    id: int
    name: str
    at: datetime
    status: str = "sent"
    sent_to: dict[int, datetime] = field(default_factory=dict)
    failed: set[int] = field(default_factory=set)
    stops: set[int] = field(default_factory=set)


@dataclass
class Account:
    """The account, as people and programs use it. `journal` has every change that was accepted."""

    clock: Callable[[], datetime]
    lists: dict[int, str] = field(default_factory=dict)
    contacts: dict[int, Contact] = field(default_factory=dict)
    automations: dict[int, str] = field(default_factory=dict)
    bounces: list[dict[str, Any]] = field(default_factory=list)
    broadcasts: dict[int, Broadcast] = field(default_factory=dict)
    webhooks: list[dict[str, Any]] = field(default_factory=list)
    imports: dict[str, dict[str, Any]] = field(default_factory=dict)
    journal: list[dict[str, Any]] = field(default_factory=list)
    events: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    """What webhooks have to tell: (URL, form)."""
    hollow: set[str] = field(default_factory=set)
    """Addresses of which a change is answered well and not made."""
    silent: bool = False
    """An unsubscribe does not move the contact's time of change."""
    lock: RLock = field(default_factory=RLock)
    _numbers: int = 0
    _rows: int = 0

    # --- what an administrator does ---

    def add_list(self, name: str) -> int:
        """A new list."""
        ident = len(self.lists) + 1
        self.lists[ident] = name
        self._tell("list_add", None, {"list": str(ident)})
        return ident

    def add(self, email: str, *lists: int, status: str = ACTIVE, **values: str) -> Contact:
        """Somebody new, on these lists."""
        self._numbers += 1
        now = self.clock()
        one = Contact(self._numbers, email, udate=now, cdate=now, **values)
        self.contacts[one.id] = one
        for ident in lists:
            self.set(one, ident, status, "people")
        return one

    def edit(self, email: str, **values: str) -> None:
        """Somebody's fields are changed by hand."""
        one = self.find(email)
        for name, value in values.items():
            setattr(one, name, value)
        one.udate = self.clock()

    def load(self, ident: int, emails: Mapping[str, Mapping[str, str]]) -> None:
        """An import onto a list. Who has unsubscribed from it stays so; nobody is told of it."""
        for email, values in emails.items():
            one = next((c for c in self.contacts.values() if c.email == email), None)
            if one is None:
                self.add(email, ident, **dict(values))
            elif ident not in one.rows or one.rows[ident].status not in {UNSUBSCRIBED, BOUNCED}:
                self.set(one, ident, ACTIVE, "import")

    def drop(self, email: str) -> None:
        """A contact is deleted, and with it that he unsubscribed."""
        del self.contacts[self.find(email).id]

    def text(self, name: str, *emails: str, status: str = "sent") -> Broadcast:
        """A text message goes out to these contacts."""
        now = self.clock()
        one = Broadcast(len(self.broadcasts) + 1, name, now, status)
        self.broadcasts[one.id] = one
        one.sent_to |= {self.find(email).id: now for email in emails}
        return one

    # --- what happens of itself ---

    def unsubscribe(self, email: str, ident: int, reason: str = "") -> None:
        """He presses the link under a mail."""
        one = self.find(email)
        one.rows[ident].unsubreason = reason
        self.set(one, ident, UNSUBSCRIBED, "self")
        self._tell("unsubscribe", one, {"list": str(ident), "unsubscribe[reason]": reason})

    def bounce(self, email: str) -> None:
        """His mailbox is no more: all his rows say so."""
        one, now = self.find(email), self.clock()
        one.bounced_hard += 1
        one.bounced_date = now.astimezone(ZONE).date().isoformat()
        self.bounces.append(
            {
                "id": str(len(self.bounces) + 1),
                "tstamp": stamp(now),
                "subscriberid": str(one.id),
                "email": email,
                "bounce": "1",
                "codeid": "5.1.1",
            }
        )
        for ident in one.rows:
            self.set(one, ident, BOUNCED, "bounce")

    # --- both ---

    def set(self, one: Contact, ident: int, status: str, by: str, source: str = "0") -> Row:
        """A row's status, and who gave it."""
        now = self.clock()
        if ident not in one.rows:
            self._rows += 1
            one.rows[ident] = Row(self._rows, "")
        row = one.rows[ident]
        if one.email in self.hollow:
            return row
        before, row.status, row.sourceid = row.status, status, source
        if status == UNSUBSCRIBED:
            row.udate = stamp(now)
        elif status == ACTIVE:
            row.sdate, row.unsubreason = stamp(now), ""
        if not self.silent:
            one.udate = now
        line = {"list": ident, "email": one.email, "by": by, "before": before, "after": status}
        self.journal.append(line)
        return row

    def find(self, email: str) -> Contact:
        """By address; KeyError when nobody has it."""
        for one in self.contacts.values():
            if one.email == email:
                return one
        raise KeyError(email)

    def status(self, email: str, ident: int) -> str:
        """As an administrator sees it; nothing for somebody who is not there."""
        rows = [one.rows for one in self.contacts.values() if one.email == email]
        return rows[0][ident].status if rows and ident in rows[0] else ""

    def snapshot(self) -> dict[str, Any]:
        """All there is, to be compared."""
        return {str(one.id): asdict(one) for one in self.contacts.values()}

    def _tell(self, what: str, one: Contact | None, said: Mapping[str, str]) -> None:
        form = {"type": what, "date_time": stamp(self.clock()), "initiated_from": "public"}
        if one:
            form |= {"contact[id]": str(one.id), "contact[email]": one.email}
        for hook in self.webhooks:
            if what in hook["events"]:
                self.events.append((hook["url"], {**form, **said}))
