"""Signing in at Entra ID as an app: with a client secret, or with a certificate.

msal talks to Entra ID on our session. Its own cache is emptied before each call, because we are
asked only when a token is missing, old or refused, and it would hand out the refused one again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

import msal
import requests

from connectors.session import NoAnswer
from connectors.tokens import Token
from rules.errors import SystemStopped, TryAgain

AUTHORITY: Final = "https://login.microsoftonline.com"
LIFE: Final = timedelta(minutes=30)
"""What a token counts for when Entra ID does not say how long it lives."""

Clock = Callable[[], datetime]


@dataclass(frozen=True, slots=True)
class Login:
    """An app registration in a tenant. `certificate` is PEM, private key and certificate in one;
    it goes before `secret`. `password` is the private key's, if it has one."""

    tenant: str
    client_id: str
    secret: str = field(default="", repr=False)
    certificate: str = field(default="", repr=False)
    password: str = field(default="", repr=False)

    def credential(self) -> str | dict[str, str]:
        """As msal wants it; `SystemStopped` for a certificate that cannot be read."""
        if not self.certificate:
            return self.secret
        return {
            "private_key": self.certificate,
            "thumbprint": _thumbprint(self.certificate),
            **({"passphrase": self.password} if self.password else {}),
        }


def fetching(
    system: str, session: requests.Session, login: Login, scope: str, clock: Clock
) -> Callable[[], Token]:
    """A function that signs in. `SystemStopped` when we are refused, `TryAgain` when it may pass."""

    def fetch() -> Token:
        try:
            answer = _asked(session, login, scope)
        except NoAnswer:
            raise
        except (msal.exceptions.MsalServiceError, requests.RequestException) as error:
            raise TryAgain("error.busy", system=system, why=type(error).__name__) from error
        except ValueError as error:
            # Of a tenant that does not exist, or a key that is none: what it says may quote both.
            raise SystemStopped("error.sign_in", system=system, why="tenant, key") from error
        if "access_token" not in answer:
            raise SystemStopped("error.sign_in", system=system, why=_why(answer))
        life = answer.get("expires_in")
        until = clock() + (timedelta(seconds=int(life)) if life else LIFE)
        return Token(str(answer["access_token"]), until)

    return fetch


def _asked(session: requests.Session, login: Login, scope: str) -> Mapping[str, Any]:
    app = msal.ConfidentialClientApplication(
        login.client_id,
        client_credential=login.credential(),
        authority=f"{AUTHORITY}/{login.tenant}",
        http_client=session,
        instance_discovery=False,
    )
    answer: Mapping[str, Any] = app.acquire_token_for_client(scopes=[scope])
    return answer


def _why(answer: Mapping[str, Any]) -> str:
    """Entra ID's word and number for it (AADSTS7000215: wrong secret), without the text around."""
    numbers = ", ".join(f"AADSTS{code}" for code in answer.get("error_codes") or ())
    return " ".join(filter(None, (str(answer.get("error") or "no token"), numbers)))


def _thumbprint(certificate: str) -> str:
    """SHA-1 of the certificate, by which Entra ID finds it (RFC 7515 §4.1.7); no protection."""
    from cryptography import x509
    from cryptography.hazmat.primitives.hashes import SHA1

    try:
        found = x509.load_pem_x509_certificate(certificate.encode())
    except ValueError:
        raise SystemStopped("dynamics.bad_certificate") from None
    return found.fingerprint(SHA1()).hex()  # noqa: S303
