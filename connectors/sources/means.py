"""What every source is given besides its own settings, and the way out that is made of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import NamedTuple

import requests

from connectors.caller import Caller, Patience, by_status, retry_after
from connectors.session import READ_SECONDS, Line, Meter, Read, open_session
from connectors.tokens import Token, Tokens, fixed
from rules.enrichment.record import CompanyRecord
from rules.keys import Key

Known = Callable[[str, Sequence[Key]], Mapping[Key, Sequence[CompanyRecord]]]
"""What a source told before, by key; each record with the moment at which it was last read."""


class Means(NamedTuple):
    """`elsewhere` maps the beginnings of a source's addresses to others here; `patience` None: as
    much as the source needs; `known`: what it told before."""

    clock: Callable[[], datetime]
    meter: Meter
    dry: bool
    elsewhere: Mapping[str, str]
    sleep: Callable[[float], None] = time.sleep
    patience: Patience | None = None
    known: Known = lambda _source, _keys: {}

    def caller(
        self,
        system: str,
        reads: Sequence[Read],
        secret: str,
        sign: Callable[[Token, dict[str, str]], None],
        *,
        patience: Patience,
        explain: Callable[[requests.Response], str] = by_status,
        read_seconds: float = READ_SECONDS,
        shows_path: bool = True,
        fetch: Callable[[requests.Session], Token] | None = None,
        wait_of: Callable[[requests.Response], float | None] = retry_after,
    ) -> Caller:
        """Calls to one source, one after the other, with a key that does not end, or with tokens that
        are fetched over the same session."""
        line = Line(
            system,
            reads,
            dry=self.dry,
            meter=self.meter,
            elsewhere=self.elsewhere,
            read_seconds=read_seconds,
            connections=1,
            shows_path=shows_path,
        )
        session = open_session(line)
        return Caller(
            system,
            session,
            Tokens(partial(fetch, session) if fetch else fixed(secret), self.clock),
            sign,
            wait_of=wait_of,
            explain=explain,
            patience=self.patience or patience,
            sleep=self.sleep,
        )


def unsigned(_token: Token, _headers: dict[str, str]) -> None:
    """For keys that do not travel in a header."""
