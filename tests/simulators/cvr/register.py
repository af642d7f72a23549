"""A made-up company register of any size: companies that do not exist, by the rules of examples/README.md.

A company is worked out from its place in the register when somebody asks for it, so a register of half a
million costs no more than one of ten. What was changed since stands beside it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from random import Random
from typing import Final

FIRST_NUMBER: Final = 9_000_000
"""Seven digits, to which the eighth is the check digit: CVR numbers from 90000000 up."""
FORMS: Final = (
    (80, "APS", "Anpartsselskab", "ApS"),
    (60, "A/S", "Aktieselskab", "A/S"),
    (10, "ENK", "Enkeltmandsvirksomhed", ""),
    (30, "I/S", "Interessentskab", "I/S"),
)
INDUSTRY: Final = (
    ("433200", "Tømrer- og bygningssnedkeraktiviteter"),
    ("432200", "Installation af vvs-, varme- og klimaanlæg"),
    ("432100", "El-installation"),
    ("433410", "Maleraktiviteter"),
    ("439100", "Murerarbejde"),
)
STREETS: Final = ("Fabelvej", "Påfundsgade", "Eventyrstien", "Skrønebakken", "Drømmestræde")
TOWNS: Final = (
    (1050, "København K", 101, "KØBENHAVN"), (5000, "Odense C", 461, "ODENSE"),
    (7100, "Vejle", 630, "VEJLE"), (8000, "Aarhus C", 751, "AARHUS"),
    (9000, "Aalborg", 851, "AALBORG"),
)  # fmt: skip
BINS: Final = (0, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)
TRADES: Final = ("byg", "vvs", "el", "maler", "mur")


@dataclass(frozen=True, slots=True)
class Company:
    """What the register knows of a company; `moved` is the stamp of its last change."""

    cvr: int
    name: str
    form: int
    street: str
    house: int
    postcode: int
    industry: str
    employees: int | None
    counted: date
    phone: str
    website: str
    email: str
    protected: bool
    founded: date
    moved: datetime
    loaded: datetime
    secondary: tuple[str, ...] = ()
    old_phone: str = ""
    secret_phone: str = ""
    status: str = "NORMAL"
    ended: date | None = None
    version: int = 1
    foreign: str = ""
    """An address abroad, as the free text that it is there."""


def check_digit(seven: int) -> int | None:
    """The eighth digit by modulus 11; None where there is none and the number is never given out."""
    weighed = sum(int(d) * w for d, w in zip(f"{seven:07d}", (2, 7, 6, 5, 4, 3, 2), strict=True))
    digit = -weighed % 11
    return None if digit == 10 else digit


class Register:
    """So many companies, and what people changed of them. The same seed makes the same ones. Their
    sites and numbers are counted from behind `first`."""

    def __init__(
        self, companies: int, seed: int, clock: Callable[[], datetime], first: int = 0
    ) -> None:
        self.seed, self.clock, self._first = seed, clock, first
        self._begun = clock()
        self.numbers: list[int] = []
        seven = FIRST_NUMBER + first
        while len(self.numbers) < companies:
            digit = check_digit(seven)
            if digit is not None:
                self.numbers.append(seven * 10 + digit)
            seven += 1
        self._at = {cvr: n for n, cvr in enumerate(self.numbers, first + 1)}
        self._edited: dict[int, Company] = {}
        self._sites: dict[str, set[int]] = {}

    def __len__(self) -> int:
        return len(self.numbers)

    def find(self, cvr: int) -> Company | None:
        """A company as it stands now."""
        if cvr in self._edited:
            return self._edited[cvr]
        return self.as_made(cvr)

    def as_made(self, cvr: int) -> Company | None:
        """A company as it stood when the register was filled: what a door that lags behind tells."""
        n = self._at.get(cvr)
        return None if n is None else self._made(n, cvr)

    def every(self, after: int = 0) -> Iterator[Company]:
        """All, by number, from behind `after`."""
        for cvr in sorted(self.numbers) if self._edited else self.numbers:
            if cvr > after and (found := self.find(cvr)):
                yield found

    def of_site(self, host: str) -> list[Company]:
        """Those whose site this is, as it is spelt in the register."""
        likely = self._sites.get(host, set()) | self._made_for(host)
        found = (self.find(cvr) for cvr in sorted(likely))
        return [one for one in found if one and one.website == host]

    # --- what people do ---

    def edit(self, cvr: int, *, silent: bool = False, **facts: object) -> Company:
        """Something changes. `silent` as the head count does: the stamp of changes stays."""
        found = self.find(cvr)
        if found is None:
            raise KeyError(cvr)
        now = self.clock()
        stamps = {"loaded": now} if silent else {"moved": now, "loaded": now}
        version = found.version if silent else found.version + 1
        self._edited[cvr] = replace(found, version=version, **stamps, **facts)  # type: ignore[arg-type]
        self._sites.setdefault(self._edited[cvr].website, set()).add(cvr)
        return self._edited[cvr]

    def found(self, name: str, **facts: object) -> Company:
        """A new company, behind all others."""
        seven = self.numbers[-1] // 10 + 1 if self.numbers else FIRST_NUMBER + self._first
        while (digit := check_digit(seven)) is None:
            seven += 1
        cvr = seven * 10 + digit
        self.numbers.append(cvr)
        self._at[cvr] = self._first + len(self.numbers)
        return self.edit(cvr, name=name, **facts)

    # --- how they are made ---

    def _made(self, n: int, cvr: int) -> Company:
        r = Random(f"{self.seed} {cvr}")
        code, _, _, tail = FORMS[r.choices(range(4), (6, 2, 2, 1))[0]]
        postcode = r.choice(TOWNS)[0]
        monthly = r.random() < 0.7
        site = f"opdigtet-{n:04d}.dk"
        return Company(
            cvr=cvr,
            name=f"Opdigt {r.choice(TRADES)} {n} {tail}".rstrip(),
            form=code,
            street=r.choice(STREETS),
            house=r.randint(1, 199),
            postcode=postcode,
            industry=r.choice(INDUSTRY)[0],
            employees=r.choice((0, 1, 3, 7, 14, 35, 80, 240)) if monthly else None,
            counted=(self._begun - timedelta(days=75)).date().replace(day=1),
            phone=f"68{r.randint(0, 999_999):06d}" if r.random() < 0.8 else "",
            website=r.choice((f"www.{site}", site, f"https://{site}")) if r.random() < 0.6 else "",
            email=f"info@{site}" if r.random() < 0.5 else "",
            protected=r.random() < (0.6 if code == 10 else 0.1),
            founded=date(r.randint(1970, 2024), r.randint(1, 12), r.randint(1, 28)),
            moved=self._begun - timedelta(days=r.randint(1, 900)),
            loaded=self._begun - timedelta(days=1),
            old_phone=f"68{r.randint(0, 999_999):06d}" if r.random() < 0.1 else "",
        )

    def _made_for(self, host: str) -> set[int]:
        name = host.removeprefix("https://").removeprefix("www.")
        digits = name.removeprefix("opdigtet-").removesuffix(".dk")
        at = int(digits) - self._first if digits.isdecimal() else 0
        return {self.numbers[at - 1]} if 0 < at <= len(self.numbers) else set()
