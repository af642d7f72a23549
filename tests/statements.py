"""Made-up statements for tests of the ledger."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from rules.keys import Key, KeyKind
from rules.records import Kind, Ref
from rules.spans import Span
from rules.suppression import Channel, EventType, Evidence, Statement

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
DAY = timedelta(days=1)


def phone(number: int = 0) -> Key:
    return Key(KeyKind.PHONE, f"+45{20000000 + number}")


def mail(number: int = 0) -> Key:
    return Key(KeyKind.EMAIL, f"person{number}@opdigtet-0001.dk")


def block(number: int = 0, **more: Any) -> Statement:
    """A block of `phone(number)` on all channels, made yesterday."""
    given: dict[str, Any] = {
        "type": EventType.BLOCK,
        "channel": Channel.ALL,
        "span": Span(NOW - DAY, NOW - DAY),
        "system": "files",
        "keys": (phone(number),),
        "evidence": Evidence.LIST,
        "identity": ("files", f"row {number}"),
        "ref": Ref("files", Kind.OPT_OUT, f"list.csv#{number}"),
        "said": f"row number {number}",
        "name": f"Canary Opdigtet {number}",
    }
    return Statement(**{**given, **more})


def lift(root: str, keys: tuple[Key, ...] = (phone(),), **more: Any) -> Statement:
    """A good consent of today."""
    given: dict[str, Any] = {
        "type": EventType.LIFT,
        "span": Span(NOW, NOW),
        "keys": keys,
        "evidence": Evidence.FORM,
        "identity": ("desk", "lift", root),
        "root": root,
        "by": ("Anna Opdigtet",),
        "said": "form 17",
    }
    return block(**{**given, **more})


def correction(root: str, **more: Any) -> Statement:
    """Two people say that an entry is wrong."""
    given: dict[str, Any] = {
        "type": EventType.CORRECTION,
        "span": Span(NOW, NOW),
        "evidence": Evidence.PERSON,
        "identity": ("desk", "correction", root),
        "root": root,
        "by": ("Anna Opdigtet", "Bo Opdigtet"),
    }
    return block(**{**given, **more})
