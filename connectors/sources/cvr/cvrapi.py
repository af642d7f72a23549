"""The door by cvrapi.dk: a company a call, fifty a day, and no more than is needed of it.

Whoever calls must say who he is, in one form; another form is answered as if the day's calls were used
up. What is wrong stands in the body, under `error`, whatever the status. It tells neither the system
of an industry code nor the month of a head count, and no sites.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

import orjson
import requests

from connectors.caller import Patience, json_object
from connectors.pace import Pace
from connectors.rights import Right
from connectors.session import NoAnswer, Read
from connectors.sources.cvr.doors import CVRAPI, LIFE, SOURCE, Can, day
from connectors.sources.cvr.reading import text_of
from connectors.sources.means import Means, unsigned
from connectors.sources.source import Asking, Found, NotFound, Reply
from connectors.statuses import Ask
from rules.enrichment.record import Address, CompanyRecord, Headcount
from rules.enrichment.standing import status_of
from rules.errors import SystemStopped, TryAgain
from rules.keys import Key, KeyKind
from rules.spans import COPENHAGEN

HOST: Final = "https://cvrapi.dk"
PATH: Final = "/api"
READS: Final = (Read("GET", PATH),)
A_DAY: Final = 50
"""Calls in a day from one address, without a token."""
BATCH: Final = 25
CAN: Final = Can(
    asking={KeyKind.CVR: Asking(batch=BATCH, life=LIFE, calls=0, page=1)},
    fields=frozenset(
        {
            "company_name", "cvr", "legal_form", "employees", "main_phone", "address",
            "postcode", "city", "country", "company_status", "ad_protected",
        }
    ),
    blank=frozenset(
        {"stamp", "website", "status", "industry", "headcount", "secondary_names"}
    ),
    seconds=1.0,
)  # fmt: skip
_ABSENT: Final = frozenset({"NOT_FOUND", "INVALID_VAT"})
_LATER: Final = frozenset({"INTERNAL_ERROR"})
_SPENT: Final = "QUOTA_EXCEEDED"
_READABLE: Final[Mapping[int, Ask]] = dict.fromkeys((400, 401, 403, 404, 429, 500), Ask.NEXT)
"""What it says stands in the body, whatever the status."""
_DATE: Final = re.compile(r"(\d\d)/(\d\d) - (\d{4})")
_HEADS: Final = re.compile(r"(\d+)\s*-\s*(\d+)")


class CvrApiDoor:
    """The register by cvrapi.dk. `agent` says who calls; `heads`: its head counts are taken, although
    it does not say of when they are."""

    name = CVRAPI
    can = CAN

    def __init__(
        self, system: str, agent: str, token: str, means: Means, *, a_day: int, heads: bool
    ) -> None:
        self._system, self._token, self._now = system, token, means.clock
        self._a_day, self._heads = a_day, heads
        self._used: tuple[date, int] = (date.min, 0)
        self._pace = Pace(1.0, time.monotonic, means.sleep)
        self._caller = means.caller(system, READS, "", unsigned, patience=Patience(tries=3))
        self._caller.statuses = _READABLE
        self._caller.session.headers["User-Agent"] = agent

    def look_up(self, keys: Sequence[Key]) -> Iterator[Reply]:
        """One reply for each key, until the day's calls are used up."""
        for key in keys:
            said = self._asked(key.value)
            if said is None:
                yield NotFound(key)
            else:
                record = company(said, self._now(), heads=self._heads)
                yield Found(key, (record,), orjson.dumps(said))

    def check(self) -> Iterator[Right]:
        """Whether we are let in. It takes one of the day's calls."""
        self._asked("10000009")
        yield Right(SOURCE, True, "source.cvr.right.cvrapi")

    def _asked(self, number: str) -> dict[str, Any] | None:
        """What it says of a number; None when it knows none such."""
        self._count()
        self._pace.wait()
        params = {"country": "dk", "vat": number, "format": "json", "version": "6"}
        if self._token:
            params["token"] = self._token
        answer = self._caller.call("GET", HOST + PATH, repeat=True, params=params)
        said = json_object(answer)
        error = str((said or {}).get("error") or "")
        if error in _ABSENT:
            return None
        if error == _SPENT:
            self._used = (day(self._now()), self._a_day)
            raise self._spent()
        if error in _LATER:
            raise TryAgain("error.busy", system=self._system, why=error)
        if error or answer.status_code != requests.codes.ok:
            why = error if error.isupper() else f"HTTP {answer.status_code}"
            raise SystemStopped("source.cvr.cvrapi.refused", system=self._system, why=why)
        if said is None or not isinstance(said.get("vat"), int):
            raise NoAnswer(self._system, "no JSON")
        return said

    def _count(self) -> None:
        today = day(self._now())
        used = self._used[1] if self._used[0] == today else 0
        if used >= self._a_day:
            raise self._spent()
        self._used = (today, used + 1)

    def _spent(self) -> TryAgain:
        """Nothing more today."""
        now = self._now().astimezone(COPENHAGEN)
        midnight = (now + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
        seconds = (midnight.astimezone(UTC) - now.astimezone(UTC)).total_seconds()
        return TryAgain("source.cvr.cvrapi.spent", after_seconds=seconds, system=self._system)


def company(said: Mapping[str, Any], read_at: datetime, *, heads: bool) -> CompanyRecord:
    """The company that an answer tells of."""
    return CompanyRecord(
        cvr=f"{said['vat']:08d}",
        source=SOURCE,
        read_at=read_at,
        name=text_of(said.get("name")),
        status=_status(said),
        founded=_day(said.get("startdate")),
        ended=_day(said.get("enddate")),
        form_code=text_of(said.get("companycode")),
        headcount=_headcount(said.get("employees")) if heads else None,
        address=Address(
            street=text_of(said.get("address")),
            postcode=text_of(said.get("zipcode")),
            city=text_of(said.get("city")),
            country="DK" if text_of(said.get("zipcode")) else "",
        ),
        phone=text_of(said.get("phone")),
        email=text_of(said.get("email")),
        protected=said["protected"] if isinstance(said.get("protected"), bool) else None,
    )


def _status(said: Mapping[str, Any]) -> str:
    """What it is known to be; that a company goes on as usual is not among it."""
    if said.get("enddate"):
        return "dissolved"
    if said.get("creditbankrupt") is True:
        return "bankruptcy"
    word = text_of(said.get("creditstatus"))
    return status_of(word) or status_of(f"under {word}") if word else ""


def _day(text: Any) -> date | None:
    found = _DATE.fullmatch(str(text or "").strip())
    try:
        return date(int(found[3]), int(found[2]), int(found[1])) if found else None
    except ValueError:
        return None


def _headcount(said: Any) -> Headcount | None:
    if isinstance(said, int):
        return Headcount(exact=said)
    text = str(said or "").strip()
    if text.isdecimal():
        return Headcount(exact=int(text))
    found = _HEADS.fullmatch(text)
    return Headcount(low=int(found[1]), high=int(found[2])) if found else None
