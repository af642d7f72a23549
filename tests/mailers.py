"""A mail system, alone or beside a CRM, all simulated, for stories that are the same for each of them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

import pytest
from click.testing import CliRunner, Result
from crms import Crm, opened
from simulators.activecampaign import serving as campaigns
from simulators.mailchimp import serving as chimp
from simulators.web import served

from sync.cli import program

Clock = Callable[[], datetime]
NAMES: Final = ("mailchimp", "activecampaign")


@dataclass
class Mailer:
    """A mail system with two lists, `lists`. Somebody's state there is "on", "off", "bounced" or ""."""

    system: str
    vendor: Any
    lists: tuple[Any, Any]
    add: Callable[[Any, str], None]
    """Sign somebody up on a list: list, address."""
    leave: Callable[[Any, str], None]
    """He presses the link under a mail."""
    state: Callable[[Any, str], str]
    put_on: Callable[[Any, str], None]
    """An administrator or another program signs somebody up again."""
    add_list: Callable[[], Any]
    bounce: Callable[[Any, str], None]
    later: Callable[[], None]
    """A minute goes by there."""
    crm: Crm | None = None

    def call(self, *args: str) -> Result:
        """The command line, a minute later."""
        self.later()
        if self.crm:
            return self.crm.call(*args)
        return CliRunner().invoke(program, [*args, "--lang", "en"], prog_name="sync")


def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Mailchimp's pages of a hundred in place of a thousand: the same walk with a tenth of the people."""
    for name in ("client.PAGE", "pulling.PAGE", "PAGE"):
        monkeypatch.setattr(f"connectors.mailchimp.{name}", 100)
    monkeypatch.setattr("connectors.mailchimp.pulling.AGAIN", 10)


@contextmanager
def alone(
    system: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, more: str = ""
) -> Iterator[Mailer]:
    """Set up, with nobody on its lists. `more`: further lines of its settings."""
    for name in list(os.environ):
        if name.upper().startswith("RINGREN_") or name in {"LC_ALL", "LC_MESSAGES", "LANG"}:
            monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "ringren.toml").write_text('[state]\npath = "state"\n', "utf-8")
    with _connected(system, tmp_path, monkeypatch, more) as mailer:
        yield mailer


@contextmanager
def beside(system: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Mailer]:
    """Set up beside HubSpot, with nobody on its lists."""
    with (
        opened("hubspot", tmp_path, monkeypatch) as crm,
        _connected(system, tmp_path, monkeypatch) as mailer,
    ):
        mailer.crm = crm
        yield mailer


@contextmanager
def _connected(
    system: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, more: str = ""
) -> Iterator[Mailer]:
    now = [chimp.wall_clock() - timedelta(days=1)]

    def later() -> None:
        now[0] += timedelta(minutes=1)

    monkeypatch.setenv("MAILER_KEY", {"mailchimp": chimp.KEY}.get(system, campaigns.KEY))
    with _MADE[system](lambda: now[0], later) as mailer:
        path = tmp_path / "ringren.toml"
        section = _SETTINGS[system].format(host=mailer.vendor.host, here=mailer.vendor.address)
        path.write_text(f"{path.read_text('utf-8')}\n{section}{more}\n", "utf-8")
        yield mailer


_SETTINGS: Final = {
    "mailchimp": """
[mailchimp]
api_key = {{ env = "MAILER_KEY" }}
elsewhere = {{ "{host}" = "{here}" }}
""",
    "activecampaign": """
[activecampaign]
url = "{host}"
key = {{ env = "MAILER_KEY" }}
calls_a_second = 100
elsewhere = {{ "{host}" = "{here}" }}
""",
}


@contextmanager
def _mailchimp(clock: Clock, later: Callable[[], None]) -> Iterator[Mailer]:
    with served(chimp.build(clock)) as vendor:
        account = vendor.account  # type: ignore[attr-defined]
        for name in ("a1", "a2"):
            account.audience(name)
        states = {"subscribed": "on", "unsubscribed": "off", "cleaned": "bounced", "": ""}

        def put_on(where: str, address: str) -> None:
            account.load(where, {address: {}})

        def add_list() -> str:
            return str(account.audience(f"a{len(account.audiences) + 1}").id)

        yield Mailer(
            "mailchimp",
            vendor,
            ("a1", "a2"),
            account.add,
            account.unsubscribe,
            lambda where, address: states[account.status(where, address)],
            put_on,
            add_list,
            account.bounce,
            later,
        )


@contextmanager
def _activecampaign(clock: Clock, later: Callable[[], None]) -> Iterator[Mailer]:
    with served(campaigns.build(clock)) as vendor:
        account = vendor.account  # type: ignore[attr-defined]
        lists = (account.add_list("Nyt"), account.add_list("Tilbud"))
        states = {"1": "on", "2": "off", "3": "bounced", "": ""}

        def add(where: int, address: str) -> None:
            known = [one for one in account.contacts.values() if one.email == address]
            if known:
                account.set(known[0], where, "1", "people")
            else:
                account.add(address, where)

        def put_on(where: int, address: str) -> None:
            account.set(account.find(address), where, "1", "api", "4")

        yield Mailer(
            "activecampaign",
            vendor,
            lists,
            add,
            lambda where, address: account.unsubscribe(address, where),
            lambda where, address: states[account.status(address, where)],
            put_on,
            lambda: account.add_list("Ny"),
            lambda _, address: account.bounce(address),
            later,
        )


_MADE: Final = {"mailchimp": _mailchimp, "activecampaign": _activecampaign}
