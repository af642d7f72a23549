"""What a mail to the opt-out mailbox says: who wrote it, whether a person did, what is wished.

Reads anything and raises nothing. Whoever writes to that mailbox says no to mails, whatever the words;
numbers, other addresses and wishes in the text are only proposed, for anybody can write them.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.header import decode_header
from email.message import Message
from email.utils import getaddresses, parsedate_to_datetime
from enum import StrEnum
from html.parser import HTMLParser
from typing import Final

from rules.formats import cpr
from rules.keys import Key, KeyKind, keys_in
from rules.suppression import Channel

MOST_TEXT: Final = 20_000
MOST_FOUND: Final = 5
"""Numbers and addresses of one mail that are proposed; a list belongs into a file."""


class Author(StrEnum):
    """Who wrote a mail.

    person: a human, or a mail program in his name. automatic: an answering machine, a newsletter, a
    mailing list. bounce: a mail server about a mail that did not arrive. complaint: a mail provider
    about a reader who called a mail of ours spam (RFC 5965).
    """

    PERSON = "person"
    AUTOMATIC = "automatic"
    BOUNCE = "bounce"
    COMPLAINT = "complaint"


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail as far as it matters. `ident` is the same whenever the same mail is read.

    `sender` is None when no address can be read; `text` holds the writer's own words, without what
    he quotes. `about` is the reader a complaint is about.
    """

    ident: str
    author: Author
    sender: Key | None
    sent_at: datetime | None
    subject: str
    text: str
    about: Key | None = None


@dataclass(frozen=True, slots=True)
class Wish:
    """What a mail may mean besides: this key, on this channel."""

    key: Key
    channel: Channel


def read(message: Message) -> Mail:
    """A mail; total."""
    # A personal identity number is kept nowhere, whoever sends us one.
    subject, words = map(cpr.masked, (_header(message, "subject"), own_words(_text(message))))
    author = _author(message, subject, words)
    return Mail(
        ident=_ident(message, words),
        author=author,
        sender=_address(_header(message, "from")),
        sent_at=_date(_header(message, "date")),
        subject=subject,
        text=words,
        about=_complainer(message) if author is Author.COMPLAINT else None,
    )


# --- who wrote it ----------------------------------------------------------------------------

_OFF: Final = re.compile(
    r"unsubscribe|opt.?out|afmeld|frameld|nej tak|ikke kontakte|remove me|fjern mig|slet mig"
)
_ABSENT: Final = re.compile(
    r"(?:automatisk svar|autosvar|auto.?reply|automatic reply|out of office|ikke på kontoret"
    r"|ikke til stede|fravær|ferie)\b"
)
_SERVERS: Final = frozenset({"mailer-daemon", "postmaster"})
_MACHINES: Final = frozenset({"auto_reply", "bulk", "junk", "list"})
_BEGINNING: Final = 300


def _author(message: Message, subject: str, words: str) -> Author:
    report = _header(message, "content-type").lower()
    if "multipart/report" in report:
        if "feedback-report" in report:
            return Author.COMPLAINT
        if "delivery-status" in report:
            return Author.BOUNCE
    # Mail programs say no in their owner's name, and call themselves automatic as they do.
    if _OFF.search(_lower(f"{subject} {words[:_BEGINNING]}")):
        return Author.PERSON
    sender = _address(_header(message, "from"))
    if sender and sender.value.partition("@")[0] in _SERVERS:
        return Author.BOUNCE
    return Author.AUTOMATIC if _is_automatic(message, subject) else Author.PERSON


def _is_automatic(message: Message, subject: str) -> bool:
    """By RFC 3834 and what programs wrote before it."""
    submitted = _header(message, "auto-submitted").partition(";")[0].strip().lower()
    return (
        submitted not in {"", "no"}
        or _header(message, "return-path").strip() == "<>"
        or _header(message, "precedence").strip().lower() in _MACHINES
        or any(
            message.get(name) is not None for name in ("x-autoreply", "x-autorespond", "list-id")
        )
        or _ABSENT.match(_lower(subject)) is not None
    )


def _complainer(message: Message) -> Key | None:
    """Whom a feedback report is about: named in it, or to whom the reported mail was sent."""
    for part in message.walk():
        kind = part.get_content_type()
        if kind == "message/feedback-report":
            found = re.search(r"(?im)^original-rcpt-to:\s*(\S+)", _decoded(part))
            if found and (key := _address(found[1])):
                return key
    for part in message.walk():
        if part.get_content_type() in {"message/rfc822", "text/rfc822-headers"}:
            inner = part.get_payload()
            reported = inner[0] if isinstance(inner, list) and inner else None
            if isinstance(reported, Message) and (key := _address(_header(reported, "to"))):
                return key
    return None


def _address(text: str) -> Key | None:
    """The first address of a header."""
    for _, address in getaddresses([text]):
        for key in keys_in(KeyKind.EMAIL, address) if "@" in address[1:] else ():
            if key.kind is KeyKind.EMAIL:
                return key
    return None


def _ident(message: Message, words: str) -> str:
    given = _header(message, "message-id").strip()
    parts = (_header(message, "from"), given or f"{_header(message, 'date')}\n{words}")
    return hashlib.sha256("\n".join(parts).encode("utf-8", "replace")).hexdigest()


