"""A first sync of each CRM: stopped after any page it goes on there, and nothing comes out otherwise."""

from __future__ import annotations

import os
import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from simulators.dynamics import Site
from simulators.dynamics import people as in_dynamics
from simulators.dynamics.org import Org
from simulators.dynamics.site import CLIENT, LOGIN, SECRET, TENANT
from simulators.dynamics.site import HOST as DYNAMICS
from simulators.hubspot import people as in_hubspot
from simulators.hubspot import serving as hubspot
from simulators.hubspot.tickets import KEY
from simulators.salesforce import people as in_salesforce
from simulators.salesforce import serving as salesforce
from simulators.web import served

import sync.passes.records
from connectors.salesforce import bulk
from state import match_keys
from sync.cli import program
from sync.stages import decide, pull

COMPANIES, CONTACTS = 60, 440
KILLS = (3, 5)
TABLES = {
    "mirror": "id, cells, filled, valid, decided_with IS NULL, deleted_at IS NULL",
    "proposals": "base_version != '', shape, changes, closed_as",
    "blocked": "channels",
    "coverage": "stream, field, filled, valid",
}
Told = tuple[str, Callable[[], list[str]]]
"""A section of settings, and the calls for pages of records so far."""


@contextmanager
def salesforce_org() -> Iterator[Told]:
    vendor = salesforce.build()
    vendor.clock.ahead = -timedelta(days=1)
    in_salesforce.fill(vendor.org, companies=COMPANIES, contacts=CONTACTS)
    vendor.clock.ahead = timedelta()
    vendor.desk.page = vendor.desk.bulk.page = 100
    with served(vendor):
        app, host = vendor.desk.tickets.app, salesforce.HOST
        section = (
            f'[salesforce]\nurl = "{host}"\nclient_id = "{app.key}"\nclient_secret = '
            f'{{ env = "SECRET" }}\nelsewhere = {{ "{host}" = "{vendor.address}" }}\n'
        )
        os.environ["SECRET"] = app.secret
        yield section, lambda: _pages(vendor.calls, r"/query/\w+-")


@contextmanager
def hubspot_account() -> Iterator[Told]:
    vendor = hubspot.build()
    in_hubspot.fill(vendor.portal, companies=COMPANIES, contacts=CONTACTS)
    with served(vendor):
        os.environ["SECRET"] = KEY
        section = (
            f'[hubspot]\ntoken = {{ env = "SECRET" }}\n'
            f'elsewhere = {{ "{hubspot.HOST}" = "{vendor.address}" }}\n'
        )
        yield section, lambda: _pages(vendor.calls, r"GET .*/objects/[^?]*/contacts$")


@contextmanager
def dynamics_org() -> Iterator[Told]:
    org = Org(lambda: datetime.now(UTC))
    in_dynamics.fill(org, COMPANIES, CONTACTS)
    org.page = 100
    with Site(org) as site:
        os.environ["SECRET"] = SECRET
        section = (
            f'[dynamics]\nurl = "{DYNAMICS}"\ntenant = "{TENANT}"\nclient_id = "{CLIENT}"\n'
            f'client_secret = {{ env = "SECRET" }}\n'
            f'elsewhere = {{ "{DYNAMICS}" = "{site.address}", "{LOGIN}" = "{site.address}" }}\n'
        )
        yield section, lambda: [path for _, path in site.api.calls if path == "contacts"]


def _pages(calls: list[Any], pattern: str) -> list[str]:
    return [one.path for one in calls if re.search(pattern, f"{one.method} {one.path}")]


@pytest.fixture(params=[salesforce_org, hubspot_account, dynamics_org])
def told(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Told]:
    """Everything is large here, so that each system is decided while it is read."""
    for module, name, value in (
        (bulk, "PAGE", 100), (decide, "BATCH", 150), (sync.passes.records, "WORTH_IT", 200),
        (match_keys, "MANY", 300),
    ):  # fmt: skip
        monkeypatch.setattr(module, name, value)
    monkeypatch.setenv("SECRET", "")
    with request.param() as one:
        yield one


def look(tmp_path: Path, state: str, section: str) -> Result:
    settings = tmp_path / "ringren.toml"
    settings.write_text(section, "utf-8")
    args = ["--dry-run", "--settings", str(settings), "--state", str(tmp_path / state)]
    return CliRunner().invoke(program, args, prog_name="sync")


def held(tmp_path: Path, state: str) -> dict[str, list[tuple[object, ...]]]:
    with closing(sqlite3.connect(tmp_path / state / "ringren.sqlite")) as db:
        return {
            table: sorted(db.execute(f"SELECT {columns} FROM {table}"), key=repr)  # noqa: S608
            for table, columns in TABLES.items()
        }


def test_killed_after_a_page_it_goes_on_behind_it_and_comes_to_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, told: Told
) -> None:
    section, pages = told
    assert look(tmp_path, "whole", section).exit_code == 2
    whole, expected = len(pages()), held(tmp_path, "whole")
    for at in KILLS:
        state = f"killed-{at}"
        with monkeypatch.context() as killing:
            killing.setattr(pull, "_take_page", killed_after(at))
            assert look(tmp_path, state, section).exit_code not in {0, 2}
        before, stored = len(pages()), len(held(tmp_path, state)["mirror"])
        assert COMPANIES < stored < len(expected["mirror"])
        assert look(tmp_path, state, section).exit_code == 2
        assert held(tmp_path, state) == expected
        read_again = len(pages()) - before
        # One more: what has changed meanwhile.
        assert read_again <= whole - (stored - COMPANIES) // 100 + 1, "what is stored is stored"


def killed_after(pages: int) -> Callable[..., Any]:
    """Takes so many pages; the next is not stored."""
    left, take = pages, pull._take_page

    def taken(*args: Any) -> Any:
        nonlocal left
        done = take(*args)
        left -= 1
        if left < 0:
            raise KeyboardInterrupt
        return done

    return taken
