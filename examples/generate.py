#!/usr/bin/env python3
"""Writes a folder of messy, made-up Danish CRM lists: the example that `make audit` looks at.

    python examples/generate.py --out DIR [--rows N] [--seed S]

Same arguments, same bytes. Standard library only. examples/README.md says what is in the files and
why none of it can be taken for a real person or company.
"""

# ruff: noqa: SIM905 - a header line reads best as it stands in the file

from __future__ import annotations

import argparse
import csv
import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

import mess
import messy_places
import workbook
from words import AGENTS, LEGAL, NOTES, OUTCOMES, TELLING
from workbook import Cell, Day, Formula, Sheet
from world import Company, Person, World

ROWS = 2_400
SEED = 20_261_124
Row = list[str]


# --- the lists -------------------------------------------------------------------------------

COMPANY_HEADERS = (
    "Kundenr;Firma;Virksomhedsform;CVR-nr.;Adresse;Postnr.;By;Tlf.;E-mail;Hjemmeside;Branchekode;"
    "Branche;Antal ansatte;Omsætning (mio. kr.);Reklamebeskyttet;Status;Kundeansvarlig;Dataopdateret"
).split(";")


def companies(world: World) -> Iterator[Row]:
    """The customer file: Danish headers, decimal commas, register capitals."""
    r = world.r
    yield COMPANY_HEADERS
    for company in world.companies:
        cvr, phone = mess.cvr(r, company.cvr), mess.phone(r, company.phone)
        draw = r.random()
        if draw < 0.012:
            cvr = company.phone
        elif draw < 0.024:
            phone = company.cvr
        elif draw < 0.03:
            cvr, phone = phone, cvr
        yield [
            str(10_000 + company.number),
            mess.company(r, company.name),
            LEGAL[company.form.split()[-1]],
            cvr,
            *messy_places.place(r, company.street, *company.town),
            phone,
            mess.email(r, f"info@{company.domain}") if r.random() < 0.5 else "",
            mess.website(r, company.domain),
            *mess.industry(r, *company.industry),
            mess.employees(r, company.employees),
            mess.revenue(r, company.employees * r.uniform(0.4, 2.5)),
            r.choice(("Nej", "Nej", "Ja", "nej", "")),
            "Under konkurs"
            if r.random() < 0.02
            else r.choice(("Aktiv", "Aktiv", "aktiv", "NORMAL", "")),
            r.choice(AGENTS),
            messy_places.date(
                r, r.choice((2023, 2024, 2025, 2026)), r.randrange(1, 13), r.randrange(1, 29)
            ),
        ]


CONTACT_HEADERS = (
    "Kontakt-id;Kundenr;Firma;Fornavn;Efternavn;Stilling;Funktion;Niveau;Rolle i købet;"
    "Direkte telefon;Mobil;E-mail;"
    "Nej tak til opkald;Nej tak til e-mail;Samtykke e-mail;Samtykke e-mail dato;"
    "Samtykke e-mail kilde;Behandlingsgrundlag;Bemærkninger;Dataopdateret"
).split(";")


