"""An org with Revenue.io's packages (formerly RingDNA): fields, objects, and an agent who dials.

Names as organisations' public metadata has them. The dialer does not look at Do Not Call: nobody
promises that it does. A call is written when it begins, and its outcome some time later.
"""

from __future__ import annotations

from typing import Any

from simulators.salesforce.org import ROBOT, Org
from simulators.salesforce.schema import Field

TASK = (
    ("Call_Direction__c", "picklist", 255),
    ("Call_Disposition__c", "picklist", 255),
    ("Call_Start_Time__c", "datetime", 0),
    ("Call_Duration__c", "double", 0),
    ("Local_Presence_Num__c", "phone", 40),
    ("Created_by_RingDNA__c", "boolean", 0),
)


def install(org: Org, *, hidden: bool = False) -> None:
    """The package. `hidden`: nobody gave our user its permission set."""
    for name, kind, length in TASK:
        org.add_field("Task", Field(f"ringdna__{name}", kind, length))
    for table in ("Contact", "Lead"):
        org.add_field(table, Field("ringdna__Has_Opted_Out_Of_SMS__c", "boolean", 0))
        # A counter that moves with each call, and the record's stamp with it.
        org.add_field(table, Field("ringdna100__Call_Attempts__c", "double", 0))
    if hidden:
        org.hidden |= {("Task", f"ringdna__{name}") for name, _, _ in TASK}
        org.hidden |= {(table, "ringdna__Has_Opted_Out_Of_SMS__c") for table in ("Contact", "Lead")}


def dial(org: Org, who: str, number: str, begun: str) -> str:
    """An agent calls somebody, whatever his record says; the task."""
    task = org.add(
        "Task", who=ROBOT, WhoId=who, Subject=f"Outgoing call to {number}", TaskSubtype="Call",
        CallType="Outbound", ActivityDate=begun[:10], Status="Completed",
        ringdna__Call_Direction__c="Outbound", ringdna__Call_Start_Time__c=begun,
        ringdna__Created_by_RingDNA__c=True,
    )  # fmt: skip
    attempts = org.found(org.table_of(who), who) or {}
    count: Any = attempts.get("ringdna100__Call_Attempts__c") or 0
    org.edit(who, ROBOT, ringdna100__Call_Attempts__c=count + 1)
    return task


def note(org: Org, task: str, disposition: str) -> None:
    """The agent says how it went."""
    org.edit(task, ROBOT, ringdna__Call_Disposition__c=disposition, ringdna__Call_Duration__c=42)
