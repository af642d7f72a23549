"""Rights of our user in an environment: privileges of a role, and secured columns by a profile.

Both carry the name `Ringren`. The role has to be there and to be ours; the profile is made, and our
user put into it. Whoever runs it needs the right to do so; nothing is ever taken away.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any, Final

from connectors.dynamics.client import Org
from connectors.dynamics.describing import who
from rules.errors import SystemStopped

NAME: Final = "Ringren"
_CRM: Final = "Microsoft.Dynamics.CRM."
_ALLOWED: Final = 4


class Grants:
    """The rights of one environment; what has to be known for them is asked when first needed."""

    def __init__(self, org: Org) -> None:
        self._org = org

    def privilege(self, name: str) -> None:
        """Add a privilege that reaches the whole organisation to the role."""
        found = self._org.get(f"privileges?$select=privilegeid&$filter=name eq '{name}'")["value"]
        if not found:
            raise SystemStopped("dynamics.refused", why=name)
        one = {"PrivilegeId": found[0]["privilegeid"], "Depth": "Global"}
        self._org.post(f"roles({self._role})/{_CRM}AddPrivilegesRole", {"Privileges": [one]})

    def column(self, table: str, column: str) -> None:
        """Let the profile read and update a secured column."""
        self._org.post(
            "fieldpermissions",
            {
                "entityname": table,
                "attributelogicalname": column,
                "canread": _ALLOWED,
                "canupdate": _ALLOWED,
                "fieldsecurityprofileid@odata.bind": f"/fieldsecurityprofiles({self._profile})",
            },
        )

    @cached_property
    def _role(self) -> str:
        found = self._named("roles", "roleid")
        if not found:
            raise SystemStopped("dynamics.refused", why=NAME)
        return found

    @cached_property
    def _profile(self) -> str:
        """The profile with our user in it."""
        if not self._named("fieldsecurityprofiles", "fieldsecurityprofileid"):
            self._org.post("fieldsecurityprofiles", {"name": NAME})
        ident = self._named("fieldsecurityprofiles", "fieldsecurityprofileid")
        link = {"@odata.id": self._org.url(f"systemusers({who(self._org)})")}
        path = f"fieldsecurityprofiles({ident})/systemuserprofiles_association/$ref"
        self._org.post(path, link)
        return ident

    def _named(self, rows: str, key: str) -> str:
        told: list[dict[str, Any]] = self._org.get(
            f"{rows}?$select={key}&$filter=name eq '{NAME}'"
        )["value"]
        return str(told[0][key]) if told else ""
