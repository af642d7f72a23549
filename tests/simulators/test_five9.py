"""The simulated Five9 domain says what the vendor's guide says, to a stock SOAP client."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import requests
import zeep
from simulators.five9.serving import Clock, Five9, build
from simulators.five9.soap import PATH
from simulators.web import served
from zeep.exceptions import Fault, TransportError

IDD, PLUS = "0114568000001", "+4568000001"
NIGHT, MORNING = datetime(2026, 11, 24, 9, tzinfo=UTC), datetime(2026, 11, 24, 15, tzinfo=UTC)
KEY = {"columnNumber": 1, "fieldName": "number1", "key": True}
DELETE = {"fieldsMapping": [KEY], "skipHeaderLine": False, "listDeleteMode": "DELETE_ALL"}


@pytest.fixture
def vendor() -> Iterator[Five9]:
    with served(build(Clock(NIGHT))) as there:
        yield there


def client(vendor: Five9, password: str = "") -> Any:
    session = requests.Session()
    session.auth = (vendor.domain.user, password or vendor.domain.password)
    transport = zeep.Transport(session=session, timeout=5, operation_timeout=5)
    return zeep.Client(f"{vendor.address}{PATH}?wsdl", transport=transport).service


def refused(call: Any, *args: Any, **how: Any) -> str:
    with pytest.raises(Fault) as said:
        call(*args, **how)
    return str(said.value.detail[0].tag).rpartition("}")[2]


def test_numbers_are_added_at_night_in_california_and_in_the_domains_own_spelling(
    vendor: Five9,
) -> None:
    five9 = client(vendor)
    assert five9.addNumbersToDnc(numbers=[IDD, PLUS, IDD]) == 1
    assert five9.checkDncForNumbers(numbers=[PLUS, IDD]) == [IDD], "the other one is not there"
    assert five9.checkDncForNumbers(numbers=[PLUS]) == []
    assert refused(five9.addNumbersToDnc, numbers=["68000001"]) == "IncorrectArgumentFault"
    vendor.domain.clock.at = MORNING  # type: ignore[attr-defined]
    assert refused(five9.addNumbersToDnc, numbers=[IDD]) == "ExecutionRestrictionFault"
    assert five9.removeNumbersFromDnc(numbers=[IDD]) == 0
    assert [(one["what"], one["who"]) for one in vendor.domain.journal] == [
        ("dnc", "api"),
        ("dnc.remove", "api"),
    ]


def test_lists_are_filled_and_emptied_by_the_fields_that_are_mapped(vendor: Five9) -> None:
    vendor.domain.lists["A"] = []
    five9 = client(vendor)
    update = {"fieldsMapping": [KEY], "skipHeaderLine": False, "cleanListBeforeUpdate": False}
    rows = {"values": [{"item": [IDD]}, {"item": ["0114568000002"]}]}
    job = five9.addToList(listName="A", listUpdateSettings=update, importData=rows)
    assert five9.isImportRunning(identifier={"identifier": job}, waitTime=5) is True
    assert five9.isImportRunning(identifier={"identifier": job}, waitTime=5) is False
    assert five9.getListImportResult(identifier={"identifier": job}).listRecordsInserted == 2
    found = five9.getContactRecords(
        lookupCriteria={"criteria": [{"field": "number1", "value": IDD}]}
    )
    assert found.records[0]["values"].data[0] == IDD
    done = five9.deleteRecordFromList(
        listName="A", listDeleteSettings=DELETE, record={"fields": [IDD]}
    )
    assert done.listRecordsDeleted == 1
    assert [(one.name, one.size) for one in five9.getListsInfo(listNamePattern=".*")] == [("A", 1)]
    missing = refused(
        five9.deleteFromList, listName="B", listDeleteSettings=DELETE, importData=rows
    )
    assert missing == "ListNotFoundFault"


def test_a_report_is_waited_for_and_its_times_are_the_data_centres(vendor: Five9) -> None:
    vendor.domain.call(IDD, ago=3600, disposition="Ring ikke")
    five9 = client(vendor)
    time = {"end": "2026-11-24T10:00:00+01:00", "start": "2026-11-24T08:00:00+01:00"}
    how = {"folderName": "Ringren", "reportName": "Ringren Call Log", "criteria": {"time": time}}
    job = five9.runReport(**how)
    assert refused(five9.getReportResultCsv, identifier=job) == "ResultIsNotReadyFault"
    assert refused(five9.isReportRunning, identifier=job, timeout=1) == "IncorrectArgumentFault"
    assert five9.isReportRunning(identifier=job, timeout=5) is True
    assert five9.isReportRunning(identifier=job, timeout=5) is False
    header, row = five9.getReportResultCsv(identifier=job).splitlines()
    assert header.startswith('"CALL ID","TIMESTAMP"')
    assert '"Tue, 24 Nov 2026 00:00:00"' in row, "eight o'clock in Greenwich"
    assert vendor.domain.dnc == {IDD}, "the disposition does it by itself"
    assert refused(five9.runReport, **how | {"reportName": "B"}) == "ReportNotFoundFault"


def test_calls_are_counted_by_class_in_fixed_windows(vendor: Five9) -> None:
    clock = vendor.domain.clock
    assert isinstance(clock, Clock)
    vendor.office.limits.most["Upload"][60] = 1
    five9 = client(vendor)
    five9.addNumbersToDnc(numbers=[IDD])
    assert refused(five9.addNumbersToDnc, numbers=[IDD]) == "OperationsLimitExceededFault"
    [minute, *_] = five9.getCallCountersState()
    [upload] = [one for one in minute.callCounterStates if one.operationType == "Upload"]
    assert (minute.timeout, upload.value, upload.limit) == (60, 1, 1)
    clock.pass_(60)
    assert five9.addNumbersToDnc(numbers=[IDD]) == 0


def test_a_wrong_password_is_told_by_http(vendor: Five9) -> None:
    five9 = client(vendor)
    vendor.domain.password = "another"  # noqa: S105 - made up
    with pytest.raises(TransportError):
        five9.getListsInfo(listNamePattern=".*")
