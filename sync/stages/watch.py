"""The watch over calls during a pass: each page's calls, what opt-outs say of older ones, the alarm."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from connectors.barring import barring_of
from connectors.flags import CHANNELS
from connectors.protocol import Blocks, Connector, Stream
from rules.errors import RingrenError, SystemStopped, TryAgain
from rules.spans import COPENHAGEN
from rules.suppression import Channel
from rules.violations import Verdict
from state import alerts, cursors, snapshots
from state.cursors import Lease
from state.merging import Merged
from state.screen import Screen
from state.store import Tx
from state.telling import SHOWING
from state.violations import Settled
from sync.app import App
from sync.service.alarms import Teller, settle
from sync.stages import calls, quiet


def able(app: App, streams: Mapping[str, Sequence[Stream]]) -> frozenset[str]:
    """The systems one of whose streams has a field that says no to calls, or that keep a list of
    numbers which they do not call. Those of `streams` are asked; of the others the store tells."""
    asked = {name for name, there in streams.items() if _is_able(app.systems[name], there)}
    others = [name for name in app.systems if name not in streams]
    if not others:
        return frozenset(asked)
    with app.store.reading() as tx:
        known = cursors.seen(tx, others)
    return frozenset(asked | {name for name in others if _was_able(app.systems[name], name, known)})


def _was_able(connector: Connector, name: str, known: Sequence[Lease]) -> bool:
    """As `_is_able`, from the fields that its lists had when they were read last."""
    if not isinstance(connector, Blocks):
        return _is_able(connector, ())
    mine = (one for one in known if one.system == name and one.kind in SHOWING)
    return any(_SAYS_NO & {*one.fields} - {*one.closed} for one in mine)


_SAYS_NO: Final = frozenset(name for name, forbids in CHANNELS.items() if Channel.CALL in forbids)


def _is_able(connector: Connector, streams: Sequence[Stream]) -> bool:
    try:
        return _refuses(connector) or _shows(connector, streams)
    except RingrenError:
        # Not to be looked at now, which the pass will say itself; the others go on.
        return True


def _refuses(connector: Connector) -> bool:
    facts = barring_of(connector)
    return facts is not None and facts.refuses and facts.forbids(Channel.CALL)


def _shows(connector: Connector, streams: Sequence[Stream]) -> bool:
    facts = barring_of(connector)
    if facts is not None and not facts.refuses:
        # Whoever dials there does not look at its records' fields.
        return False
    return isinstance(connector, Blocks) and any(_says_no(connector, one) for one in streams)


def _says_no(connector: Blocks, stream: Stream) -> bool:
    try:
        return any(Channel.CALL in flag.channels for flag in connector.flags(stream))
    except (TryAgain, SystemStopped):
        # Not to be looked at now, which the pass will say itself; that is no lack of the system's.
        return True


class Watch:
    """One for each pass; not shared between threads."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._screen = Screen(app.keys)
        self._teller = Teller(app, app.sends)
        self._new = False
        self.certain: set[int] = set()
        """Violations beyond doubt that this pass found."""

    def take(self, tx: Tx, stream: Stream, merged: Merged, now: datetime) -> None:
        """Log and judge the calls of a page, in its transaction."""
        found = calls.take(tx, self._app, self._screen, stream, merged, now)
        settle(tx, found, now)
        self._note(found)

    def tell(self) -> None:
        """After the commit: who must hear of it, hears of it."""
        if self._new and self._teller.soon():
            self._new = False

    def look_back(self) -> None:
        """Older calls that opt-outs speak of which were recorded since."""
        app, more = self._app, True
        while more:
            with app.store.transaction() as tx:
                number, found = calls.look_back(tx, app, self._screen, app.clock())
                settle(tx, found, app.clock())
            more = bool(number)
            self._note(found)
            self.tell()

    def _note(self, found: Settled) -> None:
        self._new |= bool(found.heard)
        self.certain |= {o.violation for o in found.heard if o.verdict is Verdict.CERTAIN}

    def end(self) -> None:
        """Tell what is left, also what could not be told before, and who has gone quiet."""
        app = self._app
        hooks = quiet.hooks(app)
        with app.store.transaction() as tx:
            for name, off in hooks.items():
                quiet.webhook(tx, name, app.clock(), off=off)
            today = app.clock().astimezone(COPENHAGEN).date()
            first = not snapshots.of_day(tx, today)
            asked = first or bool(alerts.open_subjects(tx, quiet.QUIET))
            quiet.look(tx, app, app.clock(), history=asked)
        self._teller.now()
