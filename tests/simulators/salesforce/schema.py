"""Objects and fields of an org, as describe tells of them. The rows stand in `fields.csv`."""

from __future__ import annotations

import csv
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

PREFIX = {
    "Account": "001", "Contact": "003", "User": "005", "Opportunity": "006", "Lead": "00Q",
    "Task": "00T", "Event": "00U", "Campaign": "701", "CampaignMember": "00v",
    "PermissionSet": "0PS", "FieldPermissions": "01k", "CustomField": "00N",
    "AccountHistory": "017", "ContactHistory": "017", "LeadHistory": "017",
    "EntityDefinition": "", "FieldDefinition": "", "Individual": "0PK", "EmailMessage": "02s",
    "ContactPointTypeConsent": "0ZN", "ContactPointConsent": "0ZM", "ContactPointPhone": "0ow",
    "ContactPointEmail": "9Vl",
}  # fmt: skip
PRIVACY = frozenset({
    "Individual", "ContactPointTypeConsent", "ContactPointConsent", "ContactPointPhone",
    "ContactPointEmail",
})  # fmt: skip
"""Objects that are there once Data Protection and Privacy is switched on, and granted."""
MERGEABLE = {"Account", "Contact", "Lead"}
WITH_HISTORY = {name: f"{name}History" for name in ("Account", "Contact", "Lead")}
SOAP = {"string": "xsd:string", "boolean": "xsd:boolean", "int": "xsd:int", "double": "xsd:double"}


@dataclass(slots=True)
class Field:
    """One field. A custom one may be calculated from the row that carries it."""

    name: str
    type: str
    length: int
    updateable: bool = True
    filterable: bool = True
    nillable: bool = True
    required: bool = False
    permissionable: bool = True
    refers: str = ""
    label: str = ""
    values: tuple[str, ...] = ()
    restricted: bool = False
    formula: Any = None

    def described(self, *, read_only: bool) -> dict[str, Any]:
        """As an entry of `fields` in a describe answer."""
        refers = [self.refers] if self.refers else []
        return {
            "name": self.name,
            "label": self.label or self.name,
            "type": self.type,
            "soapType": SOAP.get(self.type, "xsd:string"),
            "length": self.length,
            "custom": self.name.endswith("__c"),
            "calculated": self.formula is not None,
            "createable": self.updateable and not read_only,
            "updateable": self.updateable and not read_only,
            "filterable": self.filterable,
            "sortable": self.filterable,
            "nillable": self.nillable,
            "defaultedOnCreate": not (self.nillable or self.required),
            "permissionable": self.permissionable,
            "referenceTo": refers,
            "relationshipName": self.name.removesuffix("Id") if refers else None,
            "restrictedPicklist": self.restricted,
            "picklistValues": [
                {"active": True, "defaultValue": False, "label": one, "value": one}
                for one in self.values
            ],
        }


@dataclass(slots=True)
class Table:
    """One object and its fields by name."""

    name: str
    fields: dict[str, Field] = field(default_factory=dict)

    @property
    def prefix(self) -> str:
        """The first three characters of its ids."""
        return PREFIX[self.name]

    def parent(self, relation: str) -> str:
        """The object that `Owner` in `Owner.Name` leads to; empty when there is none."""
        one = self.fields.get(f"{relation}Id")
        return one.refers if one else ""


_STATUSES = ("NotSeen", "Seen", "OptIn", "OptOut", "OptInPending")
_TYPES = ("Email", "MailingAddress", "Phone", "Social", "Web")
PICKLISTS = {
    ("ContactPointTypeConsent", "PrivacyConsentStatus"): _STATUSES,
    ("ContactPointTypeConsent", "ContactPointType"): _TYPES,
    ("ContactPointTypeConsent", "CaptureContactPointType"): _TYPES,
    ("ContactPointConsent", "PrivacyConsentStatus"): _STATUSES,
    ("ContactPointConsent", "CaptureContactPointType"): _TYPES,
    ("Contact", "LeadSource"): ("Web", "Phone Inquiry", "Partner Referral", "Purchased List"),
    ("Lead", "LeadSource"): ("Web", "Phone Inquiry", "Partner Referral", "Purchased List"),
    ("Lead", "Status"): ("Open - Not Contacted", "Working - Contacted", "Closed - Converted"),
    ("Task", "Status"): ("Not Started", "In Progress", "Completed"),
    ("Task", "CallType"): ("Inbound", "Outbound", "Internal"),
    ("Opportunity", "StageName"): ("Prospecting", "Qualification", "Closed Won", "Closed Lost"),
}


def tables() -> dict[str, Table]:
    """The standard objects, fresh for one org."""
    found: dict[str, Table] = {}
    with Path(__file__).with_name("fields.csv").open(encoding="utf-8") as file:
        for row in csv.DictReader(line for line in file if not line.startswith("#")):
            table = found.setdefault(row["object"], Table(row["object"]))
            flags = row["flags"]
            table.fields[row["field"]] = Field(
                row["field"],
                row["type"],
                int(row["length"]),
                updateable="u" in flags,
                filterable="f" in flags,
                nillable="n" in flags,
                required="r" in flags,
                permissionable="p" in flags,
                refers=row["refers"],
                values=PICKLISTS.get((row["object"], row["field"]), ()),
                restricted=row["object"] in PRIVACY and row["type"] == "picklist",
            )
    return found


ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"


def full_id(short: str) -> str:
    """The 18 characters of an id of 15: which of them are capitals, in three more."""
    tails = ""
    for at in (0, 5, 10):
        bits = sum(1 << i for i, letter in enumerate(short[at : at + 5]) if letter.isupper())
        tails += ALPHABET[bits]
    return short + tails
