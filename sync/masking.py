"""Takes personal data and secrets out of text that is meant for operators: logs and crash files.

Not for reports: those are made for people who may see the data. Three nets, each for what the
others miss: keys that are known to hold such data, shapes that look like it, and the very values
of the secrets that the settings hold.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

MASK = "[•]"

_PERSONAL = re.compile(
    r"(?:^|_)(?:name|navn|title|phone|telefon|tlf|mobil|number|e?mail|cpr|cvr|p_number|address|adresse"
    r"|note|notes|value|values|old|new|cell|row|record|extension|website|domain|evidence|details"
    r"|actor|agent)(?:$|_)"
)
_SECRET = re.compile(
    r"passw|secret|token|api_?key|authorization|credential|cookie|dsn|database_url"
)
_PLAIN = frozenset({"run", "run_id", "plan", "timestamp", "level", "logger", "stream", "system"})
_MEASURES = re.compile(
    r"(?:^|_)(?:bytes|size|total|done|rows|records|count|seconds|ms|offset|epoch|pid|line|place)$"
)

_MAIL = re.compile(r"[^\s@<>\"'(),;:=]{1,64}@[^\s@<>\"'(),;:]{1,255}")
_DIGITS = re.compile(
    # A time stamp is kept, anything else with eight digits or more may be a phone, CVR or CPR.
    r"(?P<kept>\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)?)?(?!\d))"
    r"|(?<![\w])\+?\(?\d(?:[ \u00a0.\-/()]{0,3}\d){7,}(?![\w])"
)
_LOGIN = re.compile(r"(?P<scheme>[a-z][a-z0-9+.-]*://)[^/\s@]+@", re.IGNORECASE)
_PARAMETERS = re.compile(r"\[parameters: .*", re.DOTALL)
_QUOTED = re.compile(r"'(?:[^'\\\n]|\\.)*'|\"(?:[^\"\\\n]|\\.)*\"")
_OURS = re.compile(r"['\"](?:[a-z]+(?:_[a-z0-9]+)+|[/.\w-]+/[/.\w-]+|)['\"]\Z")

_secrets: set[str] = set()


def remember_secret(value: str) -> None:
    """From now on this very text is masked wherever it stands."""
    if len(value) >= 4:
        _secrets.add(value)


def mask(text: str) -> str:
    """`text` without e-mail addresses, numbers of eight digits or more, log-ins and secrets."""
    for secret in _secrets:
        if secret in text:
            text = text.replace(secret, MASK)
    if "@" in text:
        text = _LOGIN.sub(rf"\g<scheme>{MASK}@", text)
        text = _MAIL.sub(_mail, text)
    return _DIGITS.sub(lambda found: found["kept"] or MASK, text)


def _mail(found: re.Match[str]) -> str:
    return found[0] if found[0].startswith(MASK) or "//" in found[0] else MASK


def mask_error(text: str) -> str:
    """As `mask`, for the message of an exception: what stands in quotes may be a cell, so it goes.

    Names with an underscore (fields, tables) and paths are kept: they are ours and help to find
    the fault.
    """
    text = _PARAMETERS.sub(f"[parameters: {MASK}]", text)
    return mask(_QUOTED.sub(lambda q: q[0] if _OURS.match(q[0]) else f"'{MASK}'", text))


def mask_entry(entry: Mapping[str, Any]) -> dict[str, Any]:
    """A log entry, or any mapping within one, with its values masked by key and by shape."""
    return {key: _masked(key, value) for key, value in entry.items()}


def _masked(key: str, value: Any) -> Any:
    name = key.lower()
    if name in _PLAIN or value is None or isinstance(value, bool):
        return value
    if _SECRET.search(name) or (_PERSONAL.search(name) and not _MEASURES.search(name)):
        return MASK
    if isinstance(value, int | float):
        long = isinstance(value, int) and abs(value) >= 10_000_000
        return MASK if long and not _MEASURES.search(name) else value
    if isinstance(value, Mapping):
        return mask_entry(value)
    if isinstance(value, list | tuple | set | frozenset):
        return [_masked(key, one) for one in value]
    return mask(value if isinstance(value, str) else str(value))
