"""Simulators without a line: requests to a vendor's address are answered in this very process.

A call takes a tenth of what it takes over a socket, which is what makes long histories affordable.
What can go wrong on a line goes wrong here too, as `requests` tells of it.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import SplitResult, urlsplit

import requests
from requests.adapters import HTTPAdapter
from requests.structures import CaseInsensitiveDict


@dataclass(frozen=True, slots=True)
class Heard:
    """One request: header names in small letters."""

    method: str
    address: SplitResult
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Told:
    """An answer as it comes over a line."""

    status: int
    headers: Mapping[str, str]
    content: bytes


Door = Callable[[Heard], Told]
"""Raises what `requests` raises where no answer comes, or half of one."""


@contextmanager
def inward(doors: Mapping[str, Door]) -> Iterator[None]:
    """Until the block ends, these addresses (`https://host`) lead to these doors, others nowhere, or
    where a block around this one has them lead."""

    def send(
        _adapter: HTTPAdapter, request: requests.PreparedRequest, **_how: Any
    ) -> requests.Response:
        address = urlsplit(str(request.url))
        door = doors.get(f"{address.scheme}://{address.netloc}")
        if door is None and hasattr(real, "inward"):
            return real(_adapter, request, **_how)
        raw = request.body.encode() if isinstance(request.body, str) else request.body or b""
        headers = {name.lower(): str(value) for name, value in request.headers.items()}
        if door is None:
            raise KeyError(address.netloc)
        return _answer(request, door(Heard(str(request.method), address, headers, bytes(raw))))

    send.inward = True  # type: ignore[attr-defined]
    real, HTTPAdapter.send = HTTPAdapter.send, send  # type: ignore[assignment, method-assign]
    try:
        yield
    finally:
        HTTPAdapter.send = real  # type: ignore[method-assign]


def _answer(request: requests.PreparedRequest, told: Told) -> requests.Response:
    answer = requests.Response()
    answer.status_code, answer.url, answer.request = told.status, str(request.url), request
    answer.headers = CaseInsensitiveDict(told.headers)
    answer.raw = io.BytesIO(told.content)
    return answer
