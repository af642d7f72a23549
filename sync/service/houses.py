"""`sync houses`: how other installations stand, each asked over its own API, all at once.

One that does not answer in time, or not as it should, is shown as unknown: never as well. Nothing of
what they say is kept.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from pydantic import BaseModel, Field, ValidationError

from rules.errors import RingrenError
from sync.app import App
from sync.output import moment, number, printable, table
from sync.service.status import Level, Trouble, said
from sync.settings.houses import House
from sync.systems.doors import need
from sync.texts import Texts

SECONDS: Final = 5.0
"""So long one may take to answer; all together hardly longer."""
AT_ONCE: Final = 16
MOST_BYTES: Final = 4_000_000
PATH: Final = "/api/v1/overview"


@dataclass(frozen=True, slots=True)
class HouseLine:
    """One installation. `why` (text key) says why it is not known how it stands; all figures are 0 then."""

    name: str
    level: Level
    page: str | None
    at: datetime | None = None
    systems: int = 0
    opt_outs: int = 0
    violations: int = 0
    waiting: int = 0
    troubles: tuple[Trouble, ...] = ()
    why: str | None = None


class _Trouble(BaseModel):
    level: Level
    code: str = Field(max_length=100, pattern=r"^[a-z_.]+$")
    details: dict[str, str | int | float | dict[str, Any] | None] = Field(default_factory=dict)


class _Status(BaseModel):
    level: Level
    at: datetime
    troubles: list[_Trouble]


class _Heard(BaseModel):
    heard: int


class _Overview(BaseModel):
    """What is read of an answer; a newer one may hold more."""

    status: _Status
    systems: list[Any]
    opt_outs: _Heard
    violations: dict[str, int]
    waiting: dict[str, int]


def houses(app: App) -> list[HouseLine]:
    """All of them, in the order of the settings."""
    listed = dict(app.settings.houses.named)
    if not listed:
        return []
    need("houses.not_installed")
    pool = ThreadPoolExecutor(min(len(listed), AT_ONCE), "houses")
    asked = {name: pool.submit(_ask, name, one) for name, one in listed.items()}
    # One that sends a byte now and then is waited for no longer than one that sends none.
    wait(asked.values(), timeout=SECONDS * (1 + len(listed) // AT_ONCE) + 1)
    pool.shutdown(wait=False, cancel_futures=True)
    return [_answer(name, listed[name], future) for name, future in asked.items()]


def _answer(name: str, one: House, asked: Future[HouseLine]) -> HouseLine:
    return asked.result() if asked.done() and not asked.cancelled() else _unknown(name, one, "late")


def _ask(name: str, one: House) -> HouseLine:
    from connectors.session import Line, open_session

    if one.api is None or one.token is None:
        return _unknown(name, one, "half")
    line = Line("houses", reads=(), connect_seconds=SECONDS, read_seconds=SECONDS)
    headers = {"authorization": f"Bearer {one.token.get_secret_value()}"}
    try:
        with open_session(line) as session:
            there = one.api.rstrip("/") + PATH
            answer = session.get(there, headers=headers, allow_redirects=False)
            if answer.status_code in {401, 403}:
                return _unknown(name, one, "token")
            if answer.status_code != 200 or len(answer.content) > MOST_BYTES:
                return _unknown(name, one, "answer")
            return _line(name, one, _Overview.model_validate_json(answer.content))
    except RingrenError:
        return _unknown(name, one, "silent")
    except ValidationError:
        return _unknown(name, one, "answer")


def _line(name: str, one: House, told: _Overview) -> HouseLine:
    status = told.status
    troubles = tuple(Trouble(each.level, each.code, each.details) for each in status.troubles)
    return HouseLine(
        name,
        status.level,
        one.page,
        status.at,
        len(told.systems),
        told.opt_outs.heard,
        sum(told.violations.values()),
        sum(told.waiting.values()),
        troubles,
    )


def _unknown(name: str, one: House, why: str) -> HouseLine:
    return HouseLine(name, Level.UNKNOWN, one.page, why=f"houses.why.{why}")


def worst(found: Sequence[HouseLine]) -> Level:
    """What a monitor has to know: critical is worse than unknown, and unknown than a warning."""
    order = (Level.OK, Level.WARNING, Level.UNKNOWN, Level.CRITICAL)
    return max((one.level for one in found), key=order.index, default=Level.OK)


# --- as text ---------------------------------------------------------------------------------

COLUMNS: Final = (
    "house",
    "stands",
    "at",
    "systems",
    "opt_outs",
    "violations",
    "waiting",
    "trouble",
)


def cells(one: HouseLine, texts: Texts) -> list[str]:
    """One of them, column by column; what is not known stays empty."""
    known = one.why is None
    figures = (one.systems, one.opt_outs, one.violations, one.waiting)
    return [
        printable(one.name),
        texts.get(f"status.level.{one.level.name.lower()}"),
        moment(one.at, texts.lang) if one.at else "–",
        *(number(figure, texts.lang) if known else "–" for figure in figures),
        texts.get(one.why) if one.why else first_said(one.troubles, texts),
    ]


def first_said(troubles: Sequence[Trouble], texts: Texts) -> str:
    """The first trouble in words, and how many more there are."""
    if not troubles:
        return ""
    more = f" (+{len(troubles) - 1})" if len(troubles) > 1 else ""
    return _said(troubles[0], texts) + more


def _said(one: Trouble, texts: Texts) -> str:
    """What another version says in a way that we do not know is shown as it calls it."""
    keys: Mapping[str, Any] = one.details
    try:
        return printable(said(one, texts)) if texts.find(_key(one, keys)) else one.code
    except (KeyError, TypeError, ValueError, AttributeError):
        return one.code


def _key(one: Trouble, details: Mapping[str, Any]) -> str:
    return f"{one.code}.many" if "count" in details else one.code


def as_text(found: Sequence[HouseLine], texts: Texts) -> str:
    """One line for each."""
    if not found:
        return texts.get("houses.none")
    heads = [texts.get(f"houses.column.{name}") for name in COLUMNS]
    return table(heads, [cells(one, texts) for one in found], right=frozenset({3, 4, 5, 6}))
