"""Who is no longer where he is called: what LinkedIn's CRM sync, or somebody who looked, has said (R45).

It is a hint and no fact: a second job, a holding or a wrong company in the CRM look the same. So a person
looks, and nothing is changed. That nothing is said means that nobody knows.
"""

from __future__ import annotations

from typing import Final

from rules.catalogue import Catalogue
from rules.changes import Severity
from rules.checks.desk import Check, Desk
from rules.formats.choices import Picklist
from rules.records import Kind

_FIELD: Final = "employment"
_LEFT: Final = "left"


def employment(kind: Kind, mapped: frozenset[str], catalogue: Catalogue) -> Check | None:
    """Each person of whom somebody says that he has left."""
    row = catalogue.get(_FIELD)
    if row is None or kind not in row.home or _FIELD not in mapped:
        return None
    values = Picklist(row.choices, closed=row.closed)

    def check(desk: Desk) -> None:
        said = desk.text(_FIELD)
        if said and values.value(said) == _LEFT:
            desk.note("contact_left", Severity.WARNING, _FIELD, text=said)

    return check
