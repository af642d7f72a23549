"""Which call is answered by what: paths, bodies and titles of the Marketing API 3.0."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from simulators.mailchimp.account import (
    BY_HIMSELF,
    STATUSES,
    Account,
    Audience,
    Mailing,
    Member,
    Refused,
    md5,
    stamp,
)
from simulators.web import Ask, Told

KEY: Final = "0123456789abcdef0123456789abcdef-us19"
HOST: Final = "https://us19.api.mailchimp.com"
MOST_AT_ONCE: Final = 10
MOST_ROWS, MOST_BATCH = 1000, 500
_DOCS: Final = "https://mailchimp.com/developer/marketing/docs/errors/"
_LINK: Final = {"rel": "self", "href": f"{HOST}/3.0/", "method": "GET"}


class Office:
    """The endpoints of one account."""

    def __init__(self, account: Account) -> None:
        self.account = account

    def answer(self, ask: Ask) -> Told:
        """The answer to one call."""
        if ask.under_way > MOST_AT_ONCE:
            return Told(429, "Too Many Requests", type="text/plain")
        if not _is_known(ask.headers.get("authorization", "")):
            return _problem(Refused(401, "API Key Invalid", "Your API key may be invalid"))
        for method, pattern, endpoint in ROUTES:
            match = pattern.fullmatch(ask.path) if method == ask.method else None
            if match:
                with self.account.lock:
                    try:
                        return endpoint(self, ask, **match.groupdict())
                    except Refused as why:
                        return _problem(why)
        return _problem(Refused(404, "Resource Not Found"))

    # --- what there is ---

    def ping(self, ask: Ask) -> Told:
        """GET /ping."""
        del ask
        return Told(200, {"health_status": "Everything's Chimpy!"})

    def root(self, ask: Ask) -> Told:
        """GET /."""
        del ask
        return Told(200, {"account_id": "opdigt1", "account_name": "Opdigt", "_links": [_LINK]})

    def lists(self, ask: Ask) -> Told:
        """GET /lists."""
        rows = [self._list(one) for one in self.account.audiences.values()]
        return _page(ask, "lists", rows)

    def merge_fields(self, ask: Ask, audience: str) -> Told:
        """GET /lists/{id}/merge-fields."""
        tags = self._audience(audience).merge_fields
        rows = [
            {"tag": tag, "name": tag, "type": _type(tag), "required": must}
            for tag, must in tags.items()
        ]
        return _page(ask, "merge_fields", rows)

    def complaints(self, ask: Ask, audience: str) -> Told:
        """GET /lists/{id}/abuse-reports."""
        return _page(ask, "abuse_reports", self._audience(audience).complaints)

    # --- members ---

    def members(self, ask: Ask, audience: str) -> Told:
        """GET /lists/{id}/members. Without a status: all but the archived."""
        status, since = ask.one("status"), ask.one("since_last_changed")
        found = [
            one
            for one in self._audience(audience).members.values()
            if (one.status == status if status else one.status != "archived")
            and (not since or one.last_changed > _time(since))
        ]
        if field := ask.one("sort_field"):
            reverse = ask.one("sort_dir") == "DESC"
            found.sort(key=lambda one: (getattr(one, field), one.id), reverse=reverse)
        return _page(ask, "members", [_shown(audience, one) for one in found])

    def member(self, ask: Ask, audience: str, key: str) -> Told:
        """GET /lists/{id}/members/{hash}."""
        del ask
        return Told(200, _shown(audience, self._member(audience, key)))

    def add(self, ask: Ask, audience: str) -> Told:
        """POST /lists/{id}/members."""
        address = str(ask.body["email_address"])
        if self._audience(audience).find(address):
            raise Refused(400, "Member Exists", "use PUT")
        return Told(200, _shown(audience, self._write(audience, address, ask.body, ask)))

    def put(self, ask: Ask, audience: str, key: str) -> Told:
        """PUT /lists/{id}/members/{hash}."""
        known = self._audience(audience).find(key)
        address = str(ask.body.get("email_address") or (known.email_address if known else ""))
        if not address:
            raise Refused(400, "Invalid Resource", field="email_address")
        body = dict(ask.body)
        if known is None:
            body["status"] = ask.body.get("status_if_new", ask.body.get("status"))
        return Told(200, _shown(audience, self._write(audience, address, body, ask)))

    def patch(self, ask: Ask, audience: str, key: str) -> Told:
        """PATCH /lists/{id}/members/{hash}."""
        address = self._member(audience, key).email_address
        return Told(200, _shown(audience, self._write(audience, address, ask.body, ask)))

    def batch(self, ask: Ask, audience: str) -> Told:
        """POST /lists/{id}: answered well, whatever became of the rows."""
        rows = ask.body["members"]
        if len(rows) > MOST_BATCH:
            raise Refused(400, "Invalid Resource", "too many members", "members")
        found: dict[str, Any] = {"new_members": [], "updated_members": [], "errors": []}
        for row in rows:
            self._row(ask, audience, row, found)
        return Told(
            200,
            {
                **found,
                "total_created": len(found["new_members"]),
                "total_updated": len(found["updated_members"]),
                "error_count": len(found["errors"]),
                "_links": [_LINK],
            },
        )

    def _row(self, ask: Ask, audience: str, row: Mapping[str, Any], found: dict[str, Any]) -> None:
        address = str(row["email_address"])
        known = self._audience(audience).find(address)
        if known and not ask.body.get("update_existing"):
            found["errors"].append(
                _row_error(address, "is already a list member", "ERROR_CONTACT_EXISTS")
            )
            return
        try:
            one = self._write(audience, address, row, ask)
        except Refused as why:
            error = _row_error(address, why.detail or why.title, "ERROR_GENERIC", why.field)
            found["errors"].append(error)
        else:
            found["updated_members" if known else "new_members"].append(_shown(audience, one))

    def drop(self, ask: Ask, audience: str, key: str) -> Told:
        """DELETE: archived."""
        del ask
        one = self._member(audience, key)
        if one.status == "cleaned":
            raise Refused(405, "Method Not Allowed", "This list member cannot be removed.")
        self.account.set(audience, one, "archived", "api")
        return Told(204)

    def forget(self, ask: Ask, audience: str, key: str) -> Told:
        """POST actions/delete-permanent."""
        del ask
        self.account.forget(audience, self._member(audience, key).email_address)
        return Told(204)

    def tag(self, ask: Ask, audience: str, key: str) -> Told:
        """POST tags."""
        one = self._member(audience, key)
        for tag in ask.body["tags"]:
            kept = [name for name in one.tags if name != tag["name"]]
            one.tags = [*kept, tag["name"]] if tag["status"] == "active" else kept
        return Told(204)

    def _write(self, audience: str, address: str, body: Mapping[str, Any], ask: Ask) -> Member:
        there = self._audience(audience)
        status = body.get("status")
        if status is not None and status not in STATUSES:
            raise Refused(400, "Invalid Resource", "not a status", "status")
        if md5(address) in there.forgotten:
            raise Refused(
                400,
                "Forgotten Email Not Subscribed",
                f"{address} was permanently deleted and cannot be re-imported.",
            )
        if "@" not in address:
            raise Refused(400, "Invalid Resource", f"{address} looks fake", "email_address")
        one = there.find(address)
        if one is None:
            self._check_required(there, body, ask)
            one = self.account.add(audience, address, str(status))
            one.off_by = "api" if status == "unsubscribed" else ""
        elif status == "subscribed" and one.off_by in BY_HIMSELF and one.status != "archived":
            raise Refused(
                400,
                "Member In Compliance State",
                f"{address} is in a compliance state due to unsubscribe, bounce, or compliance "
                "review and cannot be subscribed.",
            )
        elif status is not None and status != one.status:
            self.account.set(audience, one, str(status), "api")
        one.merge_fields |= body.get("merge_fields") or {}
        return one

    def _check_required(self, there: Audience, body: Mapping[str, Any], ask: Ask) -> None:
        if ask.one("skip_merge_validation") == "true":
            return
        given = body.get("merge_fields") or {}
        for tag, must in there.merge_fields.items():
            if must and not given.get(tag):
                raise Refused(400, "Invalid Resource", "merge fields were invalid", tag)

    # --- mailings ---

    def campaigns(self, ask: Ask) -> Told:
        """GET /campaigns."""
        since, status = ask.one("since_send_time"), ask.one("status")
        found = [
            one
            for one in self.account.mailings
            if (not status or one.status == status) and (not since or one.send_time > _time(since))
        ]
        if ask.one("sort_field") == "send_time":
            found.sort(key=lambda one: one.send_time, reverse=ask.one("sort_dir") == "DESC")
        return _page(ask, "campaigns", [_mailing(one) for one in found])

    def campaign(self, ask: Ask, mailing: str) -> Told:
        """GET /campaigns/{id}."""
        del ask
        return Told(200, _mailing(self._mailing(mailing)))

    def sent_to(self, ask: Ask, mailing: str) -> Told:
        """GET /reports/{id}/sent-to."""
        there = self._mailing(mailing)
        return _page(ask, "sent_to", [_sent(there, key) for key in there.sent_to])

    def recipient(self, ask: Ask, mailing: str, key: str) -> Told:
        """GET /reports/{id}/sent-to/{hash}."""
        del ask
        there = self._mailing(mailing)
        if key not in there.sent_to:
            raise Refused(404, "Resource Not Found")
        return Told(200, _sent(there, key))

    # --- webhooks ---

    def hooks(self, ask: Ask, audience: str) -> Told:
        """GET /lists/{id}/webhooks."""
        return _page(ask, "webhooks", self._audience(audience).webhooks)

    def hook(self, ask: Ask, audience: str) -> Told:
        """POST /lists/{id}/webhooks. The secret of signing is told only here."""
        there = self._audience(audience)
        made = {"id": f"wh{len(there.webhooks)}", "list_id": audience, **ask.body}
        there.webhooks.append(made)
        return Told(200, made)

    # --- inside ---

    def _list(self, one: Audience) -> dict[str, Any]:
        by_status = [member.status for member in one.members.values()]
        stats = {
            "member_count": by_status.count("subscribed"),
            "unsubscribe_count": by_status.count("unsubscribed"),
            "cleaned_count": by_status.count("cleaned"),
        }
        return {"id": one.id, "name": one.name, "stats": stats, "_links": [_LINK]}

    def _audience(self, ident: str) -> Audience:
        found = self.account.audiences.get(ident)
        if found is None:
            raise Refused(404, "Resource Not Found")
        return found

    def _mailing(self, ident: str) -> Mailing:
        found = [one for one in self.account.mailings if one.id == ident]
        if not found:
            raise Refused(404, "Resource Not Found")
        return found[0]

    def _member(self, audience: str, key: str) -> Member:
        one = self._audience(audience).find(key)
        if one is None:
            raise Refused(404, "Resource Not Found")
        return one


Endpoint = Callable[..., Told]
_LIST, _MEMBER = r"/3\.0/lists/(?P<audience>[^/]+)", r"/members/(?P<key>[^/]+)"
_REPORT = r"/3\.0/reports/(?P<mailing>[^/]+)"
ROUTES: Final[tuple[tuple[str, re.Pattern[str], Endpoint], ...]] = tuple(
    (method, re.compile(path), endpoint)
    for method, path, endpoint in (
        ("GET", r"/3\.0/?", Office.root),
        ("GET", r"/3\.0/ping", Office.ping),
        ("GET", r"/3\.0/lists", Office.lists),
        ("GET", r"/3\.0/campaigns", Office.campaigns),
        ("GET", r"/3\.0/campaigns/(?P<mailing>[^/]+)", Office.campaign),
        ("GET", _REPORT + "/sent-to", Office.sent_to),
        ("GET", _REPORT + "/sent-to/(?P<key>[^/]+)", Office.recipient),
        ("POST", _LIST, Office.batch),
        ("GET", _LIST + "/merge-fields", Office.merge_fields),
        ("GET", _LIST + "/abuse-reports", Office.complaints),
        ("GET", _LIST + "/webhooks", Office.hooks),
        ("POST", _LIST + "/webhooks", Office.hook),
        ("GET", _LIST + "/members", Office.members),
        ("POST", _LIST + "/members", Office.add),
        ("GET", _LIST + _MEMBER, Office.member),
        ("PUT", _LIST + _MEMBER, Office.put),
        ("PATCH", _LIST + _MEMBER, Office.patch),
        ("DELETE", _LIST + _MEMBER, Office.drop),
        ("POST", _LIST + _MEMBER + "/tags", Office.tag),
        ("POST", _LIST + _MEMBER + "/actions/delete-permanent", Office.forget),
    )
)


def _is_known(header: str) -> bool:
    kind, _, said = header.partition(" ")
    if kind == "Basic":
        said = base64.b64decode(said).decode().partition(":")[2]
    return said == KEY


def _problem(why: Refused) -> Told:
    body: dict[str, Any] = {
        "type": _DOCS,
        "title": why.title,
        "status": why.status,
        "detail": why.detail,
        "instance": "00000000-0000-0000-0000-000000000000",
    }
    if why.field:
        body["errors"] = [{"field": why.field, "message": why.detail}]
    return Told(why.status, body, type="application/problem+json; charset=utf-8")


def _row_error(address: str, error: str, code: str, field: str = "") -> dict[str, str]:
    said = {"email_address": address, "error": error, "error_code": code}
    return {**said, "field": field, "field_message": ""}


def _page(ask: Ask, name: str, rows: list[dict[str, Any]]) -> Told:
    count, offset = int(ask.one("count", "10")), int(ask.one("offset", "0"))
    if count > MOST_ROWS:
        return _problem(Refused(400, "Invalid Resource", "at most 1000", "count"))
    shown = rows[offset : offset + count]
    return Told(200, {name: shown, "total_items": len(rows), "_links": [_LINK]})


def _type(tag: str) -> str:
    return next((kind for kind in ("phone", "email") if kind.upper() in tag), "text")


def _time(text: str) -> datetime:
    there = datetime.fromisoformat(text)
    return there if there.tzinfo else there.replace(tzinfo=UTC)


def _mailing(one: Mailing) -> dict[str, Any]:
    return {
        "id": one.id,
        "type": "regular",
        "status": one.status,
        "send_time": stamp(one.send_time),
        "emails_sent": len(one.sent_to),
        "recipients": {"list_id": one.audience, "recipient_count": len(one.sent_to)},
        "settings": {"title": one.title, "subject_line": one.title},
        "_links": [_LINK],
    }


def _sent(one: Mailing, key: str) -> dict[str, Any]:
    address, status = one.sent_to[key]
    return {
        "email_id": key,
        "email_address": address,
        "status": status,
        "open_count": 0,
        "campaign_id": one.id,
        "list_id": one.audience,
        "list_is_active": True,
        "_links": [_LINK],
    }


def _shown(audience: str, one: Member) -> dict[str, Any]:
    return {
        "id": one.id,
        "email_address": one.email_address,
        "unique_email_id": one.contact_id[:10],
        "contact_id": one.contact_id,
        "full_name": " ".join(filter(None, map(one.merge_fields.get, ("FNAME", "LNAME")))),
        "web_id": one.web_id,
        "email_type": "html",
        "status": one.status,
        **({"unsubscribe_reason": one.unsubscribe_reason} if one.unsubscribe_reason else {}),
        "sms_phone_number": one.sms_phone_number,
        "sms_subscription_status": one.sms_subscription_status,
        "merge_fields": {"FNAME": "", "LNAME": "", "PHONE": "", **one.merge_fields},
        "timestamp_opt": one.timestamp_opt,
        "last_changed": stamp(one.last_changed),
        "tags_count": len(one.tags),
        "tags": [{"id": at, "name": tag} for at, tag in enumerate(one.tags)],
        "list_id": audience,
        "_links": [_LINK],
    }
