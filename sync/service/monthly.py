"""The report of a month: what is filled in, against the month before; what it cost and gave; who said
no; what went wrong and what was repaired (R89). Counts only: nobody stands in it.

    collect     the figures of a month, from what was kept of its days
    write       its page and its JSON in the state folder; told to those who hear of alarms, if they
                want it ([alarms] monthly_report)
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Final

from rules.catalogue import DEFAULT
from rules.errors import UserError
from rules.spans import COPENHAGEN
from rules.suppression import EventType
from state import months, snapshots
from state.snapshots import Figure
from sync.app import App
from sync.enrichment.enriching import gained
from sync.logs import logger
from sync.output import as_json
from sync.service.alarm_words import Message
from sync.service.daily import FOLDER
from sync.service.month import Cover, KeyShare, Month, Of
from sync.texts import Texts
from sync.whole import whole

FILLED: Final = "filled."
VALID: Final = "valid."
FIGURE: Final = "figure."
LOG = logger(__name__)


def read(text: str) -> date:
    """The first day of `2026-10`; UserError for anything else."""
    try:
        return datetime.strptime(text, "%Y-%m").replace(tzinfo=COPENHAGEN).date()
    except ValueError:
        raise UserError("monthly.no_month", text=text) from None


def last(today: date) -> date:
    """The first day of the month before."""
    return (today.replace(day=1) - timedelta(days=1)).replace(day=1)


def _end(first: date) -> date:
    """The last day of a month."""
    return (first.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)


# --- collecting -------------------------------------------------------------------------------


def collect(app: App, first: date) -> Month:
    """The figures of the month that begins on `first`; as they stand so far, if it is not over."""
    end = _end(first)
    begun, until = _moment(first), _moment(end + timedelta(days=1))
    with app.store.reading() as tx:
        day = snapshots.last_day(tx, first, end)
        before = snapshots.last_day(tx, last(first), _end(last(first)))
        now = snapshots.of_day(tx, day) if day else []
        then = snapshots.of_day(tx, before) if before else []
        noes = months.heard(tx, begun, until)
        wrong = months.forbidden(tx, begun, until)
        return Month(
            month=f"{first:%Y-%m}",
            day=day,
            before=before,
            fields=tuple(_covers(now, then)),
            figures=tuple(_figures(now, then)),
            sources=gained(tx, app, first, end),
            noes=noes[EventType.BLOCK],
            lifted=noes[EventType.LIFT],
            certain=sum(n for (verdict, state), n in wrong.items() if _is(verdict, state)),
            possible=sum(n for (verdict, state), n in wrong.items() if not _is(verdict, state)),
            unanswered=sum(n for (_, state), n in wrong.items() if state == "open"),
            repaired=months.repaired(tx, begun, until),
        )


def _is(verdict: str, state: str) -> bool:
    return verdict == "certain" and state != "withdrawn"


def _moment(day: date) -> datetime:
    return datetime.combine(day, time(), COPENHAGEN)


def _covers(now: Sequence[Figure], then: Sequence[Figure]) -> Iterator[Cover]:
    """By system, in the order of the catalogue; what is there no longer counts as empty."""
    order = {field.name: place for place, field in enumerate(DEFAULT)}
    filled, filled_then = _added(now, FILLED), _added(then, FILLED)
    valid, valid_then = _added(now, VALID), _added(then, VALID)
    for system, field in sorted(
        filled.keys() | filled_then.keys(),
        key=lambda one: (one[0], order.get(one[1], len(order)), one[1]),
    ):
        key = (system, field)
        there = filled_then.get(key)
        gone = Of(0, there.of if there else 0)
        before = filled_then.get(key) if then else None
        yield Cover(
            system,
            field,
            filled.get(key, gone),
            valid.get(key, Of(0, 0)),
            before,
            valid_then.get(key) if then else None,
        )


def _added(figures: Sequence[Figure], prefix: str) -> dict[tuple[str, str], Of]:
    """(system, field) -> the figures of its lists, added up."""
    found: dict[tuple[str, str], Of] = {}
    for one in figures:
        if one.measure.startswith(prefix):
            key = (one.system, one.measure.removeprefix(prefix))
            so_far = found.get(key, Of(0, 0))
            found[key] = Of(so_far.good + one.numerator, so_far.of + one.denominator)
    return found


def _figures(now: Sequence[Figure], then: Sequence[Figure]) -> Iterator[KeyShare]:
    here, there = _named(now), _named(then)
    for name, one in here.items():
        yield KeyShare(name, one, there.get(name))


def _named(figures: Sequence[Figure]) -> dict[str, Of]:
    found: dict[str, Of] = {}
    for (_, name), one in _added(figures, FIGURE).items():
        so_far = found.get(name, Of(0, 0))
        found[name] = Of(so_far.good + one.good, so_far.of + one.of)
    return found


# --- writing ----------------------------------------------------------------------------------


def write(app: App) -> dict[str, bool]:
    """The page and the JSON of the last month; gives whether each receiver who wants it was told."""
    from sync.report.page import write_html

    found, lang = collect(app, last(app.today)), app.settings.lang or "da"
    folder = app.settings.home / FOLDER
    folder.mkdir(mode=0o700, exist_ok=True)
    page = folder / f"{found.month}.html"
    write_html(found, page, lang)
    with whole(page.with_suffix(".json")) as draft:
        draft.write_text(as_json(found) + "\n", "utf-8")
    LOG.info("month told", month=found.month, fell=len(found.fallen))
    return _tell(app, found, page) if app.settings.alarms.monthly_report else {}


def _tell(app: App, found: Month, page: Path) -> dict[str, bool]:
    """What its page begins with, to those who hear of alarms."""
    from sync.report.month import of_month
    from sync.service.alarms import Teller, receivers

    lang = app.settings.lang or "da"
    sheet = of_month(found)
    lines = [one.of(lang) for one in sheet.sentences]
    lines += ["", Texts(lang).get("monthly.where", path=page, month=found.month)]
    said = Message(f"Ringren: {sheet.title.of(lang)}", "\n".join(lines))
    teller = Teller(app, app.sends)
    return {one.name: teller.to(one.name, said) for one in receivers(app)}
