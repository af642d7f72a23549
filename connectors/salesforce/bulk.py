"""A first reading through Bulk API 2.0: one job, its results in large pages of CSV.

The calls are ours: the library's job handle is not to be had again after a stop, and a reading
goes on where it was stopped. Results are kept for seven days and come in no order.
"""

from __future__ import annotations

import csv
import io
import itertools
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

from connectors.salesforce.client import Org

if TYPE_CHECKING:
    from connectors.salesforce.shapes import Shape

FROM: Final = 50_000
"""Records from which on a job takes fewer calls than pages of 2,000, and less time."""
PAGE: Final = 20_000
"""Records of one page of results: what is held at a time."""
_FIRST_WAIT, _MOST_WAIT = 1.0, 20.0
_WAITS: Final = 60

Row = Mapping[str, Any]


class JobFailed(Exception):
    """The org could not run the query as a job: the ordinary way is left."""


class JobGone(Exception):
    """The org has forgotten the job."""


def begin(org: Org, soql: str) -> str:
    """Start a job and wait until it is done; its id."""
    job = str(org.job({"operation": "query", "query": soql})["id"])
    for wait in itertools.islice(_waits(), _WAITS):
        state = org.job_state(job)
        if state is None or state["state"] in {"Failed", "Aborted"}:
            raise JobFailed
        if state["state"] == "JobComplete":
            return job
        org.sleep(wait)
    raise JobFailed


def _waits() -> Iterator[float]:
    wait = _FIRST_WAIT
    while True:
        yield wait
        wait = min(wait * 1.5, _MOST_WAIT)


def page(org: Org, shape: Shape, job: str, locator: str) -> tuple[list[Row], str]:
    """A page of results as rows like those of a query, and where the next begins; "" at the end."""
    found = org.job_page(job, locator, PAGE)
    if found is None:
        raise JobGone
    text, following = found
    # Null bytes have been seen in results; the reader of CSV does not take them.
    lines = csv.reader(io.StringIO(text.replace("\0", ""), newline=""))
    put = _putter(shape, next(lines, []))
    return [put(cells) for cells in lines], following


def _putter(shape: Shape, header: list[str]) -> Callable[[list[str]], Row]:
    """A function that makes a row of a line's cells."""
    flags = [at for at, name in enumerate(header) if name in shape.yes_no]
    nested = [(at, name.partition(".")) for at, name in enumerate(header) if "." in name]
    stamp = header.index("SystemModstamp") if "SystemModstamp" in header else -1

    def put(cells: list[str]) -> Row:
        row: dict[str, Any] = {name: cell or None for name, cell in zip(header, cells, strict=True)}
        for at in flags:
            row[header[at]] = cells[at] == "true"
        for at, (relation, _, name) in nested:
            row[relation] = {name: cells[at]} if cells[at] else None
        if stamp >= 0:
            row["SystemModstamp"] = cells[stamp].replace("Z", "+0000")
        return row

    return put
