"""Calls to Aircall's Public API, through our session: a key for the company, fifty rows a page.

The limit is the company's: all its integrations share 120 calls a minute, so that we keep to a share
of our own and obey the headers besides. There is no client library to wrap.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, Final

import requests

from connectors.caller import Caller, Patience, retry_after
from connectors.pace import Minute
from connectors.session import Line, Meter, Read, Unmetered, open_session
from connectors.statuses import Ask, ask_of
from connectors.tokens import Tokens, basic, fixed
from rules.errors import SystemStopped, TryAgain

HOST: Final = "https://api.aircall.io"
PER_PAGE: Final = 50
"""The most that a page holds; who asks for more is given fewer without a word."""
WALL: Final = 10_000
"""The last row that paging reaches, of calls and of contacts."""
READS: Final = (Read("GET", r"/v[12]/.*"),)
"""What a dry run may send: no GET changes anything."""
STATUSES: Final[Mapping[int, Ask]] = MappingProxyType({403: Ask.SIGN_IN, 405: Ask.GONE})
"""403: a wrong or dead key, for there are no rights to lack. 405: the feature is off for that user."""
_UNSAID_WAIT: Final = 60.0
_MILLISECONDS: Final = 10**11

Row = Mapping[str, Any]


class Api:
    """One company's API. Answers are bodies; what is not there is None."""

    def __init__(
        self,
        system: str,
        api_id: str,
        api_token: str,
        *,
        a_minute: int = 40,
        dry: bool = False,
        meter: Meter | None = None,
        elsewhere: Mapping[str, str] = MappingProxyType({}),
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        sleep: Callable[[float], None] = time.sleep,
        patience: Patience | None = None,
    ) -> None:
        self.system, self.clock = system, clock
        line = Line(system, READS, dry=dry, meter=meter or Unmetered(), elsewhere=elsewhere)
        self._pace = Minute(a_minute, sleep=sleep)
        self._caller = Caller(
            system,
            open_session(line),
            Tokens(fixed(f"{api_id}:{api_token}"), clock),
            basic,
            statuses=STATUSES,
            wait_of=lambda answer: wait_of(answer, clock()),
            explain=explained,
            patience=patience or Patience(),
            sleep=sleep,
        )

    def get(self, path: str, **query: Any) -> Any:
        """The body of a GET; None where nothing is there, or the feature is off."""
        answer = self._call("GET", path, repeat=True, params=query)
        return None if answer is None else self._body(answer)

    def post(self, path: str, body: Row) -> Any:
        """What a POST answers; `NoAnswer` when it is not known whether it arrived."""
        answer = self._call("POST", path, repeat=False, json=dict(body))
        return None if answer is None else self._body(answer)

    def delete(self, path: str) -> None:
        """Take something away; it may be gone already."""
        self._call("DELETE", path, repeat=True)

    def rows(self, path: str, name: str, **query: Any) -> Iterator[Row]:
        """All rows of a list, page by page, as long as there is a next one."""
        page = 1
        while True:
            body = self.get(path, page=page, per_page=PER_PAGE, **query) or {}
            yield from body.get(name) or ()
            if not (body.get("meta") or {}).get("next_page_link"):
                return
            page += 1

    def _call(self, method: str, path: str, *, repeat: bool, **how: Any) -> Any:
        self._pace.wait()
        answer = self._caller.call(method, f"{HOST}{path}", repeat=repeat, **how)
        match ask_of(answer.status_code, STATUSES):
            case Ask.GO_ON:
                return answer
            case Ask.GONE:
                return None
            case _:
                why = explained(answer)
                raise SystemStopped("aircall.refused", system=self.system, why=why)

    def _body(self, answer: requests.Response) -> Any:
        if not answer.content:
            return {}
        try:
            return answer.json()
        except requests.JSONDecodeError as error:
            raise TryAgain("error.no_answer", system=self.system, kind="JSON") from error


def wait_of(answer: requests.Response, now: datetime) -> float | None:
    """How long to wait: by the header Reset, in seconds or milliseconds; a minute where it is silent."""
    said = answer.headers.get("X-AircallApi-Reset", "")
    if answer.status_code != requests.codes.too_many_requests:
        return retry_after(answer)
    if not said.isdigit():
        return retry_after(answer) or _UNSAID_WAIT
    until = int(said) / 1000 if int(said) > _MILLISECONDS else int(said)
    return min(max(until - now.timestamp(), 1.0), _UNSAID_WAIT)


def explained(answer: requests.Response) -> str:
    """The status only: errors come as free text, which may repeat what was sent."""
    return f"HTTP {answer.status_code}"
