"""Calls to one system: signed in, waited for when it asks for patience, sorted by what they ask for.

One layer retries, and it is this one: vendors' clients have their own switched off. Whether a
request may be repeated is said by whoever makes it, because only he knows what it would do twice.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import Any, Final

import orjson
import requests
import tenacity

from connectors.session import NoAnswer
from connectors.statuses import Ask, ask_of
from connectors.tokens import Token, Tokens
from rules.errors import SystemStopped, TryAgain

MOST_WAIT_SECONDS: Final = 120.0
"""Longer than this nobody waits inside a pass: the system is left alone until the next one."""


def retry_after(answer: requests.Response) -> float | None:
    """Seconds of the header Retry-After (RFC 9110 §10.2.3), counted from the answer's own Date."""
    said = answer.headers.get("Retry-After", "").strip()
    if not said:
        return None
    try:
        return max(0.0, float(said))
    except ValueError:
        pass
    try:
        until = parsedate_to_datetime(said)
        since = parsedate_to_datetime(answer.headers["Date"])
        return max(0.0, (until - since).total_seconds())
    except (KeyError, TypeError, ValueError):
        return None


def by_status(answer: requests.Response) -> str:
    """What may be shown of any answer."""
    return f"HTTP {answer.status_code}"


def json_object(answer: requests.Response) -> dict[str, Any] | None:
    """The body of an answer; None when it is no JSON object."""
    try:
        body = orjson.loads(answer.content)
    except orjson.JSONDecodeError:
        return None
    return body if isinstance(body, dict) else None


@dataclass(frozen=True, slots=True)
class Patience:
    """How often and how long a call is tried."""

    tries: int = 6
    seconds: float = 300.0
    first_seconds: float = 0.5
    most_seconds: float = 30.0


@dataclass(slots=True)
class Caller:
    """Signs, sends, waits.

    `sign` puts a token into a request's headers. `statuses` are the vendor's own rows of the table
    of statuses; `wait_of` reads from an answer how long to wait, None when it does not say.
    `explain` gives what may be shown of an error's body: codes and names of fields, no values.
    """

    system: str
    session: requests.Session
    tokens: Tokens
    sign: Callable[[Token, dict[str, str]], None]
    statuses: Mapping[int, Ask] = field(default_factory=dict)
    wait_of: Callable[[requests.Response], float | None] = retry_after
    explain: Callable[[requests.Response], str] = by_status
    patience: Patience = Patience()
    sleep: Callable[[float], None] = time.sleep

    def call(
        self, method: str, url: str, *, repeat: bool, headers: Mapping[str, str] = {}, **how: Any
    ) -> requests.Response:
        """The answer of a call that went through, or one that its maker has to look at.

        Returned are answers that ask to GO_ON or for NEXT, CONFLICT, GONE, REFUSED and SMALLER.
        `repeat`: doing it twice is the same as once, so that it is tried again after a lost
        answer or a failure of the vendor; else only after "too many requests", which did nothing.
        `NoAnswer` when it is not known whether the call arrived, `TryAgain` when the system asks
        for more patience than there is, `SystemStopped` when a person has to act.
        """

        def once() -> requests.Response:
            return self._once(method, url, dict(headers), how)

        return tenacity.Retrying(
            retry=tenacity.retry_if_exception(lambda error: _may_pass(error, repeat=repeat)),
            stop=tenacity.stop_after_attempt(self.patience.tries)
            | tenacity.stop_before_delay(self.patience.seconds),
            wait=self._pause,
            sleep=self.sleep,
            reraise=True,
        )(once)

    def _once(
        self, method: str, url: str, headers: dict[str, str], how: dict[str, Any]
    ) -> requests.Response:
        token = self.tokens.now()
        answer = self._signed(token, method, url, headers, how)
        if ask_of(answer.status_code, self.statuses) is Ask.SIGN_IN:
            answer = self._signed(self.tokens.renew(token), method, url, headers, how)
        match ask_of(answer.status_code, self.statuses):
            case Ask.WAIT:
                raise Busy(self, answer, self.wait_of(answer), done_nothing=_did_nothing(answer))
            case Ask.SIGN_IN:
                raise SystemStopped("error.sign_in", system=self.system, why=self.explain(answer))
            case Ask.STOP:
                raise SystemStopped("error.no_right", system=self.system, why=self.explain(answer))
            case _:
                return answer

    def _signed(
        self, token: Token, method: str, url: str, headers: dict[str, str], how: dict[str, Any]
    ) -> requests.Response:
        signed = dict(headers)
        self.sign(token, signed)
        return self.session.request(method, url, headers=signed, allow_redirects=False, **how)

    def _pause(self, state: tenacity.RetryCallState) -> float:
        """As long as the vendor says, and never less than our own growing, random wait."""
        patience = self.patience
        own = tenacity.wait_random_exponential(patience.first_seconds, patience.most_seconds)(state)
        error = state.outcome.exception() if state.outcome else None
        said = error.after_seconds if isinstance(error, TryAgain) else None
        return max(own, said or 0.0)


class Busy(TryAgain):
    """The system asks for patience. `done_nothing`: it says that it did not begin."""

    def __init__(
        self,
        caller: Caller,
        answer: requests.Response,
        after_seconds: float | None,
        *,
        done_nothing: bool,
    ) -> None:
        why = caller.explain(answer)
        super().__init__("error.busy", after_seconds=after_seconds, system=caller.system, why=why)
        self.done_nothing = done_nothing


def _did_nothing(answer: requests.Response) -> bool:
    return answer.status_code in {423, 425, 429}


def _may_pass(error: BaseException, *, repeat: bool) -> bool:
    if isinstance(error, Busy):
        soon = (error.after_seconds or 0.0) <= MOST_WAIT_SECONDS
        return soon and (repeat or error.done_nothing)
    return repeat and isinstance(error, NoAnswer)
