"""Lists of contacts, static or active: who stands on one, as HubSpot reckons it just now.

A list is found by its exact name, past the search index, which runs behind. Reading it needs the
right `crm.lists.read`, which nothing else does.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final
from urllib.parse import quote

from connectors.hubspot.client import VERSION, Api

CONTACTS: Final = "0-1"
"""The type of the lists that are read: of contacts, not of companies or deals."""
PAGE: Final = 100
"""Members that one call shows; what it does by itself."""


def members(api: Api, name: str) -> Iterator[Sequence[str]] | None:
    """Ids of the contacts on the list of that name, page by page; None when no list is called so."""
    path = f"/crm/lists/{VERSION}/object-type-id/{CONTACTS}/name/{quote(name, safe='')}"
    found = api.ask(path, may_lack=True)
    return None if found is None else _pages(api, str(found["list"]["listId"]))


def _pages(api: Api, ident: str) -> Iterator[Sequence[str]]:
    after = ""
    while True:
        ask = f"?limit={PAGE}{f'&after={quote(after)}' if after else ''}"
        body = api.ask(f"/crm/lists/{VERSION}/{ident}/memberships{ask}")
        yield [str(one["recordId"]) for one in body["results"]]
        after = str(((body.get("paging") or {}).get("next") or {}).get("after") or "")
        if not after:
            return
