"""What happens to a clean value on its way through people, spreadsheets and exports.

Each function takes the random generator and a clean value and gives one cell. The kinds of mess
are those that Danish CRM lists really have; the shares are rough.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random
from typing import TypeVar

T = TypeVar("T")

# All Danish numbers of the example lie in this one block. Nobody is known to use it: it belongs
# to the numbering plan, and no operator is published for it.
BLOCK = 68_000_000
BLOCK_SIZE = 1_000_000

# Foreign numbers: ranges that their regulators keep for films and books
# (Sweden 070-174 06 05 to 06 99; United Kingdom 07700 900000 to 900999).
FOREIGN = (
    "004670-174 06 {:02d}",
    "+46 70 174 06 {:02d}",
    "+44 7700 9000{:02d}",
    "0044 7700 9001{:02d}",
)

NO_BREAK = "\u00a0"
_NO_PHONE = (
    "00000000", "12345678", "-", "0", "ukendt", "hemmeligt nr.", "se web", "n/a", "99999999",
    "10203040", "ring via omstilling",
)  # fmt: skip
_NO_NAME = ("-", ".", "Ukendt", "Test", "Bogholderiet", "Att: receptionen", "N.N.", "xxx")


def weighted(r: Random, ways: Sequence[tuple[Callable[[], T], int]]) -> T:
    """One of the ways, drawn by its weight; only that one is carried out."""
    draw = r.randrange(sum(weight for _, weight in ways))
    for way, weight in ways:
        draw -= weight
        if draw < 0:
            return way()
    raise AssertionError(draw)


def phone(r: Random, digits: str, other: str = "") -> str:
    """Eight Danish digits as a cell; `other` is a number that may share the cell."""
    if not digits:
        return r.choice(_NO_PHONE) if r.random() < 0.15 else ""
    if r.random() < 0.62:
        return _tidy_phone(r, digits)
    a, b, c, d = digits[:2], digits[2:4], digits[4:6], digits[6:]
    other = other or digits
    return weighted(
        r,
        (
            (lambda: f"0045 {a} {b} {c} {d}", 8),
            (lambda: f"0045{digits}", 6),
            (lambda: f"45{digits}", 5),
            (lambda: f"(+45) {digits}", 5),
            (lambda: f"+45-{a}{b}-{c}{d}", 4),
            (lambda: f"{a}.{b}.{c}.{d}", 6),
            (lambda: f"{a}-{b}-{c}-{d}", 5),
            (lambda: f"tlf. {a} {b} {c} {d}", 5),
            (lambda: f"Mobil: {digits}", 3),
            (lambda: f"  {digits} ", 4),
            (lambda: NO_BREAK.join((a, b, c, d)), 4),
            (lambda: f"+45 (0){digits}", 2),
            (lambda: f"0{digits}", 2),
            (lambda: f"+45 45{digits}", 2),
            (lambda: f"+45+45{digits}", 1),
            (lambda: f"{a} {b} {c} {d} lok. {r.randrange(10, 400)}", 4),
            (lambda: f"{digits} ext {r.randrange(10, 99)}", 1),
            (lambda: f"{digits}#{r.randrange(10, 99)}", 1),
            (lambda: f"{digits} / {other}", 4),
            (lambda: f"{digits}; {other}", 1),
            (lambda: f"{digits} eller {other}", 2),
            (lambda: f"{digits}\n{other}", 1),
            (lambda: f"{digits}.0", 5),
            (lambda: f"{digits},0", 2),
            (lambda: f"{digits[0]}.{digits[1:]}E7", 2),
            (lambda: f"4,5{digits[:3]}E+09", 1),
            (lambda: digits[:6], 2),
            (lambda: digits[:7], 2),
            (lambda: f"{digits[:-1]}O", 1),
            (lambda: f"'{digits}", 2),
            (lambda: r.choice(FOREIGN).format(r.randrange(5, 100)), 5),
            (lambda: r.choice(_NO_PHONE), 4),
        ),
    )


def _tidy_phone(r: Random, digits: str) -> str:
    spaced = f"{digits[:2]} {digits[2:4]} {digits[4:6]} {digits[6:]}"
    return r.choice((digits, digits, spaced, spaced, f"+45 {spaced}", f"+45{digits}"))


def respelled(r: Random, digits: str) -> str:
    """A number that was written down by somebody else: right, and hardly ever the same text."""
    a, b, c, d = digits[:2], digits[2:4], digits[4:6], digits[6:]
    forms = (
        f"+45{digits}", f"+45 {a} {b} {c} {d}", f"{a} {b} {c} {d}", f"0045{digits}", digits,
        f"45 {a} {b} {c} {d}", f"{a}.{b}.{c}.{d}", f"tlf. {digits}", f"{digits}.0",
    )  # fmt: skip
    return r.choice(forms)


def name(r: Random, text: str) -> str:
    """A first, last or full name as a cell."""
    draw = r.random()
    if draw < 0.66:
        return text
    return weighted(
        r,
        (
            (text.upper, 26),
            (text.lower, 26),
            (lambda: f" {text}  ", 12),
            (lambda: text.replace(" ", "  "), 6),
            (lambda: mojibake(text), 8),
            (lambda: text + NO_BREAK, 4),
            (lambda: r.choice(_NO_NAME), 3),
            (lambda: text.swapcase() if len(text) > 3 else text, 1),
        ),
    )


def full_name(r: Random, first: str, last: str) -> str:
    """First and last name in one cell."""
    if r.random() < 0.85:
        return name(r, f"{first} {last}")
    return r.choice(
        (
            f"{last}, {first}", f"{first} {last}, direktør", f"Hr. {first} {last}",
            f"Att: {first} {last}", f"{first[0]}. {last}", first,
        )
    )  # fmt: skip


def title(r: Random, text: str) -> str:
    """A job title as a cell: as somebody typed it, with more in it than the title, or no title."""
    if not text:
        return r.choice(_NO_TITLE) if r.random() < 0.2 else ""
    draw = r.random()
    if draw < 0.5:
        return text
    return weighted(
        r,
        (
            (text.upper, 14),
            (text.lower, 14),
            (lambda: f"{text} ", 6),
            (lambda: text.replace(" ", "  ") if " " in text else f" {text}", 4),
            (lambda: text.replace("-", " "), 6),
            (lambda: mojibake(text), 4),
            (lambda: r.choice(_SHORT_TITLES), 22),
            (lambda: f"{text}, {r.choice(_AREAS)}", 8),
            (lambda: f"{r.choice(('Senior', 'Regional', 'Assisterende'))} {text.lower()}", 6),
            (lambda: r.choice(_LONG_TITLES), 16),
            (lambda: f"{text} / {r.choice(('partner', 'ejer', 'CEO'))}", 5),
            (lambda: r.choice(_ODD_TITLES), 8),
            (lambda: f"tidl. {text.lower()}", 1),
        ),
    )


_SHORT_TITLES = (
    "adm. dir.", "Adm.dir", "dir.", "CEO", "C.E.O.", "økonomidir.", "salgsdir.", "IT chef", "KAM",
    "kontorass.", "bogh.", "indeh.", "Sales Mgr.", "HR chef", "teknisk dir.", "prod. chef",
)  # fmt: skip
_LONG_TITLES = (
    "Administrerende direktør", "administrende direktør", "Chief Executive Officer",
    "Chief Financial Officer", "direktør, salg", "Salgs- og marketingchef", "Nordic Sales Manager",
    "Head of Marketing & Communications", "CEO & Founder", "Økonomi- og HR-chef",
    "Leder af kundeservice", "Ansvarlig for indkøb", "VP Sales", "Regional salgschef, Vest",
    "Medarbejder i salgsafdelingen", "PA to CEO", "Direktør (CEO)",
)  # fmt: skip
_AREAS = ("Vest", "Danmark", "Norden", "cand.merc.", "salg", "Aarhus", "vikar")
_ODD_TITLES = (
    "Bolcheblander", "Formand", "Director", "PM", "Salg", "Økonomi", "HD", "Ring efter kl. 13",
    "Chief Happiness Officer", "Potteplanteansvarlig",
)  # fmt: skip
_NO_TITLE = ("-", "ukendt", "n/a", "?")


def function(r: Random) -> str:
    """The field beside the title that hardly anybody fills in, and some fill in wrongly."""
    if r.random() < 0.82:
        return ""
    return r.choice(
        ("Salg", "salg", "Økonomi", "Ledelse", "direktion", "IT", "Indkøb", "Marketing", "Bolcher")
    )


def buying_role(r: Random) -> str:
    """Who decides, in the words of whoever made the call."""
    if r.random() < 0.7:
        return ""
    return weighted(
        r,
        (
            (lambda: "Beslutningstager", 30),
            (lambda: r.choice(("beslutningstager", "beslutter", "Decision maker")), 25),
            (lambda: r.choice(("Bruger", "slutbruger")), 15),
            (lambda: r.choice(("reception", "sekretær", "Portvagt")), 15),
            (lambda: r.choice(("influent", "Stærk indflydelse")), 10),
            (lambda: r.choice(("spørg Anemone", "måske")), 5),
        ),
    )


def company(r: Random, text: str) -> str:
    """A company's name as a cell."""
    if r.random() < 0.72:
        return text
    return weighted(
        r,
        (
            (text.upper, 20),
            (text.lower, 10),
            (lambda: f"{text} ", 10),
            (lambda: text.replace("ApS", "APS").replace("A/S", "A/S."), 10),
            (lambda: text.replace("ApS", "Aps").replace("A/S", "AS"), 10),
            (lambda: text.replace("A/S", "A / S"), 4),
            (lambda: text.replace(" & ", " og "), 6),
            (lambda: mojibake(text), 6),
            (lambda: f"{text} under konkurs", 3),
            (lambda: f'"{text}"', 2),
            (lambda: text.replace(" ", "  "), 4),
        ),
    )


