"""The mailbox of a provider that takes no password: entered with tokens, which nobody gets to see."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final
from urllib.parse import parse_qsl

import pytest
from click.testing import CliRunner, Result
from mailserver import MailServer, mail_server
from oauth_mail import MAILBOX, Gate, gate
from simulators.dynamics.signin import App, Denied, Tenant
from simulators.web import Ask, Told, Vendor, served

from connectors import mail_tokens
from connectors.entra import AUTHORITY
from rules.errors import Exit
from sync.cli import program
from sync.settings import SettingsError, read

TENANT, CLIENT, SECRET, LASTING = "opdigt.onmicrosoft.com", "app-1", "hemmelig-4711", "varig-4712"
NO = b"""From: Peter Opdigtet <peter@opdigtet-0001.dk>
Message-ID: <no-1@opdigtet-0001.dk>
Subject: Nej tak

Skriv ikke mere.
"""
OUTLOOK: Final = "https://outlook.office365.com"


class Forms(Vendor):
    """Its callers send forms."""

    def body(self, raw: bytes) -> dict[str, str]:
        """The fields of a form."""
        return dict(parse_qsl(raw.decode()))


@dataclass
class Providers:
    """Where Microsoft and Google give tokens."""

    tenant: Tenant
    lasting: set[str] = field(default_factory=lambda: {LASTING})
    google: list[str] = field(default_factory=list)
    dead: set[str] = field(default_factory=set)
    life: int = 3599

    def answer(self, ask: Ask) -> Told:
        """A token, or why there is none."""
        if ask.path.endswith("/.well-known/openid-configuration"):
            return Told(200, self.tenant.discovery())
        form: dict[str, str] = ask.body
        if ask.path != "/token":
            try:
                return Told(200, self.tenant.token(form, OUTLOOK))
            except Denied as error:
                return Told(400, error.body)
        fits = (form.get("client_id"), form.get("client_secret")) == (CLIENT, SECRET)
        if form.get("grant_type") != "refresh_token" or not fits:
            return Told(401, {"error": "invalid_client"})
        if form.get("refresh_token") not in self.lasting:
            return Told(400, {"error": "invalid_grant", "error_description": LASTING})
        self.google.append(f"ya29.{len(self.google)}")
        token = {"access_token": self.google[-1], "expires_in": self.life, "token_type": "Bearer"}
        return Told(200, token)

    def lives(self, token: str) -> bool:
        """Whether a mailbox lets it in."""
        return token not in self.dead and (token in self.tenant.live or token in self.google)


@dataclass
class Provider:
    """A mailbox at one of them, and the program that reads it."""

    name: str
    at: Gate
    desk: Providers
    folder: Path

    def read(self) -> Result:
        """Read it once."""
        where = ("--state", str(self.folder / "state"), "--settings", str(self.folder / "r.toml"))
        args = ["suppression", "mailbox", *where, "--lang", "en"]
        return CliRunner().invoke(program, args, prog_name="sync")

    def tokens(self) -> list[str]:
        """Everything that was shown to the mailbox."""
        return [one.decode().partition("Bearer ")[2].rstrip("\1") for one in self.at.shown]


MORE = {
    "microsoft": f'tenant = "{TENANT}"\n',
    "google": 'refresh_token = { env = "MAILBOX_TOKEN" }\n',
}


@pytest.fixture(scope="module")
def running() -> Iterator[MailServer]:
    with mail_server() as found:
        yield found


@pytest.fixture(params=MORE)
def provider(
    request: pytest.FixtureRequest,
    running: MailServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Provider]:
    tenant = Tenant(TENANT, AUTHORITY, lambda: datetime.now(UTC))
    tenant.apps[CLIENT] = App(CLIENT, {SECRET})
    desk = Providers(tenant)
    monkeypatch.setenv("MAILBOX_SECRET", SECRET)
    monkeypatch.setenv("MAILBOX_TOKEN", LASTING)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    with served(Forms(desk, AUTHORITY)) as line, gate(running, desk.lives) as at:
        text = (
            f'[mailbox]\nhost = "127.0.0.1"\nport = {at.port}\nuser = "{MAILBOX}"\n'
            f'protection = "none"\nsign_in = "{request.param}"\nclient_id = "{CLIENT}"\n'
            f'client_secret = {{ env = "MAILBOX_SECRET" }}\n{MORE[request.param]}'
            f'elsewhere = {{ "{AUTHORITY}" = "{line.address}", '
            f'"https://oauth2.googleapis.com" = "{line.address}" }}\n'
        )
        (tmp_path / "r.toml").write_text(text, "utf-8")
        running.empty("INBOX", "Ringren", "Ringren-unclear")
        running.deliver(NO)
        yield Provider(request.param, at, desk, tmp_path)


def test_it_is_entered_with_a_token_that_is_kept_while_it_lives_and_never_shown(
    provider: Provider, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    done = provider.read()
    assert done.exit_code == Exit.OK, done.output
    assert "1 mail" in done.output
    assert provider.at.behind.subjects("Ringren") == ["Nej tak"]
    assert provider.read().exit_code == Exit.OK
    first, second = provider.tokens()
    assert first == second, "asked for once"
    assert provider.at.passwords == 0
    said = caplog.text + done.output
    assert not [one for one in (first, SECRET, LASTING) if one in said]
    kept = b"".join(one.read_bytes() for one in provider.folder.rglob("*") if one.is_file())
    assert not [one for one in (first, SECRET, LASTING) if one.encode() in kept]


def test_a_token_that_was_withdrawn_is_renewed_once_and_the_mails_are_read(
    provider: Provider,
) -> None:
    assert provider.read().exit_code == Exit.OK
    provider.desk.dead.update(provider.tokens())
    provider.at.behind.deliver(NO.replace(b"no-1", b"no-2"))
    assert provider.read().exit_code == Exit.OK
    first, refused, renewed = provider.tokens()
    assert first == refused != renewed
    assert provider.at.answers == [b""], "the refusal is answered, and not with the token"
    assert len(provider.at.behind.subjects("Ringren")) == 2


def test_a_token_is_renewed_before_it_dies(provider: Provider) -> None:
    provider.desk.life = 30
    provider.desk.tenant.life = timedelta(seconds=30)
    assert provider.read().exit_code == provider.read().exit_code == Exit.OK
    first, second = provider.tokens()
    assert first != second


def test_a_mailbox_that_was_not_given_to_us_says_so_after_one_more_try(provider: Provider) -> None:
    provider.at.lives = lambda _: False
    done = provider.read()
    assert done.exit_code == Exit.FAILED
    assert "does not let us into the mailbox" in done.output
    assert len(provider.at.shown) == 2
    assert not [one for one in provider.tokens() if one in done.output]
    assert provider.at.behind.subjects() == ["Nej tak"], "what lies in it still lies there"


def test_a_key_that_was_withdrawn_is_told_by_the_providers_own_word(provider: Provider) -> None:
    provider.desk.tenant.apps[CLIENT].secrets.clear()
    provider.desk.lasting.clear()
    done = provider.read()
    why = {"microsoft": "invalid_client AADSTS7000215", "google": "invalid_grant"}
    assert done.exit_code == Exit.FAILED
    assert why[provider.name] in done.output
    assert LASTING not in done.output
    assert not provider.at.shown


@pytest.mark.parametrize(
    ("way", "lacks"),
    [("microsoft", "client_secret"), ("microsoft", "tenant"), ("google", "refresh_token")],
)
def test_settings_that_lack_a_part_are_refused(
    way: str, lacks: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MAILBOX_SECRET", SECRET)
    kept = '{ env = "MAILBOX_SECRET" }'
    parts = {"client_id": '"a"', "tenant": '"c"', "client_secret": kept, "refresh_token": kept}
    lines = [f"{name} = {value}" for name, value in parts.items() if name != lacks]
    file = tmp_path / "r.toml"
    file.write_text("\n".join(["[mailbox]", f'sign_in = "{way}"', *lines]), "utf-8")
    with pytest.raises(SettingsError) as error:
        read(file=file, root=None, state=tmp_path / "state", lang="en")
    [problem] = error.value.problems
    assert lacks in problem.message


def test_what_is_kept_of_a_way_in_shows_no_secret() -> None:
    ways = (
        mail_tokens.Microsoft(TENANT, CLIENT, SECRET),
        mail_tokens.Google(CLIENT, SECRET, LASTING),
    )
    assert not [one for one in (SECRET, LASTING) if one in repr(ways)]
