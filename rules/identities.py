"""Headers that name the record itself, kind by kind, and headers that name another record."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from rules.folding import fold, plain, tokens
from rules.records import Kind


def _folded(text: str) -> tuple[str, ...]:
    return tuple(
        dict.fromkeys(key for word in text.split(", ") for key in (fold(word), plain(word)))
    )


_ANY: Final = _folded(
    "id, record id, recordid, record-id, registrerings-id, objekt id, object id, hs object id, "
    "hs_object_id, række id, raekkenr, row id, rowid, unik id, unikt id, unique id, uid, guid, "
    "uuid, crm id, crmid, salesforce id, sf id, sfid, hubspot id, dynamics id, nøgle, key, "
    "primary key, løbenr, løbenummer, postens id, system id, eksternt id, external id, ekstern id"
)
_PERSON: Final = (
    "kontakt id, kontaktid, kontakt-nr, kontaktnr, kontaktnummer, kontaktpersonid, "
    "kontaktperson id, person id, personid, person nr, contact id, contactid, contact number, "
    "contact no, contact guid, contact record id, (do not modify) contact, vid, medlemsnr"
)
_LEADS: Final = (
    "lead id, leadid, lead-nr, leadnr, emne id, emneid, emnenr, lead number, lead guid, "
    "lead record id, (do not modify) lead"
)
_OWN: Final[Mapping[Kind, tuple[str, ...]]] = {
    Kind.COMPANY: _folded(
        "virksomheds id, virksomhed id, virksomhedsid, firma id, firmaid, firma nr, firmanr, "
        "kunde id, kundeid, kunde nr, kundenr, kundenummer, debitornr, debitor nr, "
        "debitornummer, konto id, kontonr, kontonummer, account id, accountid, account number, "
        "account no, account guid, company id, companyid, company record id, customer id, "
        "customer no, customer number, organisation id, (do not modify) account"
    ),
    Kind.CONTACT: _folded(f"{_PERSON}, {_LEADS}"),
    Kind.LEAD: _folded(f"{_LEADS}, {_PERSON}"),
    Kind.CALL: _folded(
        "opkalds id, opkald id, opkaldsid, opkaldid, opkaldsnr, samtale id, samtaleid, call id, "
        "callid, call guid, call uuid, task id, taskid, activity id, activityid, aktivitets id, "
        "aktivitet id, session id, cdr id, (do not modify) phone call"
    ),
    Kind.MEETING: _folded(
        "møde id, mødeid, aftale id, meeting id, meetingid, event id, eventid, appointment id, "
        "activity id, activityid, (do not modify) appointment"
    ),
    Kind.OPPORTUNITY: _folded(
        "salgsmulighed id, salgsmulighedsid, handel id, opportunity id, opportunityid, deal id, "
        "dealid, (do not modify) opportunity"
    ),
    Kind.MEMBER: _folded("medlem id, member id, campaign member id, campaignmember id"),
    Kind.OPT_OUT: (),
}


def id_rank(kind: Kind, header: str) -> int | None:
    """How well a header names the record of a list of `kind`: 0 is best, None not at all.

    The list's own kind goes before `Id`, and `Id` before other general names: on a contact list
    `Kontakt-id` is the id and `Kundenr` a foreign key.
    """
    keys = {fold(header), plain(header)} - {""}
    own, any_ = _OWN[kind], _ANY
    for offset, names in ((0, own), (len(own), any_)):
        ranks = [offset + names.index(key) for key in keys if key in names]
        if ranks:
            return min(ranks)
    return None


def own_kinds(header: str) -> frozenset[Kind]:
    """The kinds of which this header names the id (`Contact ID`); empty for a general name."""
    keys = {fold(header), plain(header)} - {""}
    return frozenset(kind for kind, names in _OWN.items() if keys & set(names))


_ID_WORDS: Final = frozenset({"id", "ids", "guid", "uuid", "ref", "noegle", "key"})


def is_foreign(header: str) -> bool:
    """True when a header speaks of some id: never to be matched loosely to a field."""
    return bool(_ID_WORDS.intersection(tokens(header)))
