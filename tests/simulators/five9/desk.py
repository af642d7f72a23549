"""Which operation is answered by what: who is let in, limits by class and window, faults."""

from __future__ import annotations

import base64
import re
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from simulators.five9.domain import FIELDS, Domain, Job
from simulators.five9.soap import PATH, Fault, read, refused, written, wsdl
from simulators.web import Ask, Told

HOST: Final = "https://api.five9.com"
XML: Final = "text/xml; charset=utf-8"
MINUTE, HOUR, DAY = 60, 3600, 86_400
MOST_NUMBERS: Final = 50_000
LIMITS: Final[dict[str, dict[int, int]]] = {
    "Query": {MINUTE: 450},
    "Modify": {MINUTE: 140, HOUR: 7200, DAY: 172_800},
    "SingleUpload": {MINUTE: 160, HOUR: 7200, DAY: 172_800},
    "Upload": {MINUTE: 20, HOUR: 400, DAY: 2000},
    "ReportRequest": {MINUTE: 16, HOUR: 120, DAY: 800},
    "RetrieveReport": {MINUTE: 20, HOUR: 200, DAY: 1000},
}
CLASSES: Final = {
    "addNumbersToDnc": "Upload", "addToList": "Upload", "deleteFromList": "Upload",
    "removeNumbersFromDnc": "Modify", "deleteRecordFromList": "SingleUpload",
    "runReport": "ReportRequest", "getReportResultCsv": "RetrieveReport",
    "getCallCountersState": "", "closeSession": "",
}  # fmt: skip
"""The class of each operation; free ones have none, and all others are queries."""


@dataclass(slots=True)
class Limits:
    """Calls by class in fixed windows, which begin at full minutes, hours and days of the data centre."""

    most: dict[str, dict[int, int]] = field(
        default_factory=lambda: {name: dict(one) for name, one in LIMITS.items()}
    )
    on: bool = True
    _used: Counter[tuple[str, int, int]] = field(default_factory=Counter)

    def take(self, kind: str, now: datetime) -> None:
        """Count one call, or refuse it."""
        for seconds, most in self.most.get(kind, {}).items() if self.on else ():
            if self._used[self._window(kind, seconds, now)] >= most:
                fault = "OperationsLimitExceededFault"
                raise Fault(fault, limit=most, message="(free text)", operationType=kind)
        for seconds in self.most.get(kind, {}):
            self._used[self._window(kind, seconds, now)] += 1

    def others(self, kind: str, calls: int, now: datetime) -> None:
        """Another program of the customer's makes calls; `now` by the data centre's clock."""
        for seconds in self.most[kind]:
            self._used[self._window(kind, seconds, now)] += calls

    def state(self, now: datetime) -> list[dict[str, Any]]:
        """What getCallCountersState says."""
        return [
            {
                "callCounterStates": [
                    {
                        "limit": most[seconds],
                        "operationType": kind,
                        "value": self._used[self._window(kind, seconds, now)],
                    }
                    for kind, most in self.most.items()
                    if seconds in most
                ],
                "timeout": seconds,
            }
            for seconds in (MINUTE, HOUR, DAY)
        ]

    def _window(self, kind: str, seconds: int, now: datetime) -> tuple[str, int, int]:
        local = now.replace(tzinfo=None)
        return kind, seconds, int((local - datetime.min).total_seconds()) // seconds  # noqa: DTZ901


