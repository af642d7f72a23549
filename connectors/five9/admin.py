"""What an administrator looks at: sign-in, limits, the spelling, lists, dispositions, the report."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import timedelta

from connectors.five9.client import Api
from connectors.five9.dnc import DoNotCall
from connectors.five9.lists import CallingLists
from connectors.five9.report import CallLog, Stretch
from connectors.rights import Right
from rules.errors import SystemStopped, TryAgain


def rights(
    api: Api, dnc: DoNotCall, lists: CallingLists, noes: Collection[str], log: CallLog
) -> Iterator[Right]:
    """One by one, in the order in which they are given."""
    used = {one.kind: f"{one.used}/{one.most}" for one in api.counters() if one.seconds == 86_400}
    told = ", ".join(f"{kind} {held}" for kind, held in sorted(used.items())) or "–"
    yield Right("user", ok=True, message="five9.right.user", details={"limits": told})
    yield _spelling(dnc)
    names = lists.names()
    yield Right("lists", ok=True, message="five9.right.lists", details={"lists": str(len(names))})
    yield _dispositions(noes)
    yield _report(api, log)


def _spelling(dnc: DoNotCall) -> Right:
    trouble = dnc.trouble()
    if trouble is None:
        return Right("DNC", ok=True, message="five9.right.dnc")
    return _wrong("DNC", trouble)


def _dispositions(noes: Collection[str]) -> Right:
    if noes:
        details = {"names": ", ".join(sorted(noes))}
        return Right("dispositions", ok=True, message="five9.right.dispositions", details=details)
    message = "five9.no_disposition"
    remedy = f"{message}.remedy"
    return Right("dispositions", ok=False, message=message, remedy=remedy, stops=False)


def _report(api: Api, log: CallLog) -> Right:
    """The last quarter of an hour: a report more than the day's passes take."""
    now = api.now().replace(microsecond=0)
    try:
        found = [
            one
            for _, some in log.through(Stretch(now - timedelta(minutes=15), now))
            for one in some
        ]
    except (SystemStopped, TryAgain) as error:
        return _wrong(log.name, error)
    details = {"report": log.name, "calls": str(len(found))}
    return Right(log.name, ok=True, message="five9.right.report", details=details)


def _wrong(name: str, error: SystemStopped | TryAgain) -> Right:
    details = {one: str(value) for one, value in error.details.items()}
    remedy = error.remedy or f"{error.message}.remedy"
    return Right(name, ok=False, message=error.message, remedy=remedy, details=details)
