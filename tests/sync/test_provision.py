"""`sync provision`: what is missing is shown, made after a yes, and not asked for again."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from simulators.dynamics import HOST as DYNAMICS_HOST
from simulators.dynamics import LOGIN, Site
from simulators.dynamics.site import CLIENT, SECRET, TENANT
from simulators.dynamics.tables import Column
from simulators.hubspot import serving as hubspot
from simulators.hubspot.tickets import KEY
from simulators.salesforce import serving as salesforce
from simulators.salesforce.schema import Field
from simulators.web import served

from connectors.readonly import ReadOnly
from connectors.rights import Lacks, Provisions
from rules.errors import Exit
from sync.cli import program


@dataclass(frozen=True, slots=True)
class Desk:
    """One system that is set up, and how it looks from its own side."""

    system: str
    records: Callable[[], Any]
    """Its records, for comparing."""
    odd: str
    """A field of ours that is there already, and of another type."""
    odd_type: Callable[[], str]

    def call(self, *args: str) -> Result:
        return CliRunner().invoke(program, ["provision", *args, "--lang", "en"], prog_name="sync")

    def lacks(self) -> list[str]:
        found = json.loads(self.call(self.system, "--dry-run", "--json").stdout)
        assert not found["made"]
        return [f"{one['stream']}.{one['name']}" for one in found["fields"]]


@pytest.fixture(params=["salesforce", "hubspot", "dynamics"])
def desk(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Desk]:
    for name in list(os.environ):
        if name.upper().startswith("RINGREN_") or name in {"LC_ALL", "LC_MESSAGES", "LANG"}:
            monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.chdir(tmp_path)
    made = {"salesforce": _salesforce, "hubspot": _hubspot, "dynamics": _dynamics}
    for desk, secret, section in made[request.param]():
        monkeypatch.setenv("SECRET", secret)
        text = f'[state]\npath = "state"\n[{request.param}]\n{section}'
        (tmp_path / "ringren.toml").write_text(text, "utf-8")
        yield desk


def _salesforce() -> Iterator[tuple[Desk, str, str]]:
    with served(salesforce.build()) as vendor:
        org, host = vendor.org, salesforce.HOST
        org.add("PermissionSet", Name="Ringren", Label="Ringren")
        org.add("Contact", LastName="Opdigt")
        org.add_field("Contact", Field("RR_Function__c", "double", 0))
        fields = org.tables["Contact"].fields
        app = vendor.desk.tickets.app
        yield (
            Desk(
                "salesforce",
                lambda: {ident: row["LastName"] for ident, row in org.rows["Contact"].items()},
                "Contact.RR_Function__c",
                lambda: fields["RR_Function__c"].type,
            ),
            app.secret,
            f"""
url = "{host}"
client_id = "{app.key}"
client_secret = {{ env = "SECRET" }}
objects = ["Account", "Contact"]
elsewhere = {{ "{host}" = "{vendor.address}" }}
""",
        )


def _hubspot() -> Iterator[tuple[Desk, str, str]]:
    with served(hubspot.build()) as vendor:
        portal = vendor.portal
        portal.own("contacts", "ringren_function", "number")
        properties = portal.properties["contacts"]
        yield (
            Desk(
                "hubspot",
                portal.snapshot,
                "contacts.ringren_function",
                lambda: properties["ringren_function"].type,
            ),
            KEY,
            f"""
token = {{ env = "SECRET" }}
objects = ["companies", "contacts"]
elsewhere = {{ "{hubspot.HOST}" = "{vendor.address}" }}
""",
        )


def _dynamics() -> Iterator[tuple[Desk, str, str]]:
    with Site() as site:
        columns = site.org.tables["contact"].columns
        columns["rr_function"] = Column("contact", "rr_function", "integer", custom=True)
        yield (
            Desk(
                "dynamics",
                site.org.snapshot,
                "contact.rr_function",
                lambda: columns["rr_function"].type,
            ),
            SECRET,
            f"""
url = "{DYNAMICS_HOST}"
tenant = "{TENANT}"
client_id = "{CLIENT}"
client_secret = {{ env = "SECRET" }}
objects = ["account", "contact"]
elsewhere = {{ "{DYNAMICS_HOST}" = "{site.address}", "{LOGIN}" = "{site.address}" }}
""",
        )


def test_fields_are_shown_made_and_not_asked_for_again(desk: Desk) -> None:
    records, odd_type = desk.records(), desk.odd_type()
    lacking = desk.lacks()
    assert any("manual_check" in one.lower() for one in lacking)
    assert desk.odd not in lacking
    assert desk.lacks() == lacking, "a dry run makes nothing"

    made = desk.call(desk.system, "--yes")
    assert made.exit_code == Exit.OK, made.output
    assert all(f"✓ {one}: made" in made.stdout for one in lacking)

    assert not desk.lacks()
    again = desk.call(desk.system)
    assert (again.exit_code, again.stdout.splitlines()[0]) == (
        Exit.OK,
        f"{desk.system} lacks nothing.",
    )
    assert desk.odd_type() == odd_type, "a type is never changed"
    assert desk.records() == records, "no record was touched"


def test_nothing_is_made_without_a_yes_and_the_dry_run_says_so(desk: Desk) -> None:
    looked = desk.call(desk.system, "--dry-run", "--yes")
    assert looked.exit_code == Exit.CHANGES, looked.output
    assert "Nothing was made." in looked.stdout
    unasked = desk.call(desk.system)
    assert unasked.exit_code == Exit.CHANGES
    assert "--yes" in unasked.output
    assert desk.lacks()


def test_a_system_that_has_no_fields_to_make_or_is_not_set_up_says_so(
    desk: Desk, tmp_path: Path
) -> None:
    unknown = desk.call("other")
    assert unknown.exit_code == Exit.USER
    assert "other is not set up.\n" in unknown.output
    assert desk.system in unknown.output
    (tmp_path / "lists").mkdir()
    files = desk.call("files", "--dry-run", "--path", "lists", "--state", "state2")
    assert files.exit_code == Exit.USER
    assert "In files there are no fields that the program could make." in files.output


def test_what_stands_in_for_a_system_in_a_dry_run_cannot_make_anything() -> None:
    class Inner:
        name = "crm"

    dry = ReadOnly(Inner())  # type: ignore[arg-type]
    assert isinstance(dry, Lacks)
    assert not isinstance(dry, Provisions)
    assert dry.missing() == ()