def cvr(r: Random, digits: str) -> str:
    """A CVR number as a cell."""
    if r.random() < 0.62:
        return digits
    a, b, c, d = digits[:2], digits[2:4], digits[4:6], digits[6:]
    return weighted(
        r,
        (
            (lambda: f"DK{digits}", 12),
            (lambda: f"DK {a} {b} {c} {d}", 8),
            (lambda: f"DK-{digits}", 4),
            (lambda: f"CVR-nr. {digits}", 6),
            (lambda: f"CVR: {a} {b} {c} {d}", 4),
            (lambda: f"{a} {b} {c} {d}", 8),
            (lambda: f"{digits}.0", 6),
            (lambda: f"{digits},0", 2),
            (lambda: "", 14),
            (lambda: digits[:-1] + str((int(digits[-1]) + 1) % 10), 4),
            (lambda: digits[:-1], 3),
            (lambda: r.choice(("ukendt", "12345678", "under stiftelse", "-")), 3),
            (lambda: f" {digits}", 3),
        ),
    )


def email(r: Random, address: str) -> str:
    """An e-mail address as a cell."""
    if not address or r.random() < 0.7:
        return address
    local, _, domain = address.partition("@")
    return weighted(
        r,
        (
            (address.upper, 12),
            (address.title, 10),
            (lambda: f" {address} ", 10),
            (lambda: f"mailto:{address}", 4),
            (lambda: f"{address};", 3),
            (lambda: f"<{address}>", 3),
            (lambda: f"{local} @ {domain}", 3),
            (lambda: f"{local}(at){domain}", 2),
            (lambda: address.replace(".dk", ",dk"), 3),
            (lambda: address.replace(".dk", ".dkk"), 2),
            (lambda: address.replace("@", "@@"), 2),
            (lambda: address.replace(".", "..", 1), 2),
            # Mailboxes that cannot exist: there is no such top-level domain.
            (lambda: f"{local}@gmail.con", 3),
            (lambda: f"{local}@{domain}, {local}2@{domain}", 2),
            (lambda: r.choice(("ingen", "n/a", "ukendt@", "-", "har ikke mail")), 4),
            (lambda: f"{address}.", 2),
        ),
    )


