"""Calls to Dun & Bradstreet's Direct+, through our own session: a match, and then the data blocks.

One code (401, 00004) says that a token has ended and that a product is not in the contract: a token that
has just been good for the match tells them apart. Whether a match is billed is not known, so a call whose
answer was lost is not made again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import requests

from connectors.caller import Busy, Patience, json_object, retry_after
from connectors.pace import Pace
from connectors.session import NoAnswer, Read
from connectors.sources.means import Means
from connectors.sources.shapes import inside, rows, text, whole
from connectors.tokens import Token, basic
from rules.errors import SystemStopped

HOST: Final = "https://plus.dnb.com"
_TOKEN: Final = "/v3/token"  # noqa: S105 - a path
_MATCH: Final = "/v1/match/cleanseMatch"
READS: Final = (Read("POST", _TOKEN),)
"""What a dry run may send: whether a match is billed is not known."""
A_SECOND: Final = 5.0
COUNTRY: Final = "DK"
SUREST: Final = "7"
"""Candidates below this confidence are nobody's."""
CANDIDATES: Final = "5"
QUOTA: Final = "00050"
_LIFE: Final = timedelta(hours=24)
_NEXT_MONTH: Final = 30 * 86_400.0
_RETRY: Final = 2.0


class NotBought(SystemStopped):
    """A block that the contract does not name."""


class Api:
    """The API, with an account's key and secret."""

    def __init__(self, system: str, key: str, secret: str, means: Means) -> None:
        self.system, self.now = system, means.clock
        self._pace = Pace(A_SECOND, time.monotonic, means.sleep)
        pair = f"{key}:{secret}"
        self._caller = means.caller(
            system,
            READS,
            pair,
            _signed,
            patience=Patience(tries=4),
            explain=explained,
            wait_of=_wait_of,
            fetch=lambda session: _token(session, system, pair, means.clock),
        )

    def sign_in(self) -> None:
        """A token is got; `SystemStopped` where there is none."""
        self._caller.tokens.now()

    def match(self, asked: Mapping[str, str]) -> list[Mapping[str, Any]]:
        """The companies that the vendor thinks are meant, the likeliest first."""
        fixed = {
            "countryISOAlpha2Code": COUNTRY,
            "confidenceLowerLevelThresholdValue": SUREST,
            "candidateMaximumQuantity": CANDIDATES,
            "exclusionCriteria": "ExcludeNonHeadQuarters",
        }
        said = self._get(_MATCH, {**fixed, **asked})
        return rows((said or {}).get("matchCandidates"))

    def blocks(self, duns: str, blocks: Sequence[str]) -> Mapping[str, Any] | None:
        """What these blocks say of a company; None: the vendor has it no more."""
        try:
            said = self._get(f"/v1/data/duns/{duns}", {"blockIDs": ",".join(blocks)})
        except SystemStopped as error:
            if error.message in {"error.sign_in", "error.no_right"}:
                raise NotBought(
                    "source.dnb.not_bought", system=self.system, block=blocks[0]
                ) from error
            raise
        found = inside(said, "organization")
        return found if isinstance(found, Mapping) else None

    # --- inside ---

    def _get(self, path: str, params: Mapping[str, str]) -> dict[str, Any] | None:
        self._pace.wait()
        try:
            answer = self._caller.call("GET", HOST + path, repeat=False, params=params)
        except Busy as error:
            if error.after_seconds == _NEXT_MONTH:
                raise SystemStopped("source.dnb.quota", system=self.system) from error
            raise
        return self._said(answer)

    def _said(self, answer: requests.Response) -> dict[str, Any] | None:
        """The body of a good answer; None where there is no such company."""
        said = json_object(answer)
        code = _code(said)
        if answer.status_code == requests.codes.not_found and code != "00037":
            return None
        if code == QUOTA:
            raise SystemStopped("source.dnb.quota", system=self.system)
        if code or answer.status_code != requests.codes.ok:
            raise SystemStopped("source.firm.wrong", system=self.system, why=explained(answer))
        if said is None:
            raise NoAnswer(self.system, "no JSON")
        return said


def _code(said: Mapping[str, Any] | None) -> str:
    return text(inside(said, "error.errorCode"))


def explained(answer: requests.Response) -> str:
    """Status and the vendor's code; its words may quote what was asked for."""
    code = _code(json_object(answer))
    return " · ".join(filter(None, (f"HTTP {answer.status_code}", code)))


def _wait_of(answer: requests.Response) -> float | None:
    """A quota that is used up is not waited for."""
    if answer.status_code != requests.codes.too_many_requests:
        return retry_after(answer)
    if _code(json_object(answer)) == QUOTA:
        return _NEXT_MONTH
    said = retry_after(answer)
    return _RETRY if said is None else said


def _token(
    session: requests.Session, system: str, pair: str, clock: Callable[[], datetime]
) -> Token:
    headers: dict[str, str] = {"Accept": "application/json"}
    basic(Token(pair), headers)
    body = {"grant_type": "client_credentials"}
    answer = session.post(HOST + _TOKEN, json=body, headers=headers, allow_redirects=False)
    said = json_object(answer) or {}
    if answer.status_code >= requests.codes.server_error:
        raise NoAnswer(system, f"HTTP {answer.status_code}")
    if answer.status_code != requests.codes.ok or not said.get("access_token"):
        raise SystemStopped("error.sign_in", system=system, why=explained(answer))
    return Token(str(said["access_token"]), _until(said, clock()))


def _until(said: Mapping[str, Any], now: datetime) -> datetime:
    """When it ends, in whichever of the three ways that clients have met."""
    seconds = whole(said.get("expiresIn")) or whole(said.get("expires_in"))
    if seconds:
        return now + timedelta(seconds=seconds)
    try:
        return datetime.fromisoformat(str(said.get("expirationDateTime"))).astimezone(now.tzinfo)
    except ValueError:
        return now + _LIFE


def _signed(token: Token, headers: dict[str, str]) -> None:
    headers["Authorization"] = f"Bearer {token.secret}"
    headers["Accept"] = "application/json"