def contacts(world: World) -> Iterator[Row]:
    """The people, some of them twice, and what they said yes and no to."""
    r = world.r
    yield CONTACT_HEADERS
    count = world.counts["contacts"]
    people = world.contacts[: count * 95 // 100]
    copied = sorted(r.randrange(len(people)) for _ in range(count - len(people)))
    copies = 0
    for place, person in enumerate(people):
        yield _contact(r, person, f"K{5_000 + person.number}")
        while copies < len(copied) and copied[copies] == place:
            copies += 1
            # Now and then somebody copies a row and keeps its number.
            number = person.number if copies % 15 == 7 else count + copies
            yield _contact(r, person, f"K{5_000 + number}")


def _contact(r: Random, person: Person, ident: str) -> Row:
    first, last = mess.name(r, person.first), mess.name(r, person.last)
    phone = mess.phone(r, person.phone, person.mobile)
    mobile, email = mess.phone(r, person.mobile), mess.email(r, person.email)
    draw = r.random()
    if draw < 0.01:
        first, last = last, first
    elif draw < 0.016:
        phone, email = email, phone
    elif draw < 0.022:
        phone = person.company.cvr
    elif draw < 0.03:
        first, last = "", f"{person.first} {person.last}"
    # Half of those who said no did so in the CRM, the others only on the list of noes.
    said_no = person.asked_out is not None and person.number % 2 == 0
    consent = r.random() < 0.2
    # Of their own, so that a new kind of title does not change everybody's phone.
    draws = Random(f"{ident} {person.title}")
    return [
        ident,
        "" if r.random() < 0.04 else str(10_000 + person.company.number),
        mess.company(r, person.company.name),
        first,
        last,
        mess.title(draws, person.title),
        mess.function(draws),
        "",
        mess.buying_role(draws),
        phone,
        mobile,
        email,
        r.choice(("Ja", "ja", "x", "X", "1", "NEJ TAK"))
        if said_no
        else r.choice(("Nej", "nej", "", "", "0")),
        "Ja" if r.random() < 0.03 else r.choice(("Nej", "")),
        r.choice(("Ja", "ja", "x")) if consent else r.choice(("", "Nej")),
        # A yes without date and source is no consent.
        mess.date(r, 2025, r.randrange(1, 13), r.randrange(1, 29))
        if consent and r.random() < 0.6
        else "",
        r.choice(("Messe", "Hjemmeside", "Telefon", "")) if consent else "",
        r.choice(("Legitim interesse", "legitim interesse", "Samtykke", "Aftale", "", "")),
        _note(r),
        messy_places.date(r, r.choice((2024, 2025, 2026)), r.randrange(1, 13), r.randrange(1, 29)),
    ]


def _note(r: Random) -> str:
    draw = r.random()
    return r.choice(NOTES) if draw < 0.3 else r.choice(TELLING) if draw < 0.35 else ""


LEAD_HEADERS = "Name;Company;Job title;E-mail;Mobile;Web;Country;Campaign;Comments".split(";")


def leads(world: World) -> Iterator[Row]:
    """What the scanner at the fair gave: no ids, old friends among the new, the same row again."""
    r = world.r
    yield LEAD_HEADERS
    count = world.counts["leads"]
    people = [*world.strangers, *r.sample(world.contacts, min(len(world.contacts), count // 3))]
    r.shuffle(people)
    rows: list[Row] = [_lead(r, person) for person in people]
    while len(rows) < count:
        again = r.choice(people)
        rows.append(list(r.choice(rows)) if r.random() < 0.4 else _lead(r, again))
    yield from rows


def _lead(r: Random, person: Person) -> Row:
    name, email = mess.full_name(r, person.first, person.last), mess.email(r, person.email)
    phone = mess.phone(r, person.mobile or person.phone)
    if r.random() < 0.01:
        name, email, phone = email, phone, name
    company = mess.company(r, person.company.name).replace('"', "")
    row = [
        name,
        "" if r.random() < 0.05 else company,
        mess.title(r, person.title),
        email,
        phone,
        mess.website(r, person.company.domain) if r.random() < 0.4 else "",
        messy_places.country(r),
        r.choice(("Opdigtmessen 2026", "opdigtmessen 2026", "Fabelforum")),
        _note(r),
    ]
    return [" ".join(cell.split("\n")).replace("\t", " ") for cell in row]


CALL_HEADERS = (
    "Opkalds-id,Tidspunkt,Agent,Ringet til,Vist nummer,Kontakt-id,Firma,Udfald,Varighed (sek.),"
    "Ringeliste,Note"
).split(",")


def calls(world: World) -> Iterator[Row]:
    """The dialer's log. Some calls were made to people who had said no."""
    r = world.r
    yield CALL_HEADERS
    blocked = [person for person in world.contacts if person.asked_out is not None]
    outcomes = [name for name, _ in OUTCOMES]
    weights = [weight for _, weight in OUTCOMES]
    shown = world.phone()
    for number in range(1, world.counts["calls"] + 1):
        person = r.choice(blocked) if blocked and r.random() < 0.03 else r.choice(world.contacts)
        outcome = r.choices(outcomes, weights)[0]
        talked = outcome not in {"Intet svar", "intet svar", "Optaget", ""}
        yield [
            f"C{90_000 + number}",
            f"{r.randrange(1, 24):02d}-11-2026 {r.randrange(8, 17):02d}:{r.randrange(60):02d}",
            r.choice(AGENTS),
            mess.respelled(r, person.phone) if r.random() < 0.97 else "",
            "" if r.random() < 0.02 else f"+45{shown}",
            f"K{5_000 + person.number}" if r.random() < 0.8 else "",
            mess.company(r, person.company.name),
            outcome,
            str(r.randrange(15, 600)) if talked else "0",
            r.choice(("Uge 45 håndværk", "uge 45 HÅNDVÆRK", "Uge 46 kontor", "")),
            _note(r),
        ]


NO_HEADERS = "Telefon;E-mail;CVR;Navn;Firma;Kanal;Dato;Kilde;Note".split(";")


def noes(world: World) -> Iterator[Row]:
    """The list of noes, kept by hand: other spellings, other keys, the same person twice."""
    r = world.r
    yield NO_HEADERS
    asked = [person for person in world.contacts if person.asked_out is not None]
    rows = [_no(r, person) for person in asked]
    count = world.counts["noes"]
    while len(rows) < count:
        rows.append(
            _no(r, r.choice(asked)) if asked and r.random() < 0.2 else _unknown_no(r, world)
        )
    r.shuffle(rows)
    yield from rows[:count]


def _no(r: Random, person: Person) -> Row:
    month, day = person.asked_out or (1, 1)
    draw = r.random()
    by_mail = draw < 0.15 and person.email
    by_company = 0.15 <= draw < 0.22
    return [
        "" if by_mail or by_company else mess.respelled(r, person.phone),
        person.email if by_mail else "",
        person.company.cvr if by_company else "",
        "" if by_company else r.choice((f"{person.first} {person.last}", person.first.upper(), "")),
        person.company.name if by_company or r.random() < 0.4 else "",
        "mail"
        if by_mail
        else r.choice(("Opkald", "opkald", "Telefon", "alle", "Alle kanaler", "")),
        mess.date(r, 2026, month, day) if r.random() < 0.9 else "",
        r.choice(("Telefon", "Mail til salg@opdigtet-9999.dk", "Formular", "agent", "")),
        r.choice(("", "", "Meget vred", "Ring ALDRIG igen")),
    ]


def _unknown_no(r: Random, world: World) -> Row:
    """Somebody who is in none of the other lists."""
    when = mess.date(r, 2026, r.randrange(1, 11), r.randrange(1, 29))
    return [mess.respelled(r, world.phone()), "", "", "", "", "Opkald", when, "Telefon", ""]


# --- the workbook ----------------------------------------------------------------------------

CUSTOMER_HEADERS = (
    "Kundenr;Firma;CVR;Hovednummer;Postnr.;By;E-mail;Dataopdateret;Alder i dage"
).split(";")
PERSON_HEADERS = "Navn;Firma;Titel;Mobil;E-mail;Nej tak til opkald".split(";")
BOOK = "kundebase.xlsx"
FIRST_ROW = 4
"""Above it a title that is merged over the table, an empty row, and the headings."""


def base(world: World) -> tuple[Sheet, ...]:
    """A customer base that lived in a spreadsheet: what Excel makes of numbers, dates and notes."""
    r = world.r
    chosen = world.companies[:: max(1, len(world.companies) // 60)]
    people = world.contacts[:: max(1, len(world.contacts) // 80)]
    rows = [_customer(r, company, at) for at, company in enumerate(chosen, FIRST_ROW)]
    persons = [_person(r, person) for person in people]
    notes = ["Husk", "Tallene er trukket fra det gamle system", "Ring til regnskab før den 1."]
    return (
        Sheet(
            "Kunder",
            [["Kundebase pr. 1. november 2026"], [], CUSTOMER_HEADERS, *rows],
            merged=("A1:I1",),
            hidden_rows=frozenset(range(FIRST_ROW + 7, FIRST_ROW + len(rows), 19)),
            bold_rows=frozenset({1, 3}),
            filter=f"A3:I{FIRST_ROW + len(rows) - 1}",
        ),
        Sheet("Kontaktpersoner", [PERSON_HEADERS, *persons], bold_rows=frozenset({1})),
        Sheet("Noter", [[note] for note in notes]),
        Sheet("Ark3", []),
    )


def _customer(r: Random, company: Company, row: int) -> list[Cell]:
    postcode, town = company.town
    checked = dt.date(r.choice((2024, 2025, 2026)), r.randrange(1, 11), r.randrange(1, 29))
    return [
        10_000 + company.number,
        mess.company(r, company.name),
        int(company.cvr) if r.random() < 0.8 else mess.cvr(r, company.cvr),
        _as_number(r, company.phone),
        int(postcode) if postcode.isdigit() else postcode,
        town,
        mess.email(r, f"info@{company.domain}"),
        Day(checked),
        Formula(f"DATE(2026,11,1)-H{row}", (dt.date(2026, 11, 1) - checked).days),
    ]


def _as_number(r: Random, phone: str) -> Cell:
    """Numbers lose their plus and their zeros; with a space or a letter they stay text."""
    draw = r.random()
    if draw < 0.4:
        return int(phone)
    if draw < 0.65:
        return int(f"45{phone}")
    return mess.phone(r, phone)


def _person(r: Random, person: Person) -> list[Cell]:
    return [
        mess.full_name(r, person.first, person.last),
        mess.company(r, person.company.name),
        person.title,
        _as_number(r, person.mobile or person.phone),
        mess.email(r, person.email),
        "x" if person.asked_out is not None and r.random() < 0.5 else None,
    ]


# --- writing ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class File:
    """One file of the folder and the way in which its program saves it."""

    name: str
    rows: Callable[[World], Iterator[Row]]
    encoding: str
    delimiter: str
    line_end: str
    quoted: bool = True


FILES = (
    File("virksomheder.csv", companies, "cp1252", ";", "\r\n"),
    File("kontakter.csv", contacts, "utf-8-sig", ";", "\r\n"),
    File("messeleads.tsv", leads, "utf-8", "\t", "\n", quoted=False),
    File("opkald.csv", calls, "utf-8", ",", "\n"),
    File("nejtak.csv", noes, "cp1252", ";", "\n"),
)
BROKEN_EVERY = 150


def broken(rows: Iterable[Row]) -> Iterator[Row]:
    """The rows, some cut short and some with a cell too many, as hand-edited files have them."""
    for place, row in enumerate(rows):
        if place % BROKEN_EVERY == BROKEN_EVERY // 2:
            yield row[: len(row) // 2]
        elif place % BROKEN_EVERY == BROKEN_EVERY - 1:
            yield [*row[:-1], "delt af et tegn", row[-1]]
        else:
            yield row


def write(folder: Path, file: File, world: World) -> int:
    """Write one file; the number of its data rows."""
    count = -1
    path = folder / file.name
    with path.open("w", encoding=file.encoding, newline="") as out:
        writer = csv.writer(out, delimiter=file.delimiter, lineterminator=file.line_end)
        for row in broken(file.rows(world)):
            if file.quoted:
                writer.writerow(row)
            else:
                out.write(file.delimiter.join(row) + file.line_end)
            count += 1
    return count


def main(arguments: Sequence[str] | None = None) -> None:
    """Read the arguments and write the folder."""
    parser = argparse.ArgumentParser(description="Write a folder of messy, made-up CRM lists.")
    parser.add_argument("--out", type=Path, required=True, help="the folder; made if missing")
    parser.add_argument("--rows", type=int, default=ROWS, help=f"rows in all text files ({ROWS})")
    parser.add_argument("--seed", type=int, default=SEED, help="another seed, other data")
    options = parser.parse_args(arguments)
    options.out.mkdir(parents=True, exist_ok=True)
    world = World(max(40, options.rows), options.seed)
    for file in FILES:
        print(f"{file.name}: {write(options.out, file, world)}")
    sheets = base(world)
    workbook.write(options.out / BOOK, sheets)
    print(f"{BOOK}: {sum(len(sheet.rows) for sheet in sheets)}")


if __name__ == "__main__":
    main()
