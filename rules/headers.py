"""Which column of a list holds which canonical field, and which one its id. Pure.

Headers are matched, not guessed from one spelling: case, accents, punctuation and units do not
matter, Danish and English are both known, and what the user has written in the settings wins.
What is not certain is mapped with `sure=False` or left alone, and a remark says so.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from rules.catalogue import DEFAULT, Catalogue, Field, Role, Type
from rules.errors import UserError
from rules.fields.overrides import nearest
from rules.folding import fold
from rules.identities import id_rank, is_foreign
from rules.kinds import Evidence, guess
from rules.known_headers import known_headers
from rules.records import Kind
from rules.samples import Look, column_cells, look_of

ID: Final = "id"
"""The name by which an override marks the id column."""


class ColumnMatch(NamedTuple):
    """One column: its header as it stands, the canonical field or None, and whether that is sure."""

    header: str
    canonical: str | None
    sure: bool


@dataclass(frozen=True, slots=True)
class Remark:
    """Something that a person should know about the match; `code` is a text key `header.<code>`.

    `column` counts from 0; None when the whole list is meant.
    """

    code: str
    column: int | None = None
    details: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class HeaderMatch:
    """What a list holds. No canonical name stands on two columns.

    `kind_sure` is False when nothing in name, headers and cells decided. `id_column` counts from
    0 and is never a column that carries a field; None when no column identifies the rows.
    """

    kind: Kind
    columns: tuple[ColumnMatch, ...]
    id_column: int | None
    reasons: tuple[Remark, ...]
    kind_sure: bool = True


def match(
    headers: Sequence[str],
    *,
    file_name: str,
    sample: Sequence[Sequence[str]] = (),
    override: Mapping[str, str] | None = None,
    kind: Kind | None = None,
    catalogue: Catalogue = DEFAULT,
) -> HeaderMatch:
    """The kind of a list, the field of each of its columns, and its id column.

    `sample` are some rows as read (any length). `override` maps a header to a canonical name,
    to `""` (leave the column alone) or to `id`, and wins over everything; so does `kind`.
    UserError: an override names a field that is not in the catalogue, that the kind of list does
    not have, or twice; the remedy names the nearest fields.
    """
    chosen = _overrides(headers, override or {}, catalogue)
    verdict = (
        Evidence(kind, sure=True, code="kind_given")
        if kind is not None
        else guess(headers, file_name, sample, _known(catalogue, chosen))
    )
    work = _Matching(headers, verdict.kind, catalogue)
    work.take(chosen)
    work.find_id(sample)
    work.find_fields()
    work.look(sample)
    work.warn()
    remarks = (Remark(verdict.code, None, verdict.details), *work.remarks)
    return HeaderMatch(verdict.kind, work.columns(), work.id_column, remarks, verdict.sure)


def _overrides(
    headers: Sequence[str], override: Mapping[str, str], catalogue: Catalogue
) -> dict[int, str]:
    """Column -> what the user wrote for it; a header as it stands wins over its folded form.

    Of several columns with one header the first is meant.
    """
    chosen: dict[int, str] = {}
    folded = {fold(header): name for header, name in override.items()}
    for header, name in override.items():
        if name and name != ID and name not in catalogue:
            near = nearest(name, [*catalogue.by_name, ID]) or tuple(sorted(catalogue.by_name))
            raise UserError(
                "error.header.unknown", header=header, value=name, allowed=", ".join(near)
            )
    for index, header in enumerate(headers):
        if header in headers[:index]:
            continue
        if header in override:
            chosen[index] = override[header]
        elif fold(header) and fold(header) in folded:
            chosen[index] = folded[fold(header)]
    return chosen


def _known(
    catalogue: Catalogue, chosen: Mapping[int, str]
) -> Callable[[Kind, int, str], str | None]:
    """What a header would mean in a list of some kind: the question that `guess` asks."""

    def meaning(kind: Kind, index: int, header: str) -> str | None:
        name = chosen.get(index)
        if name is not None:
            field_ = catalogue.get(name)
            return name if field_ is not None and kind in field_.kinds else None
        found = known_headers(catalogue, kind).exact(header)
        return found.name if found else None

    return meaning


class _Matching:
    """One match under way: claims of columns on fields, and what there is to say about them."""

    def __init__(self, headers: Sequence[str], kind: Kind, catalogue: Catalogue) -> None:
        self.headers = headers
        self.kind = kind
        self.catalogue = catalogue
        self.index = known_headers(catalogue, kind)
        self.claims: dict[str, int] = {}
        self.sure: dict[int, bool] = {}
        self.settled: set[int] = set()
        self.written: frozenset[int] = frozenset()
        self.id_column: int | None = None
        self.remarks: list[Remark] = []

    def columns(self) -> tuple[ColumnMatch, ...]:
        """The columns in order."""
        named = {index: name for name, index in self.claims.items()}
        return tuple(
            ColumnMatch(header, named.get(index), self.sure.get(index, True))
            for index, header in enumerate(self.headers)
        )

    def claim(self, index: int, name: str, *, sure: bool) -> None:
        """Give a column its field; the column is settled."""
        self.claims[name] = index
        self.sure[index] = sure
        self.settled.add(index)

    def take(self, chosen: Mapping[int, str]) -> None:
        """What the user wrote, before anything is guessed."""
        self.written = frozenset(chosen)
        for index, name in chosen.items():
            header = self.headers[index]
            if name == ID:
                if self.id_column is not None:
                    raise _twice(header, name, self.headers[self.id_column])
                self.id_column = index
            elif name:
                if self.kind not in self.catalogue[name].kinds:
                    allowed = ", ".join(f.name for f in self.catalogue.for_kind(self.kind))
                    raise UserError(
                        "error.header.wrong_kind",
                        header=header,
                        value=name,
                        kind=self.kind.value,
                        allowed=allowed,
                    )
                if name in self.claims:
                    raise _twice(header, name, self.headers[self.claims[name]])
                self.claim(index, name, sure=True)
            self.settled.add(index)

    def find_id(self, sample: Sequence[Sequence[str]]) -> None:
        """The column whose header names the record itself, best name first."""
        if self.id_column is not None:
            return
        ranked = sorted(
            (rank, index)
            for index, header in enumerate(self.headers)
            if index not in self.settled and (rank := id_rank(self.kind, header)) is not None
        )
        for _, index in ranked:
            cells = column_cells(sample, index)
            if cells and len(set(cells)) * 2 < len(cells):
                self.say("id_repeats", index)
                continue
            self.id_column = index
            self.settled.add(index)
            return

    def find_fields(self) -> None:
        """Names before aliases, these before words of this kind, before what merely looks right."""
        for find, sure in (
            (self.index.label, True),
            (self.index.alias, True),
            (self.index.exact, True),
            (self.index.loose, False),
        ):
            for index in self.open():
                found = find(self.headers[index])
                if found is not None:
                    self.settle(index, found, sure=sure)

    def open(self) -> list[int]:
        """The columns that nothing has been said about yet."""
        return [i for i, header in enumerate(self.headers) if i not in self.settled and header]

    def settle(self, index: int, found: Field, *, sure: bool) -> None:
        """Give the column its field, or the field's second place, or say that it is taken."""
        if not sure and is_foreign(self.headers[index]):
            return
        second = _SECOND.get(found.name, "")
        if found.name not in self.claims:
            self.claim(index, found.name, sure=sure)
            return
        other = self.catalogue.get(second)
        if other is not None and self.kind in other.kinds and second not in self.claims:
            widened = found.role is Role.OPT_OUT
            self.claim(index, second, sure=sure and not widened)
            if widened:
                taken = self.headers[self.claims[found.name]]
                self.say("opt_out_widened", index, field=found.name, other=taken)
            return
        self.settled.add(index)
        self.sure[index] = False
        code = "opt_out_twice" if found.role is Role.OPT_OUT else "field_twice"
        taken = self.headers[self.claims[found.name]]
        self.say(code, index, field=found.name, other=taken)

    def warn(self) -> None:
        """Name the columns that say no and are not read: a list of calls with `Nej tak` on it."""
        told = {remark.column for remark in self.remarks if remark.code == "opt_out_twice"}
        known = known_headers(self.catalogue, Kind.CONTACT)
        for index in sorted(set(range(len(self.headers))) - set(self.claims.values()) - told):
            found = known.exact(self.headers[index])
            if found is not None and found.role is Role.OPT_OUT and index not in self.written:
                self.say("opt_out_unread", index)

    def look(self, sample: Sequence[Sequence[str]]) -> None:
        """Hold the cells against the mapping: they may refute, confirm, or speak for themselves."""
        named = {index: name for name, index in self.claims.items()}
        for index in range(len(self.headers)):
            cells = column_cells(sample, index)
            look = look_of(cells)
            if look is None or index == self.id_column:
                continue
            name = named.get(index)
            if name is None:
                self._unmapped(index, look)
            elif not _fits(self.catalogue[name], look):
                self.sure[index] = False
                self.say("cells_differ", index, field=name, look=look.value)

    def _unmapped(self, index: int, look: Look) -> None:
        if look is Look.FREE_TEXT:
            self.say("free_text", index)
        elif index not in self.settled and look in _SPOKEN:
            wanted = self.catalogue.get(_spoken_field(self.kind, look))
            free = wanted and self.kind in wanted.kinds and wanted.name not in self.claims
            if wanted is not None and free:
                self.claim(index, wanted.name, sure=False)
                self.say("by_cells", index, field=wanted.name)

    def say(self, code: str, index: int, **details: str) -> None:
        """A remark on a column."""
        self.remarks.append(Remark(code, index, {"header": self.headers[index], **details}))


