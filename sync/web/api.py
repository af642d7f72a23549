"""The API for other programs: the addresses of `sync.web.ways`, and what describes them.

Each asks with a token of its own. An opt-out is on the disk before the answer leaves; a check is
answered from all that was committed when it was asked, by whatever process. What cannot be read is
never answered with "go ahead". What takes longer than an answer may is answered with 202, and
`/api/v1/work` tells how far it is.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Any, Final, TypeVar

import anyio.to_thread
from anyio import CapacityLimiter
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Match, Route, Router
from starlette.types import ASGIApp, Scope

from rules.errors import Exit, RingrenError, UserError
from rules.keys import Key
from rules.suppression import Channel, Statement
from state import tokens
from sync.app import App
from sync.output import as_json as as_printed
from sync.suppression import desk, links
from sync.texts import Texts
from sync.web import bodies, items, openapi, shapes, uploads, washing
from sync.web.afterwards import Afterwards
from sync.web.call import Call, Way
from sync.web.gate import Gate, Who
from sync.web.hands import Hands
from sync.web.health import health
from sync.web.memory import Memory
from sync.web.openapi import BINARY, DESCRIPTION
from sync.web.refusals import Refused, as_json, texts_for, told
from sync.web.shield import METHODS, Shield
from sync.web.verdicts import Verdicts
from sync.web.ways import WAYS

MOST_BYTES: Final = 2_000_000
AT_ONCE: Final = 8
"""Threads that record or ask for many at once; a single check needs none."""
LOOKING: Final = 4
"""Threads of all the rest, apart: however many reports are asked for, an opt-out waits for none."""
SECONDS_TO_CALM: Final = "2"
NOT_THERE: Final = frozenset(
    {
        "error.no_plan", "error.no_run", "error.no_record", "error.no_job", "report.unfinished",
        "violations.no_such", "receipt.nothing", "lifts.no_entry",
    }
)  # fmt: skip
"""What is wrong when a number or a name leads to nothing."""

T = TypeVar("T")
Endpoint = Callable[[Request, Who], Awaitable[Response]]


class Api:
    """The application; `close` it when nothing asks any more."""

    def __init__(self, app: App, afterwards: Afterwards) -> None:
        self._app, self._afterwards = app, afterwards
        self._verdicts, self._gate = Verdicts(app), Gate(app, app.settings.api.a_minute)
        self._hands, self._memory = Hands(app, "api"), Memory()
        self._at_once = app.store.is_sqlite
        self._limiters: dict[int, CapacityLimiter] = {}

    def close(self) -> None:
        """What is at work stops between two pages; give the connections back."""
        self._hands.close()
        self._verdicts.close()
        self._gate.close()

    def asgi(self) -> ASGIApp:
        """What a server runs."""
        routes = [
            *health(self._app),
            self._route(DESCRIPTION, "GET", None, self.described, "described"),
            *(
                self._route(way.path, way.method, way.scope, self._answers(way), way.name)
                for way in WAYS
            ),
            Route("/{rest:path}", self.nothing_here, methods=METHODS),
        ]
        self._known = routes[:-1]
        return Shield(Router(routes, redirect_slashes=False), self._failing, name="api")

    # --- what is asked -----------------------------------------------------------------------

    async def check(self, request: Request, _who: Who) -> Response:
        """May somebody be contacted?"""
        asked = {name: request.query_params.getlist(name) for name in request.query_params}
        item = {n: v[0] if n == "channel" and len(v) == 1 else v for n, v in asked.items()}
        found = items.keys_of(item, items.ASKED, self._app.settings.region)
        channels = items.channels_of(item)
        if self._at_once:
            return as_json(_shown(self._verdicts.one(found, channels)))
        return as_json(_shown(await self._apart(lambda: self._verdicts.one(found, channels))))

    async def check_all(self, request: Request, _who: Who) -> Response:
        """The same of many at once, answered in their order."""
        asked = items.items_of(await bodies.read_json(request, MOST_BYTES), "items")
        read = [self._read(one) for one in asked]
        readable = [one for one in read if not isinstance(one, Refused)]
        verdicts = iter(await self._apart(lambda: self._verdicts.many(readable)))
        texts = self._texts(request.scope)
        results = [
            # Who cannot be looked up is not free to be called.
            {"blocked": True, "error": one.told(texts)}
            if isinstance(one, Refused)
            else _shown(next(verdicts))
            for one in read
        ]
        return as_json({"results": results, "unreadable": len(read) - len(readable)})

    def _read(self, item: Any) -> tuple[list[Key], tuple[Channel, ...]] | Refused:
        try:
            found = items.keys_of(item, items.ASKED, self._app.settings.region)
            return found, items.channels_of(item)
        except Refused as error:
            return error

    async def record(self, request: Request, who: Who) -> Response:
        """Somebody said no; or several did, of whom each that can be read counts."""
        body = await bodies.read_json(request, MOST_BYTES)
        several = "opt_outs" in body
        said = [
            self._said(one, who)
            for one in (items.items_of(body, "opt_outs") if several else [body])
        ]
        if not several and isinstance(said[0], Refused):
            raise said[0]
        readable = [one for one in said if not isinstance(one, Refused)]
        added = iter(await self._apart(lambda: desk.record_all(self._app, readable)))
        self._afterwards.soon()
        texts = self._texts(request.scope)
        results = [
            {"recorded": False, "error": one.told(texts)}
            if isinstance(one, Refused)
            else _added(next(added))
            for one in said
        ]
        if not several:
            return as_json(results[0], 201)
        refused = len(said) - len(readable)
        answer = {"recorded": len(readable), "refused": refused, "results": results}
        return as_json(answer, 201 if readable else 422)

    async def links(self, request: Request, _who: Who) -> Response:
        """Links for mails, in the order of the addresses: nothing is recorded, nothing told."""
        asked = items.items_of(await bodies.read_json(request, MOST_BYTES), "items")
        read, texts = [self._linked(one) for one in asked], self._texts(request.scope)
        return as_json(
            {
                "results": [
                    {"error": one.told(texts)} if isinstance(one, Refused) else one for one in read
                ]
            }
        )

    async def list_checked(self, request: Request, who: Who) -> Response:
        """A list, row by row; what may be called of it is kept to be fetched."""
        bodies.query_as(request, shapes.Query)
        fields, upload = await uploads.read(request)
        try:
            told: dict[str, object] = {n: text for n, text in fields.items() if n != "file"}
            said = bodies.form_as(told | ({"file": b""} if upload else {}), shapes.SendList)
            app = replace(self._app, actor=f"{who[1]} (api)")
            assert upload is not None  # noqa: S101 - the form has one
            return await self._apart(
                lambda: _printed(
                    lambda: washing.checked(
                        app, upload, Channel(said.channel), said.name, let_go=said.release
                    )
                ),
                LOOKING,
            )
        finally:
            if upload:
                upload.file.close()

    async def list_fetched(self, request: Request, _who: Who) -> Response:
        """What may be called of a list, as long as it may be."""
        bodies.query_as(request, shapes.Query)
        release = request.path_params["release"]
        file = await self._apart(lambda: washing.fetched(self._app, release), LOOKING)
        if file is None:
            raise Refused(404, "api.nothing_there")
        return FileResponse(file, filename=file.name, media_type=BINARY)

    def _linked(self, item: Any) -> dict[str, object] | Refused:
        try:
            found = items.keys_of(item, items.ASKED, self._app.settings.region)
            channel = items.channel_of({"channel": Channel.EMAIL, **item})
            made = links.links(self._app, found, channel)
        except Refused as error:
            return error
        except UserError as error:
            return Refused(422, error.message)
        if len(made) != 1:
            return Refused(422, "api.one_key")
        return {"url": made[0].url, "headers": made[0].headers}

    def _said(self, item: Any, who: Who) -> Statement | Refused:
        try:
            return items.statement_of(item, who, self._app.clock(), self._app.settings.region)
        except Refused as error:
            return error

    def _answers(self, way: Way) -> Endpoint:
        """What answers an address: this application itself, or what the table says, in a thread."""
        does, takes = way.does, way.takes
        if does is None:
            own: Endpoint = getattr(self, way.name)
            return own

        shape = takes if isinstance(takes, type) else shapes.Query
        has_body = way.method == "POST" and takes is not None

        async def answer(request: Request, who: Who) -> Response:
            if has_body:
                said = await bodies.read_as(request, MOST_BYTES, shape)
            else:
                said = bodies.query_as(request, shape)
            app = replace(self._app, actor=f"{who[1]} (api)")
            call = Call(app, who[1], request.path_params, said, self._hands, self._memory)
            return await self._apart(lambda: _printed(lambda: does(call), way.status), LOOKING)

        return answer

    async def described(self, request: Request, _who: Who) -> Response:
        """What may be asked here, as OpenAPI 3.1 has it."""
        bodies.query_as(request, shapes.Query)
        lang = self._texts(request.scope).lang
        text = await self._apart(lambda: openapi.text(lang), LOOKING)
        return Response(text, media_type="application/json")

    async def nothing_here(self, request: Request) -> Response:
        """An address that there is not, or not in this way."""
        there = [one for one in self._known if one.matches(request.scope)[0] is not Match.NONE]
        if not there:
            return self._refused(request, Refused(404, "api.no_address"))
        headers = {
            "allow": ", ".join(sorted({name for one in there for name in one.methods or ()}))
        }
        return self._refused(request, Refused(405, "api.no_method", headers, **headers))

    # --- who asks ----------------------------------------------------------------------------

    def _route(
        self, path: str, method: str, scope: tokens.Scope | None, endpoint: Endpoint, name: str
    ) -> Route:
        async def answer(request: Request) -> Response:
            try:
                return await endpoint(request, await self._gate.let_in(request, scope))
            except Refused as error:
                return self._refused(request, error)

        answer.__name__ = name
        return Route(path, answer, methods=[method])

    async def _apart(self, work: Callable[[], T], at_once: int = AT_ONCE) -> T:
        """Work that takes its time, in a thread; no more of it at once than the store has room for."""
        if at_once not in self._limiters:
            self._limiters[at_once] = CapacityLimiter(at_once)
        return await anyio.to_thread.run_sync(work, limiter=self._limiters[at_once])

    # --- what is answered --------------------------------------------------------------------

    def _texts(self, scope: Scope) -> Texts:
        return texts_for(scope, self._app.settings.lang or "en")

    def _refused(self, request: Request, error: Refused) -> Response:
        return error.answer(self._texts(request.scope))

    def _failing(self, scope: Scope, status: int) -> Response:
        code = "api.busy" if status == 503 else "api.failed"
        headers: Mapping[str, str] = {"retry-after": SECONDS_TO_CALM} if status == 503 else {}
        return as_json({"error": told(self._texts(scope), code)}, status, headers)


def _shown(barred: Mapping[Channel, bool]) -> dict[str, bool]:
    return {"blocked": any(barred.values()), **{one.value: is_so for one, is_so in barred.items()}}


def _added(one: desk.Added) -> dict[str, object]:
    return {"recorded": True, "known": one.before or not one.event, "entry": one.event or None}


def _printed(does: Callable[[], object], status: int = 200) -> Response:
    """What a command would print with `--json`; what it would refuse is refused."""
    try:
        found = as_printed(does())
    except RingrenError as error:
        if error.exit_code is Exit.BUG:
            raise
        raise _why(error) from None
    return Response(found, status, media_type="application/json")


def _why(error: RingrenError) -> Refused:
    if error.exit_code is not Exit.USER:
        return Refused(409, error.message, None, **error.details)
    return Refused(404 if error.message in NOT_THERE else 422, error.message, None, **error.details)
