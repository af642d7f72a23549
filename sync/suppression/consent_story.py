"""What `sync consents` says, as text."""

from __future__ import annotations

from collections.abc import Sequence

from rules.catalogue import DEFAULT
from sync.output import moment, printable, table
from sync.suppression.consents import Answered, Planned, Proposed
from sync.suppression.opt_out_story import joined
from sync.texts import Texts


def told_waiting(found: Sequence[Proposed], texts: Texts) -> str:
    """One line a note; never what stands in it."""
    if not found:
        return texts.get("consents.none")
    headings = [
        texts.get(f"consents.column.{name}") for name in ("ref", "field", "channel", "since")
    ]
    rows = [
        [
            str(one.ref),
            _field(one.field, texts),
            joined((texts.get(f"opt_out.channel.{channel}") for channel in one.channels), texts),
            moment(one.since, texts.lang),
        ]
        for one in found
    ]
    return "\n".join([table(headings, rows), "", texts.get("consents.how")])


def told_plan(planned: Planned, texts: Texts) -> str:
    """Each field that would be written, as it stands and as it would."""
    lines = [texts.get("consents.plan", ref=printable(str(planned.ref)))]
    for one in planned.changes:
        old = one.old or texts.get("consents.empty")
        told = {"field": _field(one.field, texts), "old": printable(old), "new": one.new or ""}
        lines.append(texts.get("consents.change", **told))
    return "\n".join(lines)


def _field(name: str, texts: Texts) -> str:
    known = DEFAULT.get(name)
    if known is None:
        return name
    return known.da if texts.lang == "da" else known.en


def told_answered(done: Answered, texts: Texts) -> str:
    """Whether it stands in the system now, and how it is taken back."""
    key = "consents.written" if done.written else "consents.not_written"
    channel = texts.get(f"opt_out.on.{done.channel}")
    return texts.get(key, ref=printable(str(done.ref)), channel=channel, by=done.by, run=done.run)


def told_refused(done: Sequence[Answered], texts: Texts) -> str:
    """What is not proposed again."""
    channels = joined((texts.get(f"opt_out.channel.{one.channel}") for one in done), texts)
    return texts.get("consents.refused", ref=printable(str(done[0].ref)), channels=channels)
