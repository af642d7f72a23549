"""An OpenID Connect provider for tests: real keys, real signatures, codes that are good once, PKCE.

It listens at `localhost`, so that it is another site than the page at 127.0.0.1. `says` replaces claims
of the next tokens (None takes one out); `lies` has them signed in another way.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey

CLIENT, SECRET = "ringren", "opdigtet-hemmelighed"


@dataclass
class Desk:
    """The provider. `who` is whoever sits at the browser."""

    who: dict[str, Any] = field(
        default_factory=lambda: {"sub": "u-1", "email": "rav@opdigtet-0001.dk", "roles": ["leads"]}
    )
    says: dict[str, Any] = field(default_factory=dict)
    lies: str = ""
    url: str = ""
    is_down: bool = False
    asked: list[str] = field(default_factory=list)
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    key: Any = field(default_factory=lambda: _new_key("k1"))

    def rotate(self) -> None:
        """From now on another key signs, and only that one is shown."""
        self.key = _new_key(f"k{secrets.randbelow(10**6)}")

    # --- what is asked ---

    def discovery(self) -> dict[str, Any]:
        return {
            "issuer": self.says.get("issuer", self.url),
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "jwks_uri": f"{self.url}/jwks",
        }

    def authorize(self, asked: dict[str, str]) -> str:
        """Where the browser goes on to: whoever sits there has long since typed his password."""
        assert asked["response_type"] == "code"
        assert asked["client_id"] == CLIENT
        assert asked["code_challenge_method"] == "S256"
        assert "openid" in asked["scope"].split()
        code = secrets.token_urlsafe(16)
        self.codes[code] = asked
        told = {"code": code, "state": asked["state"], "iss": self.url}
        return f"{asked['redirect_uri']}?{urlencode(told)}"

    def token(self, asked: dict[str, str]) -> tuple[int, dict[str, Any]]:
        known = self.codes.pop(asked.get("code", ""), None)
        digest = hashlib.sha256(asked.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).decode().rstrip("=")
        right = (asked.get("client_id"), asked.get("client_secret")) == (CLIENT, SECRET)
        if (
            known is None
            or not right
            or challenge != known["code_challenge"]
            or asked.get("redirect_uri") != known["redirect_uri"]
        ):
            return 400, {"error": "invalid_grant"}
        return 200, {"token_type": "Bearer", "access_token": "x", "id_token": self.signed(known)}

    def signed(self, known: dict[str, str]) -> str:
        now = int(time.time())
        claims = {
            "iss": self.url, "aud": CLIENT, "iat": now, "exp": now + 300, "nonce": known["nonce"],
            **self.who, **{name: value for name, value in self.says.items() if name != "issuer"},
        }  # fmt: skip
        claims = {name: value for name, value in claims.items() if value is not None}
        match self.lies:
            case "none":
                parts = [{"alg": "none", "kid": self.key.kid}, claims]
                return ".".join(_b64(json.dumps(one).encode()) for one in parts) + "."
            case "shared secret":
                # The public key taken for a secret, which it is not; the library would not do it.
                parts = [{"alg": "HS256", "kid": self.key.kid}, claims]
                text = ".".join(_b64(json.dumps(one).encode()) for one in parts)
                public = self.key.as_pem(private=False)
                return f"{text}.{_b64(hmac.digest(public, text.encode(), 'sha256'))}"
            case "another key":
                return jwt.encode({"alg": "RS256", "kid": self.key.kid}, claims, _new_key("x"))
            case "changed":
                head, body, signature = self._honest(claims).split(".")
                other = _b64(json.dumps(claims | {"roles": ["it"]}).encode())
                return f"{head}.{other if other != body else ''}.{signature}"
            case "rubbish":
                return "a.b.c"
        return self._honest(claims)

    def _honest(self, claims: dict[str, Any]) -> str:
        return jwt.encode({"alg": "RS256", "kid": self.key.kid}, claims, self.key)


def _new_key(kid: str) -> Any:
    return RSAKey.generate_key(2048, {"kid": kid, "use": "sig", "alg": "RS256"})


def _b64(text: bytes) -> str:
    return base64.urlsafe_b64encode(text).decode().rstrip("=")


@contextmanager
def desk() -> Iterator[Desk]:
    """It listens as long as the block lasts."""
    made = Desk()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            made.asked.append(parts.path)
            if made.is_down:
                self._tell(503, {})
            elif parts.path == "/authorize":
                asked = {name: values[0] for name, values in parse_qs(parts.query).items()}
                self.send_response(303)
                self.send_header("location", made.authorize(asked))
                self.end_headers()
            elif parts.path == "/jwks":
                self._tell(200, {"keys": [made.key.as_dict(private=False)]})
            else:
                self._tell(200, made.discovery())

        def do_POST(self) -> None:
            made.asked.append(self.path)
            body = self.rfile.read(int(self.headers["content-length"])).decode()
            asked = {name: values[0] for name, values in parse_qs(body).items()}
            self._tell(*((503, {}) if made.is_down else made.token(asked)))

        def _tell(self, status: int, told: dict[str, Any]) -> None:
            body = json.dumps(told).encode()
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made.url = f"http://localhost:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield made
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
