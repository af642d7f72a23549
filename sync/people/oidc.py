"""OpenID Connect, as the party that relies on it: code flow with PKCE, and what a signed token must say.

The issuer is asked for its addresses and its keys (discovery, JWKS). Keys are fetched anew once one
is named that we do not know, so that an issuer may change them. Of a token's signature only public
keys are accepted: never `none`, and never a secret that is shared.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

import requests
from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from joserfc.jwt import JWTClaimsRegistry

from connectors.session import Line, open_session
from rules.errors import TryAgain
from sync.app import Clock
from sync.settings.access import Oidc

OIDC: Final = "oidc"
ALGORITHMS: Final = frozenset(
    {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"}
)
SCOPES: Final = "openid email profile"
KEPT_SECONDS: Final = 3600
"""So long the issuer's addresses and keys are not asked for again."""
AGAIN_SECONDS: Final = 10
"""A key that nobody knows is asked for so often at most: tokens that are made up cost the issuer nothing."""
LEEWAY: Final = 60
"""Seconds that clocks may differ."""
MOST_BYTES: Final = 1_000_000
READ_SECONDS: Final = 10.0


class Untrue(Exception):
    """An answer that proves nothing. The text names what is wrong with it, and nothing that it holds."""


@dataclass(frozen=True, slots=True)
class Flow:
    """One try to sign in. All that it sends is made from one secret, which the browser keeps meanwhile."""

    secret: str

    def _made(self, what: str) -> str:
        digest = hmac.digest(self.secret.encode(), what.encode(), hashlib.sha256)
        return base64.urlsafe_b64encode(digest).decode().rstrip("=")

    @property
    def state(self) -> str:
        """What comes back with the code."""
        return self._made("state")

    @property
    def nonce(self) -> str:
        """What the token has to repeat."""
        return self._made("nonce")

    @property
    def verifier(self) -> str:
        """What whoever brings the code has to know."""
        return self._made("verifier")

    @property
    def challenge(self) -> str:
        """Its hash, which is sent ahead."""
        digest = hashlib.sha256(self.verifier.encode()).digest()
        return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def new_flow(more: str = "") -> Flow:
    """One that nobody can guess; `more` goes along with it."""
    return Flow(f"{secrets.token_urlsafe(32)}.{more}")


