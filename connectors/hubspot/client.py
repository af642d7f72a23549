"""Calls to HubSpot: its own client builds them, our session sends them, nothing else leaves.

hubspot-api-client opens connection pools of its own, knows v3 paths only, logs bodies and has no
time-outs. So its `rest.RESTClientObject` is replaced by `Shim`: paths get their date, and the call
goes through `Caller`, where budget, patience, sign-in and the dry run's belt are. Never used is
`api_request()`, which ignores all of this and goes to the real host.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import partialmethod
from types import MappingProxyType
from typing import Any, Final
from urllib.parse import urlsplit

import orjson
import requests
from hubspot import HubSpot as Client

from connectors.caller import Caller, Patience, json_object, retry_after
from connectors.pace import Pace
from connectors.session import Line, Meter, NoAnswer, Read, Unmetered, open_session
from connectors.statuses import Ask
from connectors.tokens import Token, Tokens
from rules.errors import SystemStopped

VERSION: Final = "2026-03"
"""The dated version of every path. HubSpot keeps one alive for 18 months."""
HOST: Final = "https://api.hubapi.com"
READS: Final = (
    Read("GET", r"/crm/(objects|properties|owners|pipelines|lists)/.*"),
    Read("GET", r"/account-info/.*"),
    Read("GET", r"/communication-preferences/.*"),
    Read("POST", r"/crm/objects/[^/]+/[^/]+/(search|batch/read)"),
    Read("POST", r"/crm/associations/[^/]+/[^/]+/[^/]+/batch/read"),
    Read("POST", r"/oauth/[^/]+/token"),
    Read("POST", r"/oauth/v2/private-apps/get/access-token-info"),
)
"""What a dry run may send."""
SEARCHES_A_SECOND: Final = 5
"""For the whole account, whoever asks; apart from all other limits."""
_BURST_SECONDS: Final = 10.0
_DAY_SECONDS: Final = 3600.0
"""A spent daily quota comes back at midnight of the account: nobody waits for it."""

STATUSES: Final[Mapping[int, Ask]] = MappingProxyType({414: Ask.SMALLER, 477: Ask.WAIT})
"""477: the account is being moved between data centres; the answer says for how long."""

_DATED: Final = (
    (re.compile(r"/crm/v3/(objects|properties|owners|pipelines)"), rf"/crm/\1/{VERSION}"),
    (re.compile(r"/crm/v4/associations"), f"/crm/associations/{VERSION}"),
)


def dated(url: str) -> str:
    """The client's address with the dated path in place of the v3 one."""
    for pattern, path in _DATED:
        url = pattern.sub(path, url, count=1)
    return url.rstrip("/")


class Shim:
    """Stands where the client has its connection pool, and answers with the answer itself.

    To be called with `_preload_content=False`: the client then hands on what it is given. Its
    models would read every date of every record, and lose the context of a batch's errors.
    """

    def __init__(self, call: Callable[..., requests.Response]) -> None:
        self._call = call

    def request(
        self,
        method: str,
        url: str,
        query_params: Sequence[tuple[str, Any]] | None = None,
        headers: Mapping[str, str] | None = None,
        body: Any = None,
        post_params: Any = None,
        _preload_content: Any = False,
        _request_timeout: Any = None,
    ) -> requests.Response:
        """One call. Time-outs and headers of the client's own are not wanted."""
        del headers, post_params, _preload_content, _request_timeout
        return self._call(method, dated(url), query_params, body)

    GET = partialmethod(request, "GET")
    POST = partialmethod(request, "POST")
    PUT = partialmethod(request, "PUT")
    PATCH = partialmethod(request, "PATCH")
    DELETE = partialmethod(request, "DELETE")


