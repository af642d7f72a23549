"""The pages of an installation of one list, each looked at several times, over real HTTP.

    page_views.py FOLDER TIMES

The list in FOLDER/lists is read by a dry run first. Prints JSON: processor seconds of each page, asking and
answering, the middle of all looks; of the first look after something was found or mended; how many
records and findings.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from statistics import median
from typing import Final
from urllib.parse import quote

import sqlalchemy as sa

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # what tests share, as pytest finds it

from listening import Listening, listening
from visiting import SETTINGS, Visit, person, quick_passwords

from rules.changes import Finding, Severity
from rules.rights import Role
from state import findings as kept
from state.findings import Judged
from state.tables import findings, mirror
from sync.run import run

RECORD: Final = "/records?ref="
CODE: Final = "missing_at_entry"
LOOK_UP: Final = "/people, whether a number is blocked"


def paths(site: Listening) -> list[str]:
    """Every page that a person goes to, with a record and a code that there are."""
    with site.app.store.reading() as tx:
        row = tx.execute(sa.select(mirror).order_by(mirror.c.rid).limit(1)).one()
        often = sa.select(findings.c.code).group_by(findings.c.code)
        code = tx.execute(often.order_by(sa.func.count().desc()).limit(1)).scalar_one()
    ref = quote(f"{row.system}/{row.kind}/{row.id}")
    return [
        "/", "/people", LOOK_UP, "/lists", "/violations", "/findings", f"/findings/{code}",
        "/plans", "/plans/1", "/runs", "/runs/1", "/records", f"{RECORD}{ref}", "/parties", "/requests",
        "/jobs", "/users", "/settings",
    ]  # fmt: skip


def something_is_found(site: Listening) -> None:
    """As a pass does it."""
    with site.app.store.transaction() as tx:
        row = tx.execute(sa.select(mirror).order_by(mirror.c.rid.desc()).limit(1)).one()
        found = [Judged(row.rid, row.place, (Finding(CODE, Severity.NOTICE),))]
        where = (row.system, row.stream, "bench")
        kept.replace(tx, *where, found, site.app.clock(), fresh=False)
        kept.replace(tx, *where, [Judged(row.rid, row.place, ())], site.app.clock(), fresh=False)


def look(visit: Visit, path: str) -> float:
    """Seconds of one look. A form has to have been looked at before it is sent."""
    if path == LOOK_UP:
        visit.get("/people")
    begin = time.process_time()
    answer = visit.post("/people", {"who": "68000001"}) if path == LOOK_UP else visit.get(path)
    seconds = time.process_time() - begin
    if answer.status != 200:
        sys.exit(f"{path}: {answer.status}")
    return seconds


def count(site: Listening, table: sa.Table) -> int:
    """Rows of a table."""
    with site.app.store.reading() as tx:
        return int(tx.execute(sa.select(sa.func.count()).select_from(table)).scalar_one())


def main(folder: Path, times: int) -> None:
    """Read, look, print."""
    settings = SETTINGS.format(root=folder / "lists")
    with quick_passwords(), listening(folder, settings) as site:
        run(site.app, dry=True)
        visit = person(site, "Bo", *Role)
        pages = paths(site)
        for path in pages:
            look(visit, path)
        something_is_found(site)
        first = {path: look(visit, path) for path in pages}
        seconds = {path: median(look(visit, path) for _ in range(times)) for path in pages}
        told = {
            "seconds": seconds,
            "first": first,
            "records": count(site, mirror),
            "findings": count(site, findings),
        }
    print(json.dumps(told))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