def website(r: Random, domain: str) -> str:
    """A web address as a cell."""
    return weighted(
        r,
        (
            (lambda: f"www.{domain}", 30),
            (lambda: domain, 20),
            (lambda: f"https://www.{domain}/", 15),
            (lambda: f"https://{domain}/kontakt?utm_source=crm", 8),
            (lambda: f"http://{domain}/om-os.html", 6),
            (lambda: f"HTTP://WWW.{domain.upper()}", 4),
            (lambda: f"shop.{domain}", 3),
            (lambda: f" {domain} ", 3),
            (lambda: f"http//{domain}", 2),
            (lambda: f"www,{domain}", 1),
            (lambda: f"info@{domain}", 1),
            (lambda: "facebook.com", 1),
            (lambda: r.choice(("ingen", "-", "kommer snart")), 1),
            (lambda: "", 8),
        ),
    )


def industry(r: Random, code: str, label: str) -> tuple[str, str]:
    """A company's code (`dd.dd.dd`) and its label as two cells."""
    draw = r.random()
    if draw < 0.12:
        return "", ""
    if draw < 0.3:
        return code, label
    digits = code.replace(".", "")
    return weighted(
        r,
        (
            (lambda: (digits, label), 30),
            # Spreadsheets take the code for a number and drop its first zero.
            (lambda: (digits.removeprefix("0"), label), 20),
            (lambda: (f"{digits} {label}", ""), 8),
            (lambda: ("", f"{digits} {label}"), 6),
            (lambda: (digits, ""), 8),
            (lambda: (f"DB07 {digits}", label), 4),
            (lambda: (code[:5], label), 3),
            (lambda: (digits, r.choice(("It", "Håndværk", "Service", "Transport"))), 4),
            (lambda: (digits, "Dyrkning af ris"), 1),
            (lambda: (r.choice(("999999", "12345", "vvs", "ukendt")), label), 2),
        ),
    )


