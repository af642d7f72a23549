"""The receipt of an opt-out as tables: which system confirmed it at which second, and where it stands."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from rules.catalogue import DEFAULT
from sync.output import number, printable
from sync.report import words
from sync.report.part import Said, Words
from sync.report.sheet import Sheet, Table
from sync.suppression.opt_out_story import spelt
from sync.suppression.receipts import Confirmation, Receipt, Receipts, Shown

_DENMARK = ZoneInfo("Europe/Copenhagen")


def of_receipts(found: Receipts) -> Sheet:
    """One table of systems for each opt-out, and one of the records on which it stands."""
    tables = [part for one in found.items for part in _tables(one)]
    return Sheet(
        title=words.say("receipt.title", asked=found.asked),
        sentences=tuple(_sentences(found)),
        tables=tuple(part for part in tables if part.rows),
    )


def _sentences(found: Receipts) -> Iterator[Said]:
    for one in found.items:
        keys = ", ".join(spelt(key) for key in one.keys)
        channel = words.words(f"opt_out.on.{one.channel}")
        yield words.say(
            "receipt.heard",
            seq=str(one.seq),
            keys=keys,
            channel=channel,
            system=_system(one.system),
            at=_second(one.heard_at),
        )
        if one.by:
            yield words.say("receipt.by", by=printable(", ".join(one.by)))
        yield words.say(_state_of(one))
        yield words.say("receipt.chain", chain=one.chain)
    yield words.say("receipt.printed", at=_second(found.at))


def _state_of(one: Receipt) -> str:
    if not one.standing:
        return "receipt.ended"
    return "receipt.confirmed" if one.is_confirmed else "receipt.open"


def _tables(one: Receipt) -> Iterator[Table]:
    yield Table(
        title=words.words("receipt.systems"),
        headings=_headings("system", "state", "at", "seconds"),
        rows=tuple(_row(told) for told in one.systems),
        notes=tuple(_note(told) for told in one.systems),
    )
    shown = [record for told in one.systems for record in told.records]
    yield Table(
        title=words.words("receipt.records"),
        headings=_headings("record", "fields", "set_at"),
        rows=tuple(_record(record) for record in shown),
    )


def _headings(*names: str) -> tuple[Words, ...]:
    return tuple(words.words(f"receipt.column.{name}") for name in names)


def _row(told: Confirmation) -> tuple[Words, ...]:
    seconds = told.seconds
    return (
        _system(told.system),
        words.words(f"opt_out.delivery.{told.state}"),
        _second(told.at) if told.at else _same(""),
        Words(da=number(seconds, "da", 1), en=number(seconds, "en", 1))
        if seconds is not None
        else _same(""),
    )


def _note(told: Confirmation) -> Words:
    """What was read back, why it waits, and what the system has no field for."""
    notes: list[Words] = []
    if told.by:
        notes.append(words.words(f"receipt.shown.{told.by}"))
    if told.why:
        key = f"receipt.why.{told.why}"
        notes.append(words.words(key if words.exists(key) else "receipt.why.other"))
    if told.due_at and told.why:
        notes.append(_plain(words.say("receipt.next", at=_second(told.due_at))))
    if told.lacks:
        listed = [words.words(f"opt_out.channel.{one}") for one in told.lacks]
        channels = Words(
            da=", ".join(one.da for one in listed), en=", ".join(one.en for one in listed)
        )
        notes.append(_plain(words.say("receipt.lacks", channels=channels)))
    return Words(da=" ".join(one.da for one in notes), en=" ".join(one.en for one in notes))


def _record(one: Shown) -> tuple[Words, ...]:
    return (
        _same(one.ref),
        _fields(one.fields),
        _second(one.set_at) if one.set_at else words.words("receipt.stood_there"),
    )


def _fields(names: Sequence[str]) -> Words:
    listed = [words.label(DEFAULT, name) for name in names]
    return Words(da=", ".join(one.da for one in listed), en=", ".join(one.en for one in listed))


def _system(name: str) -> Words:
    key = f"opt_out.system.{name}"
    return words.words(key) if words.exists(key) else _same(name)


def _second(at: datetime) -> Words:
    local = at.astimezone(_DENMARK)
    return Words(
        da=local.strftime("%d.%m.%Y kl. %H.%M.%S"), en=local.strftime("%Y-%m-%d %H:%M:%S %Z")
    )


def _same(text: str) -> Words:
    return Words(da=printable(text), en=printable(text))


def _plain(said: Words) -> Words:
    return Words(da=said.da, en=said.en)
