"""Which systems can be told who must not be called: one that is busy just now stops nobody."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from simulators.scripted import Scripted

from connectors.barring import Barring
from rules.errors import TryAgain
from rules.records import Kind
from sync.stages.watch import able


class Busy(Scripted):
    """Has no time to say what lists it keeps."""

    def barring(self) -> Barring:
        raise TryAgain("error.busy", system=self.name, why="no JSON")

    def _not_asked(self) -> None:
        raise AssertionError

    bar = barred = _not_asked


def test_a_system_that_is_busy_when_it_is_asked_for_its_lists_stops_no_other() -> None:
    busy, other = Busy("busy", Kind.CONTACT), Scripted("other", Kind.CONTACT)
    systems = {"busy": busy, "other": other}
    app: Any = SimpleNamespace(systems=systems)
    assert able(app, {name: one.streams() for name, one in systems.items()}) == {"busy"}
