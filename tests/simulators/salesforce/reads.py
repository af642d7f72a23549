"""The reading end points: queries, descriptions, records, logs of changes, bulk jobs."""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

from simulators.salesforce.desk import Answer, Desk, Locator, Refused, Request
from simulators.salesforce.journal import Row
from simulators.salesforce.schema import MERGEABLE
from simulators.salesforce.soql import Query, read

RETRIEVE_MOST = 2000
LOCATOR_LIFE = timedelta(days=2)
DELETED_DAYS = 15


def query(desk: Desk, request: Request, _who: str, _how: str, all_: str) -> Answer:
    """The first page."""
    text = request.query.get("q")
    if text is None:
        raise Refused(400, "MALFORMED_QUERY", "A query is required")
    query = read(text)
    found = desk.org.select(query, deleted=bool(all_))
    if query.count:
        return Answer(200, {"totalSize": len(found), "done": True, "records": []})
    return _page(desk, _located(desk, query, found, request), 0, request)


def _located(desk: Desk, query: Query, found: list[Row], request: Request) -> str:
    desk._locators_given += 1
    name = f"01gD{desk._locators_given:014d}"
    until = desk.org.now() + LOCATOR_LIFE
    size = desk.page
    if asked := re.search(r"batchSize=(\d+)", request.headers.get("sforce-query-options", "")):
        size = min(desk.page, max(200, int(asked[1])))
    desk.locators[name] = Locator(query.table, query.fields, found, until, size)
    return name


def query_more(
    desk: Desk, request: Request, _who: str, _how: str, _all: str, name: str, start: str
) -> Answer:
    """A further page; INVALID_QUERY_LOCATOR for a cursor that has died."""
    one = desk.locators.get(name)
    if one is None or desk.org.now() >= one.until:
        raise Refused(400, "INVALID_QUERY_LOCATOR", "invalid query locator")
    return _page(desk, name, int(start), request)


def _page(desk: Desk, name: str, start: int, request: Request) -> Answer:
    one = desk.locators[name]
    page = one.found[start : start + one.size]
    answer: dict[str, Any] = {
        "totalSize": len(one.found),
        "done": start + len(page) >= len(one.found),
    }
    base = request.path[: request.path.index("/query")]
    if answer["done"]:
        del desk.locators[name]
    else:
        answer["nextRecordsUrl"] = f"{base}/query/{name}-{start + len(page)}"
    answer["records"] = [shown(desk, one.table, row, one.fields, base) for row in page]
    return Answer(200, answer)


def shown(desk: Desk, table: str, row: Row, fields: tuple[str, ...], base: str) -> dict[str, Any]:
    url = f"{base}/sobjects/{table}/{row['Id']}"
    shown: dict[str, Any] = {"attributes": {"type": table, "url": url}}
    value = desk.org.value
    for name in fields:
        if "." in name:
            relation, _, rest = name.partition(".")
            above = value(table, row, name)
            kind = desk.org.tables[table].parent(relation)
            shown[relation] = None if above is None else {"attributes": {"type": kind}, rest: above}
        else:
            shown[name] = row[name] if name in row else value(table, row, name)
    return shown


def everything(desk: Desk, _request: Request, _who: str, _how: str) -> Answer:
    """All objects."""
    there = [_about(desk, name) for name in desk.org.tables if is_open(desk, name)]
    return Answer(200, {"encoding": "UTF-8", "maxBatchSize": 200, "sobjects": there})


def describe(desk: Desk, _request: Request, _who: str, _how: str, table: str) -> Answer:
    """One object and those of its fields that the user may see."""
    must_be_open(desk, table)
    org = desk.org
    fields = [
        one.described(read_only=(table, name) in org.read_only)
        for name, one in org.tables[table].fields.items()
        if (table, name) not in org.hidden
    ]
    return Answer(200, {**_about(desk, table), "fields": fields})


def _about(desk: Desk, name: str) -> dict[str, Any]:
    return {
        "name": name,
        "label": name,
        "keyPrefix": desk.org.tables[name].prefix,
        "queryable": True,
        "updateable": True,
        "createable": True,
        "replicateable": True,
        "mergeable": name in MERGEABLE,
        "custom": False,
    }


def is_open(desk: Desk, table: str) -> bool:
    return table in desk.org.tables and table not in desk.org.objects_closed


def must_be_open(desk: Desk, table: str) -> None:
    if not is_open(desk, table):
        raise Refused(404, "NOT_FOUND", "The requested resource does not exist")


def limits(desk: Desk, _request: Request, _who: str, _how: str) -> Answer:
    """The quota."""
    left = {"Max": desk.daily, "Remaining": desk.daily - desk.used}
    return Answer(200, {"DailyApiRequests": left})


def counts(desk: Desk, request: Request, _who: str, _how: str) -> Answer:
    """About how many records there are."""
    wanted = request.query.get("sObjects", "").split(",")
    there = [
        {"count": len(desk.org.rows.get(name, {})), "name": name}
        for name in wanted
        if is_open(desk, name)
    ]
    return Answer(200, {"sObjects": there})


