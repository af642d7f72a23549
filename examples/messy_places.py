"""What happens to addresses, countries and dates of a list: the second half of mess.py."""

from __future__ import annotations

from random import Random

import mess

_FLOORS = (", st. th.", ", st.th", ", 2. tv", " 1.tv", ", 3. sal th", ", 1.")
_NO_DATE = (
    "0000-00-00",
    "01-01-1900",
    "ukendt",
    "uge 45",
    "forår 2026",
    "31-02-2026",
    "11/24/2025",
)


def place(r: Random, street: str, postcode: str, town: str) -> tuple[str, str, str]:
    """Street, postcode and town as three cells."""
    if r.random() < 0.2:
        street += r.choice(_FLOORS)
    if r.random() < 0.72:
        return street, postcode, town
    return mess.weighted(
        r,
        (
            (lambda: (street, f"DK-{postcode}", town), 8),
            (lambda: (street, f"{postcode}.0", town), 5),
            (lambda: (street, f" {postcode}", f" {town}"), 5),
            (lambda: (street, postcode, town.upper()), 10),
            (lambda: (street, postcode, town.lower()), 4),
            (lambda: (street, postcode, _short(town)), 10),
            (lambda: (street, postcode, mess.mojibake(town)), 6),
            (lambda: (street, postcode, ""), 6),
            (lambda: (street, f"{postcode} {town}", ""), 6),
            (lambda: (street, "", f"{postcode} {town}"), 4),
            (lambda: (f"{street}, {postcode} {town}", postcode, town), 5),
            (lambda: (f"{street} - {postcode} {town}", "", ""), 4),
            (lambda: (street.replace(" ", "  ", 1), postcode, town), 5),
            (lambda: (street, postcode, "Skagen" if town != "Skagen" else "Rønne"), 4),
            (lambda: (f"{street}, {postcode} Fabelby", "", ""), 2),
            (lambda: (f"{street}, 9990 Skagen", postcode, town), 2),
            (lambda: (street, r.choice(("800", "100", "3900", "11122", "9998")), town), 5),
            (lambda: (street, r.choice(("ukendt", "-", postcode[:2])), town), 2),
        ),
    )


def _short(town: str) -> str:
    """A town as people write it."""
    pairs = (
        ("København", "Kbh."),
        ("Aarhus", "Århus"),
        ("Aalborg", "Ålborg"),
        ("Odense C", "odense"),
    )
    for name, written in pairs:
        if name in town:
            return town.replace(name, written)
    return f"{town}."


def country(r: Random) -> str:
    """Denmark as a cell."""
    usual = ("Danmark", "DK", "dk", "Denmark", "")
    rare = ("DANMARK", "Danmark (DK)", "dansk", "+45", "DNK", "Skandinavien")
    return r.choice(usual) if r.random() < 0.9 else r.choice(rare)


def date(r: Random, year: int, month: int, day: int) -> str:
    """A date in the usual spellings, now and then in an unusual one, or none at all."""
    if r.random() < 0.9:
        return mess.date(r, year, month, day)
    months = "januar februar marts april maj juni juli august september oktober november december"
    name = months.split()[month - 1]
    return mess.weighted(
        r,
        (
            (lambda: f"{day}. {name} {year}", 6),
            (lambda: f"d. {day}. {name[:3]}. {year % 100:02d}", 3),
            (lambda: f"{year}-{month:02d}-{day:02d} 00:00:00", 3),
            (lambda: f"{day:02d}/{month:02d}/{year}", 3),
            (lambda: f"{45_000 + 30 * month + day}", 3),
            (lambda: f"{day}/{month}", 2),
            (lambda: f"{name} {year}", 2),
            (lambda: r.choice(_NO_DATE), 4),
        ),
    )
