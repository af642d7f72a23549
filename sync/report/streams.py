"""The part of the report about lists: what was read, how it was understood, what was written."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Final

from connectors.protocol import Stream as Pulled
from rules.catalogue import Catalogue
from sync.facts import StreamFacts
from sync.output import size
from sync.report import words
from sync.report.model import Column, Compared, Note, Stream, Written
from sync.report.part import Words

_NAMES: Final = {";": "semicolon", ",": "comma", "|": "bar"}


def shown(
    parts: Iterable[StreamFacts],
    records: Mapping[tuple[str, str], int],
    broken: Mapping[tuple[str, str], int],
    catalogue: Catalogue,
) -> list[Stream]:
    """Each stream of the pass, in the order of its name."""
    made = [_stream(part, records, broken, catalogue) for part in parts]
    return sorted(made, key=lambda one: (one.system, one.stream))


def _stream(
    part: StreamFacts,
    records: Mapping[tuple[str, str], int],
    broken: Mapping[tuple[str, str], int],
    catalogue: Catalogue,
) -> Stream:
    stream, pulled = part.stream, part.pulled
    where = (part.system, stream.name)
    return Stream(
        system=part.system,
        stream=stream.name,
        kind=stream.kind,
        kind_name=words.words(f"kind.{stream.kind}"),
        records=records.get(where, 0),
        read=pulled.read if pulled else None,
        new=pulled.born if pulled else None,
        changed=pulled.moved if pulled else None,
        gone=pulled.gone if pulled else None,
        broken=broken.get(where, 0) if pulled else None,
        known=pulled.known if pulled else None,
        again=pulled.again if pulled else None,
        compared=Compared(**asdict(part.compared)) if part.compared else None,
        complete=bool(pulled and pulled.complete),
        can_push=stream.can.push,
        identity=_identity(stream.identity),
        notes=_notes(stream),
        remarks=tuple(
            words.say(f"header.{remark.code}", **remark.details) for remark in stream.remarks
        ),
        columns=tuple(
            Column(
                header=column.name,
                field=column.canonical,
                label=words.label(catalogue, column.canonical) if column.canonical else None,
                sure=column.sure,
            )
            for column in stream.columns
        ),
    )


def _identity(name: str) -> Words:
    """`column X`, `cvr`, `e-mail`, `content` as connectors say it, for people."""
    word, _, column = name.partition(" ")
    key = f"report.identity.{word}"
    if not words.exists(key):
        return Words(da=name, en=name)
    said = words.say(key, column=column)
    return Words(da=said.da, en=said.en)


def _notes(stream: Pulled) -> tuple[Note, ...]:
    """Facts as the connector gives them; what we have no words for stands as it is."""
    return tuple(_note(name, value) for name, value in stream.notes.items())


def _note(name: str, value: str) -> Note:
    key = f"report.note.{name}"
    label = words.words(key) if words.exists(key) else Words(da=name, en=name)
    if name == "bytes" and value.isdigit():
        return Note(label=label, text=Words(da=size(int(value), "da"), en=size(int(value), "en")))
    key = f"report.note.{name}.{_NAMES.get(value, value)}"
    text = words.words(key) if words.exists(key) else Words(da=value, en=value)
    return Note(label=label, text=text)


def written(
    parts: Sequence[StreamFacts], waiting: Mapping[tuple[str, str], int], *, dry: bool
) -> list[Written]:
    """Streams that were written, or would be if the plan was carried out."""
    made = []
    for part in parts:
        where = (part.system, part.stream.name)
        if part.settled is not None:
            done, records = True, part.settled.applied
        else:
            done, records = False, waiting.get(where, 0) if dry and part.stream.can.push else 0
        if records:
            made.append(Written(system=where[0], stream=where[1], records=records, done=done))
    return sorted(made, key=lambda one: (one.system, one.stream))
