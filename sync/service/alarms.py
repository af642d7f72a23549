"""Alarms: raised with what caused them, told at once, kept until they arrive and are answered for.

An alarm leaves the house by mail, chat or SMS through apprise, with nothing in it that its reader
does not need: a masked number, the record's reference, how to see the rest. It is told within the
pass that saw its cause, right after the page's transaction; a dry run raises it and tells nobody.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from rules.alarms import Level, Receiver
from rules.errors import UserError
from rules.violations import Verdict
from state import alerts
from state.alerts import Alert
from state.store import Tx
from state.violations import Settled, Violation
from sync.logs import logger
from sync.service.alarm_words import Message, message
from sync.texts import Texts

if TYPE_CHECKING:
    from sync.app import App

VIOLATION: Final = "violation"
EVERY: Final = timedelta(seconds=30)
"""While a log is being read, what it shows is told at most this often: in groups."""
LOG = logger(__name__)

Send = Callable[[str, Message], bool]
"""Sends a message to an address; whether it arrived. Never raises for what is outside."""


def settle(tx: Tx, found: Settled, now: datetime) -> None:
    """One alarm for each forbidden contact, in the transaction that found it; it ends when it turns
    out to be none."""
    over = [(one.system, str(one.violation)) for one in found.withdrawn]
    alerts.ended(tx, VIOLATION, over, now)
    for one in found.heard:
        alerts.raised(
            tx,
            VIOLATION,
            system=one.system,
            subject=str(one.violation),
            level=Level.CERTAIN if one.verdict is Verdict.CERTAIN else Level.WARNING,
            details=details_of(one),
            now=now,
        )


def details_of(one: Violation) -> dict[str, Any]:
    """What may leave the house about a forbidden contact."""
    return {
        "violation": one.violation,
        "verdict": one.verdict.value,
        "cause": one.cause.value,
        "at": one.at.isoformat(),
        "number": one.number,
        "agent": one.agent,
        "list": one.call_list,
        "ref": one.ref,
        "hours": max(round((one.at - (one.since or one.heard_at)).total_seconds() / 3600), 0),
    }


def receivers(app: App) -> list[Receiver]:
    """Who hears of alarms, as the settings have it."""
    alarms = app.settings.alarms
    repeat, quiet = timedelta(minutes=alarms.repeat_minutes), alarms.rest
    return [
        Receiver(
            name,
            timedelta(minutes=one.after_minutes),
            repeat,
            one.only_certain,
            () if one.always else quiet,
        )
        for name, one in sorted(alarms.receivers.items())
        if one.url is not None
    ]


class Teller:
    """Tells what is due. `soon` may wait for more of the same; `now` does not."""

    def __init__(self, app: App, send: Send | None = None) -> None:
        self._app, self._send = app, send
        self._last: datetime | None = None

    def soon(self) -> int:
        """Tell what is due, unless something was told a moment ago: then with the next."""
        last, now = self._last, self._app.clock()
        return 0 if last is not None and now - last < EVERY else self.now()

    def now(self) -> int:
        """Tell all that is due; gives how many messages arrived. A dry run tells nobody."""
        if self._app.dry:
            return 0
        self._last = self._app.clock()
        return sum(self._tell(one) for one in receivers(self._app))

    def _tell(self, receiver: Receiver) -> bool:
        app = self._app
        with app.store.transaction() as tx:
            due = alerts.claim(tx, receiver, app.clock())
        if not due:
            return False
        try:
            arrived = self._sent(receiver, due)
        except UserError as error:
            LOG.warning("alarm not sent", why=error.message)
            arrived = False
        with app.store.transaction() as tx:
            if arrived:
                alerts.sent(tx, receiver, [one.alert for one in due], app.clock())
            else:
                alerts.failed(tx, receiver, due, app.clock())
        LOG.info("alarm", receiver=receiver.name, alarms=len(due), arrived=arrived)
        return arrived

    def _sent(self, receiver: Receiver, due: Sequence[Alert]) -> bool:
        return self.to(receiver.name, message(due, receiver, self._app.settings.lang or "da"))

    def to(self, name: str, said: Message) -> bool:
        """One message to a receiver by name, whatever it is about."""
        url = self._app.settings.alarms.receivers[name].url
        send = self._send or by_apprise
        return url is not None and send(url.get_secret_value(), said)


def by_apprise(url: str, said: Message) -> bool:
    """Through apprise. It answers False and raises nothing; the address is a secret, and stays out
    of logs. UserError where it is not installed."""
    try:
        import apprise
    except ModuleNotFoundError:
        raise UserError("alarms.no_apprise") from None
    logging.getLogger("apprise").setLevel(logging.CRITICAL + 1)
    try:
        with warnings.catch_warnings(action="ignore"):
            post = apprise.Apprise()
            # Text, said to be text: a mail is made from it with its lines kept.
            how = apprise.NotifyFormat.TEXT
            return bool(post.add(url)) and bool(
                post.notify(body=said.body, title=said.title, body_format=how)
            )
    except Exception:  # noqa: BLE001 - a hundred plug-ins of others: none of them ends a pass
        return False


def trial(app: App, name: str | None) -> dict[str, bool]:
    """A message to each receiver, or to one, that says that messages arrive; UserError for none."""
    known = [one.name for one in receivers(app)]
    if not known:
        raise UserError("alarms.no_receivers")
    if name is not None and name not in known:
        raise UserError("alarms.no_receiver", name=name, known=", ".join(known))
    texts = Texts(app.settings.lang or "da")
    said = Message(texts.get("alarms.title.test"), texts.get("alarms.body.test"))
    teller = Teller(app, app.sends)
    return {one: teller.to(one, said) for one in known if name in {None, one}}
