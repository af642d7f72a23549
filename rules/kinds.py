"""What kind of record a list holds, told from its file name, its headers and its cells. Pure.

A wrong guess costs: a list of contacts taken for an opt-out list would silence everybody on it, an
opt-out list taken for contacts would be called. So the file name counts only where the columns
bear it out, and what nothing decided is marked as not sure. Only a name that speaks of noes is
believed against the columns, and said to be doubtful: calling somebody who said no is the worse
mistake.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from rules.folding import fold, tokens
from rules.identities import own_kinds
from rules.records import Kind
from rules.samples import column_cells, company_names

Meaning = Callable[[Kind, int, str], str | None]
"""What the header of a column would mean in a list of that kind: a canonical name or None."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """The kind, whether that is sure, and what told so: a text key `header.<code>`."""

    kind: Kind
    sure: bool
    code: str
    details: Mapping[str, str] = field(default_factory=dict)


def guess(
    headers: Sequence[str], file_name: str, sample: Sequence[Sequence[str]], meaning: Meaning
) -> Evidence:
    """The kind of a list. Never fails: a list of people is the last resort, and not sure."""
    seen = _Seen(headers, sample, meaning)
    named, word = kind_in_name(file_name)
    by_id = _by_id(headers)
    if named is Kind.OPT_OUT and seen.noes & _IDENTIFYING and _selling(seen):
        return Evidence(named, sure=False, code="kind_doubtful", details={"word": word})
    if named is not None and _borne_out(named, seen):
        return Evidence(named, sure=True, code="kind_by_name", details={"word": word})
    told = _by_columns(seen)
    if by_id is not None and (told is None or by_id in _PARTIES):
        kind, header = (Kind.LEAD, "") if told is Kind.LEAD else (by_id, "id")
        return Evidence(kind, sure=True, code="kind_by_columns", details={"columns": header})
    if told is not None:
        return Evidence(told, sure=True, code="kind_by_columns", details={"columns": seen.shown})
    if named is not None:
        return Evidence(named, sure=False, code="kind_by_name", details={"word": word})
    return Evidence(Kind.CONTACT, sure=False, code="kind_assumed")


# Words of file names; a longer one goes before a shorter one that it holds.
_NAMES: Final[Mapping[Kind, tuple[str, ...]]] = {
    Kind.OPT_OUT: (
        "nejtak", "nejtakliste", "robinson", "robinsonliste", "optout", "optouts", "sortliste",
        "spaerreliste", "spaerret", "suppression", "suppressed", "dnc", "donotcall",
        "donotcontact", "unsubscribe", "unsubscribed", "unsubscribes", "afmeldte", "afmeldt",
        "afmeldinger", "frameldte", "frameldt", "framelding", "frameldinger", "blacklist",
        "blocklist", "blokerede", "fravalg", "fravalgte", "ringikke", "maaikkekontaktes",
        "maaikkeringesop",
    ),
    Kind.CALL: (
        "opkald", "opkaldslog", "opkaldshistorik", "kaldslog", "samtaler", "samtalelog", "calls",
        "calllog", "calllogs", "callhistory", "cdr", "phonecalls", "ringelog", "kontaktforsoeg",
    ),
    Kind.MEETING: (
        "moeder", "moede", "moedeliste", "meetings", "meeting", "appointments", "aftaler",
        "moedebookinger",
    ),
    Kind.OPPORTUNITY: (
        "salgsmuligheder", "opportunities", "opportunity", "deals", "deal", "pipeline",
        "tilbud", "handler", "salgsmulighed",
    ),
    Kind.COMPANY: (
        "firmaer", "firma", "virksomheder", "virksomhed", "selskaber", "kunder", "kundeliste",
        "konti", "accounts", "account", "companies", "company", "organisationer",
        "organizations", "customers", "firmaliste", "virksomhedsliste", "kundekartotek",
        "debitorer",
    ),
    Kind.CONTACT: (
        "kontakter", "kontakt", "kontaktpersoner", "personer", "person", "contacts", "contact",
        "people", "persons", "medarbejdere", "beslutningstagere", "kontaktliste",
    ),
    Kind.LEAD: (
        "leads", "lead", "emner", "kundeemner", "prospects", "prospekter", "messe", "messeleads",
        "messebesoegende", "ringeliste", "ringelister", "opkaldsliste", "opkaldslister",
        "calllist", "calllists", "salgsleads", "leadliste", "emneliste",
    ),
}  # fmt: skip
_WORDS: Final = {word: kind for kind, words in _NAMES.items() for word in words}
_LONGEST_RUN: Final = 4
# `uden nejtak`, `robinson-vasket`: the list was cleared of these.
_WITHOUT: Final = frozenset(["uden", "without", "excl", "ekskl", "eks", "minus", "ikke", "mod"])
_CLEARED: Final = frozenset(["fratrukket", "renset", "vasket", "scrubbed", "cleaned", "removed"])
_ENDINGS: Final = ("listerne", "lister", "listen", "liste", "lists", "list", "ne", "n")
_DATE_OR_NUMBER: Final = re.compile(r"\d+")
_PARTIES: Final = frozenset({Kind.COMPANY, Kind.CONTACT, Kind.LEAD})
# Of two kinds in one name, that one counts which says what was done with the other:
# "nejtak_kontakter" are noes, "opkald_leads" are calls, "leads_virksomheder" are leads.
_FIRST: Final = (
    Kind.OPT_OUT, Kind.CALL, Kind.MEETING, Kind.OPPORTUNITY, Kind.LEAD, Kind.CONTACT, Kind.COMPANY,
)  # fmt: skip


def kind_in_name(file_name: str) -> tuple[Kind | None, str]:
    """The kind that a file name speaks of and the word that says so; (None, "") when none does.

    A word that the list was cleared of does not count: `kontakter_uden_nejtak.csv` and
    `leads robinson-vasket.csv` are no opt-out lists.
    """
    stem = file_name.replace("\\", "/").rsplit("/", 1)[-1]
    stem = stem.rsplit(".", 1)[0] if "." in stem[1:] else stem
    words = [word for word in tokens(_DATE_OR_NUMBER.sub(" ", stem)) if word]
    found: dict[Kind, str] = {}
    position = 0
    while position < len(words):
        run, kind = _run_at(words, position)
        if kind is None:
            position += 1
            continue
        before, after = words[max(0, position - 2) : position], words[position + run :][:1]
        if _WITHOUT.isdisjoint(before) and _CLEARED.isdisjoint([*before, *after]):
            found.setdefault(kind, "".join(words[position : position + run]))
        position += run
    for kind in _FIRST:
        if kind in found:
            return kind, found[kind]
    return None, ""


def _run_at(words: Sequence[str], start: int) -> tuple[int, Kind | None]:
    """The longest run of words from `start` that together are a known word: `nej tak`, `call log`."""
    for run in range(min(_LONGEST_RUN, len(words) - start), 0, -1):
        kind = _word("".join(words[start : start + run]))
        if kind is not None:
            return run, kind
    return 1, None


def _word(word: str) -> Kind | None:
    """The kind that a word names, as it stands or as a list of such: `optoutliste`."""
    stems = (word.removesuffix(ending) for ending in ("", *_ENDINGS) if word.endswith(ending))
    return next((_WORDS[stem] for stem in stems if stem in _WORDS), None)


class _Seen:
    """What the columns hold, asked for each kind that matters."""

    def __init__(
        self, headers: Sequence[str], sample: Sequence[Sequence[str]], meaning: Meaning
    ) -> None:
        self.headers = headers
        self.people = self._fields(meaning, Kind.LEAD)
        self.companies = self._fields(meaning, Kind.COMPANY)
        self.calls = self._fields(meaning, Kind.CALL)
        self.noes = self._fields(meaning, Kind.OPT_OUT)
        self.folded = [fold(header) for header in headers]
        self.shown = ", ".join(header for header in headers[:4] if header)
        self.names_of_companies = any(
            key in _NAME_HEADERS and company_names(column_cells(sample, index))
            for index, key in enumerate(self.folded)
        )

    def _fields(self, meaning: Meaning, kind: Kind) -> frozenset[str]:
        found = (meaning(kind, i, header) for i, header in enumerate(self.headers) if header)
        return frozenset(name for name in found if name)

    @property
    def person(self) -> bool:
        """A column that only a person has. `Navn`, `Telefon` and `E-mail` prove nothing."""
        named = {"first_name", "last_name"} & self.people
        told = {"function", "seniority", "buying_role", "title"} & self.people
        own_name = "full_name" in self.people and not self.names_of_companies
        sure = own_name and not _NAME_HEADERS.issuperset(self._headers_of_names())
        return bool(named or told or sure)

    def _headers_of_names(self) -> set[str]:
        return {key for key in self.folded if key in _NAME_HEADERS or key in _PERSON_HEADERS}

    @property
    def company(self) -> bool:
        """Columns that describe a company."""
        return bool(self.companies & _COMPANY_FIELDS) or self.names_of_companies

    @property
    def call(self) -> bool:
        """At least two of what only a call has."""
        own = self.calls & {"outcome", "duration_seconds", "direction", "agent", "shown_number"}
        number = {"called_number", "contact_ref", "company_ref"} & self.calls
        return len(own) >= 2 or bool(own and number and "started_at" in self.calls)

    @property
    def campaign(self) -> bool:
        """A column of campaign, call list or lead source: a flat list for calling."""
        return bool({"campaign", "call_list"} & self.people)

    def headed(self, words: frozenset[str]) -> int:
        """How many headers are among these words."""
        return sum(1 for key in self.folded if key in words)


_NAME_HEADERS: Final = frozenset({"navn", "name"})
_PERSON_HEADERS: Final = frozenset(
    {"kontaktperson", "kontaktnavn", "fuldenavn", "fuldtnavn", "fullname", "contactname",
     "person", "personnavn", "kontakt", "contact", "contactperson", "leadname", "deltager"}
)  # fmt: skip
_COMPANY_FIELDS: Final = frozenset(
    {"cvr", "p_number", "legal_form", "industry_code", "industry_label", "employees", "revenue",
     "website", "company_status", "ad_protected", "parent_company", "ultimate_parent",
     "credit_rating", "root_domain"}
)  # fmt: skip
_MEETING_HEADERS: Final = frozenset(
    {"moededato", "moedetidspunkt", "moedetid", "moedested", "moedestatus", "moedetype",
     "meetingdate", "meetingstarttime", "meetingendtime", "meetingoutcome", "meetingname",
     "moedenavn", "moedebooker", "afholdt", "udeblevet"}
)  # fmt: skip
_DEAL_HEADERS: Final = frozenset(
    {"dealname", "dealstage", "opportunityname", "opportunityid", "stage", "stagename", "amount",
     "closedate", "beloeb", "fase", "salgsfase", "sandsynlighed", "probability", "lukkedato",
     "pipeline", "salgsmulighed", "forventetlukkedato", "estrevenue", "dealid", "vaerdi"}
)  # fmt: skip
# What an opt-out list may hold beside the noes: enough to know the person by, no more.
_IDENTIFYING: Final = frozenset(
    {"direct_phone", "main_phone", "other_phone", "email", "cvr", "p_number", "company_name",
     "full_name", "first_name", "last_name", "note", "address", "postcode", "city", "country",
     "contact_ref", "company_ref", "root_domain", "channel", "opt_out", "opt_out_call",
     "opt_out_email", "opt_out_sms", "opt_out_at", "opt_out_source", "do_not_call_reason"}
)  # fmt: skip
_NOES: Final = frozenset({"channel", "opt_out_at", "opt_out_source", "do_not_call_reason"})
# These say no in any list; `Dato` and `Kilde` do so in an opt-out list only.
_NOES_ANYWHERE: Final = frozenset({"opt_out_at", "opt_out_source", "do_not_call_reason"})


def _borne_out(kind: Kind, seen: _Seen) -> bool:
    """True when the columns do not speak against what the file name says."""
    if kind is Kind.OPT_OUT:
        return bool(seen.noes & _IDENTIFYING)
    if kind is Kind.CALL:
        return seen.call or bool({"called_number", "started_at"} <= seen.calls)
    if kind is Kind.COMPANY:
        first_and_last = {"first_name", "last_name"} <= seen.people
        return not first_and_last and not seen.call
    if kind in {Kind.CONTACT, Kind.LEAD}:
        described = seen.people & {"first_name", "last_name", "full_name", "email", "direct_phone"}
        return bool(described) and not (seen.call and "called_number" in seen.calls - seen.people)
    if kind is Kind.MEETING:
        return "started_at" in seen.calls or seen.headed(_MEETING_HEADERS) > 0
    return not seen.person or seen.headed(_DEAL_HEADERS) > 0


def _selling(seen: _Seen) -> bool:
    """True when a list is worked on: two columns or more that no opt-out list needs."""
    return len(seen.people - _IDENTIFYING - {"source", "campaign", "owner"}) >= 2 and not (
        seen.noes & _NOES
    )


def _by_columns(seen: _Seen) -> Kind | None:
    if seen.headed(_DEAL_HEADERS) >= 2:
        return Kind.OPPORTUNITY
    if seen.headed(_MEETING_HEADERS) >= 1 and not {"direction", "called_number"} & seen.calls:
        return Kind.MEETING
    if seen.call:
        return Kind.CALL
    if seen.people & _NOES_ANYWHERE and seen.people <= _IDENTIFYING | {"source"}:
        return Kind.OPT_OUT
    if seen.person:
        return Kind.LEAD if seen.campaign else Kind.CONTACT
    if seen.company or "company_name" in seen.people:
        return Kind.COMPANY
    return None


def _by_id(headers: Sequence[str]) -> Kind | None:
    """The kind that an unmistakable id header in the first column names: `Lead ID`."""
    kinds = own_kinds(headers[0]) if headers else frozenset()
    first = fold(headers[0]) if headers else ""
    for kind, stem in _ID_STEMS:
        if kind in kinds and stem in first:
            return kind
    return None


_ID_STEMS: Final = (
    (Kind.LEAD, "lead"),
    (Kind.LEAD, "emne"),
    (Kind.CONTACT, "contact"),
    (Kind.CONTACT, "kontakt"),
    (Kind.COMPANY, "account"),
    (Kind.COMPANY, "company"),
    (Kind.COMPANY, "virksomhed"),
    (Kind.COMPANY, "firma"),
    (Kind.CALL, "call"),
    (Kind.CALL, "opkald"),
    (Kind.MEETING, "meeting"),
    (Kind.MEETING, "moede"),
    (Kind.OPPORTUNITY, "deal"),
    (Kind.OPPORTUNITY, "opportunity"),
)
