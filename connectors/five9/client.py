"""Calls to Five9's Configuration Web Services (SOAP), through our session.

One user has one session: two calls at once make one of them fail. So calls of this process wait for
each other, whichever of its jobs makes them; against other processes only patience helps. All
calls that we make can be repeated: to add, to take out, to ask and to run a report twice is as once.
"""

from __future__ import annotations

import re
import threading
import time
import xml.etree.ElementTree as ET
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from types import MappingProxyType
from typing import Final

import requests
import tenacity

from connectors.caller import Caller, Patience
from connectors.five9 import envelope
from connectors.five9.envelope import HEAD, Said
from connectors.five9.limits import CLASSES, QUERY, Quota, Window
from connectors.session import Line, Meter, Read, Unmetered, open_session
from connectors.statuses import Ask
from connectors.tokens import Tokens, basic, fixed
from rules.errors import SystemStopped, TryAgain

PATH: Final = "/wsadmin/v13/AdminWebService"
READING: Final = (
    "checkDncForNumbers", "getListsInfo", "getDispositions", "getCallCountersState", "runReport",
    "isReportRunning", "getReportResultCsv", "isImportRunning", "getListImportResult",
)  # fmt: skip
"""Operations that change nothing in the domain. A report leaves its result, for a while."""
READS: Final = (Read("POST", PATH, rf"\A{re.escape(HEAD)}(?:{'|'.join(READING)})>"),)
"""What a dry run may send: the operation stands right behind what each of our envelopes begins with."""
STATUSES: Final[Mapping[int, Ask]] = MappingProxyType({401: Ask.NEXT, 500: Ask.NEXT})
"""401: a password that is wrong once is wrong twice, and locks the user. 500: a fault, to be read."""
LIMIT: Final = "OperationsLimitExceededFault"
STOPS: Final = frozenset({"AccessDisallowedFault", "InvalidAccountFault"})
PASSES: Final = frozenset(
    {
        "ServerFault", "ServiceUnavailableFault", "InternalImportFault", "UserAlreadyLoggedInFault",
        "SessionClosedFault", "AdminSessionClosedFault", "ConcurrentModificationFault",
        "ImportInProgressFault", "WrongCampaignStateFault", "ObjectInUseFault",
        "ResultIsNotReadyFault",
    }
)  # fmt: skip
"""Faults after which the same call may go through."""
SMALLER: Final = frozenset({"TooManyItemsFault", "ImportSizeLimitExceededFault"})
CLOSED: Final = "ExecutionRestrictionFault"
"""What an addition out of hours is most likely answered with; declared on it, and not confirmed."""
_READ_SECONDS: Final = 120.0
_TRIES: Final = 4


_LOCKS: Final[dict[tuple[str, str], threading.Lock]] = {}
"""By address and user: jobs of one process have connectors of their own, and the user in common."""


class Refused(Exception):
    """A fault that asks for another request, or a person. `name` is the vendor's."""

    def __init__(self, name: str, details: Mapping[str, str]) -> None:
        super().__init__(name)
        self.name, self.details = name, details


class _Passing(TryAgain):
    """A fault that may have passed in a moment."""


class Api:
    """One domain, which the user implies. `zone` is the data centre's."""

    def __init__(
        self,
        system: str,
        user: str,
        password: str,
        *,
        host: str,
        zone: str,
        dry: bool = False,
        meter: Meter | None = None,
        elsewhere: Mapping[str, str] = MappingProxyType({}),
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        sleep: Callable[[float], None] = time.sleep,
        patience: Patience | None = None,
    ) -> None:
        self.system, self.clock, self.sleep = system, clock, sleep
        self._ahead: timedelta | None = None
        self._url = f"{host}{PATH}"
        self._lock = _LOCKS.setdefault((host, user), threading.Lock())
        line = Line(
            system,
            READS,
            dry=dry,
            meter=meter or Unmetered(),
            elsewhere=elsewhere,
            heard=self._heard,
            read_seconds=_READ_SECONDS,
            connections=1,
        )
        self._caller = Caller(
            system,
            open_session(line),
            Tokens(fixed(f"{user}:{password}"), clock),
            basic,
            statuses=STATUSES,
            patience=patience or Patience(),
            sleep=sleep,
        )
        self.quota = Quota(system, zone, self.counters, self.now, sleep)

    def call(self, operation: str, said: Said = MappingProxyType({})) -> ET.Element:
        """The answer's element. `Refused` for a fault that will not pass by itself."""
        kind = CLASSES.get(operation, QUERY)
        self.quota.before(kind)
        return tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(_Passing),
            stop=tenacity.stop_after_attempt(_TRIES),
            wait=tenacity.wait_random_exponential(0.5, 15),
            sleep=self.sleep,
            reraise=True,
        )(self._once, operation, said, kind)

    def now(self) -> datetime:
        """The time at Five9, to the second, as its answers tell it; `clock` is only this machine's.
        Before the first answer the one call is made that no limit counts."""
        if self._ahead is None:
            self.quota.renew()
        return self.clock() + (self._ahead or timedelta())

    def _heard(self, answer: requests.Response) -> None:
        if said := answer.headers.get("Date"):
            self._ahead = parsedate_to_datetime(said) - self.clock()

    def counters(self) -> Sequence[Window]:
        """How much of each limit is used; the one call that no limit counts."""
        answer = self._asked("getCallCountersState", {})
        return [
            Window(
                one.findtext("operationType", ""),
                int(state.findtext("timeout") or 0),
                int(one.findtext("value") or 0),
                int(one.findtext("limit") or 0),
            )
            for state in answer.findall("return")
            for one in state.findall("callCounterStates")
        ]

    def _once(self, operation: str, said: Said, kind: str) -> ET.Element:
        try:
            return self._asked(operation, said)
        except Refused as refused:
            if refused.name != LIMIT:
                raise
            self.quota.refused(kind)
            raise self._passing(LIMIT) from refused

    def _asked(self, operation: str, said: Said) -> ET.Element:
        headers = {"Content-Type": "text/xml; charset=utf-8", "SOAPAction": '""'}
        body = envelope.request(operation, said)
        with self._lock:
            answer = self._caller.call("POST", self._url, repeat=True, headers=headers, data=body)
        if answer.status_code == requests.codes.unauthorized:
            raise SystemStopped("error.sign_in", system=self.system, why="HTTP 401")
        try:
            element = envelope.opened(answer.content)
        except envelope.NotSoap as error:
            if answer.ok or answer.status_code >= requests.codes.server_error:
                raise self._passing("SOAP") from error
            why = f"HTTP {answer.status_code}"
            raise SystemStopped("five9.refused", system=self.system, why=why) from error
        fault = envelope.fault_of(element)
        if fault is None:
            return element
        raise self._trouble(*fault)

    def _trouble(self, name: str, details: Mapping[str, str]) -> Exception:
        """What a fault asks for. The vendor's free text may repeat what was sent: it goes nowhere."""
        if name in PASSES:
            return self._passing(name)
        if name in STOPS:
            return SystemStopped("error.no_right", system=self.system, why=name)
        return Refused(name or "Fault", details)

    def _passing(self, why: str) -> _Passing:
        return _Passing("error.busy", system=self.system, why=why)

    def stopped(self, refused: Refused) -> SystemStopped:
        """A fault that a person has to look at, with the names it gives and no values of people."""
        told = [
            refused.details[one] for one in ("listName", "reportName") if one in refused.details
        ]
        why = " ".join([refused.name, *told])
        return SystemStopped("five9.refused", system=self.system, why=why)
