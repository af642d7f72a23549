"""The flag that says, in the record itself, that a person has to look, and why (R46).

What sources ask a person about stands in the work list as findings. Where the record has the two
fields, it says so as well, so that whoever opens it in the CRM knows. The reason is short and the same
every night: it is written when the question comes, when it is another one, and taken away with it.

The two fields are ours as long as they stand as we wrote them. Who unticks the flag has answered: it
comes back only with another reason. What somebody wrote there himself is left alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from rules.changes import Change, Finding
from rules.enrichment.policy import MANUAL, RULE
from rules.formats.choices import yes_no
from rules.records import ABSENT, Value

FLAG, WHY = MANUAL
SOURCE: Final = "system"
YES, NO = "Ja", "Nej"
LONGEST: Final = 250
"""Signs of a reason; the fields that provisioning makes hold a few more."""
ASKED: Final = (
    "company_cvr_differs", "company_cvr_succeeded", "company_cvr_unknown", "company_name_elsewhere",
    "company_domain_of_several", "company_country_differs", "company_winding_up", "company_bankrupt",
    "company_ceased", "cvr_not_in_register", "facts_disagree", "email_not_there",
    "email_never_mail", "phone_not_there",
)  # fmt: skip
"""The questions of sources that a person is asked in the record itself."""
TOLD: Final = (
    *ASKED, "source_differs", "company_mailbox_only", "company_name_and_place",
    "company_name_twins", "company_called_otherwise", "email_unsure", "phone_unsure",
)  # fmt: skip
"""All that sources have a person look at, remarks too."""
_BETWEEN: Final = "; "
_RAISED, _OVER = "reason.manual_check", "reason.manual_check_over"


def manual(
    values: Mapping[str, Value],
    findings: Iterable[Finding],
    words: Mapping[str, str],
    written: Sequence[Change] = (),
) -> tuple[Change, ...]:
    """What becomes of flag and reason. `findings` are those of sources, `words` a few words for each
    of `ASKED`, `written` what we wrote before, oldest first."""
    if values.get(FLAG, ABSENT) is ABSENT:
        return ()
    wanted = _reason(findings, words)
    stands = (_is_yes(values.get(FLAG)), _text(values.get(WHY)))
    ours = _last(written)
    if ours is None:
        may = stands == (False, "")
    else:
        has_answered = ours[0] and not stands[0]
        may = wanted != ours[1] if has_answered else stands == _standing(ours, values)
    if not may or stands == _standing((bool(wanted), wanted), values):
        return ()
    return tuple(_changes(values, wanted))


def _reason(findings: Iterable[Finding], words: Mapping[str, str]) -> str:
    """The questions in a few words, in the order of the alphabet, whole ones only."""
    said = ""
    for one in sorted({words[one.code] for one in findings if one.code in words}):
        longer = f"{said}{_BETWEEN}{one}" if said else one
        said = longer if len(longer) <= LONGEST else said or longer[:LONGEST]
    return said


def _last(written: Sequence[Change]) -> tuple[bool, str] | None:
    """Flag and reason as we wrote them last; None: we never did."""
    told = {one.field: one.new for one in written if one.rule == RULE and one.field in (FLAG, WHY)}
    return (_is_yes(told.get(FLAG)), _text(told.get(WHY))) if FLAG in told else None


def _standing(told: tuple[bool, str], values: Mapping[str, Value]) -> tuple[bool, str]:
    """As they would stand in this record, which need not have a field for the reason."""
    return told if values.get(WHY, ABSENT) is not ABSENT else (told[0], "")


def _changes(values: Mapping[str, Value], wanted: str) -> Iterable[Change]:
    reason = _RAISED if wanted else _OVER
    for name, new in ((FLAG, YES if wanted else NO), (WHY, wanted)):
        old = values.get(name, ABSENT)
        same = _is_yes(old) == (new == YES) if name == FLAG else _text(old) == new
        if old is not ABSENT and not same:
            yield Change(name, old if isinstance(old, str) else None, new, RULE, SOURCE, reason)


def _is_yes(value: object) -> bool:
    return isinstance(value, str) and yes_no(value).value in {YES, "Yes"}


def _text(value: object) -> str:
    return value.strip() if isinstance(value, str) else ""
