"""What an administrator looks at: whether the key lets us in, tags, queues, and webhooks."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from connectors.aircall.client import Api
from connectors.aircall.hooks import PATH
from connectors.aircall.queues import PowerDialer
from connectors.rights import Right


def rights(
    api: Api,
    company: Mapping[str, Any],
    dialer: PowerDialer,
    tags: Collection[str],
) -> Iterator[Right]:
    """One by one. A key of Aircall's is for everything, so that there are no rights to name."""
    name = str(company.get("name") or "?")
    yield Right(name, ok=True, message="aircall.right.key", details={"company": name})
    yield _tags(tags)
    users = dialer.users()
    queued = len(dialer.keys())
    details = {"users": str(len(users)), "numbers": str(queued)}
    yield Right("dialer_campaign", ok=True, message="aircall.right.queues", details=details)
    for row in api.rows(PATH, "webhooks"):
        yield _hook(row)


def _tags(found: Collection[str]) -> Right:
    if found:
        details = {"tags": ", ".join(sorted(found))}
        return Right("tags", ok=True, message="aircall.right.tags", details=details)
    message = "aircall.no_tag"
    details = {"system": "aircall"}
    return Right(
        "tags",
        ok=False,
        message=message,
        remedy=f"{message}.remedy",
        details=details,
        stops=False,
    )


def _hook(row: Mapping[str, Any]) -> Right:
    """A webhook of anybody's; its token and address stay out of sight."""
    name = str(row.get("custom_name") or row.get("webhook_id") or "?")
    on = bool(row.get("active"))
    message = "aircall.right.hook" if on else "aircall.hook_off"
    remedy = "" if on else f"{message}.remedy"
    details = {"name": name}
    return Right(name, on, message, remedy, details, stops=False)
