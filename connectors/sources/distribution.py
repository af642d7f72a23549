"""Searches in the indexes that the Danish Business Authority distributes (Elasticsearch, `_search`).

There is no client library that is worth its weight: every search is a POST, and all are reading. The
host is reached over plain HTTP, so what is sent travels in clear; a proxy with TLS can stand between
(`url`).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import orjson
import requests

from connectors.caller import Caller, Patience, json_object
from connectors.pace import Pace
from connectors.session import NoAnswer, Read
from connectors.sources.means import Means
from connectors.tokens import Token
from rules.errors import SystemStopped, TryAgain

HOST: Final = "http://distribution.virk.dk"
A_SECOND: Final = 2.0
"""Searches in a second: nothing is published, and careful clients keep to this."""
READ_SECONDS: Final = 180.0


class Searches:
    """Searches in one index, at `url` or at the authority's own host."""

    def __init__(
        self,
        system: str,
        path: str,
        means: Means,
        *,
        secret: str,
        sign: Callable[[Token, dict[str, str]], None],
        url: str,
        a_second: float,
        further: Sequence[Read] = (),
    ) -> None:
        self.system, self.url, self.now = system, url.rstrip("/"), means.clock
        self._path = path
        self.pace = Pace(a_second, time.monotonic, means.sleep)
        self.caller: Caller = means.caller(
            system,
            (Read("POST", rf"(/.*)?{path}"), *further),
            secret,
            sign,
            patience=Patience(),
            explain=explained,
            read_seconds=READ_SECONDS,
        )

    def search(self, body: Mapping[str, Any]) -> Any:
        """The answer to a whole search. One that is not whole would look like "not found"."""
        self.pace.wait()
        answer = self.caller.call(
            "POST",
            self.url + self._path,
            repeat=True,
            data=orjson.dumps(body),
            headers={"Content-Type": "application/json"},
        )
        if answer.status_code != requests.codes.ok:
            raise SystemStopped("source.cvr.refused", system=self.system, why=explained(answer))
        said = json_object(answer)
        if said is None or not isinstance(said.get("hits"), dict):
            raise NoAnswer(self.system, "no JSON")
        if said.get("timed_out") or (said.get("_shards") or {}).get("failed"):
            raise Incomplete(self.system)
        return said


class Incomplete(TryAgain):
    """The index answered with a part of what it has."""

    def __init__(self, system: str) -> None:
        super().__init__("source.cvr.incomplete", system=system)


def total(answer: Any) -> int:
    """How many rows fit a search, whether they were given or not."""
    said = answer["hits"]["total"]
    return int(said["value"] if isinstance(said, dict) else said)


def explained(answer: requests.Response) -> str:
    """What may be shown of an error: its kind. The reason may quote what was asked for."""
    error = (json_object(answer) or {}).get("error")
    kind = str(error.get("type") or "") if isinstance(error, dict) else ""
    return " · ".join(filter(None, (f"HTTP {answer.status_code}", kind)))
