"""Rows by the page: the first load and its delta link, the changes since, and filtered lists."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from simulators.dynamics.filters import read
from simulators.dynamics.org import Org, Refused, Row, User, etag, invalid
from simulators.dynamics.tables import Table

MOST = 5000
NOT_WITH_TRACKING = ("$filter", "$orderby", "$expand", "$top")


class Listing:
    """One GET of a table's rows."""

    def __init__(
        self,
        org: Org,
        user: User,
        table: Table,
        query: Mapping[str, str],
        prefer: Mapping[str, str],
        api: str,
    ) -> None:
        self.org, self.user, self.table, self.query, self.api = org, user, table, query, api
        self.tracking = "odata.track-changes" in prefer
        self.annotated = "odata.include-annotations" in prefer
        self.size = max(1, min(org.page, int(prefer.get("odata.maxpagesize", MOST))))
        self.columns = chosen(table, query.get("$select", ""))
        self.skip = _opened(query.get("$skiptoken", ""))

    def answer(self) -> dict[str, Any]:
        """The page, as JSON has it."""
        if "$skip" in self.query:
            raise invalid("The query parameter $skip is not supported.")
        if "$deltatoken" in self.query:
            return self._delta(self._since(self.query["$deltatoken"]))
        if "d" in self.skip:
            return self._delta(self.skip["d"])
        if self.tracking:
            if not self.table.change_tracking:
                raise invalid(f"Change tracking is not enabled for {self.table.name}.")
            if any(name in self.query for name in NOT_WITH_TRACKING):
                raise invalid("The query is not supported with change tracking.")
        if self.tracking or not ("$filter" in self.query or "$orderby" in self.query):
            return self._load()
        return self._filtered()

    def _load(self) -> dict[str, Any]:
        until = self.skip.get("u", self.org.floor())
        ids = self.org.ids_after(self.table.name, self.skip.get("a", ""), self.size + 1)
        rows = self.org.rows[self.table.name]
        body = self._body([self._shown(rows[ident]) for ident in ids[: self.size]])
        if len(ids) > self.size:
            token = _closed({"u": until, "a": ids[self.size - 1], "t": self.tracking})
            body["@odata.nextLink"] = self._link("$skiptoken", token)
        elif self.skip.get("t", self.tracking):
            body["@odata.deltaLink"] = self._delta_link(until)
        return body

    def _delta(self, since: int) -> dict[str, Any]:
        until = self.skip.get("u", self.org.floor())
        done, buried = self.skip.get("v", since), self.skip.get("x", 0)
        changed = self.org.changed(self.table.name, done, until)
        page = [self._shown(row, delta=True) for row in changed[: self.size]]
        gone = self.org.buried(self.table.name, since, until)
        room = self.size - len(page)
        context = f"{self._context()}/$deletedEntity"
        page += [
            {"@odata.context": context, "id": ident, "reason": "deleted"}
            for ident in gone[buried : buried + room]
        ]
        body = self._body(page, "/$delta")
        left = len(changed) > self.size or len(gone) > buried + room
        if left:
            last = changed[: self.size][-1]["versionnumber"] if changed else done
            token = _closed({"d": since, "u": until, "v": last, "x": buried + room})
            body["@odata.nextLink"] = self._link("$skiptoken", token)
        else:
            body["@odata.deltaLink"] = self._delta_link(until)
        return body

    def _filtered(self) -> dict[str, Any]:
        rows = list(self.org.rows[self.table.name].values())
        if "$filter" in self.query:
            test, names = read(self.query["$filter"])
            chosen(self.table, ",".join(names))
            rows = [row for row in rows if test(self._seen(row))]
        order = self.query.get("$orderby", self.table.key).split(",")
        for part in reversed(order):
            name, _, way = part.strip().partition(" ")
            rows.sort(
                key=lambda row: (row.get(name) is not None, row.get(name)), reverse=way == "desc"
            )
        at, top = self.skip.get("n", 0), int(self.query.get("$top", len(rows)))
        page = rows[at : min(at + self.size, top)]
        body = self._body([self._shown(row) for row in page])
        if self.query.get("$count") == "true":
            body["@odata.count"] = min(len(rows), MOST)
            if self.annotated:
                crm = "@Microsoft.Dynamics.CRM.totalrecordcount"
                body[crm] = min(len(rows), MOST)
                body[f"{crm}limitexceeded"] = len(rows) > MOST
        if at + len(page) < min(len(rows), top):
            token = _closed({"n": at + len(page)})
            body["@odata.nextLink"] = self._link("$skiptoken", token)
        return body

    def _since(self, token: str) -> int:
        version = token.partition("!")[0]
        if not version.isdigit():
            raise invalid("The delta token is not valid.")
        if int(version) < self.org.oldest_token:
            status, code = self.org.expired
            raise Refused(
                status,
                code,
                "The version stamp associated with the client has expired. "
                "Please perform a full sync.",
            )
        return int(version)

    def _body(self, rows: list[Row], suffix: str = "") -> dict[str, Any]:
        return {"@odata.context": f"{self._context()}{suffix}", "value": rows}

    def _context(self) -> str:
        names = f"({','.join(self.columns)})" if "$select" in self.query else ""
        return f"{self.api}$metadata#{self.table.set}{names}"

    def _link(self, name: str, token: str) -> str:
        kept = [(k, v) for k, v in self.query.items() if k not in {"$skiptoken", "$deltatoken"}]
        query = "&".join(f"{k}={quote(v, safe=',$')}" for k, v in [*kept, (name, token)])
        return f"{self.api}{self.table.set}?{query}"

    def _delta_link(self, until: int) -> str:
        return self._link("$deltatoken", f"{until}!{self.org.id[-4:]}")

    def _seen(self, row: Row) -> Row:
        return seen(self.user, self.table, row)

    def _shown(self, row: Row, *, delta: bool = False) -> Row:
        told = shown(self.user, self.table, row, self.columns)
        if delta and self.org.leaves_out_nulls:
            return {name: value for name, value in told.items() if value is not None}
        return told


def chosen(table: Table, select: str) -> list[str]:
    """The columns of a $select; all of them when there is none."""
    if not select:
        return [column.shown for column in table.columns.values()]
    names = [name.strip() for name in select.split(",")]
    for name in names:
        if table.column(name) is None:
            raise invalid(
                f"Could not find a property named '{name}' on type "
                f"'Microsoft.Dynamics.CRM.{table.name}'."
            )
    return names


def seen(user: User, table: Table, row: Row) -> Row:
    """A row without the secured columns that the user may not see: they read as null."""
    hidden = [
        c.shown
        for c in table.columns.values()
        if c.secured and (table.name, c.name) not in user.sees
    ]
    return {**row, **dict.fromkeys(hidden)} if hidden else row


def shown(user: User, table: Table, row: Row, columns: list[str]) -> Row:
    """A row as answers have it."""
    get = seen(user, table, row).get
    return {
        "@odata.etag": etag(row),
        **{name: get(name) for name in columns},
        table.key: row[table.key],
    }


def _closed(token: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(token).encode()).decode().rstrip("=")


def _opened(text: str) -> dict[str, Any]:
    if not text:
        return {}
    try:
        found: dict[str, Any] = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except ValueError as error:
        raise invalid("Malformed skip token.") from error
    return found
