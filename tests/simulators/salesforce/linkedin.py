"""An org with LinkedIn's package "SN for SFDC", as CRM sync and data validation use it each night.

Names as organisations' public code has them; older versions of the package may call the flag otherwise.
"""

from __future__ import annotations

from collections.abc import Collection

from simulators.salesforce.org import ROBOT, Org
from simulators.salesforce.schema import Field

FLAG = "LID__No_longer_at_Company__c"
OTHER_FLAG = "LID__Not_At_Company_Flag__c"
LEFT, IGNORE = "Not at Company", "Ignore"


def install(org: Org, flag: str = FLAG) -> None:
    """The package, with the flag under one of its names."""
    one = Field(flag, "picklist", 255, label="Not at Company Flag", values=(LEFT, IGNORE))
    org.add_field("Contact", one)
    org.add_field("Contact", Field("LID__LinkedIn_Member_Token__c", "string", 80))


def night(org: Org, left: Collection[str], back: Collection[str] = (), flag: str = FLAG) -> None:
    """The nightly look: who has left, and of whom company and profile agree again. What a person
    decided stays."""
    for ident, said in (*((one, LEFT) for one in left), *((one, None) for one in back)):
        if (org.found("Contact", ident) or {}).get(flag) != IGNORE:
            org.edit(ident, ROBOT, **{flag: said})
