"""Tables and columns, as the metadata of the Web API tells of them. The rows stand in `columns.csv`."""

from __future__ import annotations

import csv
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

SETS = {
    "account": "accounts", "contact": "contacts", "lead": "leads", "phonecall": "phonecalls",
    "appointment": "appointments", "opportunity": "opportunities", "campaign": "campaigns",
    "campaignresponse": "campaignresponses", "list": "lists", "listmember": "listmembers", "email": "emails",
    "systemuser": "systemusers", "team": "teams", "audit": "audits",
    "organization": "organizations", "msdynmkt_purpose": "msdynmkt_purposes",
    "msdynmkt_contactpointconsent4": "msdynmkt_contactpointconsent4s",
}  # fmt: skip
JOURNEYS = frozenset({"msdynmkt_purpose", "msdynmkt_contactpointconsent4"})
"""Tables that come with Customer Insights - Journeys."""
MERGEABLE = frozenset({"account", "contact", "lead"})
READ_ONLY_STATES = {
    "account": {1}, "contact": {1}, "lead": {1, 2}, "phonecall": {1, 2}, "appointment": {1, 2},
    "opportunity": {1, 2},
}  # fmt: skip
KINDS = {
    "string": "String", "memo": "Memo", "boolean": "Boolean", "integer": "Integer",
    "money": "Money", "decimal": "Decimal", "datetime": "DateTime", "picklist": "Picklist",
    "state": "State", "status": "Status", "lookup": "Lookup", "id": "Uniqueidentifier",
    "guid": "Uniqueidentifier", "bigint": "BigInt",
}  # fmt: skip
FORMATS = {"phone": "Phone", "email": "Email", "url": "Url", "": "Text"}
OPTIONS: dict[tuple[str, str], dict[int, str]] = {
    ("*", "preferredcontactmethodcode"): {1: "Any", 2: "Email", 3: "Phone", 4: "Fax", 5: "Mail"},
    ("campaignresponse", "responsecode"): {
        1: "Interested", 2: "Not Interested", 3: "Do Not Send Marketing Materials", 4: "Error",
    },
    ("campaignresponse", "channeltypecode"): {
        1: "Email", 2: "Phone", 3: "Fax", 4: "Letter", 5: "Appointment", 6: "Others",
    },
    ("lead", "statecode"): {0: "Open", 1: "Qualified", 2: "Disqualified"},
    ("opportunity", "statecode"): {0: "Open", 1: "Won", 2: "Lost"},
    ("phonecall", "statecode"): {0: "Open", 1: "Completed", 2: "Canceled"},
    ("appointment", "statecode"): {0: "Open", 1: "Completed", 2: "Canceled", 3: "Scheduled"},
    ("*", "statecode"): {0: "Active", 1: "Inactive"},
    ("list", "createdfromcode"): {1: "Account", 2: "Contact", 4: "Lead"},
    ("msdynmkt_purpose", "msdynmkt_type"): {
        534120000: "Commercial Communication", 534120001: "Transactional Communication",
        534120002: "Tracking",
    },
    ("msdynmkt_contactpointconsent4", "msdynmkt_contactpointtype"): {
        534120000: "Email", 534120001: "Text", 534120002: "Custom", 534120003: "Voice",
    },
    ("msdynmkt_contactpointconsent4", "msdynmkt_value"): {
        534120000: "Not Set", 534120001: "Opted In", 534120002: "Opted Out",
    },
    ("msdynmkt_contactpointconsent4", "msdynmkt_contactpointconsenttype"): {
        534120000: "Purpose", 534120001: "Topic",
    },
}  # fmt: skip


