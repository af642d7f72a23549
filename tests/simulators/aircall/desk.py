"""Which call is answered by what: paths, bodies and refusals of the Public API."""

from __future__ import annotations

import base64
import binascii
import re
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from simulators.aircall.company import WALL, Company, Refused, Row
from simulators.web import Ask, Told

HOST: Final = "https://api.aircall.io"
MOST_ROWS, USUAL_ROWS = 50, 20
MOST_HOOKS, MOST_NUMBERS = 100, 20
_FORBIDDEN: Final = Refused(403, message="Forbidden")
_MISSING: Final = Refused(404, message="Not Found")


@dataclass(slots=True)
class Limit:
    """Calls a minute for the whole company. `milliseconds`: how Reset is written; `said`: whether at all."""

    a_minute: int | None = 120
    milliseconds: bool = False
    said: bool = True
    _calls: deque[float] = field(default_factory=deque)

    def take(self, now: float) -> bool:
        """Count one call; False when there is none left."""
        while self._calls and self._calls[0] <= now - 60:
            self._calls.popleft()
        if self.a_minute is not None and len(self._calls) >= self.a_minute:
            return False
        self._calls.append(now)
        return True

    def headers(self, now: float) -> dict[str, str]:
        """What an answer says of it."""
        if not self.said or self.a_minute is None:
            return {}
        resets = int(self._calls[0] + 60 if self._calls else now)
        return {
            "X-AircallApi-Limit": str(self.a_minute),
            "X-AircallApi-Remaining": str(max(0, self.a_minute - len(self._calls))),
            "X-AircallApi-Reset": str(resets * 1000 if self.milliseconds else resets),
        }


