"""What the commands about lifts and corrections say, as text."""

from __future__ import annotations

from collections.abc import Sequence

from rules.suppression import EventType
from state.requests import RequestState
from sync.output import moment, table
from sync.suppression.lifts import Asked, Decided, Waiting
from sync.suppression.opt_out_story import joined, listed
from sync.texts import Texts


def told_asked(asked: Asked, texts: Texts) -> str:
    """What was proposed, and how somebody else approves it."""
    entries = joined(map(str, asked.entries), texts)
    lines = [texts.get(f"lifts.asked.{asked.what}", entries=entries, by=asked.by)]
    lines += [texts.get("lifts.approve_with", number=number) for number in asked.requests]
    return "\n".join(lines)


def told_decided(decided: Decided, texts: Texts) -> str:
    """What came of it, and whether somebody is blocked all the same."""
    if decided.state is RequestState.REFUSED:
        return texts.get("lifts.refused", number=decided.request, by=decided.decided_by)
    lines = [
        texts.get(
            f"lifts.approved.{decided.what}",
            number=decided.request,
            asked_by=decided.asked_by,
            by=decided.decided_by,
            entry=decided.entry or "–",
        )
    ]
    if decided.still_blocked and decided.what is not EventType.BLOCK:
        channels = joined(
            (texts.get(f"opt_out.channel.{one}") for one in decided.still_blocked), texts
        )
        lines.append(texts.get("lifts.still_blocked", channels=channels))
    if decided.what is EventType.LIFT:
        lines.append(texts.get("lifts.not_at_vendors"))
    if decided.on_lists:
        lines.append(texts.get("lifts.on_lists", systems=joined(decided.on_lists, texts)))
    return "\n".join(lines)


def told_waiting(found: Sequence[Waiting], texts: Texts) -> str:
    """One line a request."""
    if not found:
        return texts.get("lifts.none_waiting")
    columns = ("request", "what", "entry", "channel", "who", "asked_by", "asked_at", "source")
    headings = [texts.get(f"lifts.column.{name}") for name in columns]
    rows = [
        [
            str(one.request),
            texts.get(f"opt_out.type.{one.what}"),
            str(one.entry or "–"),
            texts.get(f"opt_out.channel.{one.channel}"),
            listed(one.keys) or texts.get("opt_out.erased"),
            texts.find(f"opt_out.system.{one.asked_by}") or one.asked_by,
            moment(one.asked_at, texts.lang),
            one.source or one.said,
        ]
        for one in found
    ]
    return table(headings, rows, right=frozenset({0, 2}))
