"""Signing in with an account that one has elsewhere (OpenID Connect).

While somebody is there, his browser keeps the secret of his try in a cookie of its own, which
another site's address may bring back. A try is good once, for ten minutes, and in that browser only.
"""

from __future__ import annotations

import base64
import hmac
import threading
import time
from dataclasses import dataclass
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from rules.errors import RingrenError, UserError
from rules.rights import Role
from sync.app import App
from sync.logs import logger
from sync.people import users
from sync.people.oidc import Flow, Issuer, Untrue, new_flow, values
from sync.web.page.door import Door, Visitor
from sync.web.refusals import Refused

LEAVE: Final = "/sign-in/elsewhere"
BACK: Final = "/sign-in/back"
SECONDS: Final = 600
_LONGEST: Final = 4_000
LOG = logger(__name__)


@dataclass(frozen=True, slots=True)
class Returned:
    """Somebody who came back, and where he wanted to go."""

    visitor: Visitor
    to: str


class Elsewhere:
    """One for the application; for any thread."""

    def __init__(self, app: App, door: Door) -> None:
        self._app, self._door, self._settings = app, door, app.settings.oidc
        self._issuer = Issuer(app.settings.oidc, app.clock)
        self._used: dict[str, float] = {}
        self._lock = threading.Lock()
        beginning = "__Host-" if door.is_https else ""
        self._cookie = f"{beginning}ringren-elsewhere"

    def leave(self, request: Request, to: str) -> Response:
        """Send the browser there. Refused when the issuer does not answer."""
        self._door.keep_pace(request, LEAVE)
        wanted = base64.urlsafe_b64encode(to.encode()).decode()
        flow = new_flow(f"{int(self._app.clock().timestamp())}.{wanted}")
        try:
            there = self._issuer.address(flow, self._back(request))
        except (RingrenError, Untrue) as error:
            raise self._away(error) from None
        response = Response(status_code=303, headers={"location": there})
        self._keep(response, flow.secret)
        return response

    def come_back(self, request: Request) -> Returned:
        """Let him in; Refused, in the same words, for whatever reason but that the issuer is away."""
        told = request.query_params
        flow = Flow(request.cookies.get(self._cookie, "")[:_LONGEST])
        begun, to = self._begun(flow)
        same = hmac.compare_digest(told.get("state", "").encode(), flow.state.encode())
        if begun is None or not same or not self._is_first(flow):
            raise self._refused("state")
        if told.get("iss", self._issuer.name) != self._issuer.name:
            raise self._refused("iss")
        if not (code := told.get("code", "")[:_LONGEST]):
            raise self._refused("code")
        try:
            claims = self._issuer.claims(flow, code, self._back(request))
        except Untrue as error:
            raise self._refused(str(error)) from None
        except RingrenError as error:
            raise self._away(error) from None
        roles = self._roles(values(claims, self._settings.roles_claim))
        if not roles:
            LOG.warning("sign-in elsewhere refused", why="roles")
            raise Refused(403, "page.elsewhere.no_role")
        names = values(claims, self._settings.name_claim)
        try:
            user = users.from_elsewhere(
                self._app, self._issuer.name, claims["sub"], names[0] if names else "", roles
            )
        except UserError as error:
            raise Refused(403, error.message, None, **error.details) from None
        return Returned(self._door.begin(user), to)

    def forget(self, response: Response) -> None:
        """The try is over."""
        self._keep(response, "")

    # --- the try -----------------------------------------------------------------------------

    def _begun(self, flow: Flow) -> tuple[float | None, str]:
        """When it began, if that is not too long ago; and where he wanted to go."""
        parts = flow.secret.split(".")
        if len(parts) != 3 or not parts[1].isdecimal():
            return None, ""
        begun = int(parts[1][:12])
        try:
            to = base64.urlsafe_b64decode(parts[2]).decode()
        except ValueError:
            return None, ""
        age = self._app.clock().timestamp() - begun
        return (begun if 0 <= age + 1 < SECONDS else None), to

    def _is_first(self, flow: Flow) -> bool:
        """Whether this try was not brought back before."""
        now = time.monotonic()
        with self._lock:
            self._used = {one: at for one, at in self._used.items() if now - at < SECONDS}
            if flow.state in self._used:
                return False
            self._used[flow.state] = now
        return True

    def _roles(self, said: list[str]) -> frozenset[Role]:
        return frozenset(role for one in said for role in self._settings.roles.get(one, ()))

    def _back(self, request: Request) -> str:
        """Our own address, as the browser knows it."""
        scheme = "https" if self._door.is_https else "http"
        ours = self._app.settings.page.url or f"{scheme}://{request.headers.get('host', '')}"
        return ours.rstrip("/") + BACK

    def _keep(self, response: Response, secret: str) -> None:
        response.set_cookie(
            self._cookie,
            secret,
            max_age=SECONDS if secret else 0,
            secure=self._door.is_https,
            httponly=True,
            samesite="lax",
        )

    def _refused(self, why: str) -> Refused:
        LOG.warning("sign-in elsewhere refused", why=why)
        return Refused(403, "page.elsewhere.refused")

    def _away(self, error: Exception) -> Refused:
        LOG.warning("sign-in elsewhere failed", why=str(error) or type(error).__name__)
        return Refused(503, "page.elsewhere.away", {"retry-after": "10"})
