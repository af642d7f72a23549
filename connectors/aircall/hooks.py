"""Aircall's messages: no signature, but a token in the body that was given when the webhook was made."""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from typing import Any, Final

import orjson

from connectors.aircall.client import Api
from connectors.aircall.shapes import CALLS
from connectors.hooks import Hint

PATH: Final = "/v1/webhooks"


def hints_of(body: bytes, token: str) -> Sequence[Hint] | None:
    """The call that a message is about; nothing for events of other things, None for a forgery."""
    try:
        said: Any = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    if not token or not isinstance(said, dict) or not _same(said.get("token"), token):
        return None
    event, data = str(said.get("event") or ""), said.get("data")
    ident = data.get("id") if isinstance(data, dict) else None
    if not event.startswith("call.") or type(ident) is not int or ident < 1:
        return ()
    return (Hint(CALLS, str(ident), event),)


def is_off(api: Api, token: str) -> bool | None:
    """Whether the webhook with this token is switched off, or gone; None when there was to be none."""
    if not token:
        return None
    ours = [row for row in api.rows(PATH, "webhooks") if _same(row.get("token"), token)]
    return not any(row.get("active") for row in ours)


def _same(said: object, token: str) -> bool:
    return isinstance(said, str) and hmac.compare_digest(said.encode(), token.encode())
