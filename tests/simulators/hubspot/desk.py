"""Which call is answered by what: the paths, v3 and dated, from one state.

Paths, bodies and answers as hubspot-api-client 12.0.0 sends and reads them; envelope and limits as
HubSpot's public documentation describes them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from simulators.hubspot.about import About
from simulators.hubspot.answers import Ask, Told
from simulators.hubspot.lists import Lists
from simulators.hubspot.portal import Refused
from simulators.hubspot.records import Records
from simulators.hubspot.subscriptions import Subscriptions


class Desk(Records, About, Subscriptions, Lists):
    """The endpoints of one portal."""

    def answer(self, method: str, path: str, query: Mapping[str, str], body: Any) -> Told:
        """The answer to one call that was let in."""
        for wanted, pattern, endpoint in ROUTES:
            match = pattern.fullmatch(path) if wanted == method else None
            if match:
                with self.portal.lock:
                    try:
                        return endpoint(self, Ask(match.groupdict(), query, body))
                    except Refused as why:
                        return self.refused(why)
        return Told(404, {"status": "error", "message": "resource not found"})


Endpoint = Callable[[Desk, Ask], Told]
VERSION: Final = r"20\d\d-(?:03|09)"


def _both(rest: str, kind: str, tail: str = "", *, v3: str = "v3") -> re.Pattern[str]:
    """`/crm/v3/objects/…` and `/crm/objects/2026-03/…` as one pattern."""
    return re.compile(f"/{rest}/(?:{v3}/{kind}|{kind}/{VERSION}){tail}/?")


_OBJECT, _ID = r"/(?P<object>[\w-]+)", r"/(?P<id>[^/]+)"
ROUTES: Final[tuple[tuple[str, re.Pattern[str], Endpoint], ...]] = (
    ("POST", _both("crm", "objects", _OBJECT + "/search"), Desk.find),
    ("POST", _both("crm", "objects", _OBJECT + "/merge"), Desk.merge),
    ("POST", _both("crm", "objects", "/contacts/gdpr-delete"), Desk.forget),
    ("POST", _both("crm", "objects", _OBJECT + "/batch/read"), Desk.read),
    ("POST", _both("crm", "objects", _OBJECT + "/batch/update"), Desk.change_many),
    ("POST", _both("crm", "objects", _OBJECT + "/batch/create"), Desk.make_many),
    ("POST", _both("crm", "objects", _OBJECT + "/batch/archive"), Desk.drop_many),
    ("GET", _both("crm", "objects", _OBJECT), Desk.list_page),
    ("POST", _both("crm", "objects", _OBJECT), Desk.make),
    ("GET", _both("crm", "objects", _OBJECT + _ID), Desk.get),
    ("PATCH", _both("crm", "objects", _OBJECT + _ID), Desk.change),
    ("DELETE", _both("crm", "objects", _OBJECT + _ID), Desk.drop),
    (
        "POST",
        _both("crm", "associations", _OBJECT + r"/(?P<to>[\w-]+)/batch/read", v3="v4"),
        Desk.links,
    ),
    ("GET", _both("crm", "properties", _OBJECT), Desk.properties),
    ("POST", _both("crm", "properties", _OBJECT), Desk.add_property),
    ("POST", _both("crm", "properties", _OBJECT + "/batch/create"), Desk.add_properties),
    ("GET", _both("crm", "properties", _OBJECT + "/groups"), Desk.groups),
    ("POST", _both("crm", "properties", _OBJECT + "/groups"), Desk.add_group),
    ("GET", _both("crm", "properties", _OBJECT + r"/(?P<name>\w+)"), Desk.property),
    ("PATCH", _both("crm", "properties", _OBJECT + r"/(?P<name>\w+)"), Desk.change_property),
    ("GET", _both("crm", "lists", "/object-type-id/0-1/name/(?P<name>.+)"), Desk.list_named),
    ("GET", _both("crm", "lists", _ID + "/memberships"), Desk.memberships),
    ("GET", _both("crm", "owners"), Desk.owners),
    ("GET", _both("crm", "pipelines", _OBJECT), Desk.pipelines),
    (
        "POST",
        re.compile(r"/communication-preferences/v4/statuses/batch/unsubscribe-all/read/?"),
        Desk.read_all,
    ),
    (
        "POST",
        re.compile(r"/communication-preferences/v4/statuses/batch/unsubscribe-all/?"),
        Desk.unsubscribe_all,
    ),
    (
        "GET",
        re.compile(f"/communication-preferences/(?:v4|{VERSION})/definitions/?"),
        Desk.definitions,
    ),
    ("GET", re.compile(f"/account-info/(?:v3|{VERSION})/details"), Desk.account),
)
