"""Who is signed in: cookies, forms that nobody else can send, and how often somebody may try.

A session is a secret in a cookie that no script can read; the database knows its hash. Each form
carries a stamp made from that secret, so that another site cannot send one. Signing in always makes
a new secret, so that one planted before is worth nothing.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import math
import threading
import time
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response

from rules.keys import fold
from rules.pace import Pace
from state import sessions, users
from state.sessions import NOTED
from state.users import User
from sync.app import App
from sync.logs import logger
from sync.people import passwords
from sync.web.pacing import Paces
from sync.web.refusals import Refused

STAMP: Final = "stamp"
"""The field of a form that says that it is one of ours."""
TRIES_A_MINUTE: Final = 6
TRIES_AT_ONCE: Final = 10
RENEWED: Final = "x-renew"
AT_ONCE: Final = 2
"""One try takes 64 MB and a tenth of a second: whoever floods the door keeps nobody else waiting."""
_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})
_LONGEST: Final = 200
LOG = logger(__name__)


@dataclass(frozen=True, slots=True)
class Visitor:
    """Whoever asks: his secret, and who he is once he has signed in."""

    secret: str
    user: User | None = None

    @property
    def stamp(self) -> str:
        """What his forms carry."""
        made = hmac.digest(self.secret.encode(), b"ringren form", hashlib.sha256)
        return base64.urlsafe_b64encode(made).decode().rstrip("=")


class Door:
    """One for the application; for any thread."""

    def __init__(self, app: App) -> None:
        page = app.settings.page
        self._app, self._idle = app, timedelta(minutes=page.idle_minutes)
        self._longest = timedelta(hours=page.hours)
        self.is_https = page.certificate_file is not None or page.url is not None
        self._names = {page.host, urlsplit(page.url).hostname if page.url else page.host}
        self._names |= _LOOPBACK if page.host in _LOOPBACK else set()
        pace = Pace(TRIES_A_MINUTE, TRIES_AT_ONCE)
        self._by_name, self._by_address = Paces(pace), Paces(pace)
        self._pacing = threading.Lock()

    # --- who asks ----------------------------------------------------------------------------

    def must_be_ours(self, request: Request) -> None:
        """Refused for another host's name: a name that leads to this machine from outside."""
        if (urlsplit(f"//{request.headers.get('host', '')}").hostname or "") not in self._names:
            raise Refused(421, "page.other_host")

    def visitor(self, request: Request) -> Visitor:
        """Whoever sent this; somebody new gets a secret that is worth nothing but for his forms."""
        kept = _cookies(request)
        if secret := kept.get(self._name("session")):
            now = self._app.clock()
            with self._app.store.reading() as tx:
                found = sessions.find(tx, secret, now, self._idle)
            if found:
                # A page that renews itself is nobody's sign of life.
                if now - found.seen_at > NOTED and RENEWED not in request.headers:
                    with self._app.store.transaction() as tx:
                        sessions.used(tx, secret, now)
                return Visitor(secret, found.user)
        return Visitor(kept.get(self._name("door")) or sessions.new_secret())

    def must_be_stamped(self, request: Request, visitor: Visitor, stamp: str) -> None:
        """Refused for a form that did not come from a page of ours."""
        where = request.headers.get("sec-fetch-site", "same-origin")
        origin = request.headers.get("origin")
        ours = origin is None or urlsplit(origin).netloc == request.headers.get("host", "")
        if (
            where not in {"same-origin", "none"}
            or not ours
            or not hmac.compare_digest(stamp.encode(), visitor.stamp.encode())
        ):
            raise Refused(403, "page.other_form")

    # --- in and out --------------------------------------------------------------------------

    def sign_in(self, request: Request, name: str, password: str) -> Visitor:
        """Let somebody in; Refused, in the same words and after the same time, for whatever reason."""
        self.keep_pace(request, name)
        with self._app.store.reading() as tx:
            found = users.named(tx, name[:_LONGEST])
        right = passwords.holds(found[1] if found else None, password)
        if found is None or not right:
            LOG.warning("sign-in refused")
            raise Refused(403, "page.wrong_password")
        user, hashed = found
        fresh = passwords.kept(password) if passwords.is_old(hashed) else None
        secret, now = sessions.new_secret(), self._app.clock()
        with self._app.store.transaction() as tx:
            # The password may have been changed, or he removed, while the hash was made.
            still = users.named(tx, user.name)
            if still is None or (still[0].user, still[1]) != (user.user, hashed):
                raise Refused(403, "page.wrong_password")
            sessions.begin(tx, secret, user.user, now, now + self._longest)
            users.seen(tx, user.user, now)
            if fresh:
                users.set_password(tx, user.user, fresh)
        LOG.info("signed in", user=user.user)
        return Visitor(secret, user)

    def begin(self, user: User) -> Visitor:
        """Let somebody in whom somebody else has asked for his password."""
        secret, now = sessions.new_secret(), self._app.clock()
        with self._app.store.transaction() as tx:
            sessions.begin(tx, secret, user.user, now, now + self._longest)
            users.seen(tx, user.user, now)
        LOG.info("signed in", user=user.user)
        return Visitor(secret, user)

    def sign_out(self, visitor: Visitor) -> None:
        """The session is over, in the database too."""
        with self._app.store.transaction() as tx:
            sessions.end(tx, visitor.secret)

    def keep_pace(self, request: Request, name: str) -> None:
        """Refused for whoever has tried a password too often."""
        now, address = time.monotonic(), self._caller(request)
        with self._pacing:
            wait = max(
                self._by_address.wait(address, now), self._by_name.wait(fold(name[:_LONGEST]), now)
            )
        if wait:
            headers = {"retry-after": str(math.ceil(wait))}
            raise Refused(429, "page.too_many_tries", headers)

    def _caller(self, request: Request) -> str:
        """Where it comes from; behind a proxy what the proxy says, last."""
        if self._app.settings.page.behind_proxy:
            told = request.headers.get("x-forwarded-for", "").rpartition(",")[2].strip()
            if told:
                return told[:64]
        return request.client.host if request.client else ""

    # --- cookies -----------------------------------------------------------------------------

    def keep(self, response: Response, visitor: Visitor) -> None:
        """Give the browser what it needs to be known again."""
        kept, other = ("session", "door") if visitor.user else ("door", "session")
        self._set(response, kept, visitor.secret)
        self._set(response, other, "")

    def _set(self, response: Response, kind: str, value: str) -> None:
        response.set_cookie(
            self._name(kind),
            value,
            max_age=None if value else 0,
            secure=self.is_https,
            httponly=True,
            samesite="strict",
        )

    def _name(self, kind: str) -> str:
        """With this beginning a browser takes a cookie over https only, for this host alone."""
        return f"__Host-ringren-{kind}" if self.is_https else f"ringren-{kind}"


def _cookies(request: Request) -> dict[str, str]:
    return {name: value for name, value in request.cookies.items() if 0 < len(value) <= _LONGEST}
