"""What a form without a file holds, and where one may go on to."""

from __future__ import annotations

from typing import Final
from urllib.parse import parse_qsl

from starlette.requests import Request

from sync.web import bodies
from sync.web.refusals import Refused

MOST_BYTES: Final = 64_000
_MOST_FIELDS: Final = 200


async def read(request: Request) -> dict[str, str]:
    """What a form holds."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/x-www-form-urlencoded":
        raise Refused(415, "page.no_form")
    body = await bodies.read(request, MOST_BYTES)
    try:
        pairs = parse_qsl(body.decode("ascii"), keep_blank_values=True, max_num_fields=_MOST_FIELDS)
    except ValueError:
        raise Refused(422, "page.no_form") from None
    return dict(pairs)


def inside(path: str) -> str:
    """An address of ours to go on to; the first page for any other."""
    ours = path.startswith("/") and not path.startswith(("//", "/\\")) and path.isprintable()
    return path if ours and path.isascii() and len(path) < 500 else "/"