class Office:
    """The endpoints of one company."""

    def __init__(self, company: Company, limit: Limit | None = None) -> None:
        self.company, self.limit = company, limit or Limit()

    def answer(self, ask: Ask) -> Told:
        """The answer to one call."""
        now = self.company.clock().timestamp()
        with self.company.lock:
            try:
                self._let_in(ask.headers.get("authorization", ""))
                if not self.limit.take(now):
                    return Told(429, {"error": "Too many requests"}, self.limit.headers(now))
                told = self._routed(ask)
            except Refused as why:
                return Told(why.status, why.body, self.limit.headers(now))
        return Told(told.status, told.body, self.limit.headers(now))

    def _let_in(self, header: str) -> None:
        if not header:
            raise Refused(401, message="Unauthorized")
        try:
            said = base64.b64decode(header.removeprefix("Basic "), validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            raise _FORBIDDEN from None
        if said != f"{self.company.api_id}:{self.company.api_token}":
            raise _FORBIDDEN

    def _routed(self, ask: Ask) -> Told:
        for method, pattern, endpoint in ROUTES:
            match = pattern.fullmatch(ask.path) if method == ask.method else None
            if match:
                return endpoint(self, ask, *map(int, match.groups()))
        for method, pattern, endpoint in BY_UUID:
            match = pattern.fullmatch(ask.path) if method == ask.method else None
            if match:
                return endpoint(self, ask, match[1])
        raise _MISSING

    # --- what there is ---

    def ping(self, _ask: Ask) -> Told:
        """GET /v1/ping."""
        return Told(200, {"ping": "pong"})

    def about(self, _ask: Ask) -> Told:
        """GET /v1/company."""
        company = self.company
        counts = {"users_count": len(company.users), "numbers_count": len(company.numbers)}
        return Told(200, {"company": {"name": "Opdigtet Salg ApS", **counts}})

    def users(self, ask: Ask) -> Told:
        """GET /v2/users."""
        return _page(ask, "users", list(self.company.users.values()))

    def numbers(self, ask: Ask) -> Told:
        """GET /v1/numbers."""
        return _page(ask, "numbers", list(self.company.numbers.values()))

    def tags(self, ask: Ask) -> Told:
        """GET /v1/tags."""
        return _page(ask, "tags", list(self.company.tags.values()))

    # --- calls ---

    def calls(self, ask: Ask) -> Told:
        """GET /v1/calls: by the time of creation, newest first unless asked otherwise."""
        rows = _between(ask, self.company.shown_calls(), "started_at")
        contact = ask.one("fetch_contact") == "true"
        return _page(
            ask, "calls", rows, lambda one: self.company.call_body(one, contact=contact), WALL
        )

    def call(self, ask: Ask, ident: int) -> Told:
        """GET /v1/calls/{id}."""
        contact = ask.one("fetch_contact") == "true"
        found = _found({one["id"]: one for one in self.company.shown_calls()}, ident)
        return Told(200, {"call": self.company.call_body(found, contact=contact)})

    def tag_call(self, ask: Ask, ident: int) -> Told:
        """POST /v1/calls/{id}/tags: ids of tags, not names."""
        _found(self.company.calls, ident)
        for tag in ask.body["tags"]:
            if tag not in self.company.tags:
                raise Refused(400, error="Invalid tag", troubleshoot="Use ids of tags")
            self.company.put_tag(ident, tag, "api")
        return Told(201)

    def comment_call(self, ask: Ask, ident: int) -> Told:
        """POST /v1/calls/{id}/comments."""
        _found(self.company.calls, ident)
        self.company.comment(ident, str(ask.body["content"]), "api")
        return Told(201)

    # --- contacts ---

    def contacts(self, ask: Ask) -> Told:
        """GET /v1/contacts: from and to follow order_by."""
        by = ask.one("order_by", "created_at")
        rows = _between(ask, list(self.company.contacts.values()), by)
        return _page(ask, "contacts", rows, dict, WALL)

    def find_contacts(self, ask: Ask) -> Told:
        """GET /v1/contacts/search: by a number or an address, as it is written there."""
        number, mail = ask.one("phone_number"), ask.one("email")
        if not number and not mail:
            raise Refused(400, error="Missing term", troubleshoot="phone_number or email")
        found = [
            one
            for one in self.company.contacts.values()
            if (number and number in {row["value"] for row in one["phone_numbers"]})
            or (mail and mail in {row["value"] for row in one["emails"]})
        ]
        return _page(ask, "contacts", found)

    def contact(self, _ask: Ask, ident: int) -> Told:
        """GET /v1/contacts/{id}."""
        return Told(200, {"contact": _found(self.company.contacts, ident)})

    def make_contact(self, ask: Ask) -> Told:
        """POST /v1/contacts: with at least one number."""
        numbers = ask.body.get("phone_numbers") or []
        if not 1 <= len(numbers) <= MOST_NUMBERS:
            raise Refused(422, error="Validation failed", troubleshoot="1 to 20 numbers")
        ident = self.company.contact("api", **ask.body)
        return Told(201, {"contact": self.company.contacts[ident]})

    def edit_contact(self, ask: Ask, ident: int) -> Told:
        """POST /v1/contacts/{id}. Other names than these four have no effect."""
        _found(self.company.contacts, ident)
        names = ("first_name", "last_name", "company_name", "information")
        given = {name: ask.body[name] for name in names if name in ask.body}
        self.company.edit(ident, "api", **given)
        return Told(200, {"contact": self.company.contacts[ident]})

    def remove_contact(self, _ask: Ask, ident: int) -> Told:
        """DELETE /v1/contacts/{id}."""
        _found(self.company.contacts, ident)
        self.company.remove(ident, "api")
        return Told(204)

    # --- Power Dialer ---

    def campaign(self, _ask: Ask, user: int) -> Told:
        """GET /v1/users/{id}/dialer_campaign."""
        self._rows(user)
        return Told(200, {"dialer_campaign": {"id": user * 10, "number_id": None}})

    def make_campaign(self, ask: Ask, user: int) -> Told:
        """POST /v1/users/{id}/dialer_campaign."""
        _found(self.company.users, user)
        self.company.queue(user, *ask.body.get("phone_numbers", ()), who="api")
        return Told(204)

    def drop_campaign(self, _ask: Ask, user: int) -> Told:
        """DELETE /v1/users/{id}/dialer_campaign: the whole queue."""
        self._rows(user)
        self.company.note("api", f"users/{user}/queue", self.company.queues.pop(user), None)
        return Told(204)

    def queued(self, _ask: Ask, user: int) -> Told:
        """GET .../phone_numbers: all of them, under `numbers`."""
        return Told(200, {"numbers": self._rows(user)})

    def add_to_queue(self, ask: Ask, user: int) -> Told:
        """POST .../phone_numbers."""
        self._rows(user)
        self.company.queue(user, *ask.body["phone_numbers"], who="api")
        return Told(204)

    def take_from_queue(self, _ask: Ask, user: int, row: int) -> Told:
        """DELETE .../phone_numbers/{id}: by the row, not by the number."""
        self.company.unqueue(user, row)
        return Told(204)

    def _rows(self, user: int) -> list[Row]:
        _found(self.company.users, user)
        if user in self.company.without_dialer:
            raise Refused(405, message="Method Not Allowed")
        if user not in self.company.queues:
            raise _MISSING
        return self.company.queues[user]

    # --- webhooks ---

    def hooks(self, ask: Ask) -> Told:
        """GET /v1/webhooks: tokens in clear."""
        rows = [_hook(one) for one in self.company.webhooks.values()]
        return _page(ask, "webhooks", rows)

    def make_hook(self, ask: Ask) -> Told:
        """POST /v1/webhooks."""
        if len(self.company.webhooks) >= MOST_HOOKS:
            raise Refused(422, error="Too many webhooks")
        body = ask.body
        made = self.company.hook(body["url"], body.get("events") or [], body.get("custom_name"))
        return Told(201, {"webhook": _hook(made)})

    def edit_hook(self, ask: Ask, ident: str) -> Told:
        """PUT /v1/webhooks/{id}. No events: all of them."""
        hook = self._hook(ident)
        given = {name: ask.body[name] for name in ("active", "url") if name in ask.body}
        hook |= given | {"events": ask.body.get("events") or [], "failures": 0}
        return Told(200, {"webhook": _hook(hook)})

    def drop_hook(self, _ask: Ask, ident: str) -> Told:
        """DELETE /v1/webhooks/{id}."""
        self._hook(ident)
        del self.company.webhooks[ident]
        return Told(204)

    def _hook(self, ident: str) -> Row:
        if ident not in self.company.webhooks:
            raise _MISSING
        return self.company.webhooks[ident]


def _hook(row: Row) -> Row:
    return {name: value for name, value in row.items() if name != "failures"}


def _found(rows: Mapping[int, Row], ident: int) -> Row:
    if ident not in rows:
        raise _MISSING
    return rows[ident]


def _between(ask: Ask, rows: Sequence[Row], by: str) -> list[Row]:
    """The rows of a time, in the order that was asked for; descending unless it says so."""
    begin, end = int(ask.one("from", "0")), int(ask.one("to", str(1 << 40)))
    found = [one for one in rows if begin <= one[by] <= end]
    return sorted(found, key=lambda one: (one[by], one["id"]), reverse=ask.one("order") != "asc")


def _page(
    ask: Ask,
    name: str,
    rows: Sequence[Row],
    shown: Callable[[Row], Row] = dict,
    wall: int | None = None,
) -> Told:
    page = max(1, int(ask.one("page", "1")))
    size = min(MOST_ROWS, max(1, int(ask.one("per_page", str(USUAL_ROWS)))))
    begin = (page - 1) * size
    reachable = rows[:wall] if wall else rows
    found = reachable[begin : begin + size]
    more = begin + size < len(reachable)
    link = f"{HOST}{ask.path}?page={page + 1}&per_page={size}" if more else None
    meta = {"count": len(found), "total": len(rows), "current_page": page, "per_page": size}
    links = {"next_page_link": link, "previous_page_link": None}
    return Told(200, {"meta": meta | links, name: [shown(one) for one in found]})


Endpoint = Callable[..., Told]
_ROUTES: Final[tuple[tuple[str, str, Endpoint], ...]] = (
    ("GET", "/v1/ping", Office.ping),
    ("GET", "/v1/company", Office.about),
    ("GET", "/v2/users", Office.users),
    ("GET", "/v1/numbers", Office.numbers),
    ("GET", "/v1/tags", Office.tags),
    ("GET", "/v1/calls", Office.calls),
    ("GET", "/v1/calls/#", Office.call),
    ("POST", "/v1/calls/#/tags", Office.tag_call),
    ("POST", "/v1/calls/#/comments", Office.comment_call),
    ("GET", "/v1/contacts", Office.contacts),
    ("POST", "/v1/contacts", Office.make_contact),
    ("GET", "/v1/contacts/search", Office.find_contacts),
    ("GET", "/v1/contacts/#", Office.contact),
    ("POST", "/v1/contacts/#", Office.edit_contact),
    ("DELETE", "/v1/contacts/#", Office.remove_contact),
    ("GET", "/v1/users/#/dialer_campaign", Office.campaign),
    ("POST", "/v1/users/#/dialer_campaign", Office.make_campaign),
    ("DELETE", "/v1/users/#/dialer_campaign", Office.drop_campaign),
    ("GET", "/v1/users/#/dialer_campaign/phone_numbers", Office.queued),
    ("POST", "/v1/users/#/dialer_campaign/phone_numbers", Office.add_to_queue),
    ("DELETE", "/v1/users/#/dialer_campaign/phone_numbers/#", Office.take_from_queue),
    ("GET", "/v1/webhooks", Office.hooks),
    ("POST", "/v1/webhooks", Office.make_hook),
)
_UUID: Final = "([0-9a-f-]{36})"
BY_UUID: Final = tuple(
    (method, re.compile(f"/v1/webhooks/{_UUID}"), endpoint)
    for method, endpoint in (("PUT", Office.edit_hook), ("DELETE", Office.drop_hook))
)
ROUTES: Final = tuple(
    (method, re.compile(path.replace("#", r"(\d+)")), endpoint)
    for method, path, endpoint in _ROUTES
)