# Where the second column goes that means the same: one person, two numbers.
_SECOND: Final = {
    "direct_phone": "other_phone",
    "main_phone": "other_phone",
    # A second no about one channel counts for all of them rather than not at all.
    "opt_out_call": "opt_out",
    "opt_out_email": "opt_out",
    "opt_out_sms": "opt_out",
}
_SPOKEN: Final = frozenset({Look.EMAIL, Look.PHONE})


def _spoken_field(kind: Kind, look: Look) -> str:
    if look is Look.EMAIL:
        return "email"
    return {Kind.COMPANY: "main_phone", Kind.CALL: "called_number"}.get(kind, "direct_phone")


def _fits(field_: Field, look: Look) -> bool:
    """False when the cells surely are something else than the field's type."""
    if look is Look.EMAIL:
        return field_.type in {Type.EMAIL, Type.TEXT, Type.URL, Type.DOMAIN}
    if look is Look.URL:
        return field_.type in {Type.URL, Type.DOMAIN, Type.TEXT}
    if look is Look.FREE_TEXT:
        return field_.type in {Type.TEXT, Type.PICKLIST}
    return field_.type not in {Type.EMAIL, Type.URL, Type.DOMAIN, Type.BOOL}


def _twice(header: str, name: str, other: str) -> UserError:
    return UserError("error.header.twice", header=header, value=name, other=other)
