"""HubSpot's objects and what their properties mean, as data. Settings override single rows.

Names: the default properties of a HubSpot account (knowledge.hubspot.com, "default properties").
What begins with `ringren_` is not there until `sync provision` has made it, or somebody has.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from connectors.translate import Map
from rules.records import Kind

OWN: Final = "ringren_"


@dataclass(frozen=True, slots=True)
class Thing:
    """One object. `guards` are the flags that say no: without them the object is not written.

    `stamp` tells when a record was changed, `links` which objects its records belong to:
    rows whose vendor name is `@contacts` are read from there.
    """

    name: str
    kind: Kind
    rows: tuple[Map, ...]
    push: bool = False
    stamp: str = "hs_lastmodifieddate"
    guards: tuple[str, ...] = ()
    links: tuple[str, ...] = ()
    says: tuple[tuple[str, str], ...] = ()
    """What is so of each of its records, by canonical field."""
    unsent: tuple[str, frozenset[str]] = ("", frozenset())
    """A property, and the values with which nothing has left yet: such a record has no time."""


def _own(*names: str, read: str = "text", write: str = "text") -> tuple[Map, ...]:
    """Fields that HubSpot lacks, under the names that provisioning gives them."""
    return tuple(Map(name, own_name(name), read, write) for name in names)


def own_name(canonical: str) -> str:
    """The name of a provisioned property."""
    return OWN + RENAMED.get(canonical, canonical)


RENAMED: Final = {
    "opt_out_call": "do_not_call",
    "opt_out_at": "do_not_call_at",
    "opt_out_source": "do_not_call_source",
}
"""HubSpot has no word for calls that are not wanted: these are ours, and read so by people."""

_CHECKED: Final = (
    *_own("data_checked_at", read="day", write="day"),
    *_own("manual_check", read="yes_no", write="flag"),
    *_own("manual_check_reason"),
    *_own("informed_at", read="day", write=""),
)
_NOES: Final = (
    *_own("opt_out_call", read="flag", write=""),
    *_own("opt_out", "opt_out_sms", read="flag", write=""),
    *_own("opt_out_at", read="moment", write="moment"),
    *_own("opt_out_source", "do_not_call_reason"),
)
_CONSENT: Final = (
    *_own("consent_call", "consent_email", "consent_sms", read="flag", write="flag"),
    *_own("consent_call_at", "consent_email_at", "consent_sms_at", read="moment", write="moment"),
    *_own("consent_call_source", "consent_email_source", "consent_sms_source"),
    *_own("lawful_basis", "lawful_basis_ref"),
    Map("lawful_basis", "hs_legal_basis", "basis", ""),
)
_REGISTER: Final = (
    *_own("p_number", "legal_form", "industry_code", "industry_scheme", "industry_label"),
    *_own("industry_code_db25", "employees", "revenue", "gross_profit", "company_status"),
    *_own("sector", "technology", "ultimate_parent", "credit_rating", "signal"),
    *_own("signal_at", read="day", write="day"),
    *_own("ad_protected", read="yes_no", write="flag"),
)
_CVR: Final = (*_own("cvr"), Map("cvr", "cvr"), Map("cvr", "cvr_nummer"), Map("cvr", "cvr_number"))
_PLACE: Final = (
    Map("address", "address"),
    Map("postcode", "zip"),
    Map("city", "city"),
    Map("country", "country"),
)
_OWNER: Final = Map("owner", "hubspot_owner_id", "owner", "")
_AGENT: Final = Map("agent", "hubspot_owner_id", "owner", "")
_LAST: Final = Map("last_contact_at", "notes_last_contacted", "moment", "")
_WHOSE: Final = (
    Map("contact_ref", "@contacts", "text", ""),
    Map("company_ref", "@companies", "text", ""),
)

THINGS: Final[tuple[Thing, ...]] = (
    Thing(
        "companies",
        Kind.COMPANY,
        (
            Map("company_name", "name"),
            *_CVR,
            *_REGISTER,
            # Numbers, where we keep intervals: read as they are.
            Map("employees", "numberofemployees", "number", ""),
            Map("revenue", "annualrevenue", "number", ""),
            Map("main_phone", "phone"),
            *_own("other_phone"),
            Map("website", "website"),
            Map("root_domain", "domain"),
            *_PLACE,
            _OWNER,
            _LAST,
            *_NOES,
            *_own("opt_out_email", read="flag", write=""),
            *_CHECKED,
        ),
        push=True,
    ),
    Thing(
        "contacts",
        Kind.CONTACT,
        (
            Map("first_name", "firstname"),
            Map("last_name", "lastname"),
            Map("title", "jobtitle"),
            *_own("function", "seniority", "buying_role"),
            Map("company_name", "company"),
            Map("direct_phone", "phone"),
            Map("other_phone", "mobilephone"),
            *_own("phone_extension"),
            Map("email", "email"),
            Map("website", "website"),
            *_PLACE,
            Map("company_ref", "associatedcompanyid", "text", ""),
            _OWNER,
            _LAST,
            *_CONSENT,
            Map("opt_out_email", "hs_email_optout", "flag", ""),
            *_NOES,
            *_CHECKED,
        ),
        push=True,
        stamp="lastmodifieddate",
        guards=("hs_email_optout",),
    ),
    Thing(
        "calls",
        Kind.CALL,
        (
            Map("called_number", "hs_call_to_number", "text", ""),
            Map("shown_number", "hs_call_from_number", "text", ""),
            _AGENT,
            Map("outcome", "hs_call_disposition", "option", ""),
            Map("direction", "hs_call_direction", "direction", ""),
            Map("started_at", "hs_timestamp", "moment", ""),
            Map("duration_seconds", "hs_call_duration", "seconds", ""),
            Map("note", "hs_call_body", "note", ""),
            *_WHOSE,
        ),
        links=("contacts", "companies"),
    ),
    Thing(
        "emails",
        Kind.CALL,
        (
            Map("recipient", "hs_email_to_email", "text", ""),
            _AGENT,
            Map("direction", "hs_email_direction", "mail", ""),
            Map("started_at", "hs_timestamp", "moment", ""),
            Map("contact_ref", "@contacts", "text", ""),
        ),
        links=("contacts",),
        says=(("channel", "e-mail"),),
        unsent=("hs_email_status", frozenset({"SCHEDULED", "SENDING", "FAILED"})),
    ),
    Thing(
        "meetings",
        Kind.MEETING,
        (
            _AGENT,
            Map("outcome", "hs_meeting_outcome", "meeting", ""),
            Map("started_at", "hs_meeting_start_time", "moment", ""),
            Map("note", "hs_meeting_body", "note", ""),
            *_WHOSE,
        ),
        links=("contacts", "companies"),
    ),
    Thing(
        "deals",
        Kind.OPPORTUNITY,
        (Map("stage", "dealstage", "stage", ""), _OWNER, *_WHOSE),
        links=("contacts", "companies"),
    ),
    # No person: a card about a contact, on the way to a deal. It has neither number nor address.
    Thing(
        "leads",
        Kind.OPPORTUNITY,
        (Map("stage", "hs_pipeline_stage", "stage", ""), _OWNER, *_WHOSE),
        links=("contacts", "companies"),
    ),
)
"""In the order in which they are read."""

BY_NAME: Final = {one.name: one for one in THINGS}

WORDS: Final = {
    "mail": {"EMAIL": "Outbound", "INCOMING_EMAIL": "Inbound", "FORWARDED_EMAIL": "Outbound"},
    "direction": {"INBOUND": "Inbound", "OUTBOUND": "Outbound"},
    "meeting": {
        "COMPLETED": "Meeting held",
        "NO_SHOW": "No show",
        "CANCELED": "Cancelled",
        "CANCELLED": "Cancelled",
        # Still to be held: no outcome yet.
        "SCHEDULED": "",
        "RESCHEDULED": "",
    },
    "basis": {
        "CONSENT_WITH_NOTICE": "Consent",
        "PROCESS_AND_STORE": "Consent",
        "LEGITIMATE_INTEREST_CLIENT": "Legitimate interest",
        "LEGITIMATE_INTEREST_OTHER": "Legitimate interest",
        "LEGITIMATE_INTEREST_PQL": "Legitimate interest",
        "PERFORMANCE_OF_CONTRACT": "Contract",
    },
    # The six that every account begins with; others are told by their own labels.
    "option": {
        "9d9162e7-6cf3-4944-bf63-4dff82258764": "Busy",
        "b2cf5968-551e-4856-9783-52b3da59a7d0": "Voicemail",
        "f240bbac-87c9-4f6e-bf70-924b57d47db7": "Connected",
        "73a0d17f-1163-4015-bdd5-ec830791da20": "No answer",
        "a4c4c377-d246-4b32-a13b-75a56a4cd0ff": "Left live message",
        "17b47fee-58de-441e-a44c-c6300d46f273": "Wrong number",
    },
}
"""Codes that HubSpot keeps, as our catalogue words them. What is not here is shown as it is."""
