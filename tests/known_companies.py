"""Companies that are known, and records about them as lists have them: how many are recognised?

    python tests/known_companies.py --companies 100000

A made-up register, and one record about each company, or about a foreign one that no source knows. As
lists go: 15 % without a CVR number, 10 % with a domain that several companies share, 5 % with the
domain that the company had before, 5 % whose name another company has, too, 5 % foreign, 10 % with a
typing error. Each is drawn by itself, so that they meet. The record goes through the rules, its keys are
asked for, and what comes of it is held against the truth.

precision   of the records that were matched, those that are that company
recall      of the records of known companies, those that were matched rightly, or put before a person
            with the right company among the first five
alone       of the same, those that were matched rightly, without a person

Every record that is counted as wrong or lost is counted by what was the matter with it, and what the
program said. The register is made block by block, so that a million companies take no more memory
than a thousand.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import islice
from random import Random
from typing import Final

from rules.enrichment.identity import asked, identity
from rules.enrichment.matching import Match, NoMatch, Outcome, match
from rules.enrichment.record import Address, CompanyRecord
from rules.folding import fold
from rules.formats.check_digits import passes
from rules.hygiene import clean
from rules.keys import KeyKind
from rules.matching import company_words
from rules.records import Kind, Value

BLOCK: Final = 1000
NO_CVR, SHARED, MOVED, TWIN, FOREIGN, TYPO = 0.15, 0.10, 0.05, 0.05, 0.05, 0.10
SITE, MAILBOX = 0.55, 0.25
"""Companies that tell the register their site, and those that tell it only an address at their domain."""
TAKEN: Final = 0.25
"""Of the domains that were left, so many are another company's now."""
SHOWN: Final = 5
LEAST_PRECISION, LEAST_RECALL = 0.99, 0.97
READ: Final = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
MARKS: Final = (
    "Fabel", "Opdigt", "Påfund", "Eventyr", "Luftkastel", "Skrøne", "Drømme", "Sagn", "Indfald",
    "Vrøvl",
)  # fmt: skip
TRADES: Final = (
    "Tag", "Glas", "Maling", "Brød", "Have", "Cykler", "Møbler", "Tømrer", "Murer", "Fragt",
    "Revision", "Papir", "Kaffe", "Lys", "Køl", "Værktøj", "Bogtryk", "Gulv", "Vinduer", "Rengøring",
)  # fmt: skip
PLACES: Final = (
    "Nord", "Syd", "Øst", "Vest", "Havnen", "Torvet", "Skoven", "Bakken", "Dalen", "Byen",
)  # fmt: skip
FORMS: Final = (("A/S", "60"), ("ApS", "80"), ("I/S", "30"), ("", "10"))
TOWNS: Final = (
    ("8000", "Aarhus C"), ("5000", "Odense C"), ("9000", "Aalborg"), ("7100", "Vejle"),
    ("6000", "Kolding"), ("4000", "Roskilde"), ("3000", "Helsingør"), ("8900", "Randers C"),
    ("6700", "Esbjerg"), ("7400", "Herning"), ("8600", "Silkeborg"), ("4700", "Næstved"),
)  # fmt: skip
ABROAD: Final = (
    ("Sverige", "SE556000000001", "+46 70 174 06 05", "AB"),
    ("Tyskland", "DE123456789", "", "GmbH"),
    ("Storbritannien", "GB123456789", "+44 20 7946 0123", "Ltd"),
)
Row = dict[str, Value]


# --- the register ----------------------------------------------------------------------------


def numbers() -> Iterator[str]:
    """Made-up CVR numbers with a right check digit."""
    return (text for text in map(str, range(90_000_000, 100_000_000)) if passes(text))


def _company(random: Random, cvr: str, place: int) -> CompanyRecord:
    form, code = random.choice(FORMS)
    words = [random.choice(MARKS), random.choice(TRADES), random.choice([*PLACES, ""]), form]
    postcode, city = random.choice(TOWNS)
    domain, drawn = f"opdigtet-{place:07}.dk", random.random()
    return CompanyRecord(
        cvr=cvr,
        source="cvr",
        read_at=READ,
        name=" ".join(filter(None, words)),
        status="active",
        form_code=code,
        address=Address(
            street=f"Fabelvej {place % 200 + 1}", postcode=postcode, city=city, country="DK"
        ),
        website=f"www.{domain}" if drawn < SITE else "",
        email=f"post@{domain}" if drawn < SITE + MAILBOX else "",
    )


