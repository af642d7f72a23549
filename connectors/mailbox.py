"""A mailbox over IMAP: what lies in one folder, one mail at a time, and where it is put afterwards.

Knows mails and folders, nothing of opt-outs. A mail stays where it lies until it is put away.
"""

from __future__ import annotations

import contextlib
import imaplib
import re
import ssl
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from email.message import Message
from typing import TYPE_CHECKING, Final, Literal

from imap_tools import BaseMailBox, MailBox, MailBoxStartTls, MailBoxUnencrypted
from imap_tools.errors import ImapToolsError, MailboxLoginError

from rules.errors import SystemStopped, TryAgain, UserError

if TYPE_CHECKING:
    from connectors.tokens import Token, Tokens

MOST_BYTES: Final = 10_000_000
"""Of larger mails only the head is read: it says who wrote."""
MOST_AT_ONCE: Final = 500
_SECONDS: Final = 30.0

Protection = Literal["tls", "starttls", "none"]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a mailbox is, and how one gets in: by a password, or by tokens where there are any."""

    host: str
    port: int
    user: str
    password: str = field(repr=False)
    folder: str = "INBOX"
    protection: Protection = "tls"
    tokens: Tokens | None = field(default=None, repr=False)


class Folder:
    """An open folder."""

    def __init__(self, box: BaseMailBox, name: str) -> None:
        self._box = box
        try:
            box.folder.set(name)
        except ImapToolsError:
            raise UserError("mailbox.no_folder", folder=name) from None

    def mails(self) -> Iterator[tuple[str, Message]]:
        """(uid, mail), oldest first; those that come meanwhile are left to the next reading."""
        with _told():
            uids = self._box.uids()[:MOST_AT_ONCE]
            sizes = self._sizes(uids)
        for uid in uids:
            small = sizes.get(uid, 0) <= MOST_BYTES
            with _told():
                [found] = self._box.fetch(
                    f"UID {uid}", mark_seen=False, headers_only=not small
                ) or [None]
            if found is not None:
                yield uid, found.obj

    def _sizes(self, uids: list[str]) -> Mapping[str, int]:
        if not uids:
            return {}
        _, answer = self._box.client.uid("FETCH", ",".join(uids), "(UID RFC822.SIZE)")
        text = b" ".join(one for one in answer if isinstance(one, bytes)).decode("ascii", "replace")
        found = re.findall(r"\(([^()]*)\)", text)
        pairs = ((re.search(r"UID (\d+)", one), re.search(r"SIZE (\d+)", one)) for one in found)
        return {uid[1]: int(size[1]) for uid, size in pairs if uid and size}

    def put_away(self, uid: str, folder: str) -> None:
        """Move a mail into another folder, which is made when there is none."""
        with _told():
            if not self._box.folder.exists(folder):
                self._box.folder.create(folder)
            self._box.move(uid, folder)


@contextlib.contextmanager
def opened(place: Place) -> Iterator[Folder]:
    """The folder; UserError when the mailbox lets nobody in, TryAgain when it cannot be reached."""
    box = _entered(place)
    try:
        yield Folder(box, place.folder)
    finally:
        _left(box)


def _entered(place: Place) -> BaseMailBox:
    """Signed in. A token that is refused is renewed once: it may have been withdrawn before its time."""
    try:
        if place.tokens is None:
            return _signed_in(place, None)
        token = place.tokens.now()
        try:
            return _signed_in(place, token)
        except MailboxLoginError:
            return _signed_in(place, place.tokens.renew(token))
    except MailboxLoginError:
        raise SystemStopped("mailbox.login", host=place.host) from None


def _signed_in(place: Place, token: Token | None) -> BaseMailBox:
    with _told():
        box = _connected(place)
    try:
        with _told():
            if token is None:
                box.login(place.user, place.password, initial_folder=None)
            else:
                _show(box, place.user, token)
    except BaseException:
        _left(box)
        raise
    return box


def _show(box: BaseMailBox, user: str, token: Token) -> None:
    """SASL XOAUTH2; imap_tools' own would answer a refusal with the token once more."""
    first = [f"user={user}\1auth=Bearer {token.secret}\1\1".encode()]
    try:
        box.client.authenticate("XOAUTH2", lambda _: first.pop() if first else b"")
    except imaplib.IMAP4.abort:
        raise
    except imaplib.IMAP4.error:
        raise MailboxLoginError(("NO", []), "OK") from None


def _left(box: BaseMailBox) -> None:
    with contextlib.suppress(ImapToolsError, OSError, imaplib.IMAP4.error):
        box.logout()


def _connected(place: Place) -> BaseMailBox:
    if place.protection == "none":
        return MailBoxUnencrypted(place.host, place.port, timeout=_SECONDS)
    kind = MailBox if place.protection == "tls" else MailBoxStartTls
    context = ssl.create_default_context()
    return kind(place.host, place.port, timeout=_SECONDS, ssl_context=context)


@contextlib.contextmanager
def _told() -> Iterator[None]:
    """Errors of the line in our words. What the server said may quote the login, and stays out."""
    try:
        yield
    except MailboxLoginError:
        raise
    except ssl.SSLError as error:
        raise SystemStopped("mailbox.certificate", reason=error.reason or "") from None
    except (OSError, imaplib.IMAP4.error, ImapToolsError) as error:
        raise TryAgain("mailbox.unreachable", reason=type(error).__name__) from None
