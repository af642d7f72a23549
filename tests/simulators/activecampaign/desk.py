"""Which call is answered by what: paths, bodies and errors of the API v3. Numbers travel as text."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from simulators.activecampaign.account import (
    ACTIVE,
    UNSUBSCRIBED,
    Account,
    Contact,
    local,
    stamp,
)
from simulators.web import Ask, Told

KEY: Final = "fedcba9876543210fedcba9876543210fedcba98"
HOST: Final = "https://opdigt.api-us1.com"
MOST_ROWS, MOST_IMPORTED = 100, 250
STATUSES: Final = frozenset({"0", "1", "2", "3"})


class Refused(Exception):
    """An error, in one of the shapes that there are."""

    def __init__(self, status: int, body: Mapping[str, Any]) -> None:
        super().__init__(status)
        self.status, self.body = status, dict(body)


class Office:
    """The endpoints of one account. `per_second`: calls that are let in, None for all."""

    def __init__(self, account: Account, per_second: int | None = None) -> None:
        self.account, self.per_second = account, per_second
        self._at: deque[datetime] = deque()

    def answer(self, ask: Ask) -> Told:
        """The answer to one call."""
        if ask.headers.get("api-token") != KEY:
            return Told(403, {"message": "You do not have permission to access this resource"})
        if not self._let_in():
            headers = {"Retry-After": "1", "RateLimit-Limit": "5", "RateLimit-Remaining": "0"}
            return Told(429, {"message": "Too Many Requests"}, headers)
        for method, pattern, endpoint in ROUTES:
            match = pattern.fullmatch(ask.path) if method == ask.method else None
            if match:
                with self.account.lock:
                    try:
                        return endpoint(self, ask, **match.groupdict())
                    except Refused as why:
                        return Told(why.status, why.body)
        return Told(404, {"message": "No Result found"})

    def _let_in(self) -> bool:
        if self.per_second is None:
            return True
        now = self.account.clock()
        while self._at and (now - self._at[0]).total_seconds() >= 1:
            self._at.popleft()
        if len(self._at) >= self.per_second:
            return False
        self._at.append(now)
        return True

    # --- what there is ---

    def me(self, ask: Ask) -> Told:
        """GET /users/me."""
        del ask
        return Told(
            200, {"user": {"id": "1", "username": "ringren", "email": "r@opdigtet-9001.dk"}}
        )

    def lists(self, ask: Ask) -> Told:
        """GET /lists."""
        rows = [
            {"id": str(n), "name": name, "stringid": name} for n, name in self.account.lists.items()
        ]
        return _page(ask, "lists", rows)

    def automations(self, ask: Ask) -> Told:
        """GET /automations."""
        rows = [{"id": str(n), "name": name} for n, name in self.account.automations.items()]
        return _page(ask, "automations", rows)

    def bounces(self, ask: Ask) -> Told:
        """GET /bounceLogs."""
        return _page(ask, "bounceLogs", self.account.bounces)

    def bounces_of(self, ask: Ask, ident: str) -> Told:
        """GET /contacts/{id}/bounceLogs."""
        found = [one for one in self.account.bounces if one["subscriberid"] == ident]
        return _page(ask, "bounceLogs", found)

    # --- contacts ---

    def contacts(self, ask: Ask) -> Told:
        """GET /contacts."""
        found = [one for one in self.account.contacts.values() if _fits(ask, one)]
        if ask.one("orders[id]").upper() == "ASC":
            found.sort(key=lambda one: one.id)
        told = _page(ask, "contacts", [_shown(one) for one in found])
        if "contactLists" in ask.one("include").split(","):
            shown = {one["id"] for one in told.body["contacts"]}
            rows = [row for one in found if str(one.id) in shown for row in _rows(one)]
            told.body["contactLists"] = rows
        return told

    def contact(self, ask: Ask, ident: str) -> Told:
        """GET /contacts/{id}, with what hangs on it."""
        del ask
        one = self._contact(ident)
        logs = [log for log in self.account.bounces if log["subscriberid"] == ident]
        automations = [{"contact": ident, "automation": str(n)} for n in one.automations]
        return Told(
            200,
            {
                "contact": _shown(one),
                "contactLists": _rows(one),
                "contactAutomations": automations,
                "bounceLogs": logs,
            },
        )

    def sync(self, ask: Ask) -> Told:
        """POST /contact/sync: by address, made when there is none."""
        said = ask.body["contact"]
        email = str(said.get("email") or "")
        if "@" not in email:
            raise _invalid("Contact Email Address is not valid.", "/data/attributes/email")
        known = [one for one in self.account.contacts.values() if one.email == email.lower()]
        one = known[0] if known else self.account.add(email.lower())
        for name in ("firstName", "lastName", "phone"):
            if name in said:
                setattr(one, name, said[name])
        one.udate = self.account.clock()
        return Told(200 if known else 201, {"contact": _shown(one), "fieldValues": []})

    def drop(self, ask: Ask, ident: str) -> Told:
        """DELETE /contacts/{id}: with all that was said."""
        del ask
        del self.account.contacts[self._contact(ident).id]
        return Told(200, {})

    # --- who stands on which list ---

    def rows(self, ask: Ask) -> Told:
        """GET /contactLists."""
        wanted = {"list": ask.one("filters[list]"), "status": ask.one("filters[status]")}
        found = [
            row
            for one in self.account.contacts.values()
            for row in _rows(one)
            if all(not value or row[name] == value for name, value in wanted.items())
        ]
        return _page(ask, "contactLists", found)

    def set(self, ask: Ask) -> Told:
        """POST /contactLists: 1 signs up whoever it is, 2 takes off."""
        said = ask.body["contactList"]
        status, ident = str(said["status"]), int(said["list"])
        if status not in STATUSES:
            raise _invalid("status", "/data/attributes/status")
        one = self._contact(str(said["contact"]))
        if ident not in self.account.lists:
            raise Refused(404, {"message": f"No Result found for List with id {ident}"})
        self.account.set(one, ident, status, "api", str(said.get("sourceid", 0)))
        [row] = [row for row in _rows(one) if row["list"] == str(ident)]
        return Told(200, {"contacts": [_shown(one)], "contactList": row})

    def load(self, ask: Ask) -> Told:
        """POST /import/bulk_import: done at once here, though asked for with a batch id."""
        people = ask.body["contacts"]
        if len(people) > MOST_IMPORTED:
            why = {"success": 0, "message": "Max contacts exceeded", "failureReasons": []}
            raise Refused(400, why)
        wrong = [at for at, said in enumerate(people) if "@" not in str(said["email"])]
        if wrong:
            reasons = [{"contact": at, "failureReason": "email"} for at in wrong]
            raise Refused(400, {"success": 0, "message": "", "failureReasons": reasons})
        done: dict[str, Any] = {"status": "completed", "success": [], "failure": []}
        for said in people:
            email = str(said["email"])
            one = next((c for c in self.account.contacts.values() if c.email == email), None)
            one = one or self.account.add(email)
            for row in said.get("unsubscribe", ()):
                self.account.set(one, int(row["listid"]), UNSUBSCRIBED, "import")
            for row in said.get("subscribe", ()):
                there = one.rows.get(int(row["listid"]))
                if there is None or there.status != UNSUBSCRIBED:
                    self.account.set(one, int(row["listid"]), ACTIVE, "import")
            done["success"].append(str(one.id))
        batch = f"b{len(self.account.imports) + 1}"
        self.account.imports[batch] = done
        return Told(
            200, {"Success": 1, "queued_contacts": len(people), "batchId": batch, "message": ""}
        )

    def loaded(self, ask: Ask) -> Told:
        """GET /import/info."""
        return Told(200, self.account.imports[ask.one("batchId")])

    # --- text messages ---

    def broadcasts(self, ask: Ask) -> Told:
        """GET /sms/broadcasts."""
        rows = [
            {
                "id": one.id,
                "name": one.name,
                "status": one.status,
                "sent_date": local(one.at),
                "sent_to_count": len(one.sent_to),
            }
            for one in self.account.broadcasts.values()
        ]
        return _page(ask, "broadcasts", rows)

    def recipients(self, ask: Ask, ident: str) -> Told:
        """GET /sms/broadcasts/{id}/recipients."""
        one = self.account.broadcasts.get(int(ident))
        if one is None:
            raise Refused(404, {"message": f"No Result found for Broadcast with id {ident}"})
        engaged = ask.query.get("filters[engagement][]", ())
        rows = [
            {
                "id": number,
                "phoneNumber": self.account.contacts[number].phone,
                "sentDate": local(at),
                "deliverability": "failed" if number in one.failed else "delivered",
                "optOut": "yes" if number in one.stops else "no",
                "replies": [],
            }
            for number, at in one.sent_to.items()
            if not engaged or number in one.stops
        ]
        return _page(ask, "recipients", rows)

    # --- webhooks ---

    def hook(self, ask: Ask) -> Told:
        """POST /webhooks."""
        said = dict(ask.body["webhook"])
        said["id"] = str(len(self.account.webhooks) + 1)
        self.account.webhooks.append(said)
        return Told(201, {"webhook": said})

    def hooks(self, ask: Ask) -> Told:
        """GET /webhooks."""
        return _page(ask, "webhooks", self.account.webhooks)

    def _contact(self, ident: str) -> Contact:
        one = self.account.contacts.get(int(ident)) if ident.isdigit() else None
        if one is None:
            raise Refused(404, {"message": f"No Result found for Subscriber with id {ident}"})
        return one


Endpoint = Callable[..., Told]
ROUTES: Final[tuple[tuple[str, re.Pattern[str], Endpoint], ...]] = tuple(
    (method, re.compile(r"/api/3" + path), endpoint)
    for method, path, endpoint in (
        ("GET", "/users/me", Office.me),
        ("GET", "/lists", Office.lists),
        ("GET", "/automations", Office.automations),
        ("GET", "/bounceLogs", Office.bounces),
        ("GET", "/contacts", Office.contacts),
        ("GET", r"/contacts/(?P<ident>[^/]+)", Office.contact),
        ("GET", r"/contacts/(?P<ident>[^/]+)/bounceLogs", Office.bounces_of),
        ("DELETE", r"/contacts/(?P<ident>[^/]+)", Office.drop),
        ("POST", "/contact/sync", Office.sync),
        ("GET", "/contactLists", Office.rows),
        ("POST", "/contactLists", Office.set),
        ("POST", "/import/bulk_import", Office.load),
        ("GET", "/import/info", Office.loaded),
        ("GET", "/sms/broadcasts", Office.broadcasts),
        ("GET", r"/sms/broadcasts/(?P<ident>\d+)/recipients", Office.recipients),
        ("POST", "/webhooks", Office.hook),
        ("GET", "/webhooks", Office.hooks),
    )
)


def _invalid(title: str, pointer: str) -> Refused:
    error = {"title": title, "detail": "", "code": "invalid", "source": {"pointer": pointer}}
    return Refused(422, {"errors": [error]})


def _fits(ask: Ask, one: Contact) -> bool:
    ids, ident, status = ask.query.get("ids[]", ()), ask.one("listid"), ask.one("status", "1")
    row = one.rows.get(int(ident)) if ident else None
    after = ask.one("filters[updated_after]")
    return (
        (not ids or str(one.id) in ids)
        and (not ident or (row is not None and status in {"-1", row.status}))
        and one.id > int(ask.one("id_greater", "0"))
        and (not ask.one("email") or one.email == ask.one("email"))
        and (not after or _later(one, datetime.fromisoformat(after)))
    )


def _later(one: Contact, than: datetime) -> bool:
    assert one.udate
    return one.udate > (than if than.tzinfo else than.replace(tzinfo=UTC))


def _page(ask: Ask, name: str, rows: list[Any]) -> Told:
    limit, offset = int(ask.one("limit", "20")), int(ask.one("offset", "0"))
    shown = rows[offset : offset + min(limit, MOST_ROWS)]
    return Told(200, {name: shown, "meta": {"total": str(len(rows))}})


def _shown(one: Contact) -> dict[str, Any]:
    links = {"contactLists": f"{HOST}/api/3/contacts/{one.id}/contactLists"}
    return {
        "id": str(one.id),
        "email": one.email,
        "firstName": one.firstName,
        "lastName": one.lastName,
        "phone": one.phone,
        "orgname": one.orgname,
        "cdate": stamp(one.cdate) if one.cdate else "",
        "udate": stamp(one.udate) if one.udate else "",
        "deleted": one.deleted,
        "bounced_hard": str(one.bounced_hard),
        "bounced_soft": str(one.bounced_soft),
        "bounced_date": one.bounced_date,
        "links": links,
    }


def _rows(one: Contact) -> list[dict[str, Any]]:
    return [
        {
            "id": str(row.id),
            "contact": str(one.id),
            "list": str(ident),
            "status": row.status,
            "sdate": row.sdate or None,
            "udate": row.udate or None,
            "unsubreason": row.unsubreason,
            "sourceid": row.sourceid,
            "campaign": None,
        }
        for ident, row in one.rows.items()
    ]
