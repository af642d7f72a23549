"""What a record says of a person and the company, as `rules.permission` asks for it."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from datetime import date
from functools import lru_cache
from typing import Final

from rules import spans
from rules.enrichment.standing import personal_forms
from rules.fields.choices import LAWFUL_BASIS, LEGAL_FORM
from rules.formats import email
from rules.formats.choices import Picklist
from rules.formats.forms import form_of
from rules.keys import NAME_FIELDS
from rules.opt_out_words import ConsentMeaning, Meaning, consent_meaning, opt_out_meaning
from rules.permission import Consent, Customer, Facts, Person
from rules.protection import Protection
from rules.records import Kind, Value
from rules.registers import UNCHECKED, Registered
from rules.suppression import SINGLE_CHANNELS, Channel

Values = Mapping[str, Value]

_SOLE: Final = personal_forms()


def facts_of(
    kind: Kind,
    values: Values,
    opted_out: Collection[Channel],
    registered: Registered = UNCHECKED,
    protected: Protection | None = None,
) -> Facts:
    """The facts of one record; `opted_out` is what the suppression list says of it, `registered`
    what the registers say, `protected` what the company register does where it is asked.

    A field that is not there, or cannot be read, is a fact that nobody knows. The existing-customer
    exception is never read off a record: its five parts stand in no list, so its basis alone is
    not enough for electronic mail.
    """
    basis = _basis(_text(values, "lawful_basis"))
    checked = _day(_text(values, "data_checked_at"))
    shielded = protected or Protection(protected_in(values), checked)
    consents, refused = _consents(values)
    return Facts(
        person=person_of(kind, values, personal=shielded.personal),
        opted_out=frozenset(opted_out),
        refused=refused,
        consents=consents,
        basis=basis,
        basis_ref=_text(values, "lawful_basis_ref"),
        customer=Customer() if basis == "existing_customer" else None,
        protected=shielded.on,
        protected_checked=shielded.checked,
        robinson=registered.on,
        robinson_checked=registered.checked,
    )


def person_of(kind: Kind, values: Values, *, personal: bool = False) -> Person:
    """Who is contacted. Whoever has no company is a consumer, unless it is one itself. `personal`:
    the company register says that the business is a person's own, whatever the record says."""
    said, company = values.get("legal_form"), values.get("company_name")
    form = _form(said.strip()) if said and isinstance(said, str) else ""
    if not form and company and isinstance(company, str):
        form = _form_in(company)
    if personal or form in _SOLE:
        return Person.SOLE_TRADER
    if kind is Kind.COMPANY:
        return Person.COMPANY
    if not _says(company) and not _says(values.get("cvr")):
        return Person.CONSUMER
    for name in NAME_FIELDS:
        if _says(values.get(name)):
            return Person.EMPLOYEE
    address = values.get("email")
    if address and isinstance(address, str) and email.is_role_mailbox(address.strip()):
        return Person.ROLE_MAILBOX
    return Person.COMPANY


def _says(value: Value | None) -> bool:
    return isinstance(value, str) and bool(value) and not value.isspace()


def _consents(values: Values) -> tuple[dict[Channel, Consent], frozenset[Channel]]:
    given: dict[Channel, Consent] = {}
    refused: set[Channel] = set()
    for channel, (name, at, source) in _CONSENTS.items():
        text = _text(values, name)
        if not text:
            continue
        meaning = consent_meaning(text)
        if meaning is ConsentMeaning.YES:
            used = _day(_text(values, "last_contact_at"))
            given[channel] = Consent(_day(_text(values, at)), _text(values, source), used)
        elif meaning is not ConsentMeaning.NOTHING:
            refused.add(channel)
    return given, frozenset(refused)


_CONSENTS: Final = {
    channel: (f"consent_{channel}", f"consent_{channel}_at", f"consent_{channel}_source")
    for channel in SINGLE_CHANNELS
}


_BASES: Final = Picklist(LAWFUL_BASIS, closed=True)
_FORMS: Final = Picklist(LEGAL_FORM, closed=False)


def _basis(text: str) -> str:
    """The basis that a cell means; what is none of the list's stands as it is, and is no basis."""
    return _BASES.value(text) or text


def _form(text: str) -> str:
    return _FORMS.value(text) or text if text else ""


_OWNER: Final = re.compile(r"[vV]\s*[/.／．]")
"""Only a name with its owner in it (`v/`) tells of a sole trader: most names need no closer look."""


def _form_in(company: str) -> str:
    return form_of(company) if _OWNER.search(company) else ""


def protected_in(values: Values) -> bool | None:
    """What cannot be read as a clear no counts as protected; an empty field is not known."""
    text = _text(values, "ad_protected")
    return opt_out_meaning(text) is not Meaning.NO if text else None


@lru_cache(maxsize=8192)
def _day(text: str) -> date | None:
    """The day that a text names; where it may be two, the earlier one: old is the cautious side."""
    span = spans.read(text) if text else None
    if span is None or span.start is None:
        return None
    return span.start.astimezone(spans.COPENHAGEN).date()


def _text(values: Values, name: str) -> str:
    text = values.get(name)
    return text.strip() if isinstance(text, str) else ""
