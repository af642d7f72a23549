"""What a person should look at: by cause, by who is to mend it, and where it can be opened."""

from __future__ import annotations

from typing import Any, Final

from rules.records import Kind, Ref
from rules.rights import Right
from sync import listings
from sync.opening import Linker, linker
from sync.report import words
from sync.report.causes import title
from sync.report.explorer import opened
from sync.web.memory import causes as counted
from sync.web.page.asked import Answered, Asked, Shown
from sync.web.refusals import Refused

MOST: Final = 100


def causes(asked: Asked) -> Answered:
    """`sync findings --causes`."""
    found = counted(asked.app, asked.memory)
    owners = {one.owner: one.owner_name for group in found for one in group.fields}
    owner = asked.query.get("owner", "")
    shown = [one for one in found if owner in {"", *(field.owner for field in one.fields)}]
    filled = {
        "groups": shown,
        "owners": sorted(owners.items()),
        "owner": owner if owner in owners else "",
        "today": asked.app.today,
    }
    return Shown("findings", filled)


def of_code(asked: Asked) -> Answered:
    """`sync findings --code CODE`."""
    code = asked.path["code"]
    if not words.exists(f"finding.{code}"):
        raise Refused(404, "page.no_page")
    app = asked.app
    total = sum(one.count for one in counted(app, asked.memory) if one.code == code)
    with app.store.reading() as tx:
        found = listings.first(tx, listings.Wanted(code=code), [code], MOST, app.duties)
    link = linker(app)
    rows = [_row(one, asked, link) for one in found]
    details = dict(found[0].finding.details) if found else {}
    filled: dict[str, Any] = {
        "title": title(code, details),
        "remedy_said": words.say_first(f"finding.{code}.remedy", details=details),
        "rows": rows,
        "total": total,
        "more": total - len(rows),
        "today": app.today,
    }
    return Shown("findings_of", filled)


def _row(one: listings.Assigned, asked: Asked, link: Linker) -> dict[str, Any]:
    ref = Ref(one.system, Kind(one.kind), one.ref_id) if one.kind and one.ref_id else None
    return {
        "one": one,
        "where": listings.where(one),
        "ref": str(ref) if ref else "",
        "link": opened(link(one.system, one.stream, ref, one.place)),
        "said": words.found_in(one.finding, asked.app.catalogue, asked.texts.lang),
        "field": words.label(asked.app.catalogue, one.finding.field).of(asked.texts.lang)
        if one.finding.field
        else "",
        "owner": asked.texts.get(f"list.owner.{one.owner}"),
    }


PLACES: Final = (
    ("GET", "/findings", Right.RECORDS, causes),
    ("GET", "/findings/{code}", Right.RECORDS, of_code),
)
