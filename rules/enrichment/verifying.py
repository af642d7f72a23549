"""What verifiers' verdicts say about one record, and by which keys they are asked.

A verdict is told to a person and changes nothing: an address that does not work may be one letter
away from the right one. What our own rules refuse is not worth asking anybody about.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Final

from rules.changes import Finding, Severity
from rules.enrichment.verdict import Verdict, Verified, standing
from rules.formats import email, phone
from rules.keys import Key, KeyKind, keys_in
from rules.records import Value
from rules.spans import COPENHAGEN

FIELDS: Final = (
    ("email", KeyKind.EMAIL),
    ("direct_phone", KeyKind.PHONE),
    ("main_phone", KeyKind.PHONE),
    ("other_phone", KeyKind.PHONE),
)
"""The fields whose values are verified, and by which kind of key."""
VERIFIED: Final = frozenset(kind for _, kind in FIELDS)
PHONES: Final = frozenset(field for field, kind in FIELDS if kind is KeyKind.PHONE)
_CODES: Final = {
    (KeyKind.EMAIL, Verdict.INVALID): ("email_not_there", Severity.WARNING),
    (KeyKind.EMAIL, Verdict.DO_NOT_MAIL): ("email_never_mail", Severity.WARNING),
    (KeyKind.EMAIL, Verdict.RISKY): ("email_unsure", Severity.NOTICE),
    (KeyKind.PHONE, Verdict.INVALID): ("phone_not_there", Severity.WARNING),
    (KeyKind.PHONE, Verdict.RISKY): ("phone_unsure", Severity.NOTICE),
}
_OF_ONE_PERSON: Final = "direct_phone"
_AS_ONES_OWN: Final = {"toll_free": Verdict.INVALID, "voip": Verdict.RISKY}
"""What is right for a company's main number, and no number of one person."""
_ORDINARY: Final = "role"
"""A mailbox that several people read is no finding where companies are written to."""


def reached(values: Mapping[str, Value], kinds: Collection[KeyKind]) -> tuple[Key, ...]:
    """The keys of these kinds that are worth a verifier's question; `values` as the rules leave them."""
    wanted = (key for field, kind in FIELDS if kind in kinds for key in _keys(values, field, kind))
    return tuple(dict.fromkeys(wanted))


def _keys(values: Mapping[str, Value], field: str, kind: KeyKind) -> tuple[Key, ...]:
    text = values.get(field)
    if not isinstance(text, str) or not text:
        return ()
    found = email.email(text) if kind is KeyKind.EMAIL else phone.phone(text)
    # One address or number, and nothing about it that a person would have to mend first.
    return keys_in(kind, text) if found.value == text and not found.issues else ()


def from_verdicts(
    values: Mapping[str, Value], verdicts: Mapping[Key, Sequence[Verified]]
) -> tuple[Finding, ...]:
    """What a person should know of the addresses of a record, by these verdicts about its keys."""
    return tuple(
        finding
        for field, kind in FIELDS
        for key in _keys(values, field, kind)
        for finding in _findings(field, key, standing(verdicts.get(key, ())))
    )


def _findings(field: str, key: Key, told: Verified | None) -> Iterator[Finding]:
    if told is None or told.reason == _ORDINARY:
        return
    own = _AS_ONES_OWN.get(told.reason) if field == _OF_ONE_PERSON else None
    found = _CODES.get((key.kind, own or told.verdict))
    if found is None:
        return
    code, severity = found
    details = {
        "text": key.value,
        "source": told.source,
        "date": told.read_at.astimezone(COPENHAGEN).date().isoformat(),
        "verdict": told.reason,
        "said": " ".join(filter(None, (told.status, told.detail))),
    }
    yield Finding(code, severity, field, details)
    if told.suggestion and told.suggestion != key.value:
        typo = {"text": key.value, "suggestion": told.suggestion}
        yield Finding("email_typo", Severity.WARNING, field, typo)
