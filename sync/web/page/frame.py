"""Answers as HTML: in the language of whoever asks, with the menu of what he may open."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from rules.rights import Right
from sync import report
from sync.output import duration, moment, number, printable, share
from sync.people.user_story import roles_said
from sync.report import charts, phrases
from sync.service.jobs import kind_of
from sync.templates import environment
from sync.texts import LANGUAGES, Texts
from sync.web.page.door import Visitor
from sync.web.refusals import spoken

_FOLDER: Final = Path(__file__).with_name("templates")
_REPORT: Final = Path(report.__file__).with_name("templates")
_LANGUAGE: Final = "ringren-lang"
_A_YEAR: Final = 31_536_000
_TOLD: Final = re.compile(r"[a-z_]{1,40}")

STATIC: Final[Mapping[str, tuple[Path, str]]] = {
    "report.css": (_REPORT, "text/css"),
    "page.css": (_FOLDER, "text/css"),
    "page.js": (_FOLDER, "text/javascript"),
    "mark.svg": (_REPORT, "image/svg+xml"),
}
"""What a page loads, all of it ours. Nothing else can be asked for."""

MENU: Final[tuple[tuple[str, str, Right], ...]] = (
    ("home", "/", Right.LOOK),
    ("people", "/people", Right.ASK),
    ("lists", "/lists", Right.LISTS),
    ("violations", "/violations", Right.VIOLATIONS),
    ("findings", "/findings", Right.RECORDS),
    ("sources", "/sources", Right.LOOK),
    ("plans", "/plans", Right.RECORDS),
    ("runs", "/runs", Right.RECORDS),
    ("records", "/records", Right.RECORDS),
    ("parties", "/parties", Right.RECORDS),
    ("requests", "/requests", Right.PROPOSE),
    ("jobs", "/jobs", Right.LOOK),
    ("users", "/users", Right.USERS),
    ("settings", "/settings", Right.SETTINGS),
)
"""Name, address and right of each page that the menu leads to."""


@dataclass(frozen=True, slots=True)
class Look:
    """How one request is answered. `asked_lang`: the language was asked for just now."""

    texts: Texts
    path: str
    told: str
    asked_lang: bool


def look_of(request: Request, usual: str | None) -> Look:
    """What the request says of the language: now, by a cookie, or by the browser's own."""
    asked = request.query_params.get("lang", "")
    lang = asked if asked in LANGUAGES else request.cookies.get(_LANGUAGE, "")
    if lang not in LANGUAGES:
        lang = spoken(request.headers.get("accept-language", ""), usual or "da")
    told = request.query_params.get("told", "")
    shown = told if _TOLD.fullmatch(told) else ""
    return Look(Texts(lang), request.url.path, shown, asked in LANGUAGES)


def page(
    look: Look,
    visitor: Visitor,
    template: str,
    filled: Mapping[str, Any],
    status: int = 200,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """One page."""
    texts = look.texts
    told = texts.find(f"page.told.{look.told}") if look.told else None
    text = environment(_FOLDER, _REPORT).get_template(f"{template}.html.j2").render(
        _DEFAULTS | _words(texts) | dict(filled),
        user=visitor.user,
        menu=[one for one in MENU if visitor.user and one[2] in visitor.user.rights],
        may=lambda right: bool(visitor.user and Right(right) in visitor.user.rights),
        stamp=visitor.stamp,
        path=look.path,
        told=told or "",
        static=static_url,
    )  # fmt: skip
    more = {"content-language": texts.lang, "vary": "accept-language, cookie", **(headers or {})}
    response = Response(text, status, more, media_type="text/html")
    if look.asked_lang:
        response.set_cookie(
            _LANGUAGE, texts.lang, max_age=_A_YEAR, samesite="strict", httponly=True
        )
    return response


_DEFAULTS: Final[dict[str, Any]] = {"wrong": "", "remedy": "", "given": {}}


def _words(texts: Texts) -> dict[str, Any]:
    lang = texts.lang

    def t(key: str, **details: object) -> str:
        return texts.get(f"report.{key}", **details)

    return {
        "lang": lang,
        "texts": texts,
        "text": texts.get,
        "p": lambda key, **details: texts.get(f"page.{key}", **details),
        "many": lambda key, count, **details: texts.count(f"page.{key}", count, **details),
        "t": t,
        "number": lambda value, decimals=None: number(value, lang, decimals),
        "per_cent": lambda value, decimals=1: share(value, lang, decimals),
        "moment": lambda at: moment(at, lang) if at else "–",
        "day": lambda at: phrases.day(at, lang),
        "took": duration,
        "plain": printable,
        "charts": charts,
        "job_said": lambda name: _job_said(name, texts),
        "roles": lambda roles: roles_said(roles, texts),
    }


def _job_said(name: str, texts: Texts) -> str:
    """What a job does, and for which system."""
    system = name.partition(":")[2]
    said = texts.get(f"page.job.{kind_of(name)}")
    return f"{said}: {system}" if system else said


# --- what pages load -------------------------------------------------------------------------


@cache
def _asset(name: str) -> tuple[bytes, str, str]:
    folder, kind = STATIC[name]
    found = (folder / name).read_bytes()
    return found, kind, hashlib.sha256(found).hexdigest()[:12]


def static_url(name: str) -> str:
    """Where it is loaded from; another address once it changes."""
    return f"/static/{name}?v={_asset(name)[2]}"


def static(name: str) -> Response | None:
    """One of our own files; None for any other name."""
    if name not in STATIC:
        return None
    found, kind, _ = _asset(name)
    headers = {"cache-control": f"public, max-age={_A_YEAR}, immutable"}
    return Response(found, headers=headers, media_type=kind)
