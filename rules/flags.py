"""How a "no" is shown on a record in an outside system: which of its fields have to be set.

Each channel that is blocked has to stand in the narrowest field that the system has for it: who
fills a dialer looks at "do not call", not at a wider field beside it. A field that forbids more than
what is blocked is left alone, so that our own flags never widen an opt-out.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from rules.changes import Change
from rules.opt_out_fields import flagged
from rules.records import ABSENT, Value
from rules.suppression import SINGLE_CHANNELS, Channel

RULE: Final = "suppression"
"""What a change is made by that shows a block on a record."""
SET_AT: Final = "set_at"
"""The detail of such a change that says when it was made by the system's own clock."""
WORDS: Final = {Channel.CALL: "opkald", Channel.EMAIL: "e-mail", Channel.SMS: "sms"}
"""How a cell names channels, as `opt_out_words` reads them."""
ALL: Final = frozenset(SINGLE_CHANNELS)
_NO_FLAG: Final = "do_not_call_reason"
"""A reason says no when we read it; nobody who fills a dialer looks there."""


@dataclass(frozen=True, slots=True)
class Flag:
    """A field that says no. `yes` is what the cell then holds; `words`: it may name channels.

    `needs` is a field that has to be filled for it: who has no address cannot be unsubscribed.
    `sticky`: to take it off would be to sign somebody up again, which nobody does but that person.
    """

    field: str
    channels: frozenset[Channel]
    yes: str = "true"
    words: bool = False
    needs: str = ""
    sticky: bool = False


class Wanted(NamedTuple):
    """What is to be set on a record, and the channels that its system has no field for."""

    changes: tuple[Change, ...]
    lacking: frozenset[Channel]


def shown(values: Mapping[str, Value]) -> dict[str, frozenset[Channel]]:
    """The fields of a record that say no, each with the single channels that it is about."""
    return {
        field: ALL if Channel.ALL in channels else channels
        for field, channels in flagged(values).items()
        if field != _NO_FLAG
    }


def wanted(
    values: Mapping[str, Value], channels: Collection[Channel], flags: Sequence[Flag]
) -> Wanted:
    """What has to be set so that a record with these values shows that `channels` are blocked."""
    blocked, here = frozenset(channels), shown(values)
    flags = [one for one in flags if not one.needs or values.get(one.needs)]
    changes: dict[str, Change] = {}
    lacking: set[Channel] = set()
    for channel in SINGLE_CHANNELS:
        if channel not in blocked:
            continue
        flag = _narrowest(channel, blocked, flags)
        if flag is not None:
            if channel not in here.get(flag.field, frozenset()):
                changes[flag.field] = _change(values, flag.field, flag.yes)
        elif (named := _in_words(flags)) is not None:
            already = here.get(named.field, frozenset())
            if channel not in already:
                told = changes.get(named.field)
                texts = _spoken(told.new) if told else _words(already)
                text = ", ".join([*texts, WORDS[channel]])
                changes[named.field] = _change(values, named.field, text)
        else:
            lacking.add(channel)
    return Wanted(tuple(changes.values()), frozenset(lacking))


def is_shown(
    values: Mapping[str, Value], channels: Collection[Channel], flags: Sequence[Flag]
) -> bool:
    """Whether a record shows all that its system has a field for."""
    return not wanted(values, channels, flags).changes


LIFTED: Final = "lifted"
"""What a change is made by that takes a flag of ours off again, once the block is over."""


class Left(NamedTuple):
    """What is to be taken off a record, and the flags of ours there that we do not take off."""

    changes: tuple[Change, ...]
    stuck: tuple[str, ...]


def left_over(
    values: Mapping[str, Value],
    channels: Collection[Channel],
    flags: Sequence[Flag],
    ours: Mapping[str, Change],
) -> Left:
    """The flags that stand although a channel that they are about is blocked no more.

    `ours` are the fields that we set last, by the change that did; anybody else's flag is left
    alone. What is still blocked goes into narrower flags in the same write, so that the record
    never shows less than it has to; where there are none, the wide one stays.
    """
    blocked, here = frozenset(channels), shown(values)
    changes: dict[str, Change] = {}
    stuck: list[str] = []
    for flag in flags:
        said, mine = here.get(flag.field, frozenset()), ours.get(flag.field)
        if mine is None or not said - blocked:
            continue
        if flag.sticky:
            stuck.append(flag.field)
            continue
        without = {**values, flag.field: mine.old if flag.words else None}
        others = [one for one in flags if one.field != flag.field]
        instead = wanted(without, said & blocked, others)
        if instead.lacking or shown(without).get(flag.field):
            stuck.append(flag.field)
            continue
        changes |= {one.field: one for one in instead.changes}
        changes[flag.field] = _off(values, flag, mine)
    return Left(tuple(changes.values()), tuple(stuck))


def _off(values: Mapping[str, Value], flag: Flag, mine: Change) -> Change:
    """Back to what stood there before us, which said no to nobody."""
    old = values.get(flag.field)
    text = "false" if flag.yes == "true" else mine.old
    return Change(flag.field, None if old is ABSENT else old, text, LIFTED, RULE, "reason.lifted")


def _narrowest(channel: Channel, blocked: frozenset[Channel], flags: Iterable[Flag]) -> Flag | None:
    fitting = [one for one in flags if channel in one.channels and one.channels <= blocked]
    return min(fitting, key=lambda one: len(one.channels), default=None)


def _in_words(flags: Iterable[Flag]) -> Flag | None:
    return next((one for one in flags if one.words), None)


def _words(channels: Collection[Channel]) -> list[str]:
    return [WORDS[one] for one in SINGLE_CHANNELS if one in channels]


def _spoken(text: str | None) -> list[str]:
    return [word for word in (text or "").split(", ") if word]


def _change(values: Mapping[str, Value], field: str, text: str) -> Change:
    old = values.get(field)
    return Change(field, None if old is ABSENT else old, text, RULE, RULE, "reason.blocked")
