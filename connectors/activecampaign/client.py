"""Calls to ActiveCampaign's API v3, through our own session and at its pace.

There is no client library of the vendor's for Python; what is used are seven reads and one write.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from types import MappingProxyType
from typing import Any, Final

import orjson
import requests

from connectors.caller import Caller, Patience, json_object
from connectors.pace import Pace
from connectors.session import Line, Meter, NoAnswer, Read, Unmetered, open_session
from connectors.tokens import Token, Tokens, fixed
from rules.errors import SystemStopped

PAGE: Final = 100
"""Contacts that one call shows at most."""
IMPORT: Final = 250
"""Contacts that one import takes at most."""
A_SECOND: Final = 5.0
"""Calls that the account lets in, those of all programs together."""
READS: Final = (
    Read("GET", r"/api/3/(users/me|lists|contacts|contactLists|webhooks)(/\d+)?"),
    Read("GET", r"/api/3/sms/broadcasts(/\d+/recipients)?"),
)
"""What a dry run may send."""
OFF: Final = "2"
"""The only status that is ever sent. 1 would sign somebody up again who said no."""


class Api:
    """The account's API at `url`. `now` is its clock, as its answers tell it."""

    def __init__(
        self,
        system: str,
        url: str,
        key: str,
        *,
        dry: bool = False,
        meter: Meter | None = None,
        elsewhere: Mapping[str, str] = MappingProxyType({}),
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        sleep: Callable[[float], None] = time.sleep,
        patience: Patience | None = None,
        a_second: float = A_SECOND,
    ) -> None:
        self.system, self._clock = system, clock
        self._url = f"{url.rstrip('/')}/api/3"
        self.calls = 0
        self._ahead = timedelta()
        self._pace = Pace(a_second, time.monotonic, sleep)
        line = Line(
            system,
            READS,
            dry=dry,
            meter=meter or Unmetered(),
            elsewhere=elsewhere,
            heard=self._heard,
        )
        self._caller = Caller(
            system,
            open_session(line),
            Tokens(fixed(key), clock),
            _signed,
            explain=explained,
            patience=patience or Patience(),
            sleep=sleep,
        )

    def me(self) -> Any:
        """Whose key it is."""
        return self._read("/users/me", {})["user"]

    def lists(self) -> Iterator[Any]:
        """Every list."""
        return self._all("/lists", "lists")

    def broadcasts(self) -> Iterator[Any]:
        """Every text message to many, drafts among them."""
        return self._all("/sms/broadcasts", "broadcasts")

    def recipients(self, broadcast: str, offset: int) -> Any:
        """A page of those it went to, from that row on, the first who got it first."""
        ask = {**_IN_ORDER, "limit": PAGE, "offset": offset}
        return self._read(f"/sms/broadcasts/{broadcast}/recipients", ask)

    def all_recipients(self, broadcast: str, *, engaged: str = "") -> Iterator[Any]:
        """All of them, or those who did something."""
        ask = _IN_ORDER | ({"filters[engagement][]": engaged} if engaged else {})
        return self._all(f"/sms/broadcasts/{broadcast}/recipients", "recipients", ask)

    def _all(self, path: str, name: str, ask: Mapping[str, str] | None = None) -> Iterator[Any]:
        offset = 0
        while True:
            body = self._read(path, {**(ask or {}), "limit": PAGE, "offset": offset})
            rows = body[name]
            yield from rows
            offset += len(rows)
            if not rows or offset >= total_of(body):
                return

    def contacts(self, on: str, *, after: int = 0, since: str = "", status: str = "-1") -> Any:
        """A hundred contacts of a list by ascending id, with their rows of all lists."""
        ask: dict[str, Any] = {
            "listid": on,
            "status": status,
            "include": "contactLists",
            "orders[id]": "ASC",
            "limit": PAGE,
        }
        ask |= {"id_greater": after} if after else {}
        ask |= {"filters[updated_after]": since} if since else {}
        return self._read("/contacts", ask)

    def read(self, ids: Sequence[str]) -> Any:
        """These contacts, a hundred at most, with their rows of all lists."""
        ask = {"ids[]": list(ids), "status": "-1", "include": "contactLists", "limit": PAGE}
        return self._read("/contacts", ask)

    def count(self, on: str, status: str = "-1") -> int:
        """How many contacts of a list have a status; -1 for all."""
        ask = {"listid": on, "status": status, "limit": 1}
        return total_of(self._read("/contacts", ask))

    def hooks(self) -> list[str]:
        """The addresses that messages go to; the first hundred."""
        rows = self._read("/webhooks", {"limit": PAGE})["webhooks"]
        return [str(one.get("url") or "") for one in rows]

    def unsubscribe(self, on: str, contact: str) -> int:
        """Take a contact off a list; the status of the answer. Twice is the same as once."""
        row = {"list": int(on), "contact": int(contact), "status": int(OFF)}
        self._pace.wait()
        answer = self._caller.call(
            "POST", f"{self._url}/contactLists", repeat=True, json={"contactList": row}
        )
        return answer.status_code

    def rows_of(self, address: str) -> dict[str, str]:
        """List to status, of the contact with this address; nothing when there is none."""
        body = self._read("/contacts", {"email": address, "include": "contactLists", "limit": 1})
        there = {str(one["id"]) for one in body["contacts"] if one.get("email") == address}
        rows = body.get("contactLists") or ()
        return {str(r["list"]): str(r["status"]) for r in rows if str(r["contact"]) in there}

    def load_off(self, lists: Sequence[str], addresses: Sequence[str]) -> dict[int, str]:
        """Import addresses, 250 at most, as unsubscribed from lists. Twice is the same as once.

        Nothing at all was done when some are refused: gives their places, and a code.
        """
        off = [{"listid": int(one)} for one in lists]
        people = [{"email": one, "unsubscribe": off} for one in addresses]
        self._pace.wait()
        answer = self._caller.call(
            "POST",
            f"{self._url}/import/bulk_import",
            repeat=True,
            json={"contacts": people, "exclude_automations": True},
        )
        if answer.status_code < requests.codes.bad_request:
            return {}
        why = (json_object(answer) or {}).get("failureReasons") or ()
        places = {int(one["contact"]): "import_refused" for one in why if "contact" in one}
        if not places:
            said = explained(answer)
            raise SystemStopped("activecampaign.refused", system=self.system, why=said)
        return places

    def now(self) -> datetime:
        """The time at ActiveCampaign, to the second."""
        return self._clock() + self._ahead

    def _read(self, path: str, ask: Mapping[str, Any]) -> Any:
        self._pace.wait()
        answer = self._caller.call("GET", self._url + path, repeat=True, params=dict(ask))
        if answer.status_code >= requests.codes.bad_request:
            why = explained(answer)
            raise SystemStopped("activecampaign.refused", system=self.system, why=why)
        try:
            return orjson.loads(answer.content)
        except orjson.JSONDecodeError:
            raise NoAnswer(self.system, "no JSON") from None

    def _heard(self, answer: requests.Response) -> None:
        self.calls += 1
        if said := answer.headers.get("Date"):
            self._ahead = parsedate_to_datetime(said) - self._clock()


_IN_ORDER: Final = {"order[field]": "sentDate"}


def total_of(body: Mapping[str, Any]) -> int:
    """How many rows there are, which travels as text."""
    return int((body.get("meta") or {}).get("total") or 0)


def _signed(token: Token, headers: dict[str, str]) -> None:
    headers["Api-Token"] = token.secret


def explained(answer: requests.Response) -> str:
    """What may be shown of an error: its codes, never its words."""
    errors = (json_object(answer) or {}).get("errors")
    listed = errors if isinstance(errors, list) else []
    codes = [str(one.get("code") or "") for one in listed if isinstance(one, dict)]
    return " · ".join(filter(None, (f"HTTP {answer.status_code}", ", ".join(filter(None, codes)))))