def show(desk: Desk, request: Request, _who: str, _how: str, table: str, ident: str) -> Answer:
    """One record."""
    row = living(desk, table, ident)
    if changed(desk, request, row, "if-unmodified-since") is True:
        return Answer(412, [{"message": "Precondition Failed", "errorCode": "PRECONDITION_FAILED"}])
    if changed(desk, request, row, "if-modified-since") is False:
        return Answer(304)
    asked = request.query.get("fields")
    names = asked.split(",") if asked else _all_fields(desk, table)
    for name in names:
        if desk.org.visible(table, name) is None:
            raise Refused(400, "INVALID_FIELD", f"No such column '{name}' on entity '{table}'")
    base = request.path[: request.path.index("/sobjects")]
    return Answer(200, shown(desk, table, row, tuple(names), base))


def _all_fields(desk: Desk, table: str) -> list[str]:
    fields = desk.org.tables[table].fields
    return [name for name in fields if (table, name) not in desk.org.hidden]


def living(desk: Desk, table: str, ident: str) -> Row:
    must_be_open(desk, table)
    row = desk.org.found(table, ident)
    if row is None:
        raise Refused(404, "NOT_FOUND", "The requested resource does not exist")
    if row.get("IsDeleted"):
        raise Refused(404, "ENTITY_IS_DELETED", "entity is deleted")
    return row


def changed(desk: Desk, request: Request, row: Row, header: str) -> bool | None:
    """Whether a record has changed since the time in a header; None when it is not asked."""
    said = request.headers.get(header)
    if said is None:
        return None
    with suppress(ValueError):
        return datetime.fromisoformat(row["LastModifiedDate"]) > parsedate_to_datetime(said)
    raise Refused(400, "INVALID_HEADER", header)


def deleted(desk: Desk, request: Request, _who: str, how: str, table: str) -> Answer:
    """What was deleted in a window of time, from the log."""
    if desk.closed_logs:
        raise Refused(403, "INSUFFICIENT_ACCESS", "You do not have access to this resource")
    if how == "composite" and not desk.composite_deleted:
        raise Refused(400, "INVALID_REQUEST", "this resource is not supported in a composite")
    start, end = _window(desk, request, table)
    begins = desk.org.log_starts or start - timedelta(days=1)
    gone = [
        {"id": ident, "deletedDate": _written(at)}
        for name, ident, at in desk.org.erased
        if name == table and start <= at < end and at >= begins
    ]
    return Answer(
        200,
        {
            "deletedRecords": gone,
            "earliestDateAvailable": _written(begins),
            "latestDateCovered": _written(desk.org.covered(end)),
        },
    )


def updated(desk: Desk, request: Request, _who: str, _how: str, table: str) -> Answer:
    """What was written in a window of time."""
    start, end = _window(desk, request, table)
    low, high = _written(start), _written(end)
    ids = [
        row["Id"]
        for row in desk.org.rows.get(table, {}).values()
        if low <= row["SystemModstamp"] < high and not row.get("IsDeleted")
    ]
    return Answer(200, {"ids": ids, "latestDateCovered": _written(desk.org.covered(end))})


def _window(desk: Desk, request: Request, table: str) -> tuple[datetime, datetime]:
    must_be_open(desk, table)
    try:
        start = datetime.fromisoformat(request.query["start"].replace(" ", "+"))
        end = datetime.fromisoformat(request.query["end"].replace(" ", "+"))
    except (KeyError, ValueError):
        raise Refused(400, "INVALID_REPLICATION_DATE", "start and end are dates") from None
    if end - start < timedelta(minutes=1):
        words = "startDate must be at least one minute before endDate"
        raise Refused(400, "INVALID_REPLICATION_DATE", words)
    if start < desk.org.now() - timedelta(days=DELETED_DAYS):
        words = "startDate before org replication enabled date"
        raise Refused(400, "INVALID_REPLICATION_DATE", words)
    return start, end


def retrieve(desk: Desk, request: Request, _who: str, _how: str, table: str) -> Answer:
    """Up to 2,000 known records, in the order asked; null for one that is gone."""
    must_be_open(desk, table)
    body = request.json()
    ids, names = body.get("ids", []), body.get("fields", [])
    if len(ids) > RETRIEVE_MOST:
        raise Refused(400, "EXCEEDED_ID_LIMIT", "too many records")
    for name in names:
        if "." not in name and desk.org.visible(table, name) is None:
            raise Refused(400, "INVALID_FIELD", f"No such column '{name}' on entity '{table}'")
    base = request.path[: request.path.index("/composite")]
    rows = [desk.org.found(table, ident) for ident in ids]
    return Answer(
        200,
        [
            None
            if row is None or row.get("IsDeleted")
            else shown(desk, table, row, tuple(names), base)
            for row in rows
        ],
    )


def bulk_begin(desk: Desk, request: Request, _who: str, _how: str) -> Answer:
    """A new query job."""
    return Answer(200, desk.bulk.begin(request.json()))


def bulk_look(desk: Desk, _request: Request, _who: str, _how: str, job: str) -> Answer:
    """How far a job has come."""
    state = desk.bulk.state(job)
    if state is None:
        raise Refused(404, "NOT_FOUND", "The requested resource does not exist")
    return Answer(200, state)


def bulk_results(desk: Desk, request: Request, _who: str, _how: str, job: str) -> Answer:
    """A page of a job's results, as CSV."""
    if desk.bulk.state(job) is None:
        raise Refused(404, "NOT_FOUND", "The requested resource does not exist")
    text, headers = desk.bulk.results(
        job, request.query.get("locator", ""), int(request.query.get("maxRecords", "50000"))
    )
    return Answer(200, text, {"Content-Type": "text/csv", **headers})


def _written(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%S.000+0000")
