"""Calls to Mailchimp's Marketing API 3.0, through our own session: there is nothing else to it.

Its client library knows no time-outs of ours and wraps each answer in errors of its own; what is
used of the interface are ten reads and one write, so it is not used.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, Final

import requests

from connectors.caller import Caller, Patience, json_object
from connectors.session import Line, Meter, NoAnswer, Read, Unmetered, open_session
from connectors.statuses import Ask
from connectors.tokens import Tokens, basic, fixed
from rules.errors import SystemStopped, TryAgain

PAGE: Final = 1000
"""Members that one call shows at most."""
BATCH: Final = 500
"""Members that one call writes at most."""
READS: Final = (Read("GET", r"/3\.0(/.*)?"),)
"""What a dry run may send."""
STATUSES: Final[Mapping[int, Ask]] = MappingProxyType({403: Ask.REFUSED})
"""Under heavy load 403 is answered without a word: it is looked at here, see `_checked`."""
PLACE: Final = re.compile(r"[0-9a-zA-Z]{6,}-([a-z]{2,4}\d{1,3})")
"""A key ends with the data center that the account lives in."""


class Api:
    """The account's API. `key` has to fit `PLACE`."""

    def __init__(
        self,
        system: str,
        key: str,
        *,
        dry: bool = False,
        meter: Meter | None = None,
        elsewhere: Mapping[str, str] = MappingProxyType({}),
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        sleep: Callable[[float], None] = time.sleep,
        patience: Patience | None = None,
        read_seconds: float = 120.0,
    ) -> None:
        self.system = system
        self.calls = 0
        place = PLACE.fullmatch(key)
        self.host = f"https://{place[1] if place else 'unknown'}.api.mailchimp.com"
        line = Line(
            system,
            READS,
            dry=dry,
            meter=meter or Unmetered(),
            elsewhere=elsewhere,
            heard=self._heard,
            read_seconds=read_seconds,
        )
        self._caller = Caller(
            system,
            open_session(line),
            Tokens(fixed(f"ringren:{key}"), clock),
            basic,
            statuses=STATUSES,
            explain=explained,
            patience=patience or Patience(),
            sleep=sleep,
        )

    # --- what there is ---

    def account(self) -> Any:
        """Who we are there."""
        return self._read("/", {"fields": "account_id,account_name"})

    def audiences(self) -> Iterator[Any]:
        """Every audience, with its counts."""
        fields = "lists.id,lists.name,lists.stats,total_items"
        yield from self._all("/lists", "lists", {"fields": fields})

    def merge_fields(self, audience: str) -> dict[str, str]:
        """Tag to type."""
        fields = "merge_fields.tag,merge_fields.type,total_items"
        path = f"/lists/{audience}/merge-fields"
        found = self._all(path, "merge_fields", {"fields": fields})
        return {str(one["tag"]): str(one.get("type") or "") for one in found}

    # --- members ---

    def members(
        self, audience: str, *, since: str, offset: int, fields: Sequence[str], status: str = ""
    ) -> Any:
        """A thousand members by the time of their last change, and how many there are in all.

        Without a status: those of every status but `archived`.
        """
        ask = {
            "count": PAGE,
            "offset": offset,
            "sort_field": "last_changed",
            "sort_dir": "ASC",
            "fields": ",".join([*(f"members.{name}" for name in fields), "total_items"]),
        }
        ask |= {"since_last_changed": since} if since else {}
        ask |= {"status": status} if status else {}
        return self._read(f"/lists/{audience}/members", ask)

    def count(self, audience: str, status: str) -> int:
        """How many members have a status."""
        ask = {"count": 1, "status": status, "fields": "total_items"}
        return int(self._read(f"/lists/{audience}/members", ask)["total_items"])

    def member(self, audience: str, key: str, fields: Sequence[str]) -> Any | None:
        """One member by contact id, hash or address; None when there is none."""
        path = f"/lists/{audience}/members/{key}"
        return self._read(path, {"fields": ",".join(fields)}, missing=None)

    def complaints(self, audience: str, offset: int) -> Any:
        """A thousand reports of spam, and how many there are."""
        return self._read(
            f"/lists/{audience}/abuse-reports",
            {
                "count": PAGE,
                "offset": offset,
                "fields": "abuse_reports.id,abuse_reports.email_address,abuse_reports.date,"
                "abuse_reports.campaign_id,total_items",
            },
        )

    def mailings(self, since: str, fields: Sequence[str]) -> Iterator[Any]:
        """Mailings that have left since, the oldest first."""
        ask = {"status": "sent", "since_send_time": since, "sort_field": "send_time"}
        shown = ",".join([*(f"campaigns.{name}" for name in fields), "total_items"])
        yield from self._all("/campaigns", "campaigns", {**ask, "sort_dir": "ASC", "fields": shown})

    def mailing(self, ident: str, fields: Sequence[str]) -> Any | None:
        """One mailing; None when there is none."""
        return self._read(f"/campaigns/{ident}", {"fields": ",".join(fields)}, missing=None)

    def recipients(self, mailing: str, offset: int, fields: Sequence[str]) -> Any:
        """A thousand of those whom a mailing went to, and how many there are."""
        shown = ",".join([*(f"sent_to.{name}" for name in fields), "total_items"])
        ask = {"count": PAGE, "offset": offset, "fields": shown}
        return self._read(f"/reports/{mailing}/sent-to", ask)

    def recipient(self, mailing: str, key: str, fields: Sequence[str]) -> Any | None:
        """Somebody whom a mailing went to, by the hash of his address; None when it did not."""
        path = f"/reports/{mailing}/sent-to/{key}"
        return self._read(path, {"fields": ",".join(fields)}, missing=None)

    def hooks(self, audience: str) -> list[str]:
        """The addresses that the audience's messages go to."""
        found = self._all(f"/lists/{audience}/webhooks", "webhooks", {})
        return [str(one.get("url") or "") for one in found]

    def unsubscribe(self, audience: str, addresses: Sequence[str]) -> Any:
        """Take addresses off an audience, five hundred at most; who is unknown is added as unsubscribed.

        The only status that is ever sent is `unsubscribed`. Saying it twice is the same as once.
        """
        members = [{"email_address": one, "status": "unsubscribed"} for one in addresses]
        answer = self._caller.call(
            "POST",
            f"{self.host}/3.0/lists/{audience}",
            repeat=True,
            params={"skip_merge_validation": "true", "skip_duplicate_check": "true"},
            json={"members": members, "update_existing": True},
        )
        return self._checked(answer)

    # --- inside ---

    def _all(self, path: str, name: str, ask: Mapping[str, Any]) -> Iterator[Any]:
        offset = 0
        while True:
            body = self._read(path, {**ask, "count": PAGE, "offset": offset})
            yield from body[name]
            offset += len(body[name])
            if not body[name] or offset >= int(body["total_items"]):
                return

    def _read(self, path: str, ask: Mapping[str, Any], **missing: None) -> Any:
        url = f"{self.host}/3.0{path}"
        answer = self._caller.call("GET", url, repeat=True, params=dict(ask))
        if "missing" in missing and answer.status_code == requests.codes.not_found:
            return None
        return self._checked(answer)

    def _checked(self, answer: requests.Response) -> Any:
        """What an answer says. A refusal without a problem's text is load, and no refusal."""
        said = json_object(answer)
        if answer.status_code < requests.codes.bad_request:
            if said is None:
                raise NoAnswer(self.system, "no JSON")
            return said
        why = explained(answer)
        if answer.status_code == requests.codes.forbidden:
            if said is None:
                raise TryAgain("error.busy", system=self.system, why=why)
            raise SystemStopped("error.no_right", system=self.system, why=why)
        raise SystemStopped("mailchimp.refused", system=self.system, why=why)

    def _heard(self, answer: requests.Response) -> None:
        del answer
        self.calls += 1


def explained(answer: requests.Response) -> str:
    """What may be shown of a problem: its title and the names of fields; the detail has addresses."""
    body = json_object(answer) or {}
    fields = [str(one.get("field") or "") for one in body.get("errors") or ()]
    parts = (
        f"HTTP {answer.status_code}",
        str(body.get("title") or ""),
        ", ".join(filter(None, fields)),
        str(body.get("instance") or ""),
    )
    return " · ".join(filter(None, parts))
