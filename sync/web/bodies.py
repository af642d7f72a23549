"""Bodies of requests: read up to a limit, within a time, and never held longer than needed."""

from __future__ import annotations

import asyncio
from typing import Any, Final

import orjson
from starlette.requests import ClientDisconnect, Request

from sync.web.refusals import Refused

SECONDS: Final = 20
"""So long a body may take: whoever sends a byte a second does not hold a place for ever."""


async def read(request: Request, most: int) -> bytes:
    """The whole body; Refused when it is larger than `most` bytes, slow, or broken off."""
    length = request.headers.get("content-length", "")
    if length.isdecimal() and int(length[:20]) > most:
        raise Refused(413, "api.too_large", most=most)
    body = bytearray()
    try:
        async with asyncio.timeout(SECONDS):
            async for part in request.stream():
                body += part
                if len(body) > most:
                    raise Refused(413, "api.too_large", most=most)
    except TimeoutError:
        raise Refused(408, "api.too_slow", seconds=SECONDS) from None
    except ClientDisconnect:
        raise Refused(400, "api.broken_off") from None
    return bytes(body)


async def read_json(request: Request, most: int) -> dict[str, Any]:
    """A JSON object; Refused for anything else."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise Refused(415, "api.not_json")
    try:
        found = orjson.loads(await read(request, most))
    except orjson.JSONDecodeError:
        raise Refused(400, "api.no_json") from None
    if not isinstance(found, dict):
        raise Refused(422, "api.no_object")
    return found