class Api:
    """The account's API. `now` is its clock, as its answers tell it."""

    def __init__(
        self,
        system: str,
        fetch: Callable[[requests.Session], Token],
        *,
        dry: bool = False,
        meter: Meter | None = None,
        elsewhere: Mapping[str, str] = MappingProxyType({}),
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        sleep: Callable[[float], None] = time.sleep,
        patience: Patience | None = None,
        read_seconds: float = 30.0,
    ) -> None:
        self.system, self._clock = system, clock
        self._meter = meter or Unmetered()
        self._ahead = timedelta()
        self.calls = 0
        self.quota: tuple[int, int] | None = None
        """Calls used today and how many there are, as the last answer told; None before one did."""
        line = Line(
            system,
            READS,
            dry=dry,
            meter=self._meter,
            elsewhere=elsewhere,
            heard=self._heard,
            read_seconds=read_seconds,
        )
        session = open_session(line)
        tokens = Tokens(lambda: fetch(session), clock)
        self._caller = Caller(
            system,
            session,
            tokens,
            _signed,
            statuses=STATUSES,
            wait_of=wait_of,
            explain=explained,
            patience=patience or Patience(),
            sleep=sleep,
        )
        self._tokens = tokens
        self._pace = Pace(SEARCHES_A_SECOND, time.monotonic, sleep)
        client = Client(api_factory=self._api)
        self._pages = client.crm.objects.basic_api
        self._batches = client.crm.objects.batch_api
        self._searches = client.crm.objects.search_api
        self._links = client.crm.associations.v4.batch_api
        self._properties = client.crm.properties.core_api
        self._groups = client.crm.properties.groups_api
        self._owners = client.crm.owners.owners_api
        self._pipelines = client.crm.pipelines.pipelines_api

    # --- records ------------------------------------------------------------------------------

    def page(
        self,
        objects: str,
        names: Sequence[str],
        after: str | None,
        *,
        archived: bool = False,
        links: Sequence[str] = (),
    ) -> Any:
        """A hundred records, and where to go on."""
        how: dict[str, Any] = {"limit": 100, "properties": list(names), "archived": archived}
        if after:
            how["after"] = after
        if links:
            how["associations"] = list(links)
        return _body(self, self._pages.get_page(objects, _preload_content=False, **how))

    def search(self, objects: str, body: Mapping[str, Any]) -> Any:
        """Two hundred records at most, as the index has them."""
        return _body(self, self._searches.do_search(objects, dict(body), _preload_content=False))

    def count(self, objects: str) -> int:
        """How many records there are, as far as the index knows: one call."""
        return int(self.search(objects, {"filterGroups": [], "limit": 1})["total"])

    def read(
        self,
        objects: str,
        ids: Sequence[str],
        names: Sequence[str],
        past: Sequence[str] = (),
        *,
        archived: bool = False,
    ) -> list[Any]:
        """Those of these records that are there, a hundred at most; with what `past` was before.

        `archived`: those that lie in the bin, and no others.

        An id that was merged away is answered with the record that remains, under its own id.
        """
        ask: dict[str, Any] = {"inputs": [{"id": one} for one in ids], "properties": list(names)}
        if past:
            ask["propertiesWithHistory"] = list(past)
        answer = self._batches.read(objects, ask, archived=archived, _preload_content=False)
        if answer.status_code >= requests.codes.bad_request and len(ids) > 1:
            half = len(ids) // 2
            return [
                row
                for part in (ids[:half], ids[half:])
                for row in self.read(objects, part, names, past, archived=archived)
            ]
        return list(_body(self, answer).get("results", ()))

    def update(self, objects: str, inputs: Sequence[Mapping[str, Any]]) -> tuple[int, Any]:
        """Status and body of one batch of writes, a hundred at most."""
        answer = self._batches.update(objects, {"inputs": list(inputs)}, _preload_content=False)
        return answer.status_code, _body(self, answer)

    def raw(self, method: str, path: str, body: Any) -> Any:
        """A call about single records, sent once; `SystemStopped` when it is refused."""
        url = f"{HOST}/crm/objects/{VERSION}/{path}"
        how: dict[str, Any] = {} if body is None else {"json": body}
        answer = self._caller.call(method, url, repeat=path.endswith("/read"), **how)
        if answer.status_code == requests.codes.not_found and method == "DELETE":
            return {}
        if answer.status_code >= requests.codes.bad_request:
            raise SystemStopped("hubspot.refused", system=self.system, why=explained(answer))
        return _body(self, answer)

    def unsubscribe(self, addresses: Sequence[str]) -> tuple[int, Any]:
        """Take addresses, a hundred at most, off every mailing of the account.

        Saying it twice is the same as once, and nothing here ever puts anybody on again.
        """
        url = f"{HOST}/communication-preferences/v4/statuses/batch/unsubscribe-all?channel=EMAIL"
        body = {"inputs": list(addresses)}
        answer = self._caller.call("POST", url, repeat=True, json=body)
        return answer.status_code, _body(self, answer)

    def mail_types(self) -> list[Any]:
        """The types of mail that people may leave one by one."""
        body = self.ask(f"/communication-preferences/{VERSION}/definitions")
        return list(body.get("results") or body.get("subscriptionDefinitions") or ())

    def ask(self, path: str, *, may_lack: bool = False) -> Any:
        """What a path says; None where there may be nothing behind it, and is not."""
        answer = self._caller.call("GET", f"{HOST}{path}", repeat=True)
        if may_lack and answer.status_code == requests.codes.not_found:
            return None
        if answer.status_code >= requests.codes.bad_request:
            raise SystemStopped("hubspot.refused", system=self.system, why=explained(answer))
        return _body(self, answer)

    def linked(self, objects: str, to: str, ids: Sequence[str]) -> dict[str, list[str]]:
        """Which records of `to` each of these belongs to; a thousand at most."""
        ask = {"inputs": [{"id": one} for one in ids]}
        answer = self._links.get_page(objects, to, ask, _preload_content=False)
        return {
            str(one["from"]["id"]): [str(other["toObjectId"]) for other in one["to"]]
            for one in _body(self, answer).get("results", ())
        }

    # --- what there is ------------------------------------------------------------------------

    def properties(self, objects: str) -> list[Any]:
        """The properties that we may see."""
        answer = self._properties.get_all(objects, _preload_content=False)
        return list(_body(self, answer)["results"])

    def groups(self, objects: str) -> list[str]:
        """The names of the groups of properties."""
        answer = self._groups.get_all(objects, _preload_content=False)
        return [str(one["name"]) for one in _body(self, answer)["results"]]

    def add_group(self, objects: str, name: str, label: str) -> int:
        """The status of making a group."""
        answer = self._groups.create(
            objects, {"name": name, "label": label}, _preload_content=False
        )
        return int(answer.status_code)

    def add_property(self, objects: str, wish: Mapping[str, Any]) -> tuple[int, str]:
        """The status of making a property, and what is said of it."""
        answer = self._properties.create(objects, dict(wish), _preload_content=False)
        return int(answer.status_code), explained(answer)

    def change_property(self, objects: str, name: str, wish: Mapping[str, Any]) -> tuple[int, str]:
        """The status of changing a property, and what is said of it."""
        answer = self._properties.update(objects, name, dict(wish), _preload_content=False)
        return int(answer.status_code), explained(answer)

    def owners(self) -> dict[str, str]:
        """Id to name of everybody who may own a record."""
        found, after = {}, None
        while True:
            how: dict[str, Any] = {"after": after} if after else {}
            body = _body(self, self._owners.get_page(limit=100, _preload_content=False, **how))
            for one in body["results"]:
                name = f"{one.get('firstName') or ''} {one.get('lastName') or ''}".strip()
                found[str(one["id"])] = name or str(one.get("email") or one["id"])
            after = (body.get("paging") or {}).get("next", {}).get("after")
            if not after:
                return found

    def stages(self, objects: str) -> dict[str, str]:
        """Id to label of the stages of all its pipelines."""
        answer = self._pipelines.get_all(objects, _preload_content=False)
        return {
            str(stage["id"]): str(stage["label"])
            for one in _body(self, answer)["results"]
            for stage in one["stages"]
        }

    def account(self) -> Any:
        """Number and time zone of the account."""
        url = f"{HOST}/account-info/{VERSION}/details"
        return _body(self, self._caller.call("GET", url, repeat=True))

    def scopes(self) -> frozenset[str] | None:
        """What the key may do; None for a key that HubSpot tells nothing of."""
        url = f"{HOST}/oauth/v2/private-apps/get/access-token-info"
        asked = {"tokenKey": self._tokens.now().secret}
        answer = self._caller.call("POST", url, repeat=True, json=asked)
        if answer.status_code != requests.codes.ok:
            return None
        return frozenset(map(str, _body(self, answer).get("scopes", ())))

    def now(self) -> datetime:
        """The time at HubSpot, to the second."""
        return self._clock() + self._ahead

    # --- inside -------------------------------------------------------------------------------

    def _api(self, package: Any, name: str, _config: Any) -> Any:
        """One of the client's APIs, with the shim in place of its pool."""
        made = package.ApiClient(configuration=package.Configuration())
        made.rest_client = Shim(self._call)
        return getattr(package, name)(api_client=made)

    def _call(
        self, method: str, url: str, query: Sequence[tuple[str, Any]] | None, body: Any
    ) -> requests.Response:
        path = urlsplit(url).path
        if path.endswith("/search"):
            self._pace.wait()
        repeat = method == "GET" or path.endswith(("/search", "/batch/read"))
        how: dict[str, Any] = {"params": query or None}
        headers = {}
        if body is not None:
            how["data"] = orjson.dumps(body)
            headers["Content-Type"] = "application/json"
        return self._caller.call(method, url, repeat=repeat, headers=headers, **how)

    def _heard(self, answer: requests.Response) -> None:
        """The account's clock and quota stand in the headers."""
        self.calls += 1
        if said := answer.headers.get("Date"):
            self._ahead = parsedate_to_datetime(said) - self._clock()
        limit = answer.headers.get("X-HubSpot-RateLimit-Daily", "")
        left = answer.headers.get("X-HubSpot-RateLimit-Daily-Remaining", "")
        if limit.isdigit() and left.isdigit():
            self.quota = (int(limit) - int(left), int(limit))
            self._meter.told(self.system, *self.quota)


