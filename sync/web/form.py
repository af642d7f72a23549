"""The public page where people say no, and where links in mails lead. Asks for no more than it needs.

What is said is on the disk before the answer leaves, and the answer is the same whether we ever
heard of the number or not. No script, no cookie, nothing that is loaded from elsewhere.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import math
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qsl

import anyio.to_thread
from anyio import CapacityLimiter
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, Router
from starlette.types import ASGIApp, Scope

from rules.formats import cpr
from rules.keys import Key, KeyKind, keys_in
from rules.pace import Pace
from rules.spans import Span
from rules.suppression import Channel, EventType, Evidence, Statement
from sync.app import App
from sync.suppression import desk, links
from sync.suppression.hearing import hear
from sync.suppression.links import Meant
from sync.suppression.opt_out_story import spelt
from sync.templates import environment
from sync.web import bodies
from sync.web.afterwards import Afterwards
from sync.web.health import health
from sync.web.pacing import Paces
from sync.web.refusals import Refused, texts_for
from sync.web.shield import METHODS, STRICT, Headers, Shield

FORM: Final = "form"
"""The system that statements of people at the page come from."""
MOST_BYTES: Final = 10_000
AT_ONCE: Final = 8
_MOST_FIELDS: Final = 20
_LONGEST: Final = 320
_MOST_KEYS: Final = 3
_SAME_SECONDS: Final = 10
"""A second click is the first one again; no consent can come between them (five minutes are a tie)."""
_SHARE: Final = 10
"""One caller gets a tenth of what all may together."""
_FOLDER: Final = Path(__file__).with_name("templates")
_ALLOWED: Final = {"phone": KeyKind.PHONE, "email": KeyKind.EMAIL}

Fields = Mapping[str, str]


class Form:
    """The application."""

    def __init__(self, app: App, afterwards: Afterwards) -> None:
        self._app, self._afterwards = app, afterwards
        most = app.settings.form.a_minute
        self._all, self._each = (
            Paces(Pace(most, most)),
            Paces(Pace(max(most // _SHARE, 1), most // _SHARE + 1)),
        )
        self._limiter: CapacityLimiter | None = None

    def asgi(self) -> ASGIApp:
        """What a server runs."""
        routes = [
            *health(self._app),
            Route("/", self._route(self.ask), methods=["GET"]),
            Route("/", self._route(self.say), methods=["POST"]),
            Route(links.PATH + "{link}", self._route(self.confirm), methods=["GET"]),
            Route(links.PATH + "{link}", self._route(self.click), methods=["POST"]),
            Route("/{rest:path}", self._route(self.nothing_here), methods=METHODS),
        ]
        return Shield(Router(routes, redirect_slashes=False), self._failing, _headers(), FORM)

    # --- pages -------------------------------------------------------------------------------

    async def ask(self, request: Request) -> Response:
        """The empty form."""
        return self._page(request.scope, "ask")

    async def say(self, request: Request) -> Response:
        """The form comes back: recorded, then answered."""
        fields = await _fields(request)
        try:
            found, channel = _read(fields, self._app.settings.region)
            self._keep_pace(request)
        except Refused as error:
            return self._page(
                request.scope, "ask", error.status, error.headers, wrong=error.code, given=fields
            )
        await self._record(found, channel, "page")
        return self._page(request.scope, "done")

    async def confirm(self, request: Request) -> Response:
        """A link was opened: by a person, or by a program that looks into mails. So nothing is
        recorded yet; one button does it."""
        meant = self._meant(request)
        return self._page(request.scope, "confirm", meant=meant, who=spelt(desk.masked(meant.key)))

    async def click(self, request: Request) -> Response:
        """The button, or the mail program on its own (RFC 8058): recorded, whatever the body says.

        At any pace: nobody can make links up, and after a campaign thousands come from one provider.
        """
        meant = self._meant(request)
        await self._record([meant.key], meant.channel, "link")
        with contextlib.suppress(Refused):
            await bodies.read(request, MOST_BYTES)
        return self._page(request.scope, "done")

    async def nothing_here(self, _request: Request) -> Response:
        """An address that there is not."""
        raise Refused(404, "form.no_page")

    # --- what is done ------------------------------------------------------------------------

    def _meant(self, request: Request) -> Meant:
        meant = links.read(self._app.keys, request.path_params["link"], self._app.clock())
        if meant is None:
            raise Refused(404, "form.dead_link")
        return meant

    async def _record(self, found: list[Key], channel: Channel, way: str) -> None:
        said = _statement(found, channel, way, self._app.clock())
        if self._limiter is None:
            self._limiter = CapacityLimiter(AT_ONCE)
        await anyio.to_thread.run_sync(lambda: self._hear(said), limiter=self._limiter)
        self._afterwards.soon()

    def _hear(self, said: Statement) -> None:
        with self._app.store.transaction(urgent=True) as tx:
            hear(tx, self._app, [said])

    def _keep_pace(self, request: Request) -> None:
        """Whoever floods the page is told to wait, alone as far as he can be told from others."""
        now = time.monotonic()
        wait = self._each.wait(self._caller(request), now) or self._all.wait(FORM, now)
        if wait:
            raise Refused(503, "form.too_many", {"retry-after": str(math.ceil(wait))})

    def _caller(self, request: Request) -> str:
        """Where it comes from; behind a proxy what the proxy says, last. Kept in memory only."""
        if self._app.settings.form.behind_proxy:
            told = request.headers.get("x-forwarded-for", "").rpartition(",")[2].strip()
            if told:
                return told[:64]
        return request.client.host if request.client else ""

    # --- what is answered --------------------------------------------------------------------

    def _route(self, endpoint: Callable[[Request], Any]) -> Callable[[Request], Any]:
        async def answer(request: Request) -> Response:
            try:
                found: Response = await endpoint(request)
            except Refused as error:
                return self._page(
                    request.scope, "ask", error.status, error.headers, wrong=error.code
                )
            return found

        answer.__name__ = getattr(endpoint, "__name__", "answer")
        return answer

    def _page(
        self,
        scope: Scope,
        name: str,
        status: int = 200,
        headers: Mapping[str, str] | None = None,
        **filled: object,
    ) -> Response:
        texts, form = texts_for(scope, self._app.settings.lang or "da"), self._app.settings.form

        def text(key: str, **args: object) -> str:
            return texts.get(f"form.{key}", company=form.company, contact=form.contact, **args)

        defaults: dict[str, object] = {"wrong": "", "given": {}, "meant": None, "who": ""}
        page = environment(_FOLDER).get_template("form.html.j2").render(
            defaults | filled, name=name, lang=texts.lang, text=text, style=_style(),
            contact=form.contact, channels=["all", "call", "email", "sms"],
        )  # fmt: skip
        more = {"content-language": texts.lang, "vary": "accept-language", **(headers or {})}
        return Response(page, status, more, media_type="text/html")

    def _failing(self, scope: Scope, status: int) -> Response:
        headers = {"retry-after": "5"} if status == 503 else {}
        return self._page(scope, "ask", status, headers, wrong="form.failed")


async def _fields(request: Request) -> dict[str, str]:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/x-www-form-urlencoded":
        raise Refused(415, "form.no_form")
    body = await bodies.read(request, MOST_BYTES)
    try:
        pairs = parse_qsl(body.decode("ascii", "replace"), max_num_fields=_MOST_FIELDS)
    except ValueError:
        raise Refused(422, "form.no_form") from None
    return {name: value.strip() for name, value in pairs}


def _read(fields: Fields, region: str) -> tuple[list[Key], Channel]:
    """Whom it is about, and what he no longer wants; Refused with what to mend."""
    found: list[Key] = []
    for name, kind in _ALLOWED.items():
        text = fields.get(name, "")
        readable = 0 < len(text) <= _LONGEST and not cpr.holds(text)
        some = list(keys_in(kind, text, region)) if readable else []
        # A whole mail domain is no one's to take off here.
        if text and (
            not some or len(some) > _MOST_KEYS or any(key.kind is not kind for key in some)
        ):
            raise Refused(422, f"form.no_{name}")
        found += some
    if not found:
        raise Refused(422, "form.nobody")
    try:
        return found, Channel(fields.get("channel") or Channel.ALL)
    except ValueError:
        return found, Channel.ALL


def _statement(found: list[Key], channel: Channel, way: str, now: datetime) -> Statement:
    moment = str(int(now.timestamp()) // _SAME_SECONDS)
    return Statement(
        type=EventType.BLOCK,
        channel=channel,
        span=Span(now, now),
        system=FORM,
        keys=tuple(found),
        evidence=Evidence.FORM,
        identity=(FORM, way, moment, channel.value, *map(":".join, sorted(found))),
        source=way,
    )


@cache
def _style() -> Markup:
    return Markup((_FOLDER / "form.css").read_text("utf-8"))  # noqa: S704 - a file of ours


def _headers() -> Headers:
    """Strict, but for our own style, allowed by its hash, and our own form."""
    digest = base64.b64encode(hashlib.sha256(_style().encode()).digest()).decode()
    policy = (
        f"default-src 'none'; style-src 'sha256-{digest}'; form-action 'self'; "
        "frame-ancestors 'none'; base-uri 'none'"
    )
    strict = dict(STRICT) | {b"content-security-policy": policy.encode()}
    return list(strict.items())
