"""What a person should look at: by cause, by who is to mend it, and where it can be opened."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any, Final

from rules.checks.notes import PROPOSED
from rules.errors import UserError
from rules.fields.field import OWNERS
from rules.records import Kind, Ref
from rules.rights import Right
from state import acts, decisions
from state.acts import Act
from state.decisions import Chosen
from sync import listings
from sync.output import moment
from sync.report import words
from sync.report.causes import title
from sync.report.explorer import opened
from sync.report.phrases import day as day_said
from sync.review.deciding import Decision, What, decide
from sync.systems.opening import Linker, linker
from sync.web.memory import causes as counted
from sync.web.page.asked import Answered, Asked, Sent, Shown
from sync.web.refusals import Refused

MOST: Final = 100


def causes(asked: Asked) -> Answered:
    """`sync findings --causes`."""
    return _causes(asked)


def _causes(asked: Asked, error: UserError | None = None) -> Shown:
    found = counted(asked.app, asked.memory)
    owners = {one.owner: one.owner_name for group in found for one in group.fields}
    owner = _owner(asked)
    filled = {
        "groups": counted(asked.app, asked.memory, owner) if owner else found,
        "owners": sorted(owners.items()),
        "owner": owner,
        "today": asked.app.today,
    }
    return Shown("findings", filled | _deciding(asked), 422 if error else 200, error)


def of_code(asked: Asked) -> Answered:
    """`sync findings --code CODE`, or those of it that were decided."""
    return _of_code(asked)


def _of_code(asked: Asked, error: UserError | None = None) -> Shown:
    code, app = _code(asked), asked.app
    decided = asked.choice("show", "open", "decided") == "decided"
    owner = "" if decided else _owner(asked)
    wanted = listings.Wanted(code=code, decided=decided, owner=owner or None)
    with app.store.reading() as tx:
        total = (
            listings.count(tx, wanted, app.duties)
            if owner
            else decisions.count(tx, Chosen([code]), decided=decided)
        )
        found = listings.first(tx, wanted, [code], MOST, app.duties)
        told = acts.numbered(tx, {one.decision for one in found if one.decision})
    link = linker(app)
    rows = [_row(one, asked, link) | _decided(one, asked, told) for one in found]
    details = dict(found[0].finding.details) if found else {}
    filled: dict[str, Any] = {
        "title": title(code, details),
        "remedy_said": words.say_first(f"finding.{code}.remedy", details=details),
        "rows": rows,
        "total": total,
        "more": total - len(rows),
        "today": app.today,
        "code": code,
        "decided": decided,
        "owner": owner,
        "owner_name": asked.texts.get(f"list.owner.{owner}") if owner else "",
        "one_by_one": code == PROPOSED,
    }
    return Shown("findings_of", filled | _deciding(asked), 422 if error else 200, error)


def _owner(asked: Asked) -> str:
    owner = asked.query.get("owner", "")
    return owner if owner in OWNERS else ""


def _code(asked: Asked) -> str:
    code = asked.path["code"]
    if not words.exists(f"finding.{code}"):
        raise Refused(404, "page.no_page")
    return code


# --- deciding --------------------------------------------------------------------------------


def decide_causes(asked: Asked) -> Answered:
    """`sync findings decide --code CODE`, for each cause that was ticked."""
    ticked = [name[2:] for name in asked.fields if name.startswith("c-")]
    try:
        done = _decide(
            asked, Chosen(codes=[one for one in ticked if words.exists(f"finding.{one}")])
        )
    except UserError as error:
        return _causes(asked, error)
    return Sent("/findings", f"findings_{done.what.name.lower()}")


def decide_some(asked: Asked) -> Answered:
    """`sync findings decide --number NUMBER`, for those that were ticked, or for all of the kind."""
    code = _code(asked)
    numbers = [
        int(name[1:16]) for name in asked.fields if name[:1] == "f" and name[1:16].isdecimal()
    ]
    chosen = Chosen(codes=[code]) if asked.fields.get("all") else Chosen(numbers=numbers)
    try:
        done = _decide(asked, chosen)
    except UserError as error:
        return _of_code(asked, error)
    return Sent(f"/findings/{code}", f"findings_{done.what.name.lower()}")


def _decide(asked: Asked, chosen: Chosen) -> Decision:
    why, day = asked.fields.get("why", "")[:2000], asked.fields.get("until", "").strip()
    what = What(asked.choice("what", *What))
    until = None
    if day and what is What.PUT_OFF:
        try:
            until = date.fromisoformat(day)
        except ValueError:
            raise UserError("deciding.no_day") from None
    return decide(asked.app, chosen, what, why, asked.who.name, until)


def _deciding(asked: Asked) -> dict[str, Any]:
    """What the form shows again, and the first day that there is to wait for."""
    return {"given": asked.fields, "tomorrow": asked.app.today + timedelta(days=1)}


def _decided(one: listings.Assigned, asked: Asked, told: Mapping[int, Act]) -> dict[str, Any]:
    """Who decided, why, and until when."""
    if one.decision is None:
        return {"answer": ""}
    act, texts = told[one.decision], asked.texts
    until = day_said(one.opens_at, texts.lang) if one.opens_at else ""
    key = "page.findings.decided." + ("until" if until else "leave")
    said = texts.get(key, by=act.by, at=moment(act.at, texts.lang), until=until)
    return {"answer": said, "why": act.details.get("why", "")}


# --- what is shown ---------------------------------------------------------------------------


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
    ("POST", "/findings", Right.WRITE, decide_causes),
    ("GET", "/findings/{code}", Right.RECORDS, of_code),
    ("POST", "/findings/{code}", Right.WRITE, decide_some),
)
