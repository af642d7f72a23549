"""A list of a connected system, as `sync list check` asks for it: who stands on it, from the mirror.

A list is a campaign or marketing list with members of its own (Salesforce, Dynamics, a file of
members), the call list or campaign that stands on people's records, or a whole list of records by
its name. Where nothing in the mirror is called so, systems with lists apart from their records
(HubSpot) are asked who stands on it. Each member is shown once, as the person's own record with what its company's record says
of the company. Who is in a dialer's list only the dialer knows: check the file that it is loaded with.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

import orjson
import sqlalchemy as sa

from connectors.protocol import UNREADABLE, Capabilities, Column, Enlists, Judge, Stream
from rules.catalogue import Catalogue
from rules.errors import UserError
from rules.fields.field import PEOPLE
from rules.records import ABSENT, Kind, Ref, Value
from state import mirror, people
from state.mirror import Held
from state.store import Tx
from state.tables import mirror as table
from sync.app import App
from sync.report.sheets import safe

PAGE: Final = 500
_NUMBER: Final = re.compile(r"\+?[0-9 ()./-]+")
LISTS: Final = ("call_list", "campaign")
"""The fields of people's records that name lists."""
OF_COMPANY: Final = ("company_name", "cvr", "legal_form")
PROTECTION: Final = ("ad_protected", "data_checked_at")
"""Whoever protects a company protects it with the day on which that was looked up."""
SHOWN: Final = (
    "full_name", "first_name", "last_name", "title", "company_name", "direct_phone", "main_phone",
    "other_phone", "email",
)  # fmt: skip
"""What the clean list says of each, as far as it is known of anybody."""


class Member(dict[str, Value]):
    """The values of a member, and which record they are of."""

    __slots__ = ("also", "ref")

    def __init__(self, ref: Ref, values: Mapping[str, Value], also: str | None) -> None:
        super().__init__(values)
        self.ref, self.also = ref, also


class ListOfSystem:
    """Who stands on one list of one system; a list that can be sifted."""

    def __init__(self, app: App, system: str, name: str) -> None:
        self.app, self.name, self.list = app, system, name

    def stream(self) -> Stream:
        """The list as something that is checked: every field may be known."""
        catalogue = self.app.catalogue
        names = {field.name for kind in PEOPLE for field in catalogue.for_kind(kind)}
        columns = tuple(Column(name, name) for name in sorted(names))
        return Stream(self.list, Kind.CONTACT, Capabilities(), columns)

    def sift(self, stream: Stream, judge: Judge, out: Path | None) -> None:
        """Show `judge` everybody in the order in which they were first seen; the kept go to `out`."""
        kept: list[Member] = []
        place = 1
        for page in self._pages():
            rows = [row if isinstance(row, str) else self._whole(stream, row) for row in page]
            keep = judge(place, rows)
            kept += [
                row
                for row, good in zip(page, keep, strict=True)
                if good and isinstance(row, Member)
            ]
            place += len(page)
        if out is not None:
            _write(out, kept, self.app.catalogue)

    @staticmethod
    def _whole(stream: Stream, row: Member) -> Member:
        """With an empty cell for what nobody has."""
        empty = {column.name: None for column in stream.columns}
        return Member(row.ref, {**empty, **row}, row.also)

    def _pages(self) -> Iterator[Sequence[Member | str]]:
        seen: set[int] = set()
        after = 0
        while True:
            with self.app.store.reading() as tx:
                rows = _rows(tx, self.name, self.list, after)
                found = self._members(tx, [row for row in rows if _is_on(row, self.list)], seen)
            if found:
                yield found
            if len(rows) < PAGE:
                return
            after = rows[-1].rid

    def _members(self, tx: Tx, rows: Sequence[Held], seen: set[int]) -> list[Member | str]:
        named = self._named(tx, PEOPLE, {one for row in rows if (one := _named(row))})
        found = (
            row if row.record.ref.kind is not Kind.MEMBER else named.get(_named(row))
            for row in rows
        )
        return self._once(tx, found, seen)

    def _named(self, tx: Tx, kinds: Collection[Kind], ids: Collection[str]) -> dict[str, Held]:
        """Those of these people who are there, by their ids."""
        rids = people.rids(tx, self.name, kinds, ids) if ids else {}
        held = mirror.held(tx, list(rids.values())) if rids else {}
        gone = mirror.gone(tx, list(held))
        return {one: held[rid] for one, rid in rids.items() if rid in held and rid not in gone}

    def _once(self, tx: Tx, found: Iterable[Held | None], seen: set[int]) -> list[Member | str]:
        """Each person once; who is not there cannot be judged."""
        persons: list[Held | None] = []
        for person in found:
            if person is None:
                persons.append(None)
            elif person.rid not in seen:
                seen.add(person.rid)
                persons.append(person)
        companies = self._companies(tx, [one for one in persons if one])
        return [_member(one, companies) if one else UNREADABLE for one in persons]

    def _companies(self, tx: Tx, persons: Sequence[Held]) -> dict[str, Mapping[str, Value]]:
        named = {one for row in persons if (one := _text(row, "company_ref"))}
        if not named:
            return {}
        rids = people.rids(tx, self.name, {Kind.COMPANY}, named)
        held = mirror.held(tx, list(rids.values()))
        return {name: held[rid].record.values for name, rid in rids.items() if rid in held}


