"""`$batch`: many requests in one body, and their answers (OData 4.0 part 1, §11.7).

Answers come in the order of the requests. The reader is strict: what it cannot read with certainty
is None, and what None stands for has to be read back; nothing is guessed.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

MOST: Final = 1000
"""Requests a batch may hold."""
_BOUNDARY: Final = re.compile(
    r'multipart/mixed\s*;\s*boundary\s*=\s*(?:"([^"\r\n]{1,70})"|([^\s";]{1,70}))\s*', re.IGNORECASE
)
_STATUS: Final = re.compile(rb"HTTP/1\.1 ([1-5]\d\d)(?: [^\r\n]*)?")
_EMPTY: Final = 204


@dataclass(frozen=True, slots=True)
class Request:
    """One request; `path` begins with a slash, header names are given as they are sent."""

    method: str
    path: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Any = None


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer; header names in lower case, `body` what the JSON says, None for none."""

    status: int
    headers: Mapping[str, str]
    body: Any = None


def written(requests: Sequence[Request]) -> tuple[str, bytes]:
    """Content type and body of a batch."""
    boundary = f"batch_{secrets.token_hex(12)}"
    parts = [_part(boundary, one) for one in requests]
    return f"multipart/mixed; boundary={boundary}", b"".join(parts) + f"--{boundary}--\r\n".encode()


def _part(boundary: str, request: Request) -> bytes:
    lines = [
        f"--{boundary}",
        "Content-Type: application/http",
        "Content-Transfer-Encoding: binary",
        "",
        f"{request.method} {request.path} HTTP/1.1",
        *(f"{name}: {value}" for name, value in request.headers.items()),
        "",
        "",
    ]
    body = b"" if request.body is None else orjson.dumps(request.body)
    return "\r\n".join(lines).encode() + body + b"\r\n"


def read(content_type: str, body: bytes, count: int) -> list[Answer | None]:
    """The answers to `count` requests; None for each that is not there, or not surely there.

    A body that was cut ends in a part that may be cut as well: that one is None. More parts than
    were asked for, or anything between them, and none of them is believed.
    """
    found = _BOUNDARY.fullmatch(content_type.strip())
    if found is None:
        return [None] * count
    mark = b"--" + (found[1] or found[2]).encode()
    pieces = (b"\r\n" + body).split(b"\r\n" + mark)
    whole = pieces[-1].startswith(b"--") and not pieces[-1][2:].strip()
    if pieces[0].strip() or not whole:
        # Without its end nobody knows whether the last part is whole.
        pieces = pieces[:-1] if not pieces[0].strip() else []
    else:
        pieces = pieces[:-1]
    answers = [_answer(piece) for piece in pieces[1:]]
    if len(answers) > count:
        return [None] * count
    return answers + [None] * (count - len(answers))


def _answer(piece: bytes) -> Answer | None:
    if not piece.startswith(b"\r\n"):
        return None
    outer, split, inner = piece[2:].partition(b"\r\n\r\n")
    if not split or _headers(outer).get("content-type", "").lower() != "application/http":
        return None
    head, split, body = inner.partition(b"\r\n\r\n")
    first, _, rest = head.partition(b"\r\n")
    status = _STATUS.fullmatch(first)
    if status is None or not (split or _is_bare(inner)):
        return None
    return _with_body(int(status[1]), _headers(rest), body.strip())


def _is_bare(inner: bytes) -> bool:
    """A last header line without the blank one behind it, as before a boundary."""
    return inner.endswith(b"\r\n") or b"\r\n" in inner


def _with_body(status: int, headers: Mapping[str, str], body: bytes) -> Answer | None:
    if not body:
        # Only "no content" has none: a 200 without one was cut.
        return Answer(status, headers) if status == _EMPTY or status >= 400 else None
    length = headers.get("content-length", "")
    if length and (not length.isdigit() or int(length) != len(body)):
        return None
    try:
        return Answer(status, headers, orjson.loads(body))
    except orjson.JSONDecodeError:
        # An error in words says enough by its status.
        return Answer(status, headers) if status >= 400 else None


def _headers(head: bytes) -> dict[str, str]:
    lines = (line.partition(":") for line in head.decode("latin-1").split("\r\n") if ":" in line)
    return {name.strip().lower(): value.strip() for name, _, value in lines}
