"""The Web API: what each request does to the org, and how it is answered."""

from __future__ import annotations

import re
import uuid
from collections import deque
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import orjson
from simulators.dynamics import batch
from simulators.dynamics.batch import Asked, Said
from simulators.dynamics.metadata import Metadata
from simulators.dynamics.org import Org, Refused, User, etag, gone, invalid
from simulators.dynamics.pages import Listing, chosen, shown
from simulators.dynamics.setup import Setup
from simulators.dynamics.tables import Table

ROOT = "/api/data/v9.2/"
GUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
ONE = re.compile(r"(?P<set>\w+)\((?P<id>[^)]*)\)(?:/(?P<rest>.+))?")
BOUND = "Microsoft.Dynamics.CRM."
WINDOW = timedelta(seconds=300)


class Api:
    """Answers requests. `most` requests an application user may make in five minutes."""

    def __init__(self, org: Org, host: str) -> None:
        self.org, self.base = org, f"{host}{ROOT}"
        self.metadata = Metadata(org, self.base)
        self.setup = Setup(org)
        self.most = 6000
        self.calls: list[tuple[str, str]] = []
        """What was asked, in its order: method and path; a batch is one."""
        self._recent: dict[str, deque[Any]] = {}

    def answer(self, asked: Asked, client_id: str) -> Said:
        """One request from outside."""
        with self.org.lock:
            user = self.org.user(client_id)
            self.calls.append((asked.method, asked.path))
            try:
                self._count(client_id)
                if asked.path == "$batch":
                    return self._batch(asked, user, client_id)
                return self._one(asked, user, client_id)
            except Refused as error:
                return refusal(error)

    def _count(self, client_id: str) -> None:
        now, recent = self.org.clock(), self._recent.setdefault(client_id, deque())
        while recent and now - recent[0] >= WINDOW:
            recent.popleft()
        if len(recent) >= self.most:
            wait = int((recent[0] + WINDOW - now).total_seconds()) + 1
            raise throttled(wait)
        recent.append(now)

    # --- batches -----------------------------------------------------------------------------

    def _batch(self, asked: Asked, user: User, who: str) -> Said:
        if asked.method != "POST":
            raise invalid("A batch is a POST.")
        found = batch.parts(asked.body, batch.boundary_of(asked.headers))
        goes_on = "odata.continue-on-error" in preferences(asked.headers)
        answers: list[Said | list[Said]] = []
        for part in found:
            said = (
                self._change_set(part, user, who)
                if part.change_set
                else self._part(part, user, who)
            )
            answers.append(said)
            if isinstance(said, Said) and said.status >= 400 and not goes_on:
                break
        name = f"batchresponse_{uuid.uuid5(uuid.NAMESPACE_OID, str(len(self.calls)))}"
        content = batch.joined(answers, name)
        return Said(200, content, {"Content-Type": f"multipart/mixed; boundary={name}"})

    def _part(self, part: batch.Part, user: User, who: str) -> Said:
        try:
            return self._one(self._asked(part), user, who)
        except Refused as error:
            return refusal(error)

    def _change_set(self, part: batch.Part, user: User, who: str) -> Said | list[Said]:
        try:
            with self.org.undone_when_refused():
                return [self._one(self._asked(one), user, who) for one in part.change_set]
        except Refused as error:
            return refusal(error)

    def _asked(self, part: batch.Part) -> Asked:
        method, address, headers, body = batch.request_line(part.raw)
        parsed = urlsplit(address)
        path = unquote(parsed.path).rpartition(ROOT)[2].lstrip("/")
        return Asked(method, path, query_of(parsed.query), headers, body)

    # --- single requests -------------------------------------------------------------------------

    def _one(self, asked: Asked, user: User, who: str) -> Said:
        if asked.path == "WhoAmI":
            told = {
                "BusinessUnitId": self.org.unit,
                "UserId": user.id,
                "OrganizationId": self.org.id,
            }
            return Said(200, {"@odata.context": f"{self.base}$metadata", **told})
        if asked.path.partition("(")[0].partition("/")[0] in {"EntityDefinitions", "$metadata"}:
            return self.metadata.answer(asked)
        if asked.path.startswith("RetrieveTotalRecordCount("):
            names = re.findall(r"'(\w+)'", asked.query.get("@names", ""))
            found = {name: len(self.org.rows[name]) for name in names}
            told = {"Count": len(found), "Keys": list(found), "Values": list(found.values())}
            return Said(200, {"EntityRecordCountCollection": told})
        if said := self.setup.answer(asked, user):
            return said
        if asked.path == "Merge":
            return self._merge(_json(asked), who)
        if found := ONE.fullmatch(asked.path):
            return self._row(asked, user, who, found)
        name, _, action = asked.path.partition("/")
        table = self.org.table_of_set(name)
        match asked.method, action.removeprefix(BOUND):
            case "GET", "":
                self._may(user, "Read", table)
                prefer = preferences(asked.headers)
                return Said(
                    200, Listing(self.org, user, table, asked.query, prefer, self.base).answer()
                )
            case "POST", "":
                self._may(user, "Create", table)
                body = _json(asked)
                ident = str(body.pop(table.key, "") or uuid.uuid4())
                if ident in self.org.rows[table.name]:
                    raise Refused(
                        412, "0x80040237", "A record with matching key values already exists."
                    )
                return self._written(asked, user, table, self.org.create(table, ident, body, who))
            case "POST", "UpdateMultiple" | "CreateMultiple" as verb:
                return self._multiple(_json(asked), table, verb, user, who)
        raise Refused(404, "0x80060888", f"Resource not found for the segment '{asked.path}'.")

    def _row(self, asked: Asked, user: User, who: str, found: re.Match[str]) -> Said:
        table, ident = self.org.table_of_set(found["set"]), found["id"]
        if not GUID.fullmatch(ident):
            raise invalid(f"'{ident}' is not a valid key.")
        if found["rest"]:
            return self._function(user, ident, found["rest"].removeprefix(BOUND))
        row = self.org.rows[table.name].get(ident)
        match asked.method:
            case "GET":
                self._may(user, "Read", table)
                if row is None:
                    raise gone(table.name, ident)
                columns = chosen(table, asked.query.get("$select", ""))
                return Said(200, shown(user, table, row, columns))
            case "PATCH":
                self._may(user, "Write", table)
                match_ = asked.headers.get("if-match")
                done = self.org.write(table, ident, self._visible(user, table, asked), who, match_)
                return self._written(asked, user, table, done)
            case "DELETE":
                self._may(user, "Delete", table)
                if row is None:
                    raise gone(table.name, ident)
                if asked.headers.get("if-match") not in {None, "*", etag(row)}:
                    raise Refused(412, "0x80060882", "The version doesn't match")
                self.org.remove(table.name, ident, who)
                return Said(204)
        raise Refused(405, "0x80060888", f"{asked.method} is not supported.")

    def _visible(self, user: User, table: Table, asked: Asked) -> dict[str, Any]:
        """What is asked for, when no secured column is in it that the user may not write."""
        body = _json(asked)
        for name in body:
            column = table.columns.get(name)
            if column and column.secured and (table.name, name) not in user.sees:
                raise Refused(403, "0x8004f508", f"Caller does not have permission to '{name}'.")
        return body

    def _written(self, asked: Asked, user: User, table: Table, row: dict[str, Any]) -> Said:
        address = f"{self.base}{table.set}({row[table.key]})"
        if preferences(asked.headers).get("return") == "representation":
            columns = chosen(table, asked.query.get("$select", ""))
            said = {"Preference-Applied": "return=representation", "OData-EntityId": address}
            return Said(200, shown(user, table, row, columns), said)
        return Said(204, None, {"OData-EntityId": address})

    def _function(self, user: User, ident: str, name: str) -> Said:
        match name.removesuffix("()"):
            case "RetrievePrincipalAttributePrivileges":
                secured = [
                    {"AttributeId": c.id, "CanRead": 4, "CanUpdate": 4, "CanCreate": 4}
                    for table in self.org.tables.values()
                    for c in table.columns.values()
                    if c.secured and ident == user.id and (table.name, c.name) in user.sees
                ]
                return Said(200, {"AttributePrivileges": secured})
            case "RetrieveUserPrivileges":
                names = sorted(self._rights(user))
                held = [{"PrivilegeName": name, "Depth": "Global"} for name in names]
                return Said(200, {"RolePrivileges": held})
        raise Refused(404, "0x80060888", f"Resource not found for the segment '{name}'.")

    def _multiple(
        self, body: dict[str, Any], table: Table, verb: str, user: User, who: str
    ) -> Said:
        self._may(user, "Write" if verb == "UpdateMultiple" else "Create", table)
        made = []
        with self.org.undone_when_refused():
            for target in body["Targets"]:
                values = {k: v for k, v in target.items() if k not in {"@odata.type", table.key}}
                ident = str(target.get(table.key) or uuid.uuid4())
                if verb == "UpdateMultiple":
                    self.org.write(table, ident, values, who, "*")
                else:
                    self.org.create(table, ident, values, who)
                made.append(ident)
        return Said(204) if verb == "UpdateMultiple" else Said(200, {"Ids": made})

    def _merge(self, body: dict[str, Any], who: str) -> Said:
        target, lost = body["Target"], body["Subordinate"]
        name = str(target["@odata.type"]).rpartition(".")[2]
        key = self.org.tables[name].key
        content = {
            k: v
            for k, v in (body.get("UpdateContent") or {}).items()
            if k != "@odata.type" and self.org.tables[name].columns[k].type != "id"
        }
        self.org.merge(name, target[key], lost[key], who, **content)
        return Said(204)

    def _rights(self, user: User) -> set[str]:
        if user.rights is not None:
            return user.rights
        verbs = ("Read", "Write", "Create", "Delete")
        return {privilege(verb, name) for verb in verbs for name in self.org.tables}

    def _may(self, user: User, verb: str, table: Table) -> None:
        right = privilege(verb, table.name)
        if user.rights is not None and right not in user.rights:
            raise Refused(
                403,
                "0x80040220",
                f"Principal user (Id={user.id}) is missing {right} privilege on entity '{table.name}'",
            )