def _signed(token: Token, headers: dict[str, str]) -> None:
    headers["Authorization"] = f"Bearer {token.secret}"


def _body(api: Api, answer: requests.Response) -> Any:
    """What an answer says; an answer that is no JSON is none."""
    try:
        return orjson.loads(answer.content) if answer.content else {}
    except orjson.JSONDecodeError:
        raise NoAnswer(api.system, "no JSON") from None


def wait_of(answer: requests.Response) -> float | None:
    """How long to wait: what the answer says, else what its kind of limit needs."""
    said = retry_after(answer)
    if said is not None or answer.status_code not in {423, 429}:
        return said
    policy = (json_object(answer) or {}).get("policyName")
    if answer.status_code == requests.codes.locked:
        return 2.0
    return {"SECONDLY": 1.0, "DAILY": _DAY_SECONDS}.get(str(policy), _BURST_SECONDS)


def explained(answer: requests.Response) -> str:
    """What may be shown of an error: codes and names of rights and properties, never its message."""
    body = json_object(answer) or {}
    context = body.get("context") or {}
    scopes = context.get("requiredGranularScopes") or ()
    names = [one.get("in") or one.get("code") for one in body.get("errors") or ()]
    parts = [
        f"HTTP {answer.status_code}",
        str(body.get("policyName") or body.get("category") or ""),
        ", ".join(map(str, (*scopes, *filter(None, names)))),
        str(body.get("correlationId") or ""),
    ]
    return " · ".join(filter(None, parts))
