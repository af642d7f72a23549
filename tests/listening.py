"""`sync serve` for tests: in a thread of this process, on free ports, ended with the block."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from sync.app import App, open_app
from sync.service.listening import LISTENERS
from sync.settings import read
from sync.web.serving import Open, serve


@dataclass
class Answer:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    set_cookies: tuple[str, ...] = ()

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode()


@dataclass
class Listening:
    """What listens: addresses by the listener's name."""

    app: App
    urls: dict[str, str] = field(default_factory=dict)
    token: str = ""

    def ask(
        self,
        path: str,
        body: object = None,
        *,
        method: str = "",
        listener: str = "api",
        token: str | None = None,
        **headers: str,
    ) -> Answer:
        """One request on a connection of its own; a body that is not bytes goes as JSON."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        given = self.token if token is None else token
        if given and listener == "api":
            sent.setdefault("authorization", f"Bearer {given}")
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
            sent.setdefault("content-type", "application/json")
        connection = HTTPConnection(urlsplit(self.urls[listener]).netloc, timeout=30)
        try:
            connection.request(method or ("GET" if body is None else "POST"), path, body, sent)
            return _read(connection.getresponse())
        finally:
            connection.close()


def form_with_file(fields: Mapping[str, str], name: str, data: bytes) -> tuple[bytes, str]:
    """A form as a browser sends one that has a file in it, and its type."""
    boundary, body = "grænse", b""
    for key, value in fields.items():
        head = f'--{boundary}\r\ncontent-disposition: form-data; name="{key}"\r\n\r\n{value}\r\n'
        body += head.encode()
    head = f'--{boundary}\r\ncontent-disposition: form-data; name="file"; filename="{name}"\r\n\r\n'
    body += head.encode() + data + f"\r\n--{boundary}--\r\n".encode()
    return body, f"multipart/form-data; boundary={boundary}".encode().decode("latin-1")


def _read(response: HTTPResponse) -> Answer:
    headers = {name.lower(): value for name, value in response.getheaders()}
    cookies = tuple(v for n, v in response.getheaders() if n.lower() == "set-cookie")
    return Answer(response.status, headers, response.read(), cookies)


@contextmanager
def listening(folder: Path, settings: str, names: Sequence[str] = LISTENERS) -> Iterator[Listening]:
    """Everything of these names that these settings open."""
    file = folder / "ringren.toml"
    file.write_text(settings, "utf-8")
    read_in = read(file=file, root=None, state=folder / "state", lang="en")
    with open_app(read_in, actor="tester", dry=False) as app, opened(app, names) as found:
        yield found


@contextmanager
def opened(app: App, names: Sequence[str] = LISTENERS) -> Iterator[Listening]:
    """Everything of these names that the settings of an installation open."""
    found, ready_now, ends = Listening(app), threading.Event(), asyncio.Event()
    loops: list[asyncio.AbstractEventLoop] = []

    def ready(listeners: Sequence[Open]) -> None:
        found.urls.update({one.name: one.url for one in listeners})
        loops.append(asyncio.get_running_loop())
        ready_now.set()

    thread = threading.Thread(target=serve, args=(app, ready, ends, names))
    thread.start()
    try:
        assert ready_now.wait(30)
        yield found
    finally:
        loops[0].call_soon_threadsafe(ends.set)
        thread.join()
