"""What an environment says of its tables, columns, rights and names; asked for once a run.

One call describes all tables. Who a secured column is hidden from is asked only where a mapped
column is secured, labels of choices only where a choice is mapped, names when the first is needed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final
from urllib.parse import quote

from connectors.dynamics.client import Org
from connectors.dynamics.shapes import Attribute, Described
from rules.errors import SystemStopped

_TABLE: Final = (
    "LogicalName,EntitySetName,PrimaryIdAttribute,ChangeTrackingEnabled,"
    "IsOptimisticConcurrencyEnabled,IsAuditEnabled"
)
_COLUMN: Final = (
    "LogicalName,AttributeType,IsValidForRead,IsValidForUpdate,IsSecured,IsCustomAttribute,"
    "IsAuditEnabled"
)
_FORMATS: Final = {"Phone": "phone", "Email": "email"}
_NAMES: Final = {
    "person": (("systemusers", "systemuserid", "fullname"), ("teams", "teamid", "name")),
    "list": (("lists", "listid", "listname"),),
    "campaign": (("campaigns", "campaignid", "name"),),
}
_MAY: Final = 4
"""What a privilege on a secured column is when it is held; else 0."""


def described(org: Org, names: Sequence[str]) -> Mapping[str, Described]:
    """The tables among `names` that are there."""
    wanted = quote(" or ".join(f"LogicalName eq '{name}'" for name in names), safe="' ")
    address = (
        f"EntityDefinitions?$filter={wanted}&$select={_TABLE}&$expand=Attributes($select={_COLUMN})"
    )
    told = org.get(address)["value"]
    secured = any(one.get("IsSecured") for table in told for one in table["Attributes"])
    held = _held(org) if secured else {}
    return {table["LogicalName"]: _table(table, held) for table in told}


def _table(told: Mapping[str, Any], held: Mapping[str, tuple[bool, bool]]) -> Described:
    columns = [_attribute(one, held) for one in told["Attributes"]]
    return Described(
        told["LogicalName"],
        told["EntitySetName"],
        told["PrimaryIdAttribute"],
        tracked=told.get("ChangeTrackingEnabled") is True,
        guarded=told.get("IsOptimisticConcurrencyEnabled") is True,
        audited=_is_on(told.get("IsAuditEnabled")),
        columns={one.shown: one for one in columns},
    )


def _attribute(told: Mapping[str, Any], held: Mapping[str, tuple[bool, bool]]) -> Attribute:
    read, write = told.get("IsValidForRead") is True, told.get("IsValidForUpdate") is True
    if told.get("IsSecured"):
        # A secured column that we may not see reads as empty, without a word: fail closed.
        may_read, may_write = held.get(told["MetadataId"], (False, False))
        read, write = read and may_read, write and may_read and may_write
    return Attribute(
        told["LogicalName"],
        str(told["AttributeType"]),
        read,
        write,
        custom=told.get("IsCustomAttribute") is True,
        secured=told.get("IsSecured") is True,
        audited=_is_on(told.get("IsAuditEnabled")),
    )


def _is_on(switch: Any) -> bool:
    """A property that a solution may lock comes with its value inside."""
    return isinstance(switch, Mapping) and switch.get("Value") is True


def _held(org: Org) -> Mapping[str, tuple[bool, bool]]:
    """The secured columns that our user may read, and write, by their ids."""
    told = org.get(f"systemusers({who(org)})/{_CRM}RetrievePrincipalAttributePrivileges()")
    return {
        one["AttributeId"]: (one.get("CanRead") == _MAY, one.get("CanUpdate") == _MAY)
        for one in told.get("AttributePrivileges", ())
    }


_CRM: Final = "Microsoft.Dynamics.CRM."


def who(org: Org) -> str:
    """Our own user's id."""
    return str(org.get("WhoAmI")["UserId"])


def privileges(org: Org) -> frozenset[str]:
    """The privileges of our user that reach the whole organisation, by name."""
    told = org.get(f"systemusers({who(org)})/{_CRM}RetrieveUserPrivileges()")
    return frozenset(
        one["PrivilegeName"] for one in told["RolePrivileges"] if one.get("Depth") == "Global"
    )


def options(org: Org, table: str) -> Mapping[str, Mapping[int, str]]:
    """The labels of a table's choices, by column."""
    cast = f"{_CRM}PicklistAttributeMetadata"
    address = f"EntityDefinitions(LogicalName='{table}')/Attributes/{cast}"
    told = org.get(f"{address}?$select=LogicalName&$expand=OptionSet($select=Options)")
    return {
        one["LogicalName"]: dict(_labels((one.get("OptionSet") or {}).get("Options", ())))
        for one in told["value"]
    }


def counts(org: Org, names: Sequence[str]) -> Mapping[str, int]:
    """How many rows tables have, by a count that may be a day old."""
    listed = ",".join(f"'{name}'" for name in names)
    address = f"RetrieveTotalRecordCount(EntityNames=@names)?@names=[{listed}]"
    told = org.get(address)["EntityRecordCountCollection"]
    return dict(zip(told["Keys"], map(int, told["Values"]), strict=True))


def formats(org: Org, table: str) -> Mapping[str, str]:
    """The columns of text that hold numbers or addresses: "phone" or "email" by column."""
    cast = f"{_CRM}StringAttributeMetadata"
    address = f"EntityDefinitions(LogicalName='{table}')/Attributes/{cast}"
    told = org.get(f"{address}?$select=LogicalName,FormatName")["value"]
    return {
        one["LogicalName"]: kind
        for one in told
        if (kind := _FORMATS.get(str((one.get("FormatName") or {}).get("Value"))))
    }


def own_labels(org: Org, table: str) -> Mapping[str, tuple[str, ...]]:
    """How the environment's own columns are called on screen, in every language that it has."""
    address = f"EntityDefinitions(LogicalName='{table}')/Attributes"
    asked = "$select=LogicalName,DisplayName&$filter=IsCustomAttribute eq true"
    told = org.get(f"{address}?{asked}")["value"]
    return {one["LogicalName"]: tuple(_said(one.get("DisplayName") or {})) for one in told}


def _said(label: Mapping[str, Any]) -> Iterable[str]:
    listed = [*(label.get("LocalizedLabels") or ()), label.get("UserLocalizedLabel") or {}]
    return dict.fromkeys(str(one["Label"]) for one in listed if one.get("Label"))


def _labels(told: Iterable[Mapping[str, Any]]) -> Iterable[tuple[int, str]]:
    for one in told:
        label = (one.get("Label") or {}).get("UserLocalizedLabel") or {}
        yield int(one["Value"]), str(label.get("Label") or one["Value"])


class NameBook:
    """Names of users, teams, lists and campaigns by their ids: two calls at most, when the first is needed."""

    def __init__(self, org: Org) -> None:
        self._org = org
        self._known: dict[str, Mapping[str, str]] = {}

    def name(self, what: str, ident: str) -> str | None:
        """What an id stands for; the id itself where its name may not be read."""
        if what not in self._known:
            self._known[what] = dict(self._read(what))
        return self._known[what].get(ident, ident)

    def _read(self, what: str) -> Iterable[tuple[str, str]]:
        for rows, key, label in _NAMES[what]:
            address = f"{rows}?$select={label}"
            try:
                while address:
                    page = self._org.get(address)
                    yield from ((one[key], one[label]) for one in page["value"] if one.get(label))
                    link = page.get("@odata.nextLink", "")
                    address = self._org.relative(link) if link else ""
            except SystemStopped:
                # No right to read users is no reason to stop; a sign-in that fails stops elsewhere.
                return
