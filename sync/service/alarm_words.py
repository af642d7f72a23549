"""What an alarm says: many in one message, the worst first, and how to see and answer for them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from rules.alarms import NEVER_HELD, Level, Receiver
from state.alerts import Alert
from sync.output import moment
from sync.texts import Texts

MOST: Final = 10


@dataclass(frozen=True, slots=True)
class Message:
    """What one receiver gets."""

    title: str
    body: str


def message(due: Sequence[Alert], receiver: Receiver, lang: str) -> Message:
    """All that is due for a receiver as one message."""
    texts = Texts(lang)
    worst_first = sorted(due, key=lambda one: (one.level is not Level.CERTAIN, one.alert))
    body = [*_by_kind(due, texts), *(line(one, texts) for one in worst_first[:MOST])]
    if len(due) > MOST:
        body.append(texts.count("alarms.more", len(due) - MOST))
    if any(_was_held(one, receiver) for one in due):
        body += ["", texts.get("alarms.held")]
    again = any(one.sent.get(receiver.name) for one in due)
    body += ["", *_how(due, texts, again=again)]
    return Message(_title(due, texts), "\n".join(body))


def _title(due: Sequence[Alert], texts: Texts) -> str:
    codes = {one.code for one in due}
    only = codes.pop() if len(codes) == 1 else ""
    key = f"alarms.title.{only}" if only else "alarms.title.several"
    return "Ringren: " + texts.count(key, len(due))


def _by_kind(due: Sequence[Alert], texts: Texts) -> list[str]:
    """How many of each kind, where there are several kinds."""
    kinds = Counter(one.code for one in due)
    if len(kinds) < 2:
        return []
    told = (texts.count(f"alarms.title.{code}", many) for code, many in kinds.most_common())
    return [" · ".join(told), ""]


def _was_held(one: Alert, receiver: Receiver) -> bool:
    """Whether it was raised in quiet hours, and is told only now."""
    waited = one.code not in NEVER_HELD and not one.sent.get(receiver.name)
    return waited and receiver.rests(one.raised_at)


def _how(due: Sequence[Alert], texts: Texts, *, again: bool) -> Iterator[str]:
    if any(one.code == "violation" for one in due):
        yield texts.get("alarms.how.violation")
    if any(one.code != "violation" for one in due):
        yield texts.get("alarms.how.other")
    if again:
        yield texts.get("alarms.again")


def line(one: Alert, texts: Texts) -> str:
    """One alarm in one line."""
    details = dict(one.details)
    if one.code == "violation":
        return violation_line(details, texts)
    if "what" in details:
        details["what"] = texts.get(f"alarms.{one.code}.{details['what']}")
    return texts.get(f"alarms.{one.code}", system=one.system, **details)


def violation_line(details: dict[str, object], texts: Texts) -> str:
    """Who called whom when, how long after the no, and why it could happen."""
    at = moment(datetime.fromisoformat(str(details["at"])), texts.lang)
    parts = [
        f"{details['violation']}",
        at,
        str(details["number"]) or texts.get("violations.no_number"),
        texts.get("alarms.agent", name=details["agent"]) if details["agent"] else "",
        texts.get("alarms.list", name=details["list"]) if details["list"] else "",
        age(details["hours"], texts),
        texts.get(f"violations.verdict.{details['verdict']}"),
        texts.get(f"violations.cause.{details['cause']}"),
        str(details["ref"]),
    ]
    return " · ".join(part for part in parts if part)


def age(hours: object, texts: Texts) -> str:
    """How old the no was when the call was made."""
    number = int(str(hours))
    days = number // 24
    return texts.count("alarms.age.days", days) if days else texts.count("alarms.age.hours", number)
