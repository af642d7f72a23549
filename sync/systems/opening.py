"""Where a person can open a record: its page in its own system."""

from __future__ import annotations

from collections.abc import Callable

from connectors.protocol import Links
from rules.records import Ref
from sync.app import App

Linker = Callable[[str, str, Ref | None, int | None], str]
"""(system, stream, ref, place) -> where a person can open it; empty: nowhere."""


def linker(app: App) -> Linker:
    """Asks the system's connector, if it can say."""
    # Asked once: the question costs more than the answers, which are asked for every row.
    linked = {name: one for name, one in app.systems.items() if isinstance(one, Links)}

    def link(system: str, stream: str, ref: Ref | None, place: int | None) -> str:
        connector = linked.get(system)
        return (connector.link(stream, ref, place) or "") if connector else ""

    return link
