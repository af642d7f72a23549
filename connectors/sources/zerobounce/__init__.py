"""ZeroBounce: whether an e-mail address works.

A credit an address, none for one of which it cannot tell. Its files are not used: they would leave the
European Union, and batches of a hundred are as cheap.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any, Final

from connectors.rights import Right
from connectors.sources.source import INCOMPLETE, Asking, Reply, Unknown
from connectors.sources.verifying import (
    REFUSED,
    credits_left,
    did_nothing,
    mail_profile,
    not_asked,
    reply,
)
from connectors.sources.zerobounce.client import BATCH, Api
from rules.enrichment.verdict import LIVES, UNKNOWN_WAITS, Verdict
from rules.keys import Key

_SOON: Final = frozenset(
    {
        "greylisted", "timeout_exceeded", "mail_server_temporary_error",
        "mail_server_did_not_respond", "",
    }
)  # fmt: skip
"""Troubles of an hour: asked again the next night."""


class ZeroBounce:
    """The vendor as a source."""

    def __init__(self, name: str, api: Api, ore: int) -> None:
        self.name, self._api = name, api
        asking = Asking(batch=BATCH, life=LIVES[Verdict.VALID])
        self.profile = mail_profile(asking, ore, seconds=20.0)

    def look_up(self, keys: Sequence[Key]) -> Iterator[Reply]:
        """One reply for each key. Where the vendor did nothing, each key may be asked for again."""
        try:
            rows, refused = self._said(keys)
        except Exception as error:
            if did_nothing(error):
                yield from not_asked(keys)
            raise
        for key in keys:
            yield self._reply(key, rows.get(key.value), refused=key.value in refused)

    def _said(self, keys: Sequence[Key]) -> tuple[Mapping[str, Any], set[str]]:
        if len(keys) == 1:
            return {keys[0].value: self._api.one(keys[0].value)}, set()
        return self._api.many([key.value for key in keys])

    def _reply(self, key: Key, row: Mapping[str, Any] | None, *, refused: bool) -> Reply:
        if row is None:
            return Unknown(key, REFUSED if refused else INCOMPLETE, free=refused)
        if "status" not in row:
            # It has been put off by the mail server, and so have we.
            return Unknown(key, INCOMPLETE, free=True)
        detail = str(row.get("sub_status") or "")
        return reply(
            key,
            self.name,
            self._api.now(),
            str(row["status"]),
            [detail] if detail else [],
            row,
            suggestion=str(row.get("did_you_mean") or ""),
            waits=_wait(detail),
            free=True,
        )

    def credit(self) -> int | None:
        """How many checks are left."""
        return self._api.credits()

    def check(self) -> Iterator[Right]:
        """Whether the key is good, and how much there is left."""
        yield credits_left(self.name, "ZeroBounce", self._api.credits())


def _wait(detail: str) -> timedelta | None:
    return None if detail in _SOON else UNKNOWN_WAITS
