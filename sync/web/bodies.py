"""Bodies of requests: read up to a limit, within a time, and never held longer than needed."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, Final, TypeVar

import orjson
from pydantic import BaseModel, ValidationError
from starlette.requests import ClientDisconnect, Request

from sync.web.refusals import Refused

Asked = TypeVar("Asked", bound=BaseModel)
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
    must_be_json(request)
    try:
        found = orjson.loads(await read(request, most))
    except orjson.JSONDecodeError:
        raise Refused(400, "api.no_json") from None
    if not isinstance(found, dict):
        raise Refused(422, "api.no_object")
    return found


async def read_as(request: Request, most: int, takes: type[Asked]) -> Asked:
    """A JSON object of that shape; Refused for anything else."""
    must_be_json(request)
    body = await read(request, most)
    try:
        return takes.model_validate_json(body)
    except ValidationError as error:
        raise misread(error, takes) from None


def query_as(request: Request, takes: type[Asked]) -> Asked:
    """What follows the `?`, in that shape; Refused for anything else, and for what is said twice."""
    pairs = request.query_params.multi_items()
    if len(pairs) != len(dict(pairs)):
        raise Refused(422, "api.twice")
    try:
        return takes.model_validate(dict(pairs))
    except ValidationError as error:
        raise misread(error, takes) from None


def form_as(fields: Mapping[str, object], takes: type[Asked]) -> Asked:
    """The fields of a form, in that shape; Refused for anything else."""
    try:
        return takes.model_validate(dict(fields))
    except ValidationError as error:
        raise misread(error, takes) from None


def misread(error: ValidationError, takes: type[BaseModel]) -> Refused:
    """Which field is wrong, if it is one that there is: what else was sent is not said again."""
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    if first["type"] == "json_invalid":
        return Refused(400, "api.no_json")
    known, place = list(takes.model_fields), first["loc"]
    if not place:
        return Refused(422, "api.no_object")
    if place[0] not in known:
        return Refused(422, "api.unknown_field", fields=", ".join(known) or "-")
    return Refused(422, "api.wrong_field", field=place[0])


def must_be_json(request: Request) -> None:
    """Refused when it does not say that it is."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise Refused(415, "api.not_json")
