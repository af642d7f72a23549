"""The three simulated CRM systems behind one face, for tests that are the same for all of them.

What a person is called and where his number stands is each vendor's own; here it is `person`.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

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

from sync.cli import program

NAMES: Final = ("salesforce", "hubspot", "dynamics")


@dataclass
class Crm:
    """One system that is set up. `vendor` is the simulator itself."""

    system: str
    people: str
    """The object of contacts."""
    vendor: Any
    secret: str
    settings: str
    add: Callable[..., str]
    """A person, by the vendor's own field names; the id."""
    edit: Callable[..., None]
    field: Callable[..., None]
    """The customer's own field on contacts: name, kind (text, phone, email, flag, pick)."""
    snapshot: Callable[[], Any]
    later: Callable[[], None]
    """A minute goes by."""
    calls: Callable[[], int]
    """Requests so far, sign-ins too."""
    names: dict[str, str] = field(default_factory=dict)
    """Canonical field to the vendor's: last_name, phone, email, no (a flag that says no to calls)."""

    def call(self, *args: str, lang: str = "en") -> Result:
        """The command line, a minute later."""
        self.later()
        return CliRunner().invoke(program, [*args, "--lang", lang], prog_name="sync")

    def person(self, last_name: str, **own: Any) -> str:
        """Somebody, with what stands in fields by the vendor's names."""
        return self.add(**{self.names["last_name"]: last_name, **own})


@contextmanager
def opened(system: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Crm]:
    """A system with nobody in it, served, with settings in the present folder."""
    for name in list(os.environ):
        if name.upper().startswith("RINGREN_") or name in {"LC_ALL", "LC_MESSAGES", "LANG"}:
            monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.chdir(tmp_path)
    with _MADE[system]() as crm:
        monkeypatch.setenv("SECRET", crm.secret)
        text = f'[state]\npath = "state"\n[{system}]\n{crm.settings}'
        (tmp_path / "ringren.toml").write_text(text, "utf-8")
        yield crm


@contextmanager
def _salesforce() -> Iterator[Crm]:
    with served(salesforce.build()) as vendor:
        org, host, app = vendor.org, salesforce.HOST, vendor.desk.tickets.app
        vendor.clock.ahead = -timedelta(days=1)
        org.add("PermissionSet", Name="Ringren", Label="Ringren")
        kinds = {"text": "string", "flag": "boolean", "pick": "picklist"}

        def own(name: str, kind: str, label: str = "", **more: Any) -> None:
            one = Field(name, kinds.get(kind, kind), 80, label=label or name, **more)
            org.add_field("Contact", one)

        yield Crm(
            "salesforce",
            "Contact",
            vendor,
            app.secret,
            f"""
url = "{host}"
client_id = "{app.key}"
client_secret = {{ env = "SECRET" }}
objects = ["Account", "Contact"]
elsewhere = {{ "{host}" = "{vendor.address}" }}
""",
            lambda **values: org.add("Contact", **values),
            org.edit,
            own,
            org.snapshot,
            lambda: vendor.clock.pass_by(minutes=1),
            lambda: len(vendor.calls),
            {"last_name": "LastName", "phone": "Phone", "email": "Email", "no": "DoNotCall"},
        )


@contextmanager
def _hubspot() -> Iterator[Crm]:
    now = [hubspot.wall_clock() - timedelta(days=1)]
    with served(hubspot.build(lambda: now[0])) as vendor:
        portal = vendor.portal
        kinds = {"flag": "bool", "pick": "enumeration"}

        def own(name: str, kind: str, label: str = "", **more: Any) -> None:
            if kind == "phone":
                more["field_type"] = "phonenumber"
            if kind == "flag":
                more["options"] = {"true": "Ja", "false": "Nej"}
            portal.own("contacts", name, kinds.get(kind, "string"), label=label or name, **more)

        def later() -> None:
            now[0] += timedelta(minutes=1)

        own("ringren_do_not_call", "flag")
        yield Crm(
            "hubspot",
            "contacts",
            vendor,
            KEY,
            f"""
token = {{ env = "SECRET" }}
objects = ["companies", "contacts"]
elsewhere = {{ "{hubspot.HOST}" = "{vendor.address}" }}
""",
            lambda **values: str(portal.create("contacts", values)),
            lambda ident, **values: portal.edit("contacts", int(ident), **values),
            own,
            portal.snapshot,
            later,
            lambda: len(vendor.calls),
            {
                "last_name": "lastname",
                "phone": "phone",
                "email": "email",
                "no": "ringren_do_not_call",
            },
        )


@contextmanager
def _dynamics() -> Iterator[Crm]:
    with Site() as site:
        org, columns = site.org, site.org.tables["contact"].columns
        kinds = {"flag": "boolean", "pick": "picklist"}

        def own(name: str, kind: str, label: str = "", **more: Any) -> None:
            columns[name] = Column(
                "contact",
                name,
                kinds.get(kind, "string"),
                kind if kind in {"phone", "email"} else "",
                custom=True,
                label=label or name,
                **more,
            )

        yield Crm(
            "dynamics",
            "contact",
            site,
            SECRET,
            f"""
url = "{DYNAMICS_HOST}"
tenant = "{TENANT}"
client_id = "{CLIENT}"
client_secret = {{ env = "SECRET" }}
objects = ["account", "contact"]
elsewhere = {{ "{DYNAMICS_HOST}" = "{site.address}", "{LOGIN}" = "{site.address}" }}
""",
            lambda **values: org.add("contact", **values),
            lambda ident, **values: org.edit("contact", ident, **values),
            own,
            org.snapshot,
            lambda: org.clock.pass_(60),
            lambda: len(site.api.calls),
            {
                "last_name": "lastname",
                "phone": "telephone1",
                "email": "emailaddress1",
                "no": "donotphone",
            },
        )


_MADE: Final = {"salesforce": _salesforce, "hubspot": _hubspot, "dynamics": _dynamics}