@dataclass
class Block:
    """A thousand companies, found as a register finds them: by number, by domain, by name and place."""

    companies: list[CompanyRecord]
    domains: list[str]
    """Of each company, whether the register knows it or not."""
    troubled: dict[int, set[str]] = field(default_factory=lambda: defaultdict(set))
    _by: dict[tuple[str, str], list[CompanyRecord]] = field(default_factory=dict)

    def index(self) -> None:
        """Call when all companies are as they will be."""
        for one in self.companies:
            keys = {("cvr", one.cvr), ("place", one.address.postcode)}
            keys |= {("domain", fold(text)) for text in _hosts(one)}
            for key in keys:
                self._by.setdefault(key, []).append(one)

    def known(self, values: Row) -> Iterator[CompanyRecord]:
        """What a source answers to the keys of a record, and to its name at its postcode."""
        who = identity(values)
        for key in asked(who):
            kind = "cvr" if key.kind is KeyKind.CVR else "domain"
            yield from self._by.get((kind, key.value if kind == "cvr" else fold(key.value)), ())
        words = set(company_words(who.name))
        for one in self._by.get(("place", who.postcode), ()) if words else ():
            if words <= set(company_words(one.name)):
                yield one


def _hosts(one: CompanyRecord) -> set[str]:
    return {
        text for text in (one.website.removeprefix("www."), one.email.rpartition("@")[2]) if text
    }


def block(random: Random, cvrs: Sequence[str], first: int) -> Block:
    """Companies, some of which share a domain, and some of which have one name."""
    companies = [_company(random, cvr, first + at) for at, cvr in enumerate(cvrs)]
    made = Block(companies, [f"opdigtet-{first + at:07}.dk" for at in range(len(companies))])
    for at, one in enumerate(companies):
        other = random.randrange(len(companies))
        # Two share what one of them draws, so half as many have to draw.
        if random.random() < SHARED / 2 and other != at:
            _share(made, at, other)
        if random.random() < TWIN / 2 and other != at:
            place = one.address if random.random() < 0.5 else companies[other].address
            companies[other] = replace(
                companies[other], name=one.name, form_code=one.form_code, address=place
            )
            made.troubled[at].add("name twin")
            made.troubled[other].add("name twin")
    made.index()
    return made


def _share(made: Block, at: int, other: int) -> None:
    domain = made.domains[at]
    made.domains[other] = domain
    for one in (at, other):
        site = {"website": f"www.{domain}", "email": ""}
        made.companies[one] = replace(made.companies[one], **site)  # type: ignore[arg-type]
        made.troubled[one].add("shared domain")


# --- the records -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Said:
    """A record, the CVR number of the company that it is about (none: a foreign one), and what is
    the matter with it."""

    values: Row
    truth: str
    troubles: frozenset[str]


def said(random: Random, made: Block, at: int) -> Said:
    """A record as a list has it."""
    if random.random() < FOREIGN:
        return _foreign(random, made)
    one, troubles = made.companies[at], set(made.troubled.get(at, ()))
    values: Row = {
        "company_name": _called(random, one.name),
        "cvr": one.cvr,
        "website": f"https://{made.domains[at]}",
        "email": f"info@{made.domains[at]}",
        "postcode": one.address.postcode,
        "city": one.address.city,
        "country": random.choice(["DK", None]),
        "main_phone": None,
    }
    if random.random() < NO_CVR:
        values["cvr"] = None
        troubles.add("no CVR number")
    if random.random() < MOVED:
        troubles.add(_left(random, made, values))
    if random.random() < TYPO:
        troubles.add(_mistyped(random, values))
    return Said(values, one.cvr, frozenset(troubles))


def _called(random: Random, name: str) -> str:
    """As the register writes it, without its form, or in other letters."""
    spelled = random.random()
    if spelled < 0.5:
        return name
    short = " ".join(word for word in name.split() if word not in {form for form, _ in FORMS})
    return short if spelled < 0.9 else name.upper()


def _left(random: Random, made: Block, values: Row) -> str:
    """The domain that the company had before: nobody's now, or another company's."""
    if random.random() < TAKEN:
        domain, told = random.choice(made.domains), "moved domain, taken by another"
    else:
        domain, told = f"opdigtet-gammel-{random.randrange(10**6):06}.dk", "moved domain"
    values |= {"website": f"https://{domain}", "email": f"info@{domain}"}
    return told


def _mistyped(random: Random, values: Row) -> str:
    """One slip of the keyboard in one cell."""
    name = random.choice(["company_name", "cvr", "website", "postcode"])
    text = values[name]
    if not isinstance(text, str):
        return "nothing to mistype"
    if name == "website":
        # A slip in the address is seldom another company's address; where all are numbered it can be.
        begin = text.index("opdigtet") + random.randrange(7)
        values[name] = text[:begin] + text[begin + 1] + text[begin] + text[begin + 2 :]
        if values[name] == text:
            values[name] = text.replace("opdigtet", "opdigtett")
        return "typing error in website"
    at = random.randrange(len(text) - 1)
    if text[at].isdigit():
        values[name] = (
            text[:at] + str((int(text[at]) + random.randrange(1, 10)) % 10) + text[at + 1 :]
        )
    else:
        values[name] = text[:at] + text[at + 1] + text[at] + text[at + 2 :]
    return f"typing error in {name}"


