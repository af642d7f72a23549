"""The mailbox of opt-outs: whoever writes is blocked for e-mail at once, the rest is proposed.

A mail is put away only after what it says is on the disk. Killed in between, we read it again, and
the list knows it: the same mail never counts twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from email.message import Message
from typing import TYPE_CHECKING, Final

from rules import mails
from rules.errors import UserError
from rules.keys import Key, KeyKind
from rules.mails import Author, Mail, Wish
from rules.spans import Span
from rules.suppression import Channel, EventType, Evidence, Statement
from state import requests
from state.store import Tx
from sync.app import App
from sync.service.alarms import Teller
from sync.settings import Settings
from sync.suppression import desk
from sync.suppression.hearing import hear
from sync.systems.doors import need
from sync.texts import Texts

if TYPE_CHECKING:
    from connectors.mailbox import Folder, Place
    from connectors.tokens import Tokens
    from sync.settings.incoming import Mailbox

MAIL: Final = "mail"
"""The system that statements in mails come from, and who proposed what they wish."""
_EXCERPT: Final = 500
_OLDEST: Final = timedelta(days=60)
"""A mail that says it is older is not believed: it counts from when it was read."""


@dataclass(slots=True)
class Read:
    """What became of the mails. `unclear` were put aside for a person to look at."""

    mails: int = 0
    blocked: int = 0
    known: int = 0
    proposed: int = 0
    automatic: int = 0
    unclear: int = 0


def read(app: App) -> Read:
    """Read the mailbox of the settings; UserError when none is set."""
    place, found = place_of(app.settings), Read()
    from connectors.mailbox import opened

    with opened(place) as folder:
        _all(app, folder, found)
    desk.carry(app)
    Teller(app, app.sends).now()
    return found


def place_of(settings: Settings) -> Place:
    """Where the mailbox is; UserError when the settings do not say, or it cannot be read here."""
    need("mailbox.not_installed")
    from connectors.mailbox import Place

    one = settings.mailbox
    tokens = _tokens(one)
    if not one.host or not one.user or (one.password is None and tokens is None):
        raise UserError("mailbox.not_set")
    password = one.password.get_secret_value() if one.password else ""
    return Place(one.host, one.port, one.user, password, one.folder, one.protection, tokens)


def _tokens(one: Mailbox) -> Tokens | None:
    """Of a mailbox that is entered with OAuth."""
    if one.sign_in == "password":
        return None
    need("mailbox.no_oauth")
    from connectors.mail_tokens import Google, Microsoft, tokens

    secret, lasting = (
        said.get_secret_value() if said else "" for said in (one.client_secret, one.refresh_token)
    )
    client, elsewhere = one.client_id or "", tuple(one.elsewhere.items())
    if one.sign_in == "google":
        return tokens(Google(client, secret, lasting), elsewhere)
    return tokens(Microsoft(one.tenant or "", client, secret), elsewhere)


def _all(app: App, folder: Folder, found: Read) -> None:
    for uid, message in folder.mails():
        clear = take(app, message, found)
        one = app.settings.mailbox
        folder.put_away(uid, one.done if clear else one.unclear)


def take(app: App, message: Message, found: Read) -> bool:
    """Record what a mail says; False when nobody can be found by it, and a person has to look."""
    mail, now = mails.read(message), app.clock()
    found.mails += 1
    if mail.author in (Author.AUTOMATIC, Author.BOUNCE):
        found.automatic += 1
        return True
    sender = (
        mail.sender if mail.author is Author.PERSON and not _is_ours(app, mail.sender) else None
    )
    own = None if sender is None else _block(mail, Wish(sender, Channel.EMAIL), now)
    wished = [
        _block(mail, wish, now)
        for wish in mails.wishes(mail, app.settings.region)
        if not _is_ours(app, wish.key)
    ]
    with app.store.transaction(urgent=True) as tx:
        if own is not None:
            written = hear(tx, app, [own])
            found.blocked += len(written)
            found.known += not written
        found.proposed += _propose(tx, app, mail, wished, now)
    if own is None and not wished:
        found.unclear += 1
    return own is not None or bool(wished)


def _is_ours(app: App, key: Key | None) -> bool:
    """Of a colleague who passes a mail on nothing is blocked but what he passes on."""
    if key is None or key.kind is not KeyKind.EMAIL:
        return False
    return key.value.rpartition("@")[2] in app.settings.mailbox.own_domains


def _block(mail: Mail, wish: Wish, now: datetime) -> Statement:
    sent = mail.sent_at
    believed = sent is not None and now - _OLDEST < sent <= now
    return Statement(
        type=EventType.BLOCK,
        channel=wish.channel,
        span=Span(sent if believed else now, now),
        system=MAIL,
        keys=(wish.key,),
        evidence=Evidence.MAIL,
        identity=(MAIL, mail.ident, wish.channel.value, ":".join(wish.key)),
        said=f"{mail.subject}\n{mail.text}".strip()[:_EXCERPT],
        source=mail.ident[:16],
    )


def _propose(tx: Tx, app: App, mail: Mail, wished: Sequence[Statement], now: datetime) -> int:
    """Ask about each once, under the mail's own id; what was asked before stays as it was decided."""
    about = app.keys.event_id((MAIL, mail.ident))
    before = requests.of_event(tx, about)
    if any(one.said is None for one in before):
        return 0
    asked = {(one.said.keys, one.said.channel) for one in before if one.said}
    new = [one for one in wished if (one.keys, one.channel) not in asked]
    for one in new:
        requests.ask(tx, replace(one, root=about), MAIL, now)
    return len(new)


def told(found: Read, texts: Texts, folder: str) -> str:
    """What became of them, in words."""
    lines = [texts.count("mailbox.read", found.mails)]
    for name in ("blocked", "known", "proposed", "automatic", "unclear"):
        number = getattr(found, name)
        if number:
            lines.append(texts.count(f"mailbox.{name}", number, folder=folder))
    return "\n".join(lines)
