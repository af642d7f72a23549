"""Which properties a portal has: the table `properties.csv`, and what a customer adds to it."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

OBJECTS = {
    "contacts": "0-1",
    "companies": "0-2",
    "deals": "0-3",
    "meetings": "0-47",
    "calls": "0-48",
    "emails": "0-49",
    "leads": "0-136",
}
STAMPS = {"contacts": "lastmodifieddate"}
BIRTHS = dict.fromkeys(("calls", "meetings", "leads"), "hs_createdate")
SHOWN = {
    "contacts": ("email", "firstname", "lastname"),
    "companies": ("name", "domain"),
    "deals": ("amount", "closedate", "dealname", "dealstage", "pipeline"),
}
STAGES = {
    "deals": (
        "Appointment Scheduled", "Qualified To Buy", "Presentation Scheduled",
        "Decision Maker Bought-In", "Contract Sent", "Closed Won", "Closed Lost",
    ),
    "leads": ("New", "Attempting", "Connected", "Qualified", "Unqualified"),
}  # fmt: skip
"""Labels of the stages of a new portal's pipelines, in the order of the property's options."""
SYSTEM = frozenset({"hs_object_id", "createdate", "hs_createdate"}) | {
    "lastmodifieddate",
    "hs_lastmodifieddate",
}


def object_of(name: str) -> str | None:
    """`contact`, `contacts`, `0-1` to `contacts`; None for what there is not."""
    for plural, number in OBJECTS.items():
        singular = "company" if plural == "companies" else plural[:-1]
        if name.lower() in (plural, singular, number):
            return plural
    return None


def stamp_of(objects: str) -> str:
    """The property that tells when a record was last changed."""
    return STAMPS.get(objects, "hs_lastmodifieddate")


def birth_of(objects: str) -> str:
    """The property that tells when a record was made."""
    return BIRTHS.get(objects, "createdate")


@dataclass(slots=True)
class Property:
    """One property of one object."""

    name: str
    label: str
    type: str
    field_type: str
    options: dict[str, str] = field(default_factory=dict)
    read_only: bool = False
    calculated: bool = False
    unique: bool = False
    group: str = "information"
    description: str = ""
    own: bool = False
    """Made by the customer or by an integration."""

    def shown(self, objects: str) -> dict[str, Any]:
        """As the properties API shows it."""
        return {
            "name": self.name,
            "label": self.label,
            "type": self.type,
            "fieldType": self.field_type,
            "description": self.description,
            "groupName": f"{objects[:-1]}{self.group}" if not self.own else self.group,
            "options": [
                {"label": label, "value": value, "displayOrder": at, "hidden": False}
                for at, (value, label) in enumerate(self.options.items())
            ],
            "displayOrder": -1,
            "calculated": self.calculated,
            "externalOptions": self.name == "hubspot_owner_id",
            "archived": False,
            "hasUniqueValue": self.unique,
            "hidden": False,
            "hubspotDefined": not self.own,
            "formField": not self.read_only,
            "modificationMetadata": {
                "archivable": self.own,
                "readOnlyDefinition": not self.own,
                "readOnlyValue": self.read_only,
            },
        }


def standard() -> dict[str, dict[str, Property]]:
    """The properties of a new portal, by object and name."""
    found: dict[str, dict[str, Property]] = {name: {} for name in OBJECTS}
    with Path(__file__).with_name("properties.csv").open(encoding="utf-8") as file:
        for row in csv.DictReader(line for line in file if not line.startswith("#")):
            found[row["object"]][row["name"]] = _property(row)
    return found


def _property(row: Mapping[str, str]) -> Property:
    options = [one.partition("=") for one in row["options"].split("|") if one]
    return Property(
        row["name"],
        row["label"],
        row["type"],
        row["fieldType"],
        {value: label or value for value, _, label in options},
        read_only="r" in row["flags"],
        calculated="c" in row["flags"],
        unique="u" in row["flags"],
    )


def iso(ms: int) -> str:
    """A time as records show it."""
    moment = datetime.fromtimestamp(ms / 1000, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{ms % 1000:03d}Z"


def to_ms(text: str) -> int:
    """A time as it may be sent: milliseconds, or ISO 8601. ValueError for anything else."""
    if text.lstrip("-").isdigit():
        return int(text)
    moment = datetime.fromisoformat(text)
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000)


def refusal(rule: Property | None, name: str, text: str) -> tuple[str, str] | None:
    """(code, message) why a value is not taken; None when it is."""
    if rule is None:
        return "PROPERTY_DOESNT_EXIST", f'Property "{name}" does not exist'
    if rule.read_only or name in SYSTEM:
        return "READ_ONLY_VALUE", f"{name} is a read only property"
    if text == "":
        return None
    return _unfit(rule, text)


def _unfit(rule: Property, text: str) -> tuple[str, str] | None:
    if rule.type == "number":
        try:
            float(text)
        except ValueError:
            return "INVALID_INTEGER", f"{text} was not a valid number"
    if rule.type in ("date", "datetime"):
        try:
            ms = to_ms(text)
        except ValueError:
            return "INVALID_DATE", f"{text} was not a valid date"
        if rule.type == "date" and ms % 86_400_000:
            return "INVALID_DATE", f"{text} is not at midnight"
    if rule.type == "bool" and text not in ("true", "false"):
        return "INVALID_OPTION", f"{text} was not one of the allowed options"
    if rule.options and rule.type == "enumeration":
        chosen = text.split(";") if rule.field_type == "checkbox" else [text]
        if any(one not in rule.options for one in chosen):
            return "INVALID_OPTION", f"{text} was not one of the allowed options"
    if len(text) > 65_536:
        return "PROPERTY_VALUE_TOO_LONG", f"{rule.name} is too long"
    return None
