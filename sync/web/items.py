"""What stands in a request, as keys and statements. Anything unknown in it is refused, not passed
over: a misspelt field would leave somebody unblocked."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any, Final

from rules.errors import UserError
from rules.formats import cpr
from rules.keys import Key, KeyKind, keys_in
from rules.suppression import SINGLE_CHANNELS, Channel, EventType, Evidence, Statement
from sync.suppression import desk
from sync.web.refusals import Refused

API: Final = "api"
"""The system that statements of other programs come from."""
KINDS: Final = ("phone", "email", "cvr")
ASKED: Final = frozenset({*KINDS, "channel"})
SAID: Final = ASKED | {"at", "id", "evidence", "source"}
MOST_ITEMS: Final = 1000
MOST_KEYS: Final = 20
LONGEST: Final = 320
LONGEST_WORDS: Final = 2000


def items_of(body: Mapping[str, Any], name: str) -> list[Any]:
    """The list of a batch; Refused when it is none, empty or too long."""
    found = body.get(name)
    if set(body) != {name} or not isinstance(found, list) or not found:
        raise Refused(422, "api.no_list", name=name)
    if len(found) > MOST_ITEMS:
        raise Refused(413, "api.too_many", most=MOST_ITEMS)
    return found


def keys_of(item: Any, allowed: Collection[str], region: str) -> list[Key]:
    """Whom an item is about; Refused for a field that is unknown, unreadable, or for nobody."""
    if not isinstance(item, Mapping):
        raise Refused(422, "api.no_object")
    for name in item:
        if name not in allowed:
            raise Refused(422, "api.unknown_field", fields=", ".join(sorted(allowed)))
    found = [
        key for kind in KINDS for text in _texts(item, kind) for key in _keys(kind, text, region)
    ]
    if not found:
        raise Refused(422, "api.nobody")
    return list(dict.fromkeys(found))


def _texts(item: Mapping[str, Any], name: str) -> list[str]:
    value = item.get(name)
    listed = value if isinstance(value, list) else [value]
    found = [one for one in listed if one not in (None, "")]
    if len(found) > MOST_KEYS or not all(_is_text(one) for one in found):
        raise Refused(422, "api.no_text", field=name, most=LONGEST)
    return found


def _is_text(value: object, most: int = LONGEST) -> bool:
    return isinstance(value, str) and len(value) <= most


def _keys(kind: str, text: str, region: str) -> list[Key]:
    found = [] if cpr.holds(text) else list(keys_in(KeyKind(kind), text, region))
    if not found:
        raise Refused(422, "api.no_key", field=kind)
    return found


def channels_of(item: Mapping[str, Any]) -> tuple[Channel, ...]:
    """The channels that are asked about: one, or each."""
    channel = channel_of(item)
    return SINGLE_CHANNELS if channel is Channel.ALL else (channel,)


def channel_of(item: Mapping[str, Any]) -> Channel:
    """The channel that an item names, by default all of them."""
    value = item.get("channel")
    try:
        return Channel(Channel.ALL if value in (None, "") else value)
    except ValueError:
        raise Refused(422, "api.no_channel", channels=", ".join(Channel)) from None


def statement_of(item: Any, who: tuple[int, str], now: datetime, region: str) -> Statement:
    """What a program says of somebody. The same `id` from the same token is the same statement."""
    found = keys_of(item, SAID, region)
    said = {name: _words(item, name) for name in ("at", "id", "evidence", "source")}
    number, name = who
    channel = channel_of(item)
    try:
        span = desk.when(said["at"] or None, now)
    except UserError as error:
        raise Refused(422, error.message, None, **error.details) from None
    named = (said["id"],) if said["id"] else (str(span.start), *map(":".join, sorted(found)))
    return Statement(
        type=EventType.BLOCK,
        channel=channel,
        span=span,
        system=API,
        keys=tuple(found),
        evidence=Evidence.PERSON,
        identity=(API, str(number), "id" if said["id"] else "at", channel.value, *named),
        by=(name,),
        said=said["evidence"],
        source=said["source"],
    )


def _words(item: Mapping[str, Any], name: str) -> str:
    value = item.get(name)
    if value is None:
        return ""
    if not _is_text(value, LONGEST_WORDS):
        raise Refused(422, "api.no_text", field=name, most=LONGEST_WORDS)
    return str(value)