def _foreign(random: Random, made: Block) -> Said:
    """A company abroad, told by its country, its number or its phone; a third at a Danish domain."""
    country, number, phone, form = random.choice(ABROAD)
    at_home = random.random() < 1 / 3
    domain = (
        random.choice(made.domains) if at_home else f"opdigtet-ude-{random.randrange(10**6):06}.dk"
    )
    told = random.random()
    values: Row = {
        "company_name": f"{random.choice(MARKS)} {random.choice(TRADES)} {form}",
        "cvr": number if told >= 0.6 and told < 0.8 else None,
        "website": f"https://{domain}",
        "email": f"info@{domain}",
        "postcode": None,
        "city": None,
        "country": country if told < 0.6 else None,
        "main_phone": phone if told >= 0.8 else None,
    }
    return Said(values, "", frozenset({"foreign, at a Danish domain" if at_home else "foreign"}))


# --- the measure -----------------------------------------------------------------------------


@dataclass
class Found:
    """What came of the records, and of those that went wrong, why."""

    known: int = 0
    foreign: int = 0
    right: int = 0
    wrong: int = 0
    shown: int = 0
    lost: int = 0
    troubles: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    """Of wrong and lost records: what was the matter, and what was said."""

    @property
    def records(self) -> int:
        return self.known + self.foreign

    @property
    def precision(self) -> float:
        return self.right / max(1, self.right + self.wrong)

    @property
    def recall(self) -> float:
        return (self.right + self.shown) / max(1, self.known)

    @property
    def alone(self) -> float:
        return self.right / max(1, self.known)

    @property
    def holds(self) -> bool:
        return self.precision >= LEAST_PRECISION and self.recall >= LEAST_RECALL

    def take(self, said: Said, outcome: Outcome) -> None:
        """Count one record."""
        self.known, self.foreign = self.known + bool(said.truth), self.foreign + (not said.truth)
        self.troubles.update(said.troubles)
        verdict = self._verdict(said.truth, outcome)
        if verdict:
            what = " + ".join(sorted(said.troubles)) or "nothing"
            self.reasons[f"{verdict}: {what} → {outcome.reason.code}"] += 1

    def _verdict(self, truth: str, outcome: Outcome) -> str:
        if isinstance(outcome, Match):
            is_right = outcome.company.number == truth
            self.right, self.wrong = self.right + is_right, self.wrong + (not is_right)
            return "" if is_right else "wrong"
        if not truth:
            return ""
        if not isinstance(outcome, NoMatch):
            named = [one.company.number for one in outcome.candidates[:SHOWN]]
            if truth in named:
                self.shown += 1
                return ""
        self.lost += 1
        return "lost"


def measure(companies: int, seed: int) -> Found:
    """Make them, let the rules and the matching have them, and count."""
    random, found, cvrs = Random(seed), Found(), numbers()
    for first in range(0, companies, BLOCK):
        made = block(random, list(islice(cvrs, min(BLOCK, companies - first))), first)
        for at in range(len(made.companies)):
            one = said(random, made, at)
            changes, _ = clean(Kind.COMPANY, one.values)
            values = {**one.values, **{change.field: change.new for change in changes}}
            found.take(one, match(identity(values), list(made.known(values))))
    return found


def told(found: Found) -> Iterator[str]:
    """The figures, and every wrong and lost record by its cause."""
    yield f"{found.known:,} records of known companies, {found.foreign:,} of foreign ones"
    yield ", ".join(f"{what}: {count:,}" for what, count in sorted(found.troubles.items()))
    yield f"precision {found.precision:.2%} ({found.wrong:,} wrong)"
    yield f"recall    {found.recall:.2%} ({found.lost:,} lost)"
    yield f"alone     {found.alone:.2%} ({found.shown:,} put before a person)"
    yield from (f"  {count:7,}  {why}" for why, count in found.reasons.most_common())


def main() -> int:
    """Measure and tell; 1 when a goal was missed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--companies", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=20_261_126)
    parser.add_argument("--json", action="store_true", help="for programs")
    options = parser.parse_args()
    found = measure(options.companies, options.seed)
    if options.json:
        names = ("records", "precision", "recall", "alone", "wrong", "shown", "lost")
        print(json.dumps({**{name: getattr(found, name) for name in names}, "why": found.reasons}))
    else:
        print("\n".join(told(found)))
    return 0 if found.holds else 1


if __name__ == "__main__":
    sys.exit(main())
