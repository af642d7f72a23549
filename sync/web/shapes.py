"""What a request to the API may hold, and what is answered where no command prints it.

Anything unknown is refused, not passed over: a misspelt field would change what is meant.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from rules.changes import Severity
from rules.suppression import Channel
from sync.settings.model import Owner
from sync.web import items

MOST_LISTED: Final = 1000
LARGEST: Final = 2**53 - 1
"""The largest number that every reader of JSON reads as it stands."""
MOST_ANSWERED: Final = 1000

Number = Annotated[int, Field(ge=1, le=LARGEST)]
Cell = Annotated[str, StringConstraints(max_length=items.LONGEST)]
Cells = Cell | Annotated[list[Cell], Field(max_length=items.MOST_KEYS)] | None
Words = Annotated[str, StringConstraints(max_length=items.LONGEST_WORDS, pattern=r"^[^\x00]*$")]
"""What a person writes. PostgreSQL keeps no text with a NUL in it."""
Name = Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=r"^[^\x00-\x1f]*$")]
Moment = Annotated[str, StringConstraints(min_length=1, max_length=40, pattern=r"^[^\x00]*$")]
Single = Literal["call", "email", "sms"]
Place = Annotated[
    str,
    StringConstraints(
        min_length=5, max_length=items.LONGEST, pattern=r"^[^/\x00]+/[a-z_]+/[^\x00]+$"
    ),
]
"""`system/kind/id`."""


Class = Literal["certain", "possible", "person_only", "register", "heard_late"]
"""Of `rules.violations.VIOLATIONS`."""


class Asked(BaseModel):
    """A request."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Query(BaseModel):
    """What may follow a `?`: text, read as what it stands for."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class AskFew(Query):
    """So many at most."""

    limit: Annotated[int, Field(ge=1, le=MOST_LISTED)] = 50


class AskViolations(AskFew):
    """Which violations: of one class, and whether those too that somebody answered for."""

    verdict: Class | None = None
    everything: bool = False


class AskCauses(Query):
    """Those that one part of the organisation is to mend; all, when none is named."""

    owner: Owner | None = None


class AskFindings(AskFew, AskCauses):
    """The next page: those with a higher `fid` than the last one that was shown."""

    after: Annotated[int, Field(ge=0, le=LARGEST)] = 0
    gone: bool = False
    decided: bool = False
    """Those that a person decided about, and no others."""


class Somebody(Asked):
    """Whom it is about: any of these counts."""

    phone: Cells = None
    email: Cells = None
    cvr: Cells = None


class AskCheck(Somebody):
    """Somebody, as it stood at a moment; now, when none is named."""

    at: Words | None = None


class AskWhy(Somebody):
    """Somebody, or a record as `system/kind/id`."""

    record: Place | None = None


class AskRecord(Asked):
    """A record as `system/kind/id`, and one field of it when only that is asked about."""

    record: Place
    field: Name | None = None


class AskParties(Asked):
    """The parties of one record, or the newest there are."""

    record: Place | None = None
    limit: Annotated[int, Field(ge=1, le=MOST_LISTED)] = 50
    unsure: bool = False
    """Those that are least sure, and that no person has confirmed."""


class AskAnswer(Asked):
    """Violations by number, or all open ones of a class; who answers for them, and what he says."""

    numbers: Annotated[list[Number], Field(max_length=MOST_ANSWERED)] = Field(default_factory=list)
    verdict: Class | None = None
    by: Name
    reason: Annotated[Words, StringConstraints(min_length=1)]


class AskUndo(Asked):
    """What of a run is taken back: all of it, what one rule did, or one record."""

    rule: Name | None = None
    record: Place | None = None


class Named(Asked):
    """Who says so: a person, whom the program names."""

    by: Name


class ProposeLift(Somebody, Named):
    """A newer, documented consent of somebody who is blocked on this channel."""

    channel: Literal["call", "email", "sms", "all"]
    at: Moment
    proof: Literal["form", "mail", "letter", "recording", "contract"]
    source: Cell
    evidence: Words = ""


class ProposeCorrection(Named):
    """An entry of the list that is wrong, and why."""

    entry: Number
    why: Words


class SayParty(Named):
    """A person's word on who is who: `same` as another record, `apart` from the others of its party,
    all of which are confirmed, or left to matching again."""

    what: Literal["same", "apart", "confirm", "free"]
    record: Place
    other: Place | None = None
    why: Words


class DecideFindings(Named):
    """All findings of these codes, and those of these numbers; of them those that fit the rest."""

    what: Literal["leave", "put-off", "open-again"]
    codes: Annotated[list[Name], Field(max_length=100)] = Field(default_factory=list)
    numbers: Annotated[list[Number], Field(max_length=MOST_ANSWERED)] = Field(default_factory=list)
    severity: Severity | None = None
    field: Name | None = None
    stream: Name | None = None
    until: date | None = None
    why: Words


class AnswerQuestion(Named):
    """Which company a record is (its CVR number; empty: none of those that it may be), or which source
    is right about a field (empty: it is right as it stands)."""

    record: Place
    company: Annotated[str, StringConstraints(max_length=40, pattern=r"^[^\x00]*$")] | None = None
    field: Name | None = None
    right: Annotated[str, StringConstraints(max_length=40, pattern=r"^[^\x00]*$")] | None = None


class AskConsent(Asked):
    """A consent that stands in a note of this record: on which channel, when given, what shows it."""

    record: Place
    channel: Single
    at: Moment
    source: Cell


class ConfirmConsent(AskConsent, Named):
    """The same, by somebody who has read the note."""


class RefuseConsent(Named):
    """The note holds no consent; for these channels, or for all that are proposed."""

    record: Place
    channels: Annotated[list[Single], Field(max_length=3)] = Field(default_factory=list)
    why: Words


class Sent(Query):
    """A form with a file in it (`multipart/form-data`)."""

    file: bytes


class SendList(Sent):
    """A list: CSV or a workbook. `release`: it is to be called, so keep what may be."""

    channel: Single = "call"
    release: bool = False
    name: Annotated[Words, StringConstraints(max_length=100)] = ""


class AnswerKept(BaseModel):
    """The record that is decided anew."""

    record: str


class Acknowledged(BaseModel):
    """The violations that were open and are answered for now."""

    acknowledged: list[int]


# --- as they were before: /v1 ----------------------------------------------------------------


class AskContact(Somebody):
    """May somebody be contacted? Without a channel all three are answered."""

    channel: Channel | Literal[""] | None = None


class AskContactInQuery(Query):
    """The same in an address, each of them as often as there is one."""

    phone: Annotated[list[Cell], Field(max_length=items.MOST_KEYS)] = Field(default_factory=list)
    email: Annotated[list[Cell], Field(max_length=items.MOST_KEYS)] = Field(default_factory=list)
    cvr: Annotated[list[Cell], Field(max_length=items.MOST_KEYS)] = Field(default_factory=list)
    channel: Channel | None = None


class AskContacts(Asked):
    """The same of many; what cannot be read is answered as blocked."""

    items: Annotated[list[AskContact], Field(min_length=1, max_length=items.MOST_ITEMS)]


class SayOptOut(AskContact):
    """Somebody said no. The same `id` from the same token is the same statement."""

    at: Words | None = None
    id: Words | None = None
    evidence: Words | None = None
    source: Words | None = None


class SayOptOuts(Asked):
    """Several: what can be read is recorded, the rest is named row by row."""

    opt_outs: Annotated[list[SayOptOut], Field(min_length=1, max_length=items.MOST_ITEMS)]


class AskLinks(Asked):
    """A link for each address or number; for mails, when no channel is named."""

    items: Annotated[list[AskContact], Field(min_length=1, max_length=items.MOST_ITEMS)]


class Told(BaseModel):
    """What is wrong: a code that stays, and words."""

    code: str
    message: str
    remedy: str


class Refusal(BaseModel):
    """Every answer that is not what was asked for."""

    error: Told


class Barred(BaseModel):
    """Take anything but `"blocked": false` as: do not contact."""

    blocked: bool
    call: bool = False
    email: bool = False
    sms: bool = False
    error: Told | None = None


class ManyBarred(BaseModel):
    """In the order of the questions."""

    results: list[Barred]
    unreadable: int


class OptOutNoted(BaseModel):
    """`known`: it was on the list already."""

    recorded: bool
    known: bool = False
    entry: str | None = None
    error: Told | None = None


class OptOutsNoted(BaseModel):
    """In their order."""

    recorded: int
    refused: int
    results: list[OptOutNoted]


class Link(BaseModel):
    """A link for a mail, and the headers that go with it."""

    url: str = ""
    headers: dict[str, str] = Field(default_factory=dict)
    error: Told | None = None


class Links(BaseModel):
    """In the order of the addresses."""

    results: list[Link]