class ListApart(ListOfSystem):
    """A list that a system keeps apart from its records: `shown` are the ids of who is on it."""

    def __init__(self, app: App, system: str, name: str, shown: Iterator[Sequence[str]]) -> None:
        super().__init__(app, system, name)
        self._shown = shown

    def _pages(self) -> Iterator[Sequence[Member | str]]:
        seen: set[int] = set()
        for ids in self._shown:
            with self.app.store.reading() as tx:
                named = self._named(tx, {Kind.CONTACT}, set(ids))
                found = self._once(tx, map(named.get, ids), seen)
            if found:
                yield found


def find(app: App, name: str, system: str | None) -> ListOfSystem:
    """The list of that name; UserError when there is none, or several systems have one."""
    name = name.strip()
    if system is not None and system not in app.systems:
        raise UserError("error.no_such_system", system=system, known=", ".join(app.systems) or "–")
    with app.store.reading() as tx:
        asked = [one for one in sorted(app.systems) if system in (None, one)]
        found = [one for one in asked if any(_is_on(row, name) for row in _rows(tx, one, name, 0))]
    apart = {} if found else dict(_apart(app, asked, name))
    found = found or list(apart)
    if not found:
        raise UserError("release.no_list", file=name)
    if len(found) > 1:
        raise UserError("release.several_systems", file=name, systems=", ".join(found))
    [one] = found
    return ListApart(app, one, name, apart[one]) if apart else ListOfSystem(app, one, name)


def _apart(
    app: App, systems: Iterable[str], name: str
) -> Iterator[tuple[str, Iterator[Sequence[str]]]]:
    """The systems that keep a list of that name apart, with who is on it."""
    for one in systems:
        keeper = app.systems[one]
        if isinstance(keeper, Enlists) and (shown := keeper.members(name)) is not None:
            yield one, shown


def _rows(tx: Tx, system: str, name: str, after: int) -> list[Held]:
    """The next records whose cells mention the list, or that stand in a list of that name."""
    spelt = orjson.dumps(name).decode()
    query = (
        sa.select(table.c.rid)
        .where(
            table.c.system == system,
            table.c.kind.in_([kind.value for kind in (*PEOPLE, Kind.COMPANY, Kind.MEMBER)]),
            table.c.deleted_at.is_(None),
            table.c.rid > after,
            sa.or_(
                sa.and_(
                    table.c.kind != Kind.COMPANY.value,
                    table.c.cells.contains(spelt, autoescape=True),
                ),
                table.c.stream == name,
            ),
        )
        .order_by(table.c.rid)
        .limit(PAGE)
    )
    rids = list(tx.execute(query).scalars())
    held = mirror.held(tx, rids)
    return [held[rid] for rid in rids]


def _is_on(row: Held, name: str) -> bool:
    if row.stream == name:
        return True
    names = ("campaign",) if row.record.ref.kind is Kind.MEMBER else LISTS
    return any(_text(row, one) == name for one in names)


def _named(row: Held) -> str:
    return _text(row, "contact_ref") if row.record.ref.kind is Kind.MEMBER else ""


def _text(row: Held, name: str) -> str:
    text = row.record.values.get(name)
    return text.strip() if isinstance(text, str) else ""


def _member(row: Held, companies: Mapping[str, Mapping[str, Value]]) -> Member:
    """The person's values; what is empty there and stands on the company's record comes from it."""
    values = {name: text for name, text in row.record.values.items() if text is not ABSENT}
    company = companies.get(_text(row, "company_ref"), {})
    for name in OF_COMPANY:
        values[name] = values.get(name) or _known(company, name)
    if not values.get(PROTECTION[0]):
        values |= {name: _known(company, name) for name in PROTECTION}
    return Member(row.record.ref, values, row.also)


def _known(values: Mapping[str, Value], name: str) -> str | None:
    text = values.get(name)
    return text if isinstance(text, str) else None


def _write(out: Path, kept: Sequence[Member], catalogue: Catalogue) -> None:
    """A CSV file with the record of each, all of it or nothing."""
    names = [name for name in SHOWN if any(row.get(name) for row in kept)]
    headings = [field.da for name in names if (field := catalogue.get(name))]
    draft = out.with_name(f".{out.name}.part")
    try:
        with draft.open("w", encoding="utf-8-sig", newline="") as file:
            write = csv.writer(file, delimiter=";").writerow
            write(["Id", *headings])
            for row in kept:
                write([row.ref.id, *(_inert(row.get(name)) for name in names)])
        draft.replace(out)
    finally:
        draft.unlink(missing_ok=True)


def _inert(value: Value | None) -> str:
    """No formula for whoever opens the list in a spreadsheet; a number stays as a dialer reads it."""
    text = value if isinstance(value, str) else ""
    return text if _NUMBER.fullmatch(text) else safe(text)