def _made(name: str) -> str:
    """An id that is the same in every org, as those of system columns are."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"dataverse:{name}"))


@dataclass(slots=True)
class Column:
    """One column. `secured`: only who has a field security profile for it may see it."""

    table: str
    name: str
    type: str
    format: str = ""
    length: int | None = None
    required: bool = False
    read_only: bool = False
    secured: bool = False
    custom: bool = False
    audited: bool = False
    label: str = ""
    options: dict[int, str] | None = None

    @property
    def id(self) -> str:
        """MetadataId."""
        return _made(f"{self.table}.{self.name}")

    @property
    def shown(self) -> str:
        """The name under which rows have it: lookups are read as `_x_value`."""
        return f"_{self.name}_value" if self.type == "lookup" else self.name

    def described(self) -> dict[str, Any]:
        """As AttributeMetadata of its type."""
        kind = KINDS[self.type]
        told: dict[str, Any] = {
            "@odata.type": f"#Microsoft.Dynamics.CRM.{kind}AttributeMetadata",
            "MetadataId": self.id,
            "LogicalName": self.name,
            "SchemaName": self.name,
            "EntityLogicalName": self.table,
            "AttributeType": kind,
            "AttributeTypeName": {"Value": f"{kind}Type"},
            "IsCustomAttribute": self.custom,
            "IsSecured": self.secured,
            "IsAuditEnabled": {"Value": self.audited, "CanBeChanged": True},
            "CanBeSecuredForRead": self.type not in {"id", "state"},
            "IsValidForRead": True,
            "IsValidForUpdate": not self.read_only,
            "IsValidForCreate": not self.read_only,
            "RequiredLevel": {"Value": "ApplicationRequired" if self.required else "None"},
            "DisplayName": {"UserLocalizedLabel": {"Label": self.label or self.name}},
        }
        if self.type in {"string", "memo"}:
            told["MaxLength"] = self.length or 2000
            told["FormatName"] = {"Value": FORMATS[self.format]}
        if options := self.choices():
            told["OptionSet"] = {
                "Options": [
                    {"Value": value, "Label": {"UserLocalizedLabel": {"Label": label}}}
                    for value, label in options.items()
                ]
            }
        return told

    def choices(self) -> dict[int, str]:
        """The options of a picklist; empty where any number goes."""
        if self.options is not None:
            return self.options
        return OPTIONS.get((self.table, self.name)) or OPTIONS.get(("*", self.name)) or {}


@dataclass(slots=True)
class Table:
    """One table: its columns by logical name, and what may be switched."""

    name: str
    columns: dict[str, Column] = field(default_factory=dict)
    audited: bool = False
    change_tracking: bool = True
    optimistic: bool = True

    @property
    def set(self) -> str:
        """The name of its rows in addresses."""
        return SETS[self.name]

    @property
    def key(self) -> str:
        """The column that holds a row's id."""
        return next(one.name for one in self.columns.values() if one.type == "id")

    def column(self, shown: str) -> Column | None:
        """The column that rows have under that name."""
        plain = shown[1:-6] if shown.startswith("_") and shown.endswith("_value") else shown
        one = self.columns.get(plain)
        return one if one is not None and one.shown == shown else None

    def described(self) -> dict[str, Any]:
        """As EntityMetadata, without its attributes."""
        return {
            "MetadataId": _made(self.name),
            "LogicalName": self.name,
            "SchemaName": self.name.title(),
            "EntitySetName": self.set,
            "PrimaryIdAttribute": self.key,
            "IsAuditEnabled": {"Value": self.audited, "CanBeChanged": True},
            "ChangeTrackingEnabled": self.change_tracking,
            "IsOptimisticConcurrencyEnabled": self.optimistic,
            "IsActivity": self.key == "activityid",
        }


def tables() -> dict[str, Table]:
    """The standard tables, fresh for one org."""
    found: dict[str, Table] = {}
    with Path(__file__).with_name("columns.csv").open(encoding="utf-8") as file:
        for row in csv.DictReader(line for line in file if not line.startswith("#")):
            table = found.setdefault(row["table"], Table(row["table"]))
            table.columns[row["column"]] = Column(
                row["table"],
                row["column"],
                row["type"],
                row["format"],
                int(row["length"]) if row["length"] else None,
                required="r" in row["flags"],
                read_only="o" in row["flags"],
            )
    return found
