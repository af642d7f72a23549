"""What an administrator's calls do: choices of a list, privileges of a role, profiles of columns."""

from __future__ import annotations

import re
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import orjson
from simulators.dynamics.batch import Asked, Said
from simulators.dynamics.org import Org, Refused, User, invalid

ROLE = "Ringren"
_QUOTED = re.compile(r"name eq '(\w+)'")


def _id(name: str) -> str:
    return str(uuid5(NAMESPACE_URL, f"setup:{name}"))


class Setup:
    """Answers what is about setting up. `may`: whether whoever asks is allowed to."""

    def __init__(self, org: Org) -> None:
        self.org = org
        self.may = True
        self.profiles: dict[str, set[tuple[str, str]]] = {}
        self.members: dict[str, set[str]] = {}
        self.published: list[str] = []

    def answer(self, asked: Asked, user: User) -> Said | None:
        """None when it is about something else."""
        body: Any = orjson.loads(asked.body) if asked.body else {}
        name = _QUOTED.search(asked.query.get("$filter", ""))
        wanted = name[1] if name else ""
        match asked.method, asked.path.partition("(")[0]:
            case "GET", "roles":
                return Said(200, {"value": [{"roleid": _id(ROLE)}] if wanted == ROLE else []})
            case "GET", "privileges":
                return Said(200, {"value": [{"privilegeid": wanted}]})
            case "GET", "fieldsecurityprofiles":
                found = [{"fieldsecurityprofileid": _id(wanted)}] if wanted in self.profiles else []
                return Said(200, {"value": found})
            case "POST", "InsertOptionValue" | "PublishXml" | "roles" | "fieldpermissions":
                pass
            case "POST", "fieldsecurityprofiles":
                pass
            case _:
                return None
        if not self.may:
            raise Refused(403, "0x80040220", "Principal user is missing prvWriteRole privilege")
        return self._done(asked, body, user)

    def _done(self, asked: Asked, body: Any, user: User) -> Said:
        path = asked.path
        if path == "InsertOptionValue":
            return self._option(body)
        if path == "PublishXml":
            self.published.append(str(body["ParameterXml"]))
        elif path.startswith("roles("):
            for one in body["Privileges"]:
                assert one["Depth"] == "Global"
                if user.rights is not None:
                    user.rights.add(one["PrivilegeId"])
        elif path == "fieldsecurityprofiles":
            self.profiles[body["name"]] = set()
            self.members[body["name"]] = set()
        elif path.endswith("/systemuserprofiles_association/$ref"):
            self._member(path, str(body["@odata.id"]))
        elif path == "fieldpermissions":
            self._permit(body)
        self._look(user)
        return Said(204)

    def _option(self, body: Any) -> Said:
        column = self.org.tables[body["EntityLogicalName"]].columns[body["AttributeLogicalName"]]
        if column.type != "picklist" or not column.custom:
            raise invalid("No option can be added there.")
        label = body["Label"]["LocalizedLabels"][0]["Label"]
        options = dict(column.choices())
        number = max(options, default=99_999_999) + 1
        column.options = {**options, number: label}
        return Said(200, {"NewOptionValue": number})

    def _member(self, path: str, address: str) -> None:
        name = next(one for one in self.profiles if _id(one) in path)
        self.members[name].add(address.rpartition("(")[2].rstrip(")"))

    def _permit(self, body: Any) -> None:
        bound = str(body["fieldsecurityprofileid@odata.bind"])
        name = next(one for one in self.profiles if _id(one) in bound)
        if body["canread"] == 4 and body["canupdate"] == 4:
            self.profiles[name].add((body["entityname"], body["attributelogicalname"]))

    def _look(self, user: User) -> None:
        for name, columns in self.profiles.items():
            if user.id in self.members[name]:
                user.sees |= columns