class Office:
    """The endpoint of one domain."""

    def __init__(self, domain: Domain, limits: Limits) -> None:
        self.domain, self.limits = domain, limits
        self.next_faults: list[tuple[str, Fault]] = []
        """The next call of an operation is refused like this, and does nothing."""
        self.asked: list[str] = []
        """Operations, as they were let in."""

    def answer(self, ask: Ask) -> Told:
        """The answer to one call. A wrong password is told by HTTP, everything else by a fault."""
        if not self._is_let_in(ask.headers.get("authorization", "")):
            return Told(401)
        if ask.path != PATH:
            return Told(404)
        if ask.method == "GET":
            return Told(200, wsdl(f"http://{ask.headers.get('host')}"), type=XML)
        try:
            with self.domain.lock:
                return self._done(ask)
        except Fault as fault:
            return Told(500, refused(fault), type=XML)

    @property
    def now(self) -> datetime:
        """By the data centre's clock."""
        return self.domain.clock().astimezone(ZoneInfo(self.domain.zone))

    def _is_let_in(self, header: str) -> bool:
        wanted = f"{self.domain.user}:{self.domain.password}".encode()
        return header == f"Basic {base64.b64encode(wanted).decode()}"

    def _done(self, ask: Ask) -> Told:
        if ask.under_way > 1:
            raise Fault("UserAlreadyLoggedInFault", message="(free text)")
        operation, said = read(ask.body)
        self.asked.append(operation)
        for at, (name, fault) in enumerate(self.next_faults):
            if name == operation:
                del self.next_faults[at]
                raise fault
        self.limits.take(CLASSES.get(operation, "Query"), self.now)
        if operation not in DOES:
            raise Fault("ServerFault", message="(free text)")
        return Told(200, written(operation, DOES[operation](self, said)), type=XML)

    # --- the list of numbers ---

    def add_dnc(self, said: ET.Element) -> int:
        """addNumbersToDnc."""
        return self.domain.add(_numbers(said))

    def remove_dnc(self, said: ET.Element) -> int:
        """removeNumbersFromDnc."""
        return self.domain.remove(_numbers(said))

    def check_dnc(self, said: ET.Element) -> list[str]:
        """checkDncForNumbers: those that are listed, letter by letter."""
        return [one for one in _numbers(said) if one in self.domain.dnc]

    # --- lists ---

    def lists(self, said: ET.Element) -> list[dict[str, Any]]:
        """getListsInfo."""
        pattern = re.compile(said.findtext("listNamePattern") or ".*")
        rows = self.domain.lists.items()
        return [{"name": n, "size": len(held)} for n, held in rows if pattern.fullmatch(n)]

    def add_to_list(self, said: ET.Element) -> dict[str, str]:
        """addToList."""
        names = [name for name, _ in _mapping(said.find("listUpdateSettings"))]
        rows = [dict(zip(names, _items(one), strict=True)) for one in _rows(said)]
        new = self.domain.fill(said.findtext("listName", ""), rows)
        return {"identifier": self.domain.job(_imported(said, inserted=new))}

    def delete_from_list(self, said: ET.Element) -> dict[str, str]:
        """deleteFromList."""
        rows = [_items(one) for one in _rows(said)]
        if len(rows) > MOST_NUMBERS:
            raise Fault("ImportSizeLimitExceededFault", limit=MOST_NUMBERS, recordsCount=len(rows))
        return {"identifier": self.domain.job(self._dropped(said, rows))}

    def delete_record(self, said: ET.Element) -> dict[str, Any]:
        """deleteRecordFromList: at once."""
        record = said.find("record")
        return self._dropped(said, [_texts(record, "fields")])

    def _dropped(self, said: ET.Element, rows: list[list[str]]) -> dict[str, Any]:
        settings = said.find("listDeleteSettings")
        if settings is None or settings.findtext("skipHeaderLine") is None:
            raise Fault("MissedArgumentFault", message="skipHeaderLine")
        mapping = _mapping(settings)
        name, gone = said.findtext("listName", ""), 0
        for row in rows:
            pairs = zip(mapping, row, strict=True)
            gone += self.domain.drop(name, {one: text for (one, key), text in pairs if key})
        return _imported(said, deleted=gone) | ({} if gone else _nobody(rows))

    def import_runs(self, said: ET.Element) -> bool:
        """isImportRunning."""
        return _is_running(self._job(said.findtext("identifier/identifier", "")))

    def import_result(self, said: ET.Element) -> Any:
        """getListImportResult."""
        return self._job(said.findtext("identifier/identifier", "")).result

    def contacts(self, said: ET.Element) -> dict[str, Any]:
        """getContactRecords: of those on a list, a thousand at most."""
        wanted = [
            (one.findtext("field", ""), one.findtext("value", ""))
            for one in said.findall("lookupCriteria/criteria")
        ]
        found = [
            row
            for rows in self.domain.lists.values()
            for row in rows
            if all(row.get(name) == value for name, value in wanted)
        ]
        records = [
            {"values": {"data": [row.get(one, "") for one in FIELDS]}} for row in found[:1000]
        ]
        return {"fields": list(FIELDS), "records": records}

    def dispositions(self, said: ET.Element) -> list[dict[str, str]]:
        """getDispositions."""
        pattern = re.compile(said.findtext("dispositionNamePattern") or ".*")
        held = self.domain.dispositions.items()
        return [{"description": "", "name": n, "type": t} for n, t in held if pattern.fullmatch(n)]

    # --- reports ---

    def run(self, said: ET.Element) -> str:
        """runReport."""
        start, end = (said.findtext(f"criteria/time/{one}", "") for one in ("start", "end"))
        moments = [datetime.fromisoformat(one) for one in (start, end)]
        if any(one.tzinfo is None for one in moments):
            raise Fault("IncorrectArgumentFault", message="no offset")
        names = [said.findtext(one, "") for one in ("folderName", "reportName")]
        return self.domain.run(names[0], names[1], *moments)

    def report_runs(self, said: ET.Element) -> bool:
        """isReportRunning. The time-out has to be given."""
        if not 5 <= int(said.findtext("timeout") or 0) <= 60:
            raise Fault("IncorrectArgumentFault", message="timeout")
        return _is_running(self._job(said.findtext("identifier", "")))

    def report(self, said: ET.Element) -> str:
        """getReportResultCsv."""
        job = self._job(said.findtext("identifier", ""))
        if job.polls > 0:
            raise Fault("ResultIsNotReadyFault", message="(free text)")
        return str(job.result)

    def counters(self, _said: ET.Element) -> list[dict[str, Any]]:
        """getCallCountersState."""
        return self.limits.state(self.now)

    def close(self, _said: ET.Element) -> None:
        """closeSession."""

    def _job(self, ident: str) -> Job:
        if ident not in self.domain.jobs:
            raise Fault("IncorrectArgumentFault", message="identifier")
        return self.domain.jobs[ident]


