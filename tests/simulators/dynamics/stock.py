"""msal and requests as they come, sent to the simulator: what its own tests speak with."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import msal
import requests
from requests.adapters import HTTPAdapter
from simulators.dynamics.org import Org
from simulators.dynamics.site import CLIENT, HOST, LOGIN, SECRET, TENANT, Site

API = f"{HOST}/api/data/v9.2/"
TRACK = {"Prefer": "odata.track-changes,odata.maxpagesize=2"}
SCOPES = [f"{HOST}/.default"]


class ToHere(HTTPAdapter):
    """Sends the vendor's hosts to the simulator."""

    def __init__(self, site: Site) -> None:
        super().__init__()
        self.site = site

    def send(self, request: Any, *args: Any, **how: Any) -> Any:
        for host in (HOST, LOGIN):
            request.url = request.url.replace(host, self.site.address, 1)
        return super().send(request, *args, **how)


@contextmanager
def signed_in_to(site: Site) -> Iterator[requests.Session]:
    """A session with a token."""
    with requests.Session() as session:
        session.trust_env = False
        session.mount("https://", ToHere(site))
        session.headers["Authorization"] = f"Bearer {signed_in(session)['access_token']}"
        yield session


def signed_in(session: requests.Session, credential: Any = SECRET) -> dict[str, Any]:
    app = msal.ConfidentialClientApplication(
        CLIENT,
        client_credential=credential,
        authority=f"{LOGIN}/{TENANT}",
        http_client=session,
        instance_discovery=False,
    )
    found: dict[str, Any] = app.acquire_token_for_client(scopes=SCOPES)
    return found


def people(org: Org, many: int = 5) -> list[str]:
    return [org.add("contact", lastname=f"Nr. {n}", donotphone=False) for n in range(many)]


def load(http: requests.Session, url: str, prefer: dict[str, str] = TRACK) -> tuple[list[Any], str]:
    """All rows from an address on, and the delta link at the end."""
    rows: list[Any] = []
    while True:
        answer = http.get(url, headers=prefer)
        answer.raise_for_status()
        body = answer.json()
        rows += body["value"]
        if "@odata.nextLink" not in body:
            return rows, body.get("@odata.deltaLink", "")
        url = body["@odata.nextLink"]


def batch(http: requests.Session, parts: list[tuple[str, str, str, Any]], prefer: str = "") -> str:
    """A batch of (method, path, If-Match, body); the answer's text."""
    text = ""
    for method, path, match, body in parts:
        text += "--b\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n\r\n"
        text += f"{method} /api/data/v9.2/{path} HTTP/1.1\r\nContent-Type: application/json\r\n"
        text += f"If-Match: {match}\r\n" if match else ""
        text += f"\r\n{json.dumps(body)}\r\n"
    headers = {"Content-Type": "multipart/mixed; boundary=b", "Prefer": prefer}
    answer = http.post(f"{API}$batch", data=(text + "--b--\r\n").encode(), headers=headers)
    return answer.content.decode()