def employees(r: Random, count: int) -> str:
    """A number of employees as a cell."""
    near = f"{max(1, count - count // 4)}-{count + count // 4}"
    return weighted(
        r,
        (
            (lambda: str(count), 40),
            (lambda: f"{count},0", 10),
            (lambda: f"ca. {count}", 10),
            (lambda: f"{count} ansatte", 10),
            (lambda: near, 6),
            (lambda: f"over {count // 10 * 10}", 3),
            (lambda: r.choice(("2-10", "11-50", "51-200")), 3),
            (lambda: r.choice(("ANTAL_5_9", "ANTAL_10_19", "10-19", "50+")), 4),
            (lambda: r.choice(("okt-19", "05-09", "2-apr")), 2),
            (lambda: r.choice(("ukendt", "mange", "-")), 2),
            (lambda: "", 10),
        ),
    )


def revenue(r: Random, millions: float) -> str:
    """A yearly revenue as a cell."""
    said = f"{millions:.1f}".replace(".", ",")
    kroner = f"{round(millions * 1000) * 1000:,}".replace(",", ".")
    return weighted(
        r,
        (
            (lambda: f"{said} mio. kr.", 20),
            (lambda: f"{said} mio", 8),
            (lambda: said, 5),
            (lambda: f"{kroner},00", 6),
            (lambda: f"kr. {kroner}", 4),
            (lambda: f"TDKK {round(millions * 1000)}", 4),
            (lambda: f"bruttofortjeneste {said} mio.", 3),
            (lambda: f"EUR {said} mio", 1),
            (lambda: r.choice(("5-10", "10-25", "over 10 mio", "oplyses ikke")), 4),
            (lambda: "", 45),
        ),
    )


def date(r: Random, year: int, month: int, day: int) -> str:
    """A date in one of the usual spellings."""
    return r.choice(
        (
            f"{day:02d}-{month:02d}-{year}", f"{day:02d}-{month:02d}-{year}",
            f"{day:02d}.{month:02d}.{year}", f"{day}/{month} {year}", f"{year}-{month:02d}-{day:02d}",
            f"{day:02d}-{month:02d}-{year % 100:02d}",
        )
    )  # fmt: skip


def mojibake(text: str) -> str:
    """UTF-8 read as Windows-1252, where that comes out as letters."""
    try:
        return text.encode("utf-8").decode("cp1252")
    except UnicodeDecodeError:
        return text.replace("ø", "¢").replace("å", "?").replace("æ", "?")
