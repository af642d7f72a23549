"""The application: which address is which page, the right that it takes, and what is answered."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final, TypeVar
from urllib.parse import quote

import anyio.to_thread
from anyio import CapacityLimiter
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route, Router
from starlette.types import ASGIApp, Scope

from rules.errors import Exit, RingrenError
from rules.rights import Right
from sync.app import App
from sync.logs import logger
from sync.systems.doors import need
from sync.web import uploads
from sync.web.hands import Hands
from sync.web.health import health
from sync.web.memory import Memory
from sync.web.openapi import BINARY
from sync.web.page import (
    consents,
    contacts,
    decisions,
    findings,
    forms,
    frame,
    home,
    house,
    houses,
    kin,
    lists,
    people,
    runs,
    sources,
    systems,
    work,
)
from sync.web.page import door as doors
from sync.web.page.asked import Answered, Asked, Document, Download, Sent
from sync.web.page.door import STAMP, Door, Visitor
from sync.web.page.frame import Look
from sync.web.refusals import Refused
from sync.web.shield import METHODS, STRICT, Headers, Shield
from sync.web.uploads import Upload

if TYPE_CHECKING:
    from sync.web.page.elsewhere import Elsewhere

AT_ONCE: Final = 8
SIGN_IN: Final = "/sign-in"
UPLOADS: Final = frozenset({"/lists"})
"""Where a form may hold a file."""
Form = tuple[Mapping[str, str], Upload | None]
"""What a form holds: fields, and a file."""
POLICY: Final = (
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
LOG = logger(__name__)
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Place:
    """One address: what it takes to ask there, and what answers."""

    method: str
    path: str
    right: Right
    does: Callable[[Asked], Answered]


PLACES: Final[tuple[Place, ...]] = tuple(
    Place(*row)
    for row in (
        *home.PLACES,
        *houses.PLACES,
        *people.PLACES,
        *lists.PLACES,
        *contacts.PLACES,
        *findings.PLACES,
        *sources.PLACES,
        *runs.PLACES,
        *kin.PLACES,
        *decisions.PLACES,
        *consents.PLACES,
        *work.PLACES,
        *house.PLACES,
        *systems.PLACES,
    )
)
"""Every page but the door, by address."""


class Site:
    """The application."""

    def __init__(self, app: App) -> None:
        self._app, self._door, self._hands = app, Door(app), Hands(app, "page")
        self._memory = Memory()
        self._elsewhere = _elsewhere(app, self._door)
        self._limiters: dict[int, CapacityLimiter] = {}

    def close(self) -> None:
        """What is at work stops between two pages."""
        self._hands.close()

    def asgi(self) -> ASGIApp:
        """What a server runs."""
        routes = [
            *health(self._app),
            Route("/static/{name}", self.static, methods=["GET"]),
            Route(SIGN_IN, self.door, methods=["GET"]),
            Route(SIGN_IN, self.sign_in, methods=["POST"]),
            *self._ways_elsewhere(),
            Route("/sign-out", self.sign_out, methods=["POST"]),
            *(self._route(place) for place in PLACES),
            Route("/{rest:path}", self.nothing_here, methods=METHODS),
        ]
        headers = _headers(is_https=self._door.is_https)
        return Shield(Router(routes, redirect_slashes=False), self._failing, headers, "page")

    # --- open to everybody -------------------------------------------------------------------

    async def static(self, request: Request) -> Response:
        """Style, script, mark."""
        return frame.static(request.path_params["name"]) or Response(status_code=404)

    async def door(self, request: Request) -> Response:
        """Who are you?"""
        return await self._answered(request, lambda look, one: self._ask(request, look, one))

    async def sign_in(self, request: Request) -> Response:
        """Let in, or not."""

        def answer(look: Look, visitor: Visitor) -> Response:
            self._door.must_be_stamped(request, visitor, fields.get(STAMP, ""))
            name, password = fields.get("name", ""), fields.get("password", "")
            try:
                known = self._door.sign_in(request, name, password)
            except Refused as error:
                return self._ask(request, look, visitor, error, name)
            response = _gone_to(forms.inside(fields.get("to", "")))
            self._door.keep(response, known)
            return response

        fields: Mapping[str, str] = {}
        try:
            fields = await forms.read(request)
        except Refused as error:
            return self._told(frame.look_of(request, self._app.settings.lang), Visitor(""), error)
        return await self._answered(request, answer, doors.AT_ONCE)

    def _ways_elsewhere(self) -> list[Route]:
        """Signing in with an account that one has elsewhere, where that is set up."""
        elsewhere = self._elsewhere
        if elsewhere is None:
            return []

        async def leave(request: Request) -> Response:
            to = forms.inside(request.query_params.get("to", ""))
            return await self._answered(request, lambda _l, _v: elsewhere.leave(request, to))

        async def come_back(request: Request) -> Response:
            def answer(look: Look, _visitor: Visitor) -> Response:
                try:
                    found = elsewhere.come_back(request)
                except Refused as error:
                    response = self._told(look, Visitor(""), error)
                else:
                    response = frame.page(
                        look, Visitor(""), "inside", {"to": forms.inside(found.to)}
                    )
                    self._door.keep(response, found.visitor)
                elsewhere.forget(response)
                return response

            return await self._answered(request, answer)

        return [
            Route(f"{SIGN_IN}/elsewhere", leave, methods=["GET"]),
            Route(f"{SIGN_IN}/back", come_back, methods=["GET"]),
        ]

    async def sign_out(self, request: Request) -> Response:
        """Over."""

        def answer(_look: Look, visitor: Visitor) -> Response:
            self._door.must_be_stamped(request, visitor, fields.get(STAMP, ""))
            self._door.sign_out(visitor)
            response = _gone_to(SIGN_IN + "?told=signed_out")
            self._door.keep(response, Visitor(""))
            return response

        fields = await forms.read(request)
        return await self._answered(request, answer)

    async def nothing_here(self, request: Request) -> Response:
        """An address that there is not."""

        def answer(look: Look, visitor: Visitor) -> Response:
            return self._told(look, visitor, Refused(404, "page.no_page"))

        return await self._answered(request, answer)

    # --- for those who are signed in ---------------------------------------------------------

    def _route(self, place: Place) -> Route:
        async def answer(request: Request) -> Response:
            sent: Form | Refused = ({}, None)
            if place.method == "POST":
                if place.path in UPLOADS:
                    # Nobody sends a file before it is known who he is.
                    refused = await self._answered(
                        request, lambda _, one: self._may(place, one) or Response(status_code=204)
                    )
                    if refused.status_code != 204:
                        return refused
                try:
                    sent = await self._sent(place, request)
                except Refused as error:
                    sent = error
            try:
                return await self._answered(
                    request, lambda look, one: self._let_in(place, request, sent, look, one)
                )
            finally:
                if not isinstance(sent, Refused) and sent[1]:
                    sent[1].file.close()

        answer.__name__ = place.does.__name__
        return Route(place.path, answer, methods=[place.method])

    def _let_in(
        self,
        place: Place,
        request: Request,
        sent: Form | Refused,
        look: Look,
        visitor: Visitor,
    ) -> Response:
        user = visitor.user
        if user is None and place.method == "GET":
            there = request.url.path + (f"?{request.url.query}" if request.url.query else "")
            return _gone_to(f"{SIGN_IN}?to={quote(there, safe='')}")
        self._may(place, visitor)
        assert user is not None  # noqa: S101 - he may
        if isinstance(sent, Refused):
            raise sent
        fields, upload = sent
        if place.method == "POST":
            self._door.must_be_stamped(request, visitor, fields.get(STAMP, ""))
        app = replace(self._app, actor=f"{user.name} (page)")
        asked = Asked(
            app,
            user,
            look.texts,
            request.path_params,
            dict(request.query_params),
            self._hands,
            self._memory,
            lambda: self._door.keep_pace(request, user.name),
            fields,
            upload,
        )
        return self._shown(look, visitor, place.does(asked))

    async def _sent(self, place: Place, request: Request) -> Form:
        if place.path in UPLOADS:
            return await uploads.read(request)
        return await forms.read(request), None

    @staticmethod
    def _may(place: Place, visitor: Visitor) -> None:
        """Refused for whoever may not do that."""
        if visitor.user is None:
            raise Refused(403, "page.signed_out")
        if place.right not in visitor.user.rights:
            raise Refused(403, "page.not_allowed")

    def _shown(self, look: Look, visitor: Visitor, answer: Answered) -> Response:
        if isinstance(answer, Sent):
            more = "&" if "?" in answer.to else "?"
            return _gone_to(answer.to + (f"{more}told={answer.told}" if answer.told else ""))
        if isinstance(answer, Download):
            return FileResponse(answer.file, filename=answer.name, media_type=BINARY)
        if isinstance(answer, Document):
            headers = {"content-security-policy": f"{answer.policy}; frame-ancestors 'none'"}
            return Response(answer.text, headers=headers, media_type="text/html")
        filled = dict(answer.filled)
        if answer.wrong:
            filled["wrong"], filled["remedy"] = look.texts.of_error(answer.wrong)
        return frame.page(look, visitor, answer.template, filled, answer.status)

    # --- what is answered --------------------------------------------------------------------

    async def _answered(
        self, request: Request, answer: Callable[[Look, Visitor], Response], at_once: int = AT_ONCE
    ) -> Response:
        """In a thread: who asks, then what he is told; whatever goes wrong on the way, too."""

        def work() -> Response:
            look, visitor = frame.look_of(request, self._app.settings.lang), Visitor("")
            try:
                self._door.must_be_ours(request)
                visitor = self._door.visitor(request)
                return answer(look, visitor)
            except Refused as error:
                return self._told(look, visitor, error)
            except RingrenError as error:
                if error.exit_code is Exit.BUG:
                    raise
                return self._failed(look, visitor, error)

        if at_once not in self._limiters:
            self._limiters[at_once] = CapacityLimiter(at_once)
        return await anyio.to_thread.run_sync(work, limiter=self._limiters[at_once])

    def _ask(
        self,
        request: Request,
        look: Look,
        visitor: Visitor,
        error: Refused | None = None,
        name: str = "",
    ) -> Response:
        """The door itself; whoever is in goes on."""
        if visitor.user and error is None:
            return _gone_to("/")
        to = request.query_params.get("to", "")
        oidc = self._app.settings.oidc
        filled: dict[str, Any] = {
            "to": forms.inside(to),
            "given": {"name": name[:60]},
            "elsewhere": oidc.label if oidc.is_used else "",
        }
        if error:
            filled["wrong"] = look.texts.get(error.code)
        fresh = Visitor(visitor.secret)
        response = frame.page(
            look,
            fresh,
            "door",
            filled,
            error.status if error else 200,
            error.headers if error else {},
        )
        if visitor.user is None:
            self._door.keep(response, fresh)
        return response

    def _told(self, look: Look, visitor: Visitor, error: Refused) -> Response:
        message, remedy = (
            look.texts.get(error.code + end, **error.details) for end in ("", ".remedy")
        )
        told = {"wrong": message, "remedy": remedy}
        return frame.page(look, visitor, "wrong", told, error.status, error.headers)

    def _failed(self, look: Look, visitor: Visitor, error: RingrenError) -> Response:
        message, remedy = look.texts.of_error(error)
        status = 409 if error.exit_code is not Exit.USER else 422
        return frame.page(look, visitor, "wrong", {"wrong": message, "remedy": remedy}, status)

    def _failing(self, scope: Scope, status: int) -> Response:
        look = frame.look_of(Request(scope), self._app.settings.lang)
        headers = {"retry-after": "5"} if status == 503 else {}
        code = "page.busy" if status == 503 else "page.failed"
        return self._told(look, Visitor(""), Refused(status, code, headers))


def _elsewhere(app: App, door: Door) -> Elsewhere | None:
    """Loaded where it is used only: most installations know their people themselves."""
    if not app.settings.oidc.is_used:
        return None
    need("serve.not_installed")
    from sync.web.page.elsewhere import Elsewhere

    return Elsewhere(app, door)


def _gone_to(path: str) -> Response:
    return Response(status_code=303, headers={"location": path})


def _headers(*, is_https: bool) -> Headers:
    # With no-referrer a browser calls the origin of our own forms "null".
    ours = {b"content-security-policy": POLICY.encode(), b"referrer-policy": b"same-origin"}
    strict = dict(STRICT) | ours
    if is_https:
        strict[b"strict-transport-security"] = b"max-age=31536000"
    return list(strict.items())
