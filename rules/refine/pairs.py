"""dedupe's files of labelled pairs and of clusters: read and written as dedupe and csvdedupe do.

A training file is JSON, `{"distinct": [...], "match": [...]}`; each pair is a tuple, which JSON has
not, so it stands as `{"__class__": "tuple", "__value__": [first, second]}`. A pair that stands in
both lists is what dedupe calls unsure. A clustered file is CSV with `Cluster ID` in front, and
`confidence_score` where there is one.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final, NamedTuple

from rules.folding import fold

REF: Final = "ref"
"""The key, or column, by which a record of ours is named; dedupe leaves alone what it is not told of."""
CLUSTER: Final = "Cluster ID"
CONFIDENCE: Final = "confidence_score"
MOST: Final = 100_000
"""Pairs of one file; rows of a clustered one."""
_LONGEST: Final = 1000

Cells = Mapping[str, str | None]


class Verdict(StrEnum):
    """What somebody said of a pair; stored, so the values never change."""

    MATCH = "match"
    DISTINCT = "distinct"


class Pair(NamedTuple):
    """Two records and what was said of them; `at` is the pair's place in its file."""

    first: Cells
    second: Cells
    verdict: Verdict
    at: int = 0
    confidence: str = ""


@dataclass(slots=True)
class Training:
    """What a training file holds. `unsure` are places of pairs in both lists, which say nothing."""

    pairs: list[Pair] = field(default_factory=list)
    unsure: list[int] = field(default_factory=list)


# --- training files -------------------------------------------------------------------------------


def training_text(pairs: Iterable[Pair]) -> str:
    """The file as dedupe writes it; the same pairs give the same text."""
    listed: dict[str, list[Any]] = {"distinct": [], "match": []}
    for pair in pairs:
        listed[pair.verdict.value].append(_tuple([dict(pair.first), dict(pair.second)]))
    return json.dumps(listed, ensure_ascii=True)


def _tuple(values: list[Any]) -> dict[str, Any]:
    return {"__class__": "tuple", "__value__": values}


def training(told: object) -> Training:
    """The pairs of a file, whose JSON was read already; ValueError when it is no training file."""
    if not isinstance(told, dict) or not {"distinct", "match"} & told.keys():
        raise ValueError("no training file")
    found = Training()
    seen: dict[str, list[Pair]] = {}
    for verdict in (Verdict.DISTINCT, Verdict.MATCH):
        listed = told.get(verdict.value, [])
        if not isinstance(listed, list) or len(listed) > MOST:
            raise ValueError("no list of pairs")
        for at, one in enumerate(listed, 1):
            first, second = _pair(one)
            key = json.dumps([first, second], sort_keys=True)
            seen.setdefault(key, []).append(Pair(first, second, verdict, at))
    for some in seen.values():
        if len({pair.verdict for pair in some}) > 1:
            found.unsure.append(some[-1].at)
        else:
            found.pairs.append(some[0])
    return found


def _pair(one: object) -> tuple[Cells, Cells]:
    values = _plain(one)
    if not isinstance(values, list) or len(values) != 2:
        raise ValueError("no pair")
    first, second = map(_record, values)
    return first, second


def _plain(one: object) -> object:
    """What stands behind `__class__`."""
    if isinstance(one, dict) and one.get("__class__") in {"tuple", "frozenset"}:
        return one.get("__value__")
    return one


def _record(one: object) -> Cells:
    if not isinstance(one, dict) or not all(isinstance(name, str) for name in one):
        raise ValueError("no record")
    return {name: _cell(_plain(value)) for name, value in one.items()}


def _cell(value: object) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, list):
        return ", ".join(str(part) for part in value)
    return str(value)


# --- clustered files ------------------------------------------------------------------------------


class Row(NamedTuple):
    """A record of a cluster. `at` is its line in the file, the header being the first."""

    cluster: str
    confidence: str
    cells: Cells
    at: int = 0


def clusters_text(rows: Iterable[Row], fields: Sequence[str]) -> str:
    """The file, with these columns behind the cluster and its confidence."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow([CLUSTER, CONFIDENCE, *fields])
    for row in rows:
        writer.writerow(
            [row.cluster, row.confidence, *(row.cells.get(one) or "" for one in fields)]
        )
    return out.getvalue()


def clusters(text: str) -> list[Row]:
    """The rows of a clustered file; ValueError when it is none."""
    try:
        lines = list(csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""), strict=True))
    except csv.Error:
        raise ValueError("no CSV") from None
    header = [name.strip() for name in lines[0]] if lines else []
    at = {fold(name): place for place, name in reversed(list(enumerate(header)))}
    if fold(CLUSTER) not in at or len(lines) > MOST:
        raise ValueError("no clusters")
    cluster, sure = at[fold(CLUSTER)], at.get(fold(CONFIDENCE), at.get("confidence"))
    found = []
    for number, cells in enumerate(lines[1:], 2):
        if not any(cells):
            continue
        if len(cells) != len(header):
            raise ValueError("a row of another length")
        rest = {n: cells[p] or None for p, n in enumerate(header) if p not in {cluster, sure}}
        confidence = cells[sure] if sure is not None else ""
        found.append(Row(cells[cluster].strip(), confidence, rest, number))
    return found


def pairs_of(rows: Iterable[Row]) -> Iterator[Pair]:
    """Each further row of a cluster with its first: that they are one."""
    firsts: dict[str, Row] = {}
    for row in rows:
        if not row.cluster:
            continue
        first = firsts.setdefault(row.cluster, row)
        if first is not row:
            yield Pair(first.cells, row.cells, Verdict.MATCH, row.at, row.confidence[:20])
