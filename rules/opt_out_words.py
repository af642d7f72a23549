"""What people write into opt-out and consent fields, in Danish and English.

Fail closed: a text in an opt-out field that is not surely a "no" is a "yes"; a channel that is
not surely named is every channel (domain notes, section 5: when in doubt, all).
"""

from __future__ import annotations

import re
import unicodedata
from enum import Enum
from functools import lru_cache
from typing import Final

from rules.suppression import SINGLE_CHANNELS, Channel


class Meaning(Enum):
    """How an opt-out field reads. UNCLEAR blocks as YES does, and is reported."""

    NO = "no"
    YES = "yes"
    UNCLEAR = "unclear"


class ConsentMeaning(Enum):
    """How a consent field reads. WITHDRAWN takes a consent back in so many words."""

    NOTHING = "nothing"
    YES = "yes"
    NO = "no"
    WITHDRAWN = "withdrawn"


def _words(text: str) -> frozenset[str]:
    return frozenset(" ".join(line.split()) for line in text.split(",") if line.strip())


_EMPTY: Final = _words(
    """-, --, –, —, ., null, nil, none, n/a, #n/a, na, (no value), no value, (ingen værdi),
    ingen værdi, (tom), (blank), blank, tom, ingen, [], {}"""
)
_NO: Final = _EMPTY | _words(
    """nej, n, no, 0, 0.0, 0.00, false, falsk, falskt, f, off, fra, ikke afmeldt, ikke frameldt,
    ikke opt-out, ikke optout, ikke spærret, ikke blokeret, ikke fravalgt, ikke markeret,
    not opted out, not unsubscribed, not blocked, unchecked, opted in, opted-in, opt-in, opt in,
    optin, tilmeldt, subscribed, må kontaktes, må gerne kontaktes, må ringes op, må gerne ringes op,
    kontakt ok, call ok, ok to call, may call, ja til kontakt, allow, allowed, tillad, tilladt"""
)
_YES: Final = _words(
    """ja, j, yes, y, 1, 1.0, true, sand, sandt, s, t, x, xx, ✓, ✔, ☑, ☒, ✗, on, til, nej tak,
    nejtak, no thanks, no thank you, afmeldt, frameldt, fravalgt, frabedt, har frabedt sig,
    ønsker ikke kontakt, ønsker ikke opkald, ønsker ikke at blive kontaktet,
    ønsker ikke at blive ringet op, må ikke kontaktes, må ikke ringes op, kontakt ikke, ring ikke,
    ingen kontakt, ingen opkald, ingen reklame, ikke ringe, ikke kontakt, ikke kontakte,
    opt-out, opt out, optout, opted out, opted-out, unsubscribed, unsubscribe, do not call,
    do not contact, do not email, do not e-mail, do not mail, do not text, don't call,
    don't contact, never call, never contact, dnc, blocked, blokeret, spærret, spaerret,
    do not allow, don't allow, not allowed, tillad ikke, ikke tilladt,
    suppressed, stop, stoppet, robinson, robinsonlisten, på robinsonlisten, checked, afkrydset"""
)
_CONSENT_YES: Final = _words(
    """ja, j, yes, y, 1, 1.0, true, sand, sandt, s, t, x, ✓, ✔, ☑, on, givet, samtykke, givet samtykke,
    accepteret, accept, granted, given, opt-in, opt in, optin, opted in, opted-in, tilmeldt,
    subscribed, consented, ok"""
)
_WITHDRAWN: Final = (_YES - _CONSENT_YES - _words("xx, ☒, ✗, til, checked, afkrydset")) | _words(
    """trukket, trukket tilbage, trukket retur, tilbagetrukket, tilbagetrukken, tilbagekaldt,
    inddraget, ophævet, afvist, afslået, afslag, nægtet, ikke ønsket, withdrawn, withdrew, revoked,
    refused, declined, denied, rejected, objected, objection, indsigelse, har gjort indsigelse"""
)
_CHANNEL_WORDS: Final[dict[str, Channel]] = {
    word: channel
    for channel, words in {
        Channel.CALL: "call,calls,opkald,opringning,ring,ringe,telefon,telefonisk,tlf,tlf.,phone,"
        "telephone,voice,tale,telemarketing,telefonsalg,fastnet",
        Channel.EMAIL: "email,e-mail,emails,e-mails,mail,mails,e-post,epost,nyhedsbrev,nyhedsbreve,"
        "newsletter",
        Channel.SMS: "sms,sms'er,sms’er,sms-beskeder,tekstbesked,tekstbeskeder,text,txt,"
        "text message",
        Channel.ALL: "alle,alt,all,any,*,alle kanaler,all channels,samtlige,everything",
    }.items()
    for word in words.split(",")
}
_JOINTS: Final = re.compile(r"\s*(?:[,;/|+&\n]|\bog\b|\band\b|\bsamt\b)\s*")
_DATE_LIKE: Final = re.compile(r"[\d\s.:/,TZ+-]{6,40}", re.IGNORECASE)
_LONGEST: Final = 80


def folded(text: str) -> str:
    """A cell as the word tables have it: lower case, plain blanks, no full stop at the end."""
    plain = " ".join(unicodedata.normalize("NFKC", text).casefold().split())
    plain = plain.replace("0,0", "0.0") if plain in ("0,0", "0,00", "1,0") else plain
    plain = "1.0" if plain == "1,0" else plain
    return plain.rstrip(".! ") if len(plain) > 1 else plain


@lru_cache(maxsize=4096)
def opt_out_meaning(text: str) -> Meaning:
    """What the text of an opt-out field means; total."""
    word = folded(text)
    if not word or word in _NO:
        return Meaning.NO
    if word in _YES or named_channels(text) or is_date_like(text):
        return Meaning.YES
    return Meaning.UNCLEAR


@lru_cache(maxsize=4096)
def consent_meaning(text: str) -> ConsentMeaning:
    """What the text of a consent field means; what is not understood is no consent, and no block."""
    word = folded(text)
    if not word or word in _EMPTY:
        return ConsentMeaning.NOTHING
    if word in _CONSENT_YES:
        return ConsentMeaning.YES
    if word in _WITHDRAWN:
        return ConsentMeaning.WITHDRAWN
    return ConsentMeaning.NO if word in _NO else ConsentMeaning.NOTHING


@lru_cache(maxsize=4096)
def named_channels(text: str) -> tuple[Channel, ...]:
    """The channels that the text names and nothing but channels; () when it says anything else."""
    if len(text) > _LONGEST:
        return ()
    words = [word for word in _JOINTS.split(folded(text)) if word]
    channels = {_CHANNEL_WORDS.get(word) for word in words}
    if not channels or None in channels:
        return ()
    if Channel.ALL in channels or channels == set(SINGLE_CHANNELS):
        return (Channel.ALL,)
    return tuple(channel for channel in SINGLE_CHANNELS if channel in channels)


def is_date_like(text: str) -> bool:
    """A flag field that holds the date of the opt-out says yes."""
    return bool(_DATE_LIKE.fullmatch(text.strip())) and sum(c.isdigit() for c in text) >= 5
