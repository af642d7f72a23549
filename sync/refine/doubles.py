"""`sync doubles`: doubles and what people said of them, out to dedupe and in again.

Out go the clusters that the rules of matching find, and the pairs that people labelled or merged. In
come labels: each is a proposal by a named person, in the chain of acts and as a finding; nothing is
merged, changed or unblocked by it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import orjson
import sqlalchemy as sa

from rules.changes import Finding, Severity
from rules.errors import Exit, UserError
from rules.fields.field import COMPANIES
from rules.folding import fold
from rules.keys import record_keys
from rules.matching import further_keys
from rules.records import ABSENT, Kind, Ref
from rules.refine import pairs
from rules.refine.pairs import Cells, Pair, Row, Verdict
from state import findings, labels, match_keys, mirror
from state.alike import groups
from state.carriers import OF_COMPANIES, OF_PEOPLE
from state.findings import Judged
from state.keys import write_private
from state.labels import Label
from state.mirror import Held
from state.store import Tx
from state.tables import redirects
from sync.app import App
from sync.output import number, printable
from sync.texts import Texts

MOST_BYTES: Final = 100_000_000
PROPOSED: Final = "double_proposed"
ORIGIN: Final = "doubles"
_NAMED: Final = 5
_BATCH: Final = 500
_SOME: Final = 20
"""So many that were not found are told; the rest are counted."""
FIELDS: Final[Mapping[bool, tuple[str, ...]]] = {
    True: (
        "company_name", "cvr", "website", "main_phone", "email", "address", "postcode", "city",
        "country",
    ),
    False: (
        "full_name", "first_name", "last_name", "email", "direct_phone", "other_phone",
        "company_name", "title", "address", "postcode", "city",
    ),
}  # fmt: skip
"""What tells two companies, or two people, apart: all that leaves the house (GDPR art. 5(1)(c))."""


@dataclass(slots=True)
class Written:
    """What an export wrote: `clusters` of so many `records`, or `pairs` by what was said."""

    file: str
    clusters: int = 0
    records: int = 0
    match: int = 0
    distinct: int = 0


@dataclass(slots=True)
class Heard:
    """What came of an import. `unknown` are places of records in the file that are none of ours."""

    file: str
    by: str
    match: int = 0
    distinct: int = 0
    known: int = 0
    unsure: int = 0
    same: int = 0
    unknown: list[int] = field(default_factory=list)

    @property
    def exit_code(self) -> Exit:
        """CHANGES where a person has to look at something."""
        return Exit.CHANGES if self.unknown or self.same else Exit.OK


# --- out ------------------------------------------------------------------------------------------


def export_clusters(app: App, file: Path, *, companies: bool) -> Written:
    """What the rules take for one, within a list and across lists, as csvdedupe writes clusters."""
    told, sort = Written(str(file)), OF_COMPANIES if companies else OF_PEOPLE
    rows: list[Row] = []
    with app.store.reading() as tx:
        for group in groups(tx, app.keys, sort, app.settings.region):
            held = mirror.held(tx, [one.rid for one in group.members])
            for one in group.members:
                cells = _cells(held[one.rid])
                rows.append(Row(str(told.clusters), str(one.confidence), cells))
            told.clusters += 1
    told.records = len(rows)
    _write(file, pairs.clusters_text(rows, (pairs.REF, *FIELDS[companies])))
    return told


def export_training(app: App, file: Path, *, companies: bool) -> Written:
    """The pairs that people labelled, and those that they merged, as dedupe keeps its training."""
    told = Written(str(file))
    with app.store.reading() as tx:
        said = dict.fromkeys(_merged(tx), Verdict.MATCH)
        said |= {rids: one.verdict for rids, one in labels.standing(tx).items()}
        held = mirror.held(tx, sorted({rid for rids in said for rid in rids}))
        found = [
            Pair(_cells(held[low]), _cells(held[high]), verdict)
            for (low, high), verdict in said.items()
            if low in held
            and high in held
            and (held[low].record.ref.kind in COMPANIES) is companies
        ]
    found.sort(key=lambda pair: (str(pair.first[pairs.REF]), str(pair.second[pairs.REF])))
    told.match = sum(one.verdict is Verdict.MATCH for one in found)
    told.distinct = len(found) - told.match
    _write(file, pairs.training_text(found))
    return told


def _merged(tx: Tx) -> Iterator[tuple[int, int]]:
    """Records that somebody merged in their system, as far as both are still known."""
    rows = tx.execute(sa.select(redirects.c.system, redirects.c.kind, redirects.c.old_id,
                                redirects.c.new_kind, redirects.c.new_id))  # fmt: skip
    ways = [
        (
            Ref(row.system, Kind(row.kind), row.old_id),
            Ref(row.system, Kind(row.new_kind), row.new_id),
        )
        for row in rows
        if row.kind == row.new_kind
    ]
    known = mirror.numbers(tx, {ref for way in ways for ref in way})
    for old, new in ways:
        if old in known and new in known:
            low, high = sorted((known[old], known[new]))
            yield low, high


def _cells(one: Held) -> Cells:
    ref, values = one.record.ref, one.record.values
    told: dict[str, str | None] = {pairs.REF: str(ref)}
    for name in FIELDS[ref.kind in COMPANIES]:
        value = values.get(name)
        told[name] = value if value and value is not ABSENT else None
    return told


def _write(file: Path, text: str) -> None:
    try:
        write_private(file, text.encode())
    except FileExistsError:
        raise UserError("doubles.exists", file=file) from None
    except OSError as error:
        raise UserError("refine.not_written", file=file, reason=error.strerror or "") from None


# --- in -------------------------------------------------------------------------------------------


def import_labels(app: App, file: Path, by: str) -> Heard:
    """Note what the file says of pairs, as said by that person; UserError when it is no such file."""
    if not by.strip():
        raise UserError("doubles.nobody")
    told, wanted = _read(file, by.strip())
    with app.store.reading() as tx:
        said = labels.standing(tx)
    for at in range(0, len(wanted), _BATCH):
        with app.store.transaction() as tx:
            _note(tx, app, told, wanted[at : at + _BATCH], said)
    return told


def _read(file: Path, by: str) -> tuple[Heard, Sequence[Pair]]:
    """JSON is a training file, anything else a clustered one."""
    told = Heard(str(file), by)
    try:
        content = file.read_bytes() if file.stat().st_size <= MOST_BYTES else b""
        if content.lstrip()[:1] == b"{":
            found = pairs.training(orjson.loads(content))
            told.unsure = len(found.unsure)
            return told, found.pairs
        return told, list(pairs.pairs_of(pairs.clusters(content.decode("utf-8"))))
    except (OSError, ValueError):
        raise UserError("doubles.no_file", file=file) from None


def _note(
    tx: Tx, app: App, told: Heard, some: Sequence[Pair], said: dict[tuple[int, int], Label]
) -> None:
    finding = _Finding(tx, app)
    touched: set[int] = set()
    for pair in some:
        first, second = finding.of(pair.first), finding.of(pair.second)
        if first is None or second is None or not _comparable(first, second):
            told.unknown.append(pair.at)
        elif first.rid == second.rid:
            told.same += 1
        else:
            low, high = sorted((first.rid, second.rid))
            old = said.get((low, high))
            if old and (old.verdict, old.by) == (pair.verdict, told.by):
                told.known += 1
                continue
            label = Label((low, high), pair.verdict, told.by, app.clock(), pair.confidence)
            labels.propose(tx, label, login=app.actor, file=Path(told.file).name)
            said[low, high] = label
            touched.add(low)
            if pair.verdict is Verdict.MATCH:
                told.match += 1
            else:
                told.distinct += 1
    _tell(tx, app, touched, said)


def _comparable(one: Held, other: Held) -> bool:
    """Two companies, or two people."""
    return (one.record.ref.kind in COMPANIES) is (other.record.ref.kind in COMPANIES)


def _tell(tx: Tx, app: App, touched: set[int], said: Mapping[tuple[int, int], Label]) -> None:
    """A finding on the first record of each pair that is said to be one, until that is taken back."""
    others: dict[int, list[Label]] = {rid: [] for rid in touched}
    for (low, _), label in said.items():
        if low in others and label.verdict is Verdict.MATCH:
            others[low].append(label)
    held = mirror.held(
        tx, sorted({rid for some in others.values() for one in some for rid in one.rids} | touched)
    )
    for rid, some in others.items():
        one = held[rid]
        names = [str(held[label.rids[1]].record.ref) for label in some if label.rids[1] in held]
        more = ["…"] if len(names) > _NAMED else []
        details = {
            "others": ", ".join([*names[:_NAMED], *more]),
            "count": str(len(names)),
            "by": ", ".join(dict.fromkeys(label.by for label in some)),
        }
        found = (Finding(PROPOSED, Severity.NOTICE, None, details),) if names else ()
        judged = [Judged(rid, one.record.place, found)]
        findings.replace(
            tx, one.record.ref.system, one.stream, ORIGIN, judged, app.clock(), fresh=False
        )


class _Finding:
    """Which record of ours a record of a file is: by its ref, else the only one that says the same."""

    def __init__(self, tx: Tx, app: App) -> None:
        self._tx, self._app = tx, app

    def of(self, cells: Cells) -> Held | None:
        """The record; None when there is none, or more than one."""
        named = cells.get(pairs.REF)
        if named:
            return self._by_ref(named)
        values = {name: text for name, text in cells.items() if text and "\0" not in text}
        found = [one for one in self._likely(values).values() if _says_the_same(one, values)]
        return found[0] if len(found) == 1 else None

    def _by_ref(self, text: str) -> Held | None:
        try:
            ref = Ref.parse(text)
        except ValueError:
            return None
        return None if "\0" in text else mirror.find(self._tx, ref)

    def _likely(self, values: Mapping[str, str]) -> Mapping[int, Held]:
        """Those who carry one of its keys."""
        region, ring = self._app.settings.region, self._app.keys
        keys = {one.key for one in record_keys(values, region)}
        for kind in (Kind.COMPANY, Kind.CONTACT):
            keys |= {key for _, key in further_keys(kind, values, region)}
        rids = match_keys.rids(self._tx, {ring.digest(key) for key in keys}) if keys else []
        return mirror.held(self._tx, rids[:_BATCH])


def _says_the_same(one: Held, values: Mapping[str, str]) -> bool:
    """Every field of ours that the file has, letter and case apart."""
    known = FIELDS[one.record.ref.kind in COMPANIES]
    said = {name: text for name, text in values.items() if name in known}
    return bool(said) and all(
        fold(str(one.record.values.get(name) or "")) == fold(text) for name, text in said.items()
    )


# --- for people -----------------------------------------------------------------------------------


def told_written(told: Written, texts: Texts) -> str:
    """What was written, and that it holds personal data."""
    kind = "clusters" if told.clusters or told.records else "pairs"
    figures = {
        name: number(getattr(told, name), texts.lang)
        for name in ("clusters", "records", "match", "distinct")
    }
    return texts.get(f"doubles.written.{kind}", file=told.file, **figures)


def told_heard(told: Heard, texts: Texts) -> str:
    """What was noted, and what not."""
    figures = {
        name: number(getattr(told, name), texts.lang)
        for name in ("match", "distinct", "known", "unsure", "same")
    }
    lines = [texts.get("doubles.heard", by=printable(told.by), **figures)]
    lines += [texts.get("doubles.unsure", **figures)] if told.unsure else []
    lines += [texts.get("doubles.same", **figures)] if told.same else []
    if told.unknown:
        places = ", ".join(map(str, told.unknown[:_SOME]))
        more = " …" if len(told.unknown) > _SOME else ""
        count = number(len(told.unknown), texts.lang)
        lines.append(texts.get("doubles.unknown", count=count, places=places + more))
    return "\n".join(lines)
