"""Who may call a portal: service keys and private app tokens, OAuth with refresh, scopes."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from simulators.hubspot.schema import object_of

OAUTH_SECONDS: Final = 1800
KEY: Final = "pat-eu1-opdigtet-0001"
SALES_MAILS: Final = "sales-email-read"
"""The scope for mails that were sent one by one."""
LISTS: Final = "crm.lists.read"
MAILS: Final = "communication_preferences.statuses.batch.write"
SCOPES: Final = frozenset(
    {
        f"crm.objects.{n}.{r}"
        for n in ("contacts", "companies", "deals", "leads")
        for r in ("read", "write")
    }
    | {"crm.objects.calls.read", "crm.objects.meetings.read", "crm.objects.owners.read"}
    | {"crm.schemas.contacts.read", "crm.schemas.companies.read"}
    | {"crm.schemas.contacts.write", "crm.schemas.companies.write"}
    | {MAILS, SALES_MAILS, LISTS}
)


@dataclass(slots=True)
class App:
    """An OAuth app as the portal knows it."""

    client_id: str = "opdigtet-client"
    client_secret: str = "opdigtet-hemmelighed"  # noqa: S105 - made up
    refresh_token: str = "opdigtet-refresh"  # noqa: S105


@dataclass
class Tickets:
    """The tokens that hold."""

    clock: Callable[[], datetime]
    scopes: frozenset[str] = SCOPES
    keys: set[str] = field(default_factory=lambda: {KEY})
    app: App = field(default_factory=App)
    access: dict[str, datetime] = field(default_factory=dict)
    issued: int = 0

    def revoke(self) -> None:
        """No token that was given so far holds any more; keys that do not end do not come back."""
        self.access.clear()
        self.keys.clear()

    def is_known(self, header: str) -> bool:
        """Whether the header Authorization names a token that holds."""
        token = header.removeprefix("Bearer ")
        until = self.access.get(token)
        return token in self.keys or (until is not None and self.clock() < until)

    def grant(self, form: Mapping[str, str]) -> tuple[int, dict[str, Any]]:
        """The token endpoint."""
        app = self.app
        known = (form.get("client_id"), form.get("client_secret")) == (
            app.client_id,
            app.client_secret,
        )
        if form.get("grant_type") != "refresh_token" or not known:
            return 400, {"status": "BAD_CLIENT_ID", "message": "missing or unknown client id"}
        if form.get("refresh_token") != app.refresh_token:
            return 400, {"status": "BAD_REFRESH_TOKEN", "message": "missing or unknown token"}
        self.issued += 1
        token = f"access-{self.issued}"
        self.access[token] = self.clock() + timedelta(seconds=OAUTH_SECONDS)
        return 200, {
            "access_token": token,
            "refresh_token": app.refresh_token,
            "token_type": "bearer",
            "expires_in": OAUTH_SECONDS,
        }

    def missing(self, method: str, path: str) -> str:
        """The scope that a call needs and nobody has given; empty when it may pass."""
        needed = scope_of(method, path)
        if not needed or needed in self.scopes:
            return ""
        if needed.startswith("crm.schemas.") and needed.endswith(".read"):
            # Reading properties is also allowed by the right to read the records.
            instead = needed.replace("schemas", "objects")
            return "" if instead in self.scopes else needed
        return needed


def scope_of(method: str, path: str) -> str:
    """The scope that a call needs; empty for none."""
    if path.startswith("/communication-preferences/"):
        return MAILS
    if re.match(r"/crm/(v3/)?owners", path):
        return "crm.objects.owners.read"
    if re.match(r"/crm/(v3/)?lists", path):
        return LISTS
    match = re.match(
        r"/crm/(?:v[34]/)?(objects|properties|pipelines)/(?:20\d\d-\d\d/)?([\w-]+)(.*)", path
    )
    if not match:
        return ""
    what, name, rest = match.groups()
    reads = method == "GET" or rest in ("/search", "/batch/read")
    area = "schemas" if what == "properties" else "objects"
    name = object_of(name) or name
    if name == "emails":
        return SALES_MAILS if what == "objects" else ""
    return f"crm.{area}.{name}.{'read' if reads else 'write'}"
