"""What HubSpot sends to an app: events in an array, signed with the app's secret (version 3)."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from urllib.parse import quote

import orjson


def event(kind: str, ident: int, **more: Any) -> dict[str, Any]:
    """One event, such as `contact.propertyChange`."""
    told = {"eventId": 1, "subscriptionId": 2, "portalId": 4321, "appId": 11, "attemptNumber": 0}
    return {**told, "subscriptionType": kind, "objectId": ident, **more}


def message(
    secret: str, url: str, events: Sequence[Any], at: datetime
) -> tuple[dict[str, str], bytes]:
    """Headers and body of one POST."""
    body, time = orjson.dumps(list(events)), str(int(at.timestamp() * 1000))
    return {
        "Content-Type": "application/json",
        "X-HubSpot-Request-Timestamp": time,
        "X-HubSpot-Signature-v3": signed(secret, "POST", url, body, time),
    }, body


def signed(secret: str, method: str, url: str, body: bytes, time: str) -> str:
    """As the guide has it: method, address, body and time under HMAC-SHA256, in Base64."""
    for sign in ":/?@!$'()*,;":
        url = url.replace(quote(sign, safe=""), sign).replace(quote(sign, safe="").lower(), sign)
    text = method.encode() + url.encode() + body + time.encode()
    return base64.b64encode(hmac.digest(secret.encode(), text, hashlib.sha256)).decode()
