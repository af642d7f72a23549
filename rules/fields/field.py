"""What a row of the field catalogue is. Values only; the rows stand beside this file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from rules.records import Kind


class Type(StrEnum):
    """What a field's text means, and so how it is compared and stored in a typed system."""

    TEXT = "text"
    PHONE = "phone"
    EMAIL = "email"
    URL = "url"
    DOMAIN = "domain"
    CVR = "cvr"
    CODE = "code"
    INTERVAL = "interval"
    PICKLIST = "picklist"
    BOOL = "bool"
    DATE = "date"
    DATETIME = "datetime"
    NUMBER = "number"
    REF = "ref"
    COUNTRY = "country"
    POSTCODE = "postcode"


class Layer(StrEnum):
    """The four layers of a telemarketing record (requirements A)."""

    COMPANY = "company"
    CONTACT = "contact"
    INTERACTION = "interaction"
    COMPLIANCE = "compliance"


class Moment(StrEnum):
    """When a field has to be filled (R26), in the order in which a record meets them."""

    ENTRY = "entry"
    CALL_LIST = "call_list"
    HAND_OFF = "hand_off"
    CLOSE = "close"


class Role(StrEnum):
    """What a field is to the rules beside its type; most fields are nothing special."""

    NONE = ""
    IDENTITY = "identity"
    """Tells who the record is about; a match key."""
    OPT_OUT = "opt_out"
    """A no: read into the ledger, never through trust or merge logic."""
    CONSENT = "consent"
    """A yes or no to one channel; a yes counts with its evidence only (R22)."""
    EVIDENCE = "evidence"
    """Date, source or reference that makes an opt-out, a consent or a basis provable."""
    REGISTER = "register"
    """A block from a public register, never mixed with opt-outs."""
    FREE_TEXT = "free_text"
    """Written by people for people: never cleaned, scanned in flight."""


OWNERS: Final = (
    "register",
    "research",
    "sales",
    "marketing",
    "finance",
    "compliance",
    "dialer",
    "system",
)
"""Who writes a field and mends it: a part of the organisation, or the system itself."""

SOURCES: Final = (
    "customer",
    "form",
    "cvr",
    "accounts",
    "lasso",
    "vainu",
    "dnb",
    "linkedin",
    "twilio",
    "numverify",
    "zerobounce",
    "neverbounce",
    "research",
    "sales",
    "finance",
    "marketing",
    "compliance",
    "dialer",
    "crm",
    "list",
    "system",
)
"""Where a value can come from. A field's `sources` name them, the most trusted first."""


class Enrich(StrEnum):
    """Over what a source of facts may write. What a source itself wrote is always its to renew."""

    EMPTY = "empty"
    OLDER = "older"
    """Over what was there before the source was read, unless somebody changed it after we wrote it."""
    NEVER = "never"


class Dispute(StrEnum):
    """What is done when two sources say different things."""

    ASK = "ask"
    FIRST = "first"
    """The first in the order of trust is right: the others copy it, and are behind."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One value of a picklist or one bin: as we store it, and as people read and write it.

    `spellings` are Danish words that mean it, `english` English ones.
    """

    value: str
    da: str
    en: str
    spellings: tuple[str, ...] = ()
    english: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Field:
    """One row of the catalogue.

    `kinds`: the kinds of record that may carry the field; company fields also stand on contacts
    and leads, because flat lists carry them there. `home`: the kinds of which it is a field of
    their own; `mandatory_at` holds for these.
    `format` is a key of the text table (`format.<...>`); `validator` names a function of
    `rules.formats` (`""`: the field is kept as it is). `sources` stand in order of trust.
    `choices` are the values of a picklist or the bins of an interval; `closed` says that no
    other value is right (an open list is the customer's own: campaigns, call lists).
    `max_age_days` None means that the value does not go stale.
    `personal` says that the value identifies or describes a natural person, on at least some
    records; on a sole trader everything is personal, whatever stands here (GDPR art. 4(1)).
    `enrich`, `dispute` and `least_confidence` (percent) say what sources of facts may do with it;
    no source that `sources` does not name may do anything.
    `channel` is call, email, sms or all on compliance fields that concern one.
    `aliases` are headers of lists and exports in any kind, `kind_aliases` those that mean this
    field in one kind only (`Telefon` is a company's main and a person's direct number).
    """

    name: str
    layer: Layer
    kinds: frozenset[Kind]
    home: frozenset[Kind]
    type: Type
    format: str
    da: str
    en: str
    owner: str
    sources: tuple[str, ...]
    requirement: str
    validator: str = ""
    mandatory_at: frozenset[Moment] = frozenset()
    max_age_days: int | None = None
    personal: bool = False
    choices: tuple[Choice, ...] = ()
    closed: bool = False
    role: Role = Role.NONE
    enrich: Enrich = Enrich.EMPTY
    dispute: Dispute = Dispute.ASK
    least_confidence: int = 80
    channel: str = ""
    aliases: tuple[str, ...] = ()
    kind_aliases: Mapping[Kind, tuple[str, ...]] = field(default_factory=dict, hash=False)

    def mandatory(self, kind: Kind, moment: Moment) -> bool:
        """True when a record of `kind` must have the field filled at `moment`."""
        return moment in self.mandatory_at and kind in self.home


COMPANIES: Final = frozenset({Kind.COMPANY})
PEOPLE: Final = frozenset({Kind.CONTACT, Kind.LEAD})
ACTIVITIES: Final = frozenset({Kind.CALL, Kind.MEETING})
DEALS: Final = frozenset({Kind.OPPORTUNITY})
MEMBERS: Final = frozenset({Kind.MEMBER})
NAYS: Final = frozenset({Kind.OPT_OUT})

PARTIES: Final = COMPANIES | PEOPLE
EVENTS: Final = ACTIVITIES | DEALS
EVERYTHING: Final = PARTIES | EVENTS | MEMBERS

ALWAYS: Final = frozenset(Moment)
TO_CALL: Final = frozenset({Moment.CALL_LIST, Moment.HAND_OFF, Moment.CLOSE})
TO_HAND_OVER: Final = frozenset({Moment.HAND_OFF, Moment.CLOSE})
TO_CLOSE: Final = frozenset({Moment.CLOSE})
