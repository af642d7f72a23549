"""The duty to tell people that we hold data about them which they did not give us (GDPR art. 14, R80).

It holds for a contact or a lead whose origin is not the person, as the record says, for every one of
whom a source of facts told us something personal that we wrote, and for a business that a person owns
himself of which one told us anything. It is met when the record says on which day the person was told. The finding is
first seen when we first hold the data, and is due within a month of that (art. 14(3)(a)).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from rules.catalogue import DEFAULT
from rules.changes import Change, Finding, Severity
from rules.enrichment.policy import RULE
from rules.enrichment.standing import personal_forms
from rules.fields.field import PEOPLE
from rules.list_rules import picklist
from rules.records import ABSENT, Kind, Value

CODE: Final = "not_informed"
INFORMED: Final = "informed_at"
ORIGIN: Final = "source"
ELSEWHERE: Final = frozenset({"own_research", "referral", "bought_list", "cvr", "linkedin"})
"""Origins of a record that are not the person himself."""
_OURS: Final = "system"


def owed(kind: Kind, values: Mapping[str, Value], written: Sequence[Change]) -> Finding | None:
    """The finding that this person was not told; None where there is no such duty, or it is met."""
    informed = values.get(INFORMED, ABSENT)
    if informed and informed is not ABSENT:
        return None
    if kind not in PEOPLE and not _is_owned_by_a_person(values):
        return None
    by = sorted({one.source for one in written if _tells_of_a_person(kind, one)})
    if not by and (informed is ABSENT or not _from_elsewhere(values)):
        return None
    origin = values.get(ORIGIN)
    said = ", ".join(by) if by else str(origin)
    return Finding(CODE, Severity.WARNING, INFORMED, {"source": said})


def _from_elsewhere(values: Mapping[str, Value]) -> bool:
    origin = values.get(ORIGIN)
    return isinstance(origin, str) and picklist(DEFAULT[ORIGIN]).value(origin) in ELSEWHERE


def _is_owned_by_a_person(values: Mapping[str, Value]) -> bool:
    form = values.get("legal_form")
    known = picklist(DEFAULT["legal_form"]).value(form) if isinstance(form, str) else ""
    return known in personal_forms()


def _tells_of_a_person(kind: Kind, change: Change) -> bool:
    if change.rule != RULE or change.source == _OURS or not change.new:
        return False
    field = DEFAULT.get(change.field)
    return kind not in PEOPLE or (field is not None and field.personal)
