"""Dataverse's tables and what their columns mean, as data. Settings override single rows.

Names: the Common Data Model (github.com/microsoft/CDM) and the table reference on Microsoft Learn.
Columns that begin with `rr_` are not there until `sync provision` has made them, or the customer
has. Several columns joined by `+` are flags of which one is enough.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from connectors.translate import Map
from rules.records import Kind

OWN: Final = "rr_"


@dataclass(frozen=True, slots=True)
class Thing:
    """One table: what its rows are to us.

    `guards` are flags that say no: without them the table is not written. `merges`: rows may have
    been merged into others. `only` is a column and the value that makes a row count.
    """

    name: str
    kind: Kind
    rows: tuple[Map, ...]
    push: bool = False
    merges: bool = False
    guards: tuple[str, ...] = ()
    only: tuple[str, int] | None = None
    says: tuple[tuple[str, str], ...] = ()
    """What is so of each of its rows, by canonical field."""


def _own(*names: str, read: str = "text", write: str = "text") -> tuple[Map, ...]:
    """Fields that Dataverse lacks, under the names that provisioning gives them."""
    return tuple(Map(name, own_name(name), read, write) for name in names)


def own_name(canonical: str) -> str:
    """The logical name of a provisioned column."""
    return f"{OWN}{canonical}"


_CONSENT: Final = (
    *_own("consent_call", "consent_email", "consent_sms", read="flag", write="flag"),
    *_own("consent_call_at", "consent_email_at", "consent_sms_at", read="moment", write="moment"),
    *_own("consent_call_source", "consent_email_source", "consent_sms_source"),
    *_own("lawful_basis", "lawful_basis_ref"),
)
_GUARDS: Final = ("donotphone", "donotemail", "donotbulkemail")
_NOES: Final = (
    Map("opt_out_call", "donotphone", "flag", ""),
    # donotsendmm: "do not send marketing material", whatever is sent; calls have their own flag.
    Map("opt_out_email", "donotemail+donotbulkemail+donotsendmm", "flag", ""),
    Map("opt_out_sms", "donotsendmm", "flag", ""),
    Map("opt_out", "msdyn_gdproptout", "flag", ""),
    *_own("opt_out", read="flag", write=""),
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
_CVR: Final = (*_own("cvr"), Map("cvr", "cr_cvr"), Map("cvr", "new_cvr"), Map("cvr", "new_cvrnr"))
_PLACE: Final = (
    Map("address", "address1_line1"),
    Map("postcode", "address1_postalcode"),
    Map("city", "address1_city"),
    Map("country", "address1_country"),
)
_OWNER: Final = Map("owner", "_ownerid_value", "person", "")
_AGENT: Final = Map("agent", "_ownerid_value", "person", "")
_NOTE: Final = Map("note", "description", "note", "")
_CAMPAIGN: Final = Map("campaign", "_campaignid_value", "campaign", "")
_ABOUT: Final = Map("contact_ref", "_regardingobjectid_value", "text", "")

THINGS: Final[tuple[Thing, ...]] = (
    Thing(
        "campaignresponse",
        Kind.OPT_OUT,
        (
            Map("company_name", "companyname", "text", ""),
            Map("first_name", "firstname", "text", ""),
            Map("last_name", "lastname", "text", ""),
            Map("direct_phone", "telephone", "text", ""),
            Map("email", "emailaddress", "text", ""),
            Map("opt_out_at", "receivedon", "moment", ""),
        ),
        # "Do not send marketing materials"
        only=("responsecode", 3),
    ),
    Thing(
        "account",
        Kind.COMPANY,
        (
            Map("company_name", "name"),
            *_CVR,
            *_REGISTER,
            Map("main_phone", "telephone1"),
            Map("other_phone", "telephone2"),
            Map("email", "emailaddress1"),
            Map("website", "websiteurl"),
            *_PLACE,
            Map("parent_company", "_parentaccountid_value", "text", ""),
            _OWNER,
            *_NOES,
            *_CHECKED,
        ),
        push=True,
        merges=True,
        guards=_GUARDS,
    ),
    Thing(
        "contact",
        Kind.CONTACT,
        (
            Map("first_name", "firstname"),
            Map("last_name", "lastname"),
            Map("title", "jobtitle"),
            *_own("function", "seniority", "buying_role"),
            # Not `company`: that column is labelled "Company Phone" and holds a number.
            Map("direct_phone", "telephone1"),
            Map("other_phone", "mobilephone"),
            *_own("phone_extension"),
            Map("email", "emailaddress1"),
            Map("website", "websiteurl"),
            *_PLACE,
            Map("company_ref", "_parentcustomerid_value", "text", ""),
            # Every Sales organisation has it, and its 0 says nothing; a person sets "Ignore".
            Map("employment", "msdyn_orgchangestatus", "org_change", ""),
            _OWNER,
            *_CONSENT,
            *_NOES,
            *_CHECKED,
        ),
        push=True,
        merges=True,
        guards=_GUARDS,
    ),
    Thing(
        "lead",
        Kind.LEAD,
        (
            Map("first_name", "firstname"),
            Map("last_name", "lastname"),
            Map("title", "jobtitle"),
            *_own("function", "seniority", "buying_role"),
            Map("company_name", "companyname"),
            *_CVR,
            *_REGISTER,
            Map("direct_phone", "telephone1"),
            Map("other_phone", "mobilephone"),
            *_own("phone_extension"),
            Map("email", "emailaddress1"),
            Map("website", "websiteurl"),
            *_PLACE,
            Map("company_ref", "_parentaccountid_value", "text", ""),
            _CAMPAIGN,
            _OWNER,
            *_CONSENT,
            *_NOES,
            *_CHECKED,
        ),
        push=True,
        merges=True,
        guards=_GUARDS,
    ),
    Thing(
        "phonecall",
        Kind.CALL,
        (
            Map("called_number", "phonenumber", "text", ""),
            _AGENT,
            # Dataverse has no column for it: this is the one that people use.
            Map("outcome", "subcategory", "text", ""),
            Map("direction", "directioncode", "direction", ""),
            Map("started_at", "actualstart", "moment", ""),
            Map("duration_seconds", "actualdurationminutes", "minutes", ""),
            _NOTE,
            _ABOUT,
        ),
    ),
    Thing(
        "email",
        Kind.CALL,
        (
            Map("recipient", "torecipients", "text", ""),
            _AGENT,
            Map("direction", "directioncode", "direction", ""),
            Map("started_at", "senton", "moment", ""),
            _ABOUT,
        ),
        # "Sent"
        only=("statuscode", 3),
        says=(("channel", "e-mail"),),
    ),
    Thing(
        "appointment",
        Kind.MEETING,
        (
            _AGENT,
            Map("started_at", "scheduledstart", "moment", ""),
            Map("duration_seconds", "scheduleddurationminutes", "minutes", ""),
            Map("outcome", "statecode", "meeting", ""),
            _NOTE,
            _ABOUT,
        ),
    ),
    Thing(
        "opportunity",
        Kind.OPPORTUNITY,
        (
            Map("company_ref", "_parentaccountid_value", "text", ""),
            Map("contact_ref", "_parentcontactid_value", "text", ""),
            Map("stage", "statecode", "deal", ""),
            _CAMPAIGN,
            _OWNER,
        ),
    ),
    Thing(
        "listmember",
        Kind.MEMBER,
        (
            Map("campaign", "_listid_value", "list", ""),
            Map("contact_ref", "_entityid_value", "text", ""),
        ),
    ),
)
"""In the order in which they are read."""

CONSENT: Final = "msdynmkt_contactpointconsent4"
CONSENTS: Final = Thing(
    CONSENT,
    Kind.OPT_OUT,
    (
        # A number or an address: which, is seen when it is read.
        Map("direct_phone", "msdynmkt_contactpointvalue", "text", ""),
        Map("channel", "msdynmkt_contactpointtype", "point", ""),
        Map("campaign", "_msdynmkt_purposeid_value", "text", ""),
        Map("opt_out_source", "msdynmkt_reason", "text", ""),
        # What is not dated is dated by its last change: said anew, it is a no anew.
        Map("opt_out_at", "modifiedon", "moment", ""),
        Map("agent", "_modifiedby_value", "text", ""),
    ),
    guards=("msdynmkt_contactpointvalue", "msdynmkt_contactpointtype", "msdynmkt_value"),
    # "Opted out"
    only=("msdynmkt_value", 534120002),
)
"""Consents of Customer Insights - Journeys, where the environment has them."""

BY_NAME: Final = {one.name: one for one in THINGS}

WORDS: Final[Mapping[str, Mapping[int, str]]] = {
    "direction": {True: "outbound", False: "inbound"},
    "meeting": {1: "held", 2: "cancelled"},
    "deal": {1: "won", 2: "lost"},
    # A channel of the customer's own is no word of ours: it counts as every channel.
    "point": {534120000: "email", 534120001: "sms", 534120003: "call"},
}
"""Numbers that Dataverse keeps, as our catalogue words them; other numbers say nothing yet."""
