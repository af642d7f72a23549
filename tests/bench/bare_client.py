"""The vendor's own client in a bare loop: reads companies and contacts, keeps nothing.

    python bare_client.py SYSTEM SETTINGS [--raw]

It asks for the same fields as this program does, which are looked up first. Prints rows and
seconds. With --raw the answers are not even parsed: how fast the other side can send them.
"""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import requests
from hubspot import HubSpot
from requests.adapters import HTTPAdapter
from simple_salesforce.api import Salesforce

from sync.app import open_app
from sync.settings import read

VERSION: Final = "67.0"
PAGE: Final = "odata.track-changes,odata.maxpagesize=5000"
OBJECTS: Final = {
    "salesforce": ("Account", "Contact"),
    "hubspot": ("companies", "contacts"),
    "dynamics": ("account", "contact"),
}


class ToHere(HTTPAdapter):
    """Sends the vendor's hosts to the simulator."""

    def __init__(self, elsewhere: Mapping[str, str]) -> None:
        super().__init__()
        self._elsewhere = elsewhere

    def send(self, request: Any, *args: Any, **how: Any) -> Any:
        for there, here in self._elsewhere.items():
            request.url = request.url.replace(there, here, 1)
        return super().send(request, *args, **how)


def session_to(elsewhere: Mapping[str, str]) -> requests.Session:
    """A session as it comes, but for the hosts."""
    session = requests.Session()
    session.trust_env = False
    session.mount("https://", ToHere(elsewhere))
    return session


# --- as a competent user would write it -------------------------------------------------------


def salesforce(settings: Any, connector: Any) -> Iterator[int]:
    """`query_all_iter` of simple-salesforce."""
    token = connector.org._tokens.now()
    client = Salesforce(
        session_id=token.secret,
        instance_url=token.host,
        version=VERSION,
        session=session_to(settings.elsewhere),
    )
    for name in OBJECTS["salesforce"]:
        fields = ", ".join(connector.shapes[name].asked)
        yield sum(1 for _ in client.query_all_iter(f"SELECT {fields} FROM {name}"))  # noqa: S608 - names of describe


def hubspot(settings: Any, connector: Any) -> Iterator[int]:
    """Pages of hubspot-api-client's basic API."""
    [here] = settings.elsewhere.values()
    client = HubSpot(access_token=settings.token.get_secret_value(), host=here)
    for name in OBJECTS["hubspot"]:
        api = client.crm.objects.basic_api
        wanted, after, rows = list(connector.shape(name).asked), None, 0
        while True:
            page = api.get_page(name, limit=100, properties=wanted, after=after)
            rows += len(page.results)
            if page.paging is None:
                break
            after = page.paging.next.after
        yield rows


def dynamics(settings: Any, connector: Any) -> Iterator[int]:
    """Paged GETs with requests."""
    session = session_to(settings.elsewhere)
    session.headers.update(_signed(connector))
    for name in OBJECTS["dynamics"]:
        url, rows = connector.org.url(connector.shapes[name].address), 0
        while url:
            body = session.get(url, headers={"Prefer": PAGE}).json()
            rows += len(body["value"])
            url = body.get("@odata.nextLink", "")
        yield rows


# --- the other side's ceiling -----------------------------------------------------------------


def raw(system: str, settings: Any, connector: Any) -> Iterator[int]:
    """The same pages, thrown away as they come."""
    session = session_to(settings.elsewhere)
    session.headers.update(_signed(connector))
    begin, following, one = RAW[system]
    for name in OBJECTS[system]:
        url, rows = begin(connector, name), 0
        while url:
            content = session.get(url, headers={"Prefer": PAGE}).content
            rows += content.count(one)
            url = following(url, content)
        yield rows


def _signed(connector: Any) -> dict[str, str]:
    line = getattr(connector, "org", None) or connector.api
    return {"Authorization": f"Bearer {line._caller.tokens.now().secret}"}


def _soql(connector: Any, name: str) -> str:
    fields = ", ".join(connector.shapes[name].asked)
    path = connector.org.query_path(f"SELECT {fields} FROM {name}", deleted=False)  # noqa: S608
    return str(connector.org.url(path))


def _found(pattern: bytes, content: bytes) -> str:
    there = re.search(pattern, content)
    return there[1].decode() if there else ""


def _next_soql(url: str, content: bytes) -> str:
    path = _found(rb'"nextRecordsUrl":"([^"]+)"', content[:400])
    return f"{url[: url.index('/services')]}{path}" if path else ""


def _list(connector: Any, name: str) -> str:
    wanted = quote(",".join(connector.shape(name).asked))
    return f"https://api.hubapi.com/crm/v3/objects/{name}?limit=100&properties={wanted}"


def _next_list(url: str, content: bytes) -> str:
    after = _found(rb'"after":"(\d+)"', content[-200:])
    return f"{url.partition('&after=')[0]}&after={after}" if after else ""


RAW: Final[Mapping[str, tuple[Callable[..., str], Callable[[str, bytes], str], bytes]]] = {
    "salesforce": (_soql, _next_soql, b'"attributes":{"type":"'),
    "hubspot": (_list, _next_list, b'"createdAt":'),
    "dynamics": (
        lambda connector, name: connector.org.url(connector.shapes[name].address),
        lambda _url, content: _found(rb'"@odata.nextLink":"([^"]+)"', content),
        b'"@odata.etag":',
    ),
}
CLIENTS: Final[Mapping[str, Callable[[Any, Any], Iterable[int]]]] = {
    "salesforce": salesforce,
    "hubspot": hubspot,
    "dynamics": dynamics,
}


def main() -> None:
    """Look up the fields, read, tell."""
    system, path, options = sys.argv[1], Path(sys.argv[2]), sys.argv[3:]
    settings = read(file=path, state=path.parent / "bare")
    with open_app(settings, actor="bench", dry=False) as app:
        connector = app.systems[system]
        connector.streams()
        one = getattr(settings, system)
        begin = time.perf_counter()
        pages = (
            raw(system, one, connector) if "--raw" in options else CLIENTS[system](one, connector)
        )
        rows = sum(pages)
        print(rows, time.perf_counter() - begin)


if __name__ == "__main__":
    main()