def _date(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def _lower(text: str) -> str:
    return unicodedata.normalize("NFC", text).casefold()


def _header(message: Message, name: str) -> str:
    """A header as text on one line, decoded as far as it can be."""
    value = message.get(name)
    if value is None:
        return ""
    try:
        parts = decode_header(value)
        text = "".join(_as_text(part, charset) for part, charset in parts)
    except Exception:  # noqa: BLE001 - the library meets every header of the world in its own way
        text = str(value)
    return " ".join(text.split())[:2000]


def _as_text(part: str | bytes, charset: str | None) -> str:
    if isinstance(part, str):
        return part
    try:
        return part.decode(charset or "utf-8", "replace")
    except LookupError:
        return part.decode("latin-1")


# --- what it says ----------------------------------------------------------------------------


def _text(message: Message) -> str:
    """The plain text, else the text of the HTML."""
    for kind in ("text/plain", "text/html"):
        for part in message.walk():
            if part.get_content_type() == kind and not part.is_multipart():
                text = _decoded(part)
                found = text if kind == "text/plain" else _without_tags(text)
                if found.strip():
                    return found[:MOST_TEXT]
    return ""


def _decoded(part: Message) -> str:
    try:
        content = part.get_payload(decode=True)
    except Exception:  # noqa: BLE001 - as above
        content = None
    if not isinstance(content, bytes):
        inner = part.get_payload()
        return "\n".join(map(str, inner)) if isinstance(inner, list) else str(inner or "")
    return _as_text(content[: 4 * MOST_TEXT], str(part.get_content_charset() or "utf-8"))


class _Words(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._silent = 0

    def handle_starttag(self, tag: str, attrs: object) -> None:
        del attrs
        self._silent += tag in {"style", "script"}
        if tag in {"br", "p", "div", "tr", "li", "blockquote"}:
            self.found.append("\n> " if tag == "blockquote" else "\n")

    def handle_endtag(self, tag: str) -> None:
        self._silent -= tag in {"style", "script"} and self._silent > 0

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.found.append(data)


def _without_tags(text: str) -> str:
    words = _Words()
    try:
        words.feed(text)
        words.close()
    except (AssertionError, ValueError):
        return re.sub(r"<[^>]*>", " ", text)
    return "".join(words.found)


_QUOTE: Final = re.compile(
    r"^(?:-{2,}\s*(?:oprindelig|original|videresendt|forwarded)|_{10,}|(?:fra|from):\s.*@"
    r"|(?:den|på|on) .{0,200}(?:skrev|wrote)\b.*:?$)",
    re.IGNORECASE,
)


def own_words(text: str) -> str:
    """What the writer wrote himself: quoted lines and all below the head of a quotation left out."""
    kept = []
    for line in text[:MOST_TEXT].splitlines():
        if _QUOTE.match(line.strip()):
            break
        if not line.lstrip().startswith((">", "|")):
            kept.append(line.rstrip())
    return "\n".join(kept).strip()


# --- what it wishes --------------------------------------------------------------------------

_CALLS: Final = re.compile(
    r"\b(?:ring(?:e|er|es|et)?|opkald|opring\w*|telefonisk|calls?|calling|phoning)\b"
)
_SMS: Final = re.compile(r"\b(?:sms\w*|tekstbesked\w*|text messages?|texts)\b")
_EVERYTHING: Final = re.compile(
    r"\b(?:al kontakt|alt|alle former|overhovedet|slet(?:te)? (?:mig|mine)|glem mig|gdpr"
    r"|all contact|any contact|any way|delete (?:me|my)|forget me|everything)\b"
)
_NUMBER: Final = re.compile(r"(?<![\w.@/-])\+?\(?\d[\d \t.()-]{6,18}\d(?![\w@/-])")
_DAY: Final = re.compile(r"\d{4}-\d\d?-\d\d?|\d\d?[.-]\d\d?[.-]\d{2,4}")
_MAIL: Final = re.compile(r"[\w.+'-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,5}")


def wishes(mail: Mail, region: str = "DK") -> tuple[Wish, ...]:
    """What a person may confirm, in the order in which it stands; never the sender's no to mails."""
    said = _lower(f"{mail.subject}\n{mail.text}")
    named = _channels(said)
    found: list[Wish] = []
    if mail.about is not None:
        found.append(Wish(mail.about, Channel.EMAIL))
    if mail.author is Author.PERSON:
        if mail.sender is not None:
            found += [Wish(mail.sender, channel) for channel in named]
        spoken = Channel.ALL if Channel.ALL in named else None
        for key in _keys(mail, region):
            usual = Channel.CALL if key.kind is KeyKind.PHONE else Channel.EMAIL
            found.append(Wish(key, spoken or usual))
            if key.kind is KeyKind.PHONE and Channel.SMS in named:
                found.append(Wish(key, Channel.SMS))
    return tuple(dict.fromkeys(found))


def _channels(said: str) -> tuple[Channel, ...]:
    if _EVERYTHING.search(said):
        return (Channel.ALL,)
    asked = ((Channel.CALL, _CALLS), (Channel.SMS, _SMS))
    return tuple(channel for channel, words in asked if words.search(said))


def _keys(mail: Mail, region: str) -> Iterator[Key]:
    """Numbers and other addresses in the writer's own words, a few of each."""
    text = f"{mail.subject}\n{mail.text}"
    for kind, pattern in ((KeyKind.PHONE, _NUMBER), (KeyKind.EMAIL, _MAIL)):
        keys = dict.fromkeys(
            key
            for found in pattern.finditer(text)
            if not (kind is KeyKind.PHONE and _DAY.fullmatch(found[0].strip()))
            for key in keys_in(kind, found[0], region)
            if key.kind is kind and key != mail.sender
        )
        yield from list(keys)[:MOST_FOUND]
