"""Salesforce's objects and what their fields mean, as data. Settings override single rows.

Names: Object Reference, https://developer.salesforce.com/docs/atlas.en-us.object_reference.meta.
Fields that end in `__c` are not there until `sync provision` has made them, or the customer has.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from connectors.translate import Map
from rules.records import Kind


@dataclass(frozen=True, slots=True)
class Thing:
    """One object: what its records are to us, and which of them.

    `only` is a condition in SOQL. `guards` are flags that say no: without them the object is
    not written. `leads_to` is the field that names what a record was turned into, and its kind.
    """

    name: str
    kind: Kind
    rows: tuple[Map, ...]
    only: str = ""
    push: bool = False
    merges: bool = False
    guards: tuple[str, ...] = ()
    leads_to: tuple[str, Kind] | None = None
    says: tuple[tuple[str, str], ...] = ()
    """What is so of each of its records, by canonical field."""


def _own(*names: str, read: str = "text", write: str = "text") -> tuple[Map, ...]:
    """Fields that Salesforce lacks, under the names that provisioning gives them."""
    return tuple(Map(name, own_name(name), read, write) for name in names)


def own_name(canonical: str) -> str:
    """The API name of a provisioned field: `RR_Data_Checked_At__c`."""
    return f"RR_{canonical.title()}__c"


def _country(name: str) -> tuple[Map, ...]:
    """Where countries are picked from a list, the code is a field of its own."""
    return Map("country", f"{name}Code"), Map("country", name)


_CONSENT: Final = (
    *_own("consent_call", "consent_email", "consent_sms", read="flag", write="flag"),
    *_own("consent_call_at", "consent_email_at", "consent_sms_at", read="moment", write="moment"),
    *_own("consent_call_source", "consent_email_source", "consent_sms_source"),
    *_own("lawful_basis", "lawful_basis_ref"),
)
_NOES: Final = (
    Map("opt_out_call", "DoNotCall", "flag", ""),
    Map("opt_out_email", "HasOptedOutOfEmail", "flag", ""),
    *_own("opt_out", "opt_out_sms", read="flag", write=""),
    *_own("opt_out_at", read="moment", write="moment"),
    *_own("opt_out_source", "do_not_call_reason"),
)
_CHECKED: Final = (
    *_own("data_checked_at", read="day", write="day"),
    *_own("manual_check", read="yes_no", write="flag"),
    *_own("manual_check_reason"),
    *_own("informed_at", read="day", write=""),
)
_REGISTER: Final = (
    *_own("p_number", "legal_form", "industry_code", "industry_scheme", "industry_label"),
    *_own(
        "industry_code_db25",
        "employees",
        "revenue",
        "gross_profit",
        "root_domain",
        "company_status",
    ),
    *_own("sector", "technology", "ultimate_parent", "credit_rating", "signal"),
    *_own("signal_at", read="day", write="day"),
    *_own("ad_protected", read="yes_no", write="flag"),
)
# Numbers where we keep intervals, and the customer's own picklists: read, and never respelled.
_SIZE: Final = (
    Map("employees", "NumberOfEmployees", "number", ""),
    Map("revenue", "AnnualRevenue", "number", ""),
)
_SOURCE: Final = Map("source", "LeadSource", "text", "")
_CVR: Final = (*_own("cvr"), Map("cvr", "CVR__c"), Map("cvr", "CVR_Number__c"))
_NOTE: Final = Map("note", "Description", "note", "")
# LinkedIn's package writes it, under one name or the other, and a person sets "Ignore": never ours.
_LEFT: Final = (
    Map("employment", "LID__No_longer_at_Company__c", "text", ""),
    Map("employment", "LID__Not_At_Company_Flag__c", "text", ""),
)
_OWNER: Final = Map("owner", "Owner.Name", "text", "")

THINGS: Final[tuple[Thing, ...]] = (
    Thing(
        "Account",
        Kind.COMPANY,
        (
            Map("company_name", "Name"),
            *_CVR,
            *_REGISTER,
            *_SIZE,
            Map("main_phone", "Phone"),
            Map("website", "Website"),
            Map("address", "BillingStreet"),
            Map("postcode", "BillingPostalCode"),
            Map("city", "BillingCity"),
            *_country("BillingCountry"),
            Map("parent_company", "ParentId", "text", ""),
            _OWNER,
            *_own("opt_out", "opt_out_call", "opt_out_email", read="flag", write=""),
            *_own("opt_out_at", read="moment", write="moment"),
            *_own("opt_out_source", "do_not_call_reason"),
            *_CHECKED,
        ),
        push=True,
        merges=True,
    ),
    Thing(
        "Contact",
        Kind.CONTACT,
        (
            Map("first_name", "FirstName"),
            Map("last_name", "LastName"),
            Map("title", "Title"),
            *_own("function", "seniority", "buying_role"),
            Map("direct_phone", "Phone"),
            Map("other_phone", "MobilePhone"),
            *_own("phone_extension"),
            Map("email", "Email"),
            Map("address", "MailingStreet"),
            Map("postcode", "MailingPostalCode"),
            Map("city", "MailingCity"),
            *_country("MailingCountry"),
            Map("company_ref", "AccountId", "text", ""),
            *_LEFT,
            _OWNER,
            _SOURCE,
            *_CONSENT,
            *_NOES,
            *_CHECKED,
        ),
        push=True,
        merges=True,
        guards=("DoNotCall", "HasOptedOutOfEmail"),
    ),
    Thing(
        "Lead",
        Kind.LEAD,
        (
            Map("first_name", "FirstName"),
            Map("last_name", "LastName"),
            Map("title", "Title"),
            *_own("function", "seniority", "buying_role"),
            Map("company_name", "Company"),
            *_CVR,
            *_REGISTER,
            *_SIZE,
            Map("direct_phone", "Phone"),
            Map("other_phone", "MobilePhone"),
            *_own("phone_extension"),
            Map("email", "Email"),
            Map("website", "Website"),
            Map("address", "Street"),
            Map("postcode", "PostalCode"),
            Map("city", "City"),
            *_country("Country"),
            _OWNER,
            _SOURCE,
            *_CONSENT,
            *_NOES,
            *_CHECKED,
        ),
        push=True,
        merges=True,
        guards=("DoNotCall", "HasOptedOutOfEmail"),
        leads_to=("ConvertedContactId", Kind.CONTACT),
    ),
    Thing(
        "Task",
        Kind.CALL,
        (
            Map("agent", "Owner.Name", "text", ""),
            Map("outcome", "CallDisposition", "text", ""),
            Map("direction", "CallType", "text", ""),
            Map("started_at", "ActivityDate", "day", ""),
            Map("duration_seconds", "CallDurationInSeconds", "number", ""),
            Map("contact_ref", "WhoId", "text", ""),
            Map("company_ref", "AccountId", "text", ""),
            _NOTE,
        ),
        only="TaskSubtype = 'Call'",
    ),
    Thing(
        "EmailMessage",
        Kind.CALL,
        (
            Map("recipient", "ToAddress", "text", ""),
            Map("agent", "CreatedBy.Name", "text", ""),
            Map("started_at", "MessageDate", "moment", ""),
        ),
        # "Draft" is 5; what came in is no contact of ours.
        only="Incoming = false AND Status != '5'",
        says=(("channel", "e-mail"), ("direction", "Outbound")),
    ),
    Thing(
        "Event",
        Kind.MEETING,
        (
            Map("agent", "Owner.Name", "text", ""),
            Map("started_at", "StartDateTime", "moment", ""),
            Map("contact_ref", "WhoId", "text", ""),
            Map("company_ref", "AccountId", "text", ""),
            _NOTE,
        ),
    ),
    Thing(
        "Opportunity",
        Kind.OPPORTUNITY,
        (
            Map("stage", "StageName", "text", ""),
            Map("campaign", "Campaign.Name", "text", ""),
            Map("contact_ref", "ContactId", "text", ""),
            Map("company_ref", "AccountId", "text", ""),
            _OWNER,
        ),
    ),
    Thing(
        "CampaignMember",
        Kind.MEMBER,
        (
            Map("campaign", "Campaign.Name", "text", ""),
            # A member is a contact or a lead; this field names whichever it is.
            Map("contact_ref", "LeadOrContactId", "text", ""),
            Map("contact_ref", "ContactId", "text", ""),
        ),
    ),
)
"""In the order in which they are read."""

_WITNESSED: Final = (
    Map("opt_out_at", "CaptureDate", "moment", ""),
    Map("opt_out_source", "CaptureSource", "text", ""),
    Map("agent", "LastModifiedById", "text", ""),
)
_STATUS: Final = "PrivacyConsentStatus"
CONSENTS: Final[tuple[Thing, ...]] = (
    Thing(
        "Individual",
        Kind.OPT_OUT,
        (
            Map("contact_ref", "Id", "text", ""),
            # What is not dated is dated by its last change: set anew it is said anew.
            Map("opt_out_at", "SystemModstamp", "moment", ""),
        ),
        only="(HasOptedOutSolicit = true OR HasOptedOutProcessing = true OR ShouldForget = true)",
        guards=("HasOptedOutSolicit", "HasOptedOutProcessing", "ShouldForget"),
    ),
    Thing(
        "ContactPointTypeConsent",
        Kind.OPT_OUT,
        (
            Map("contact_ref", "PartyId", "text", ""),
            Map("channel", "ContactPointType", "text", ""),
            *_WITNESSED,
        ),
        only=f"{_STATUS} = 'OptOut' AND (ContactPointType = 'Phone' "
        "OR ContactPointType = 'Email' OR ContactPointType = null)",
        guards=("PartyId", "ContactPointType", _STATUS),
    ),
    Thing(
        "ContactPointConsent",
        Kind.OPT_OUT,
        (Map("contact_ref", "ContactPointId", "text", ""), *_WITNESSED),
        only=f"{_STATUS} = 'OptOut'",
        guards=("ContactPointId", _STATUS),
    ),
)
"""Noes that stand beside the records, where an org has these objects (Object Reference: Individual,
ContactPointTypeConsent, ContactPointConsent). They are read behind those whom they are about."""

_RINGDNA: Final = "ringdna__"
OVERLAYS: Final[Mapping[str, tuple[Map, ...]]] = {
    "Task": (
        Map("outcome", f"{_RINGDNA}Call_Disposition__c", "text", ""),
        Map("direction", f"{_RINGDNA}Call_Direction__c", "text", ""),
        Map("started_at", f"{_RINGDNA}Call_Start_Time__c", "moment", ""),
        Map("duration_seconds", f"{_RINGDNA}Call_Duration__c", "number", ""),
    ),
    "Contact": (Map("opt_out_sms", f"{_RINGDNA}Has_Opted_Out_Of_SMS__c", "flag", ""),),
    "Lead": (Map("opt_out_sms", f"{_RINGDNA}Has_Opted_Out_Of_SMS__c", "flag", ""),),
}
"""Fields of a dialer's package (Revenue.io, formerly RingDNA), which count before Salesforce's own
where they are filled; of a flag either is enough. A field that is not there switches nothing else off."""

BY_NAME: Final = {one.name: one for one in (*THINGS, *CONSENTS)}