class Issuer:
    """One for the application; for any thread."""

    def __init__(self, settings: Oidc, clock: Clock) -> None:
        self._settings, self._clock = settings, clock
        self._line = Line(OIDC, reads=(), shows_path=False, read_seconds=READ_SECONDS)
        self._lock = threading.Lock()
        self._told: Mapping[str, Any] = {}
        self._keys: Sequence[Any] = ()
        self._told_at = self._keys_at = float("-inf")

    @property
    def name(self) -> str:
        """Whose word it is."""
        return str(self._settings.issuer)

    def address(self, flow: Flow, back: str) -> str:
        """Where to send a browser; TryAgain when the issuer does not answer, Untrue when it is another."""
        asked = {
            "response_type": "code",
            "client_id": self._settings.client_id,
            "redirect_uri": back,
            "scope": SCOPES,
            "state": flow.state,
            "nonce": flow.nonce,
            "code_challenge": flow.challenge,
            "code_challenge_method": "S256",
        }
        there = self._place("authorization_endpoint")
        return f"{there}{'&' if '?' in there else '?'}{urlencode(asked)}"

    def claims(self, flow: Flow, code: str, back: str) -> Mapping[str, Any]:
        """What the issuer says of whoever brought the code; Untrue unless all of it holds."""
        return self._read(self._exchanged(flow, code, back), flow)

    # --- asking ------------------------------------------------------------------------------

    def _exchanged(self, flow: Flow, code: str, back: str) -> str:
        sent = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": back,
            "code_verifier": flow.verifier,
            "client_id": str(self._settings.client_id),
        }
        if self._settings.client_secret:
            sent["client_secret"] = self._settings.client_secret.get_secret_value()
        there = self._place("token_endpoint")
        with open_session(self._line) as session:
            answer = session.post(there, data=sent, allow_redirects=False)
        if answer.status_code >= 500:
            raise TryAgain("error.no_answer", system=OIDC, kind=str(answer.status_code))
        if answer.status_code != 200:
            raise Untrue("code")
        token = _object(answer).get("id_token")
        if not isinstance(token, str):
            raise Untrue("no_token")
        return token

    def _place(self, name: str) -> str:
        with self._lock:
            if time.monotonic() - self._told_at > KEPT_SECONDS:
                told = self._fetched(self.name.rstrip("/") + "/.well-known/openid-configuration")
                if told.get("issuer") != self.name:
                    raise Untrue("issuer")
                self._told, self._told_at = told, time.monotonic()
            place = self._told.get(name)
        if not isinstance(place, str) or not self._is_covered(place):
            raise Untrue(name)
        return place

    def _is_covered(self, place: str) -> bool:
        """By https; by http only where the issuer itself is on this machine."""
        scheme = urlsplit(place).scheme
        return scheme == "https" or scheme == urlsplit(self.name).scheme == "http"

    def _fetched(self, place: str) -> Mapping[str, Any]:
        with open_session(self._line) as session:
            answer = session.get(place, allow_redirects=False)
        if answer.status_code != 200:
            raise TryAgain("error.no_answer", system=OIDC, kind=str(answer.status_code))
        return _object(answer)

    # --- the token ---------------------------------------------------------------------------

    def _read(self, token: str, flow: Flow) -> Mapping[str, Any]:
        try:
            header = jws.extract_compact(token.encode()).headers()
        except (JoseError, ValueError) as error:
            raise Untrue("no_token") from error
        if header.get("alg") not in ALGORITHMS:
            raise Untrue("algorithm")
        claims = self._signed(token, header)
        wanted = JWTClaimsRegistry(
            now=int(self._clock().timestamp()),
            leeway=LEEWAY,
            iss={"essential": True, "value": self.name},
            aud={"essential": True, "value": str(self._settings.client_id)},
            nonce={"essential": True, "value": flow.nonce},
            exp={"essential": True},
            iat={"essential": True},
            sub={"essential": True},
        )
        try:
            wanted.validate(dict(claims))
        except JoseError as error:
            raise Untrue(getattr(error, "claim", None) or type(error).__name__) from error
        several = isinstance(claims["aud"], list) and len(claims["aud"]) > 1
        if claims.get("azp", None if several else self._settings.client_id) != (
            self._settings.client_id
        ):
            raise Untrue("azp")
        return claims

    def _signed(self, token: str, header: Mapping[str, Any]) -> Mapping[str, Any]:
        """The claims, signed with a key that the issuer shows now."""
        place = self._place("jwks_uri")
        for key in self._known(place, header.get("kid")):
            try:
                return jwt.decode(token, key, algorithms=[header["alg"]]).claims
            except (JoseError, ValueError):
                continue
        raise Untrue("signature")

    def _known(self, place: str, kid: object) -> list[Any]:
        """The keys that it can be; fetched anew when they are old, or none is called so."""
        with self._lock:
            found = [one for one in self._keys if kid in (None, one.kid)]
            age = time.monotonic() - self._keys_at
            if age > KEPT_SECONDS or (not found and age > AGAIN_SECONDS):
                self._keys, self._keys_at = self._shown(place), time.monotonic()
                found = [one for one in self._keys if kid in (None, one.kid)]
            return found

    def _shown(self, place: str) -> list[Any]:
        told = self._fetched(place).get("keys")
        listed = [one for one in told if isinstance(one, dict)] if isinstance(told, list) else []
        wanted = [
            one
            for one in listed
            if one.get("use", "sig") == "sig" and one.get("kty") in {"RSA", "EC", "OKP"}
        ]
        try:
            return list(KeySet.import_key_set({"keys": wanted}).keys) if wanted else []
        except (JoseError, ValueError) as error:
            raise Untrue("keys") from error


def _object(answer: requests.Response) -> Mapping[str, Any]:
    if len(answer.content) > MOST_BYTES:
        raise Untrue("too_large")
    try:
        found = answer.json()
    except ValueError:
        raise Untrue("no_json") from None
    if not isinstance(found, dict):
        raise Untrue("no_json")
    return found


def values(claims: Mapping[str, Any], name: str) -> list[str]:
    """A claim as words: a text, a list of them; dots lead into what is nested."""
    found: Any = claims.get(name)
    if found is None and "." in name:
        found = claims
        for part in name.split("."):
            found = found.get(part) if isinstance(found, dict) else None
    listed = found if isinstance(found, list) else [found]
    return [one for one in listed if isinstance(one, str) and one]
