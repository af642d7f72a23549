"""Who there is in the made-up example, before anything gets messy."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

import mess
from words import FIRST, FORM, INDUSTRY, LAST, MARK, RARE_LAST, STREET, TITLES, TOWNS, TRADE

FIRST_CVR = 9_000_000  # the first seven digits of 90000000
CVR_WEIGHTS = (2, 7, 6, 5, 4, 3, 2)
SHARES = {"companies": 17, "contacts": 37, "leads": 17, "calls": 24}  # per cent; the rest are noes
# Coprime to the size of the block: numbers look drawn, and none comes twice.
STRIDE = 611_953
ASCII = str.maketrans(
    {"æ": "ae", "ø": "oe", "å": "aa", "Æ": "ae", "Ø": "oe", "Å": "aa", " ": "", "'": ""}
)


@dataclass(frozen=True, slots=True)
class Company:
    """One made-up company."""

    number: int
    name: str
    form: str
    cvr: str
    domain: str
    phone: str
    street: str
    town: tuple[str, str]
    industry: tuple[str, str]
    employees: int


@dataclass(frozen=True, slots=True)
class Person:
    """One made-up person at a company; `asked_out` is a (month, day) of 2026 or None."""

    number: int
    first: str
    last: str
    email: str
    phone: str
    mobile: str
    title: str
    company: Company
    asked_out: tuple[int, int] | None


class World:
    """Everybody there is, before anything gets messy."""

    def __init__(self, rows: int, seed: int) -> None:
        self.r = Random(seed)
        counts = {name: max(4, rows * share // 100) for name, share in SHARES.items()}
        self.counts = counts | {"noes": max(4, rows - sum(counts.values()))}
        self._phones = iter(range(mess.BLOCK_SIZE * 10))
        cvrs = _cvr_numbers()
        self.companies = [self._company(n, next(cvrs)) for n in range(1, counts["companies"] + 1)]
        self.contacts = self._people(counts["contacts"], 1)
        # People who were met at the fair and are in nobody's CRM yet.
        self.strangers = self._people(counts["leads"] // 2, counts["contacts"] + 1)

    def phone(self) -> str:
        """The next number of the block."""
        return str(mess.BLOCK + next(self._phones) * STRIDE % mess.BLOCK_SIZE)

    def _company(self, number: int, cvr: str) -> Company:
        r = self.r
        form = r.choice(FORM)
        mark, trade, other = r.choice(MARK), r.choice(TRADE), r.choice(TRADE)
        draw = r.random()
        if draw < 0.08:
            form = "v/"
            name = f"{mark}{trade} v/{r.choice(FIRST)} {r.choice(LAST)}"
        elif draw < 0.45:
            name = f"{mark}{trade} {form}"
        elif draw < 0.75:
            name = f"{mark} & {r.choice(LAST)} {trade} {form}"
        else:
            name = f"{mark} {trade} og {other} {form}"
        return Company(
            number=number,
            name=name,
            form=form,
            cvr=cvr,
            domain=f"opdigtet-{number:04d}.dk",
            phone=self.phone(),
            street=f"{r.choice(STREET)} {r.randrange(1, 190)}",
            town=r.choice(TOWNS),
            industry=r.choice(INDUSTRY),
            employees=int(2 ** r.uniform(0, 9)),
        )

    def _people(self, count: int, start: int) -> list[Person]:
        return [self._person(number) for number in range(start, start + count)]

    def _person(self, number: int) -> Person:
        r = self.r
        company = r.choice(self.companies)
        first = r.choice(FIRST)
        last = r.choice(RARE_LAST) if r.random() < 0.06 else r.choice(LAST)
        local = f"{first}.{last}{number}".translate(ASCII).lower()
        if r.random() < 0.04:
            local = r.choice(("info", "kontakt", "salg", "bogholderi", "faktura"))
        return Person(
            number=number,
            first=first,
            last=last,
            email=f"{local}@{company.domain}" if r.random() < 0.9 else "",
            phone=company.phone if r.random() < 0.1 else self.phone(),
            mobile=self.phone() if r.random() < 0.35 else "",
            title=r.choice(TITLES) if r.random() < 0.8 else "",
            company=company,
            asked_out=(r.randrange(2, 11), r.randrange(1, 29)) if r.random() < 0.07 else None,
        )


def _cvr_numbers() -> Iterator[str]:
    """CVR numbers from 90000000 on, with a right modulus 11."""
    for head in range(FIRST_CVR, FIRST_CVR + 1_000_000):
        rest = sum(w * int(d) for w, d in zip(CVR_WEIGHTS, str(head), strict=True)) % 11
        if rest != 1:
            yield f"{head}{(11 - rest) % 11}"
