"""Systems: which are set up, how one is, and whether its rights suffice.

The page writes no settings. Whoever may sign in here could else point a secret of the machine at an
address of his own, or have any file of it read as one; so a system is set up in the settings file,
with a text that is copied from here, and tested here as the file has it.
"""

from __future__ import annotations

from typing import Any, Final

from connectors.registry import FILES
from rules.rights import Right
from sync.app import open_app
from sync.settings.example import section
from sync.settings.model import VENDORS
from sync.systems.checks import Check, Checked, Checking, Verdict
from sync.web.page.asked import Answered, Asked, Shown
from sync.web.refusals import Refused

_TONES: Final = {Verdict.OK: "good", Verdict.WARN: "warning", Verdict.FAIL: "error"}


def listed(asked: Asked) -> Answered:
    """`sync check`, before anything is asked; and the text for the settings of those not set up."""
    return _page(asked, "", ())


def tried(asked: Asked) -> Answered:
    """`sync check SYSTEM`: its lists, its fields and our rights there. Nothing is written anywhere."""
    name = asked.path["name"]
    with open_app(
        asked.app.settings, actor=asked.app.actor, dry=True, clock=asked.app.clock
    ) as app:
        connector = app.systems.get(name)
        if connector is None:
            raise Refused(404, "page.no_page")
        checking = Checking(app.settings, asked.texts)
        found = tuple(checking.system(name, connector, Checked()))
    return _page(asked, name, found)


def _page(asked: Asked, name: str, found: tuple[Check, ...]) -> Shown:
    there = sorted(asked.app.systems)
    filled: dict[str, Any] = {
        "there": there,
        "missing": [(one, section(one, asked.texts)) for one in VENDORS if one not in there],
        "is_files": FILES,
        "tried": name,
        "found": [(_TONES[one.verdict], one) for one in found],
        "verdict": _TONES[max((one.verdict for one in found), key=list(_TONES).index)]
        if found
        else "",
    }
    return Shown("systems", filled)


PLACES: Final = (
    ("GET", "/systems", Right.SETTINGS, listed),
    ("POST", "/systems/{name}", Right.WORK, tried),
)
