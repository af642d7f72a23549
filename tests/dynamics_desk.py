"""A simulated environment, and a connector to it that does not really sleep."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from simulators.dynamics import HOST, Site
from simulators.dynamics.site import CLIENT, SECRET, TENANT

from connectors.caller import Patience
from connectors.dynamics import Dynamics
from connectors.dynamics.client import Org
from connectors.entra import Login
from connectors.protocol import Moved, Outcome, Page, Stream
from rules.changes import Change, RecordChange
from rules.records import ABSENT, Record


@dataclass
class Desk:
    """What a test works with."""

    site: Site
    slept: list[float] = field(default_factory=list)

    def connector(
        self,
        *objects: str,
        fields: Mapping[str, Mapping[str, str]] | None = None,
        login: Login | None = None,
        dry: bool = False,
        read_seconds: float = 30,
    ) -> Dynamics:
        def sleep(seconds: float) -> None:
            self.slept.append(seconds)
            self.site.org.clock.pass_(seconds)  # type: ignore[attr-defined]

        org = Org(
            "dynamics",
            HOST,
            login or Login(TENANT, CLIENT, SECRET),
            clock=self.site.org.clock,
            dry=dry,
            elsewhere=self.site.elsewhere,
            patience=Patience(tries=3),
            sleep=sleep,
            read_seconds=read_seconds,
        )
        return Dynamics("dynamics", org, objects=objects or ("contact",), fields=fields)

    def contact(self, **values: Any) -> str:
        return self.site.org.add("contact", **{"lastname": "Vandkande", **values})

    def asked(self, part: str = "") -> list[tuple[str, str]]:
        """The calls whose path holds `part`."""
        return [call for call in self.site.api.calls if part in call[1]]


def stream_of(connector: Dynamics, name: str = "contact") -> Stream:
    return next(one for one in connector.streams() if one.name == name)


def pulled(connector: Dynamics, token: Any = None, name: str = "contact") -> list[Page]:
    return list(connector.pull(stream_of(connector, name), token))


def records(pages: Sequence[Page]) -> list[Record]:
    return [record for page in pages for record in page.records]


def change(record: Record, **new: str | None) -> RecordChange:
    """Changes as deciding would make them."""
    made = []
    for name, text in new.items():
        old = record.values.get(name)
        old = None if old is ABSENT else old
        made.append(Change(name, old, text, "rule", "hygiene", "reason.test"))
    return RecordChange(record.ref, record.version, tuple(made))


def pushed(
    connector: Dynamics, changes: Sequence[RecordChange], token: Any = None
) -> list[Outcome]:
    answers = connector.push(stream_of(connector), token or {}, changes)
    return [one for one in answers if not isinstance(one, Moved)]
