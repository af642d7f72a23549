"""`$batch`: one body of several requests, one body of their answers (OData 4.0 part 1, §11.7)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

import orjson
from simulators.dynamics.org import invalid

MOST = 1000
CRLF = b"\r\n"
BOUNDARY = re.compile(r'^multipart/mixed;\s*boundary="?([^";\s]+)"?', re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Asked:
    """One request. `path` is what stands behind `/api/data/v9.2/`; header names are lower case."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Said:
    """One answer; `body` is JSON, text of another type, or nothing."""

    status: int
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)

    def content(self) -> bytes:
        """The body as bytes."""
        if self.body is None:
            return b""
        return self.body if isinstance(self.body, bytes) else orjson.dumps(self.body)


@dataclass(frozen=True, slots=True)
class Part:
    """One request in a batch, or a change set: several that go through together or not at all."""

    raw: bytes = b""
    content_id: str = ""
    change_set: tuple[Part, ...] = ()


def boundary_of(headers: Mapping[str, str]) -> bytes:
    """The boundary of a multipart body."""
    found = BOUNDARY.match(headers.get("content-type", ""))
    if found is None:
        raise invalid("The content type of a batch must be multipart/mixed with a boundary.")
    return found[1].encode()


def parts(body: bytes, boundary: bytes) -> list[Part]:
    """The requests of a body."""
    if b"\n" in body.replace(CRLF, b""):
        raise invalid("A batch must have CRLF line ends.")
    mark = b"--" + boundary
    if not body.rstrip().endswith(mark + b"--"):
        raise invalid("The batch has no end.")
    found = [_part(text) for text in body.split(mark)[1:-1]]
    if sum(len(one.change_set) or 1 for one in found) > MOST:
        raise invalid("A batch may not hold more than 1000 operations.")
    return found


def _part(text: bytes) -> Part:
    head, _, rest = text.removeprefix(CRLF).partition(CRLF + CRLF)
    headers = headers_of(head)
    kind = headers.get("content-type", "")
    if kind.startswith("multipart/mixed"):
        return Part(change_set=tuple(parts(rest, boundary_of(headers))))
    if not kind.startswith("application/http"):
        raise invalid("A part of a batch must be application/http.")
    if headers.get("content-transfer-encoding") != "binary":
        raise invalid("A part of a batch must be binary.")
    return Part(rest, headers.get("content-id", ""))


def headers_of(head: bytes) -> dict[str, str]:
    """Header lines by their names in lower case."""
    lines = (line.partition(":") for line in head.decode().split("\r\n") if line)
    return {name.strip().lower(): value.strip() for name, _, value in lines}


def request_line(raw: bytes) -> tuple[str, str, dict[str, str], bytes]:
    """Method, address, headers and body of a part."""
    head, _, body = raw.partition(CRLF + CRLF)
    first, _, rest = head.partition(CRLF)
    words = first.decode().split(" ")
    if len(words) != 3 or words[2] != "HTTP/1.1":
        raise invalid("A part of a batch must begin with a request line.")
    return words[0], words[1], headers_of(rest), body.removesuffix(CRLF)


def joined(answers: list[Said | list[Said]], boundary: str) -> bytes:
    """The answers as one body, in the order of the requests."""
    found = b""
    for said in answers:
        found += f"--{boundary}\r\n".encode()
        if isinstance(said, list):
            inner = boundary.replace("batchresponse", "changesetresponse")
            found += f"Content-Type: multipart/mixed; boundary={inner}\r\n\r\n".encode()
            found += joined(list(said), inner) + CRLF
        else:
            found += _answer(said) + CRLF
    return found + f"--{boundary}--\r\n".encode()


def _answer(said: Said) -> bytes:
    phrase = HTTPStatus(said.status).phrase
    headers = {**said.headers, "OData-Version": "4.0"}
    if said.body is not None:
        headers["Content-Type"] = "application/json; odata.metadata=minimal"
    lines = ["Content-Type: application/http", "Content-Transfer-Encoding: binary", ""]
    lines += [f"HTTP/1.1 {said.status} {phrase}", *(f"{k}: {v}" for k, v in headers.items()), ""]
    return "\r\n".join(lines).encode() + CRLF + said.content()