def _is_running(job: Job) -> bool:
    job.polls -= 1
    return job.polls >= 0


def _numbers(said: ET.Element) -> list[str]:
    found = _texts(said, "numbers")
    if len(found) > MOST_NUMBERS:
        raise Fault("TooManyItemsFault", limit=MOST_NUMBERS, message="(free text)")
    return found


def _texts(said: ET.Element | None, name: str) -> list[str]:
    return [] if said is None else [one.text or "" for one in said.findall(name)]


def _items(row: ET.Element) -> list[str]:
    return _texts(row, "item")


def _rows(said: ET.Element) -> list[ET.Element]:
    return said.findall("importData/values")


def _mapping(settings: ET.Element | None) -> list[tuple[str, bool]]:
    """Fields in the order of their columns, which are counted from one, and whether each is a key."""
    found = [] if settings is None else settings.findall("fieldsMapping")
    rows = sorted(found, key=lambda one: int(one.findtext("columnNumber", "0")))
    numbers = [int(one.findtext("columnNumber", "0")) for one in rows]
    if numbers != list(range(1, len(rows) + 1)):
        raise Fault("IncorrectArgumentFault", message="columnNumber")
    return [(one.findtext("fieldName", ""), one.findtext("key") == "true") for one in rows]


def _nobody(rows: list[list[str]]) -> dict[str, Any]:
    """Nobody was there: told as a failure, row by row."""
    kind = "NoMatchesInContacts"
    troubles = [
        {"key": row, "kind": kind, "rowNumber": at, "troubleMessage": "(free text)"}
        for at, row in enumerate(rows, 1)
    ]
    return {"success": False, "importTroubles": troubles}


def _imported(said: ET.Element, *, inserted: int = 0, deleted: int = 0) -> dict[str, Any]:
    return {
        "importTroubles": [],
        "success": True,
        "uploadErrorsCount": 0,
        "listName": said.findtext("listName", ""),
        "listRecordsDeleted": deleted,
        "listRecordsInserted": inserted,
    }


DOES: Final[Mapping[str, Callable[[Office, ET.Element], Any]]] = {
    "addNumbersToDnc": Office.add_dnc,
    "removeNumbersFromDnc": Office.remove_dnc,
    "checkDncForNumbers": Office.check_dnc,
    "getListsInfo": Office.lists,
    "addToList": Office.add_to_list,
    "deleteFromList": Office.delete_from_list,
    "deleteRecordFromList": Office.delete_record,
    "isImportRunning": Office.import_runs,
    "getListImportResult": Office.import_result,
    "getContactRecords": Office.contacts,
    "getDispositions": Office.dispositions,
    "runReport": Office.run,
    "isReportRunning": Office.report_runs,
    "getReportResultCsv": Office.report,
    "getCallCountersState": Office.counters,
    "closeSession": Office.close,
}
