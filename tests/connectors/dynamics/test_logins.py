"""Signing in: with a secret and with a certificate, renewed once, never shown."""

from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
from dynamics_desk import Desk, pulled
from simulators.dynamics.site import CLIENT, SECRET, TENANT

from connectors.entra import Login
from rules.errors import SystemStopped


@pytest.fixture(scope="module")
def certificate() -> tuple[str, bytes]:
    """PEM of key and certificate as an administrator keeps them, and the public key."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives import serialization as s
    from cryptography.hazmat.primitives.asymmetric import rsa

    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Opdigt ApS")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(datetime(2026, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2036, 1, 1, tzinfo=UTC))
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(s.Encoding.PEM, s.PrivateFormat.PKCS8, s.NoEncryption())
    public = key.public_key().public_bytes(s.Encoding.PEM, s.PublicFormat.SubjectPublicKeyInfo)
    return (private + made.public_bytes(s.Encoding.PEM)).decode(), public


def test_a_certificate_signs_in(desk: Desk, certificate: tuple[str, bytes]) -> None:
    pem, public = certificate
    app = desk.site.tenant.apps[CLIENT]
    app.secrets.clear()
    app.public_key = public
    connector = desk.connector(login=Login(TENANT, CLIENT, certificate=pem))
    assert len(pulled(connector)) == 1
    desk.site.tenant.revoke()
    assert len(pulled(connector)) == 1


@pytest.mark.parametrize(
    ("login", "why"),
    [
        (Login(TENANT, CLIENT, "guessed"), "invalid_client AADSTS7000215"),
        (Login(TENANT, "somebody-else", SECRET), "unauthorized_client AADSTS700016"),
        (Login("no-such-tenant", CLIENT, SECRET), "tenant, key"),
    ],
)
def test_a_refused_sign_in_says_what_is_wrong_and_no_secret(
    desk: Desk, login: Login, why: str
) -> None:
    with pytest.raises(SystemStopped) as told:
        desk.connector(login=login).streams()
    assert told.value.message == "error.sign_in"
    assert told.value.details == {"system": "dynamics", "why": why}


def test_a_certificate_that_is_none_is_named_without_its_text(desk: Desk) -> None:
    login = Login(TENANT, CLIENT, certificate="-----BEGIN PRIVATE KEY-----\nhemmelig\n")
    with pytest.raises(SystemStopped) as told:
        desk.connector(login=login).streams()
    assert told.value.message == "dynamics.bad_certificate"
    assert "hemmelig" not in repr(told.value)
    assert "hemmelig" not in repr(login)


def test_one_token_serves_all_threads_until_it_is_old(desk: Desk) -> None:
    connector = desk.connector()
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda _: connector.org.get("WhoAmI"), range(12)))
    assert desk.site.tenant.given == 1
    desk.site.org.clock.pass_(65 * 60)  # type: ignore[attr-defined]
    connector.org.get("WhoAmI")
    assert desk.site.tenant.given == 2


def test_a_token_that_was_revoked_is_not_taken_from_a_cache_again(desk: Desk) -> None:
    connector = desk.connector()
    connector.org.get("WhoAmI")
    desk.site.tenant.revoke()
    connector.org.get("WhoAmI")
    assert desk.site.tenant.given == 2


def test_nothing_secret_is_logged(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    desk.contact(telephone1="+4568000001")
    with caplog.at_level(logging.DEBUG):
        pulled(desk.connector())
    # urllib3 and others are silenced by the program's own logging.
    told = "\n".join(
        one.getMessage() for one in caplog.records if one.name.startswith(("connectors", "msal"))
    )
    assert told
    assert SECRET not in told
    assert not any(token in told for token in desk.site.tenant.live)
    assert "+4568000001" not in told
    assert "deltatoken" not in told