def privilege(verb: str, table: str) -> str:
    """The name of a privilege: activities share one."""
    shared = {
        "phonecall": "Activity", "appointment": "Activity", "campaignresponse": "Activity",
        "email": "Activity",
        "systemuser": "User", "listmember": "List", "audit": "AuditSummary",
    }  # fmt: skip
    own = table if "_" in table else table.capitalize()
    return f"prv{verb}{shared.get(table, own)}"


def throttled(seconds: int, code: str = "0x80072322") -> Refused:
    """Service protection."""
    return Refused(
        429, code, "Number of requests exceeded the limit.", {"Retry-After": str(seconds)}
    )


def refusal(error: Refused) -> Said:
    """An error as an answer."""
    body = {"error": {"code": error.code, "message": str(error)}}
    return Said(error.status, body, error.headers)


def preferences(headers: Mapping[str, str]) -> dict[str, str]:
    """The header Prefer, taken apart."""
    found = (one.strip().partition("=") for one in headers.get("prefer", "").split(","))
    return {name: value.strip('"') for name, _, value in found if name}


def query_of(text: str) -> dict[str, str]:
    """The options of an address."""
    return dict(parse_qsl(text, keep_blank_values=True))


def _json(asked: Asked) -> dict[str, Any]:
    try:
        body = orjson.loads(asked.body)
    except orjson.JSONDecodeError as error:
        raise invalid("The body is not JSON.") from error
    if not isinstance(body, dict):
        raise invalid("The body is no object.")
    return body
