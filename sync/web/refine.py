"""The reconciliation service (sync/refine/service.py) on a listener of its own, for OpenRefine.

OpenRefine sends no token: it knows no other way than a secret in the address, where logs and
histories keep it. So there are two ways, and settings say which holds: with a token in the header
`Authorization`, for programs that can; or without, to this machine alone, and then nothing is told
that is about a person. A page of somebody else in a browser on this machine is kept away: by the
name that it calls us by, and by what its browser says of where it comes from.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

import anyio.to_thread
import orjson
from anyio import CapacityLimiter
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, Router
from starlette.types import ASGIApp, Scope

from state.tokens import Scope as Right
from sync.app import App
from sync.refine.service import Asker, Misread, Service
from sync.texts import Texts
from sync.web import bodies
from sync.web.gate import Gate
from sync.web.health import health
from sync.web.here import is_here
from sync.web.refusals import Refused, as_json, texts_for, told
from sync.web.shield import METHODS, STRICT, Shield

MOST_BYTES: Final = 2_000_000
A_MINUTE: Final = 1_200
AT_ONCE: Final = 2
_MOST_FIELDS: Final = 16
_MOST_SKIPPED: Final = 1_000
_CALLBACK: Final = re.compile(r"[A-Za-z_$][\w$.]{0,99}", re.ASCII)
HEADERS: Final = [(name, value) for name, value in STRICT if name != b"x-frame-options"]
_FROM_ELSEWHERE: Final = {"cross-site", "same-site"}
Fields = Mapping[str, str]
Answer = Callable[[Fields, Asker], Any]


class Refine:
    """The application; `close` it when nothing asks any more."""

    def __init__(self, app: App) -> None:
        self._app, self._service, self._gate = app, Service(app), Gate(app, A_MINUTE)
        self._listener = app.settings.refine
        self._origins = frozenset(self._listener.origins)
        self._limiter: CapacityLimiter | None = None

    def close(self) -> None:
        """Give the connections back."""
        self._gate.close()
        self._service.close()

    def asgi(self) -> ASGIApp:
        """What a server runs."""
        ways: dict[str, Answer] = {
            "/suggest/entity": self._suggest_entities,
            "/suggest/property": self._suggest_properties,
            "/suggest/type": self._suggest_types,
            "/flyout": self._flyout,
            "/properties": self._properties,
            "/preview": self._preview,
        }
        routes = [
            *health(self._app),
            Route("/", self._route(self._asked), methods=["GET", "POST", "OPTIONS"]),
            *(Route(p, self._route(does), methods=["GET", "OPTIONS"]) for p, does in ways.items()),
            Route("/{rest:path}", self.nothing_here, methods=METHODS),
        ]
        return Shield(Router(routes, redirect_slashes=False), self._failing, HEADERS, "refine")

    # --- what is asked -------------------------------------------------------------------------

    def _asked(self, fields: Fields, who: Asker) -> Any:
        if "queries" in fields:
            batch = _read_json(fields["queries"])
            return self._service.queries(batch, who)
        if "extend" in fields:
            asked = _read_json(fields["extend"])
            return self._service.extend(asked, who)
        raise Misread("refine.nothing_asked")

    def _suggest_entities(self, fields: Fields, who: Asker) -> Any:
        types = [fields["type"]] if fields.get("type") else []
        return self._service.suggest_entities(*_begun(fields), types, who)

    def _suggest_properties(self, fields: Fields, who: Asker) -> Any:
        return self._service.suggest_properties(*_begun(fields), who)

    def _suggest_types(self, fields: Fields, who: Asker) -> Any:
        return self._service.suggest_types(*_begun(fields), who)

    def _flyout(self, fields: Fields, who: Asker) -> Any:
        return self._service.flyout(_ident(fields), who)

    def _preview(self, fields: Fields, who: Asker) -> Any:
        return self._service.preview(_ident(fields), who)

    def _properties(self, fields: Fields, who: Asker) -> Any:
        limit = _number(fields, "limit", 1_000)
        return self._service.properties(fields.get("type", ""), limit, who)

    async def nothing_here(self, request: Request) -> Response:
        """An address that there is not."""
        return self._refused(request, Refused(404, "api.no_address"))

    # --- who asks, and how it is answered --------------------------------------------------------

    def _route(self, does: Answer) -> Callable[[Request], Any]:
        async def answer(request: Request) -> Response:
            try:
                self._keep_away(request)
                if request.method == "OPTIONS":
                    return self._shared(request, Response(status_code=204))
                return self._shared(request, await self._answered(request, does))
            except Refused as error:
                return self._shared(request, self._refused(request, error))
            except Misread as error:
                refused = Refused(error.status, error.code, None, **error.details)
                return self._shared(request, self._refused(request, refused))

        answer.__name__ = does.__name__.lstrip("_")
        return answer

    async def _answered(self, request: Request, does: Answer) -> Response:
        fields = await _fields(request)
        callback = self._callback(request, fields)
        texts = self._texts(request.scope)
        if request.url.path == "/" and not fields.keys() - {"callback"}:
            with_token = not self._listener.without_token
            found: Any = self._service.manifest(self._base(request), Asker(texts, with_token))
        else:
            with_token = await self._let_in(request)
            if self._limiter is None:
                self._limiter = CapacityLimiter(AT_ONCE)
            work = partial(does, fields, Asker(texts, with_token))
            found = await anyio.to_thread.run_sync(work, limiter=self._limiter)
        if found is None:
            raise Refused(404, "refine.no_entity")
        if isinstance(found, str):
            return self._page(found)
        if callback:
            script = b"/**/" + callback.encode() + b"(" + orjson.dumps(found) + b");"
            return Response(script, media_type="application/javascript")
        return as_json(found)

    async def _let_in(self, request: Request) -> bool:
        """Whether a token was shown that may ask for everything; Refused where one is needed."""
        if self._listener.without_token and "authorization" not in request.headers:
            return False
        await self._gate.let_in(request, Right.RECORDS)
        return True

    def _keep_away(self, request: Request) -> None:
        """Refused for pages of others, where this machine alone is enough to be let in."""
        if not self._listener.without_token:
            return
        if not is_here(request.headers.get("host", "")):
            raise Refused(403, "refine.not_here")
        comes_from = _page_of(request)
        elsewhere = request.headers.get("sec-fetch-site", "") in _FROM_ELSEWHERE
        if (comes_from or elsewhere) and comes_from not in {*self._origins, self._base(request)}:
            raise Refused(403, "refine.other_page")

    def _callback(self, request: Request, fields: Fields) -> str:
        """The function of JSONP, which OpenRefine still asks for; to no page that is not named."""
        name = fields.get("callback", "")
        if name and not self._listener.without_token:
            raise Refused(400, "refine.no_callback")
        if name and (not _CALLBACK.fullmatch(name) or _page_of(request) not in self._origins):
            raise Refused(403, "refine.other_page")
        return name

    def _shared(self, request: Request, response: Response) -> Response:
        """What lets a page read the answer: any page that shows a token, else those that are named."""
        if self._listener.without_token:
            origin = request.headers.get("origin", "")
            allowed = origin if origin in self._origins else ""
            response.headers["vary"] = "origin"
        else:
            allowed = "*"
        if allowed:
            response.headers["access-control-allow-origin"] = allowed
            response.headers["access-control-allow-methods"] = "GET, POST, OPTIONS"
            response.headers["access-control-allow-headers"] = "authorization, content-type"
        response.headers["cross-origin-resource-policy"] = "cross-origin"
        return response

    def _page(self, text: str) -> Response:
        """A preview, which may stand in a frame of a page that is named, and runs nothing."""
        frames = " ".join(sorted(self._origins)) or "'none'"
        policy = f"default-src 'none'; frame-ancestors {frames}; base-uri 'none'; sandbox"
        headers = {"content-security-policy": policy}
        return Response(text, headers=headers, media_type="text/html")

    def _base(self, request: Request) -> str:
        """Our own address, as we were called by it."""
        listener = self._listener
        secure = listener.certificate_file is not None or listener.behind_proxy
        host = request.headers.get("host", "") or f"{listener.host}:{listener.port}"
        return f"{'https' if secure else 'http'}://{host}"

    def _texts(self, scope: Scope) -> Texts:
        return texts_for(scope, self._app.settings.lang or "en")

    def _refused(self, request: Request, error: Refused) -> Response:
        return error.answer(self._texts(request.scope))

    def _failing(self, scope: Scope, status: int) -> Response:
        code = "api.busy" if status == 503 else "api.failed"
        return as_json({"error": told(self._texts(scope), code)}, status)


def _page_of(request: Request) -> str:
    """The page that asks, as its browser names it; empty: none does."""
    origin = request.headers.get("origin", "")
    if origin:
        return origin
    try:
        parts = urlsplit(request.headers.get("referer", ""))
    except ValueError:
        return "?"
    return f"{parts.scheme}://{parts.netloc}" if parts.netloc else ""


async def _fields(request: Request) -> dict[str, str]:
    """What was asked, from the address and from a form."""
    raw = request.url.query
    if request.method == "POST":
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind != "application/x-www-form-urlencoded":
            raise Refused(415, "refine.no_form")
        body = await bodies.read(request, MOST_BYTES)
        raw = "&".join(filter(None, (raw, body.decode("ascii", "replace"))))
    try:
        pairs = parse_qsl(raw, keep_blank_values=True, max_num_fields=_MOST_FIELDS)
    except ValueError:
        raise Refused(422, "refine.no_form") from None
    return {name: value for name, value in pairs if name != "_"}


def _read_json(text: str) -> object:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        raise Misread("api.no_json") from None


def _begun(fields: Fields) -> tuple[str, int]:
    """What was typed so far, and how many suggestions to skip."""
    prefix = "".join(one if one.isprintable() else " " for one in fields.get("prefix", "")[:200])
    return prefix, _number(fields, "cursor", _MOST_SKIPPED) or 0


def _number(fields: Fields, name: str, most: int) -> int | None:
    text = fields.get(name, "")
    if not text:
        return None
    if not (text.isascii() and text.isdecimal() and len(text) < 10):
        raise Misread("refine.no_number", name=name)
    return min(int(text), most)


def _ident(fields: Fields) -> str:
    return fields.get("id", "")[:500]
