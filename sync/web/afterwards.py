"""What may wait until the answer has left: records looked at anew, alarms told. One thread.

Nothing is lost with it: the opt-out is recorded, the next pass looks at whatever was left, and an
alarm stays due.
"""

from __future__ import annotations

import threading

from rules.errors import RingrenError
from sync import desk
from sync.alarms import EVERY, Teller
from sync.app import App
from sync.logs import logger

LOG = logger(__name__)


class Afterwards:
    """`soon()` asks for it; several askings while it works are one. `close` waits for its end."""

    def __init__(self, app: App) -> None:
        self._app, self._teller = app, Teller(app, app.sends)
        self._asked, self._ending = threading.Event(), False
        self._thread = threading.Thread(target=self._work, name="afterwards", daemon=True)
        self._thread.start()

    def soon(self) -> None:
        """There is something to do."""
        self._asked.set()

    def close(self) -> None:
        """Do what was asked for, then end."""
        self._ending = True
        self._asked.set()
        self._thread.join()

    def _work(self) -> None:
        while True:
            asked = self._asked.wait(EVERY.total_seconds())
            self._asked.clear()
            try:
                if asked:
                    desk.carry(self._app)
                    self._teller.soon()
                else:
                    # What was put off, or did not arrive, is told although nothing new comes.
                    self._teller.now()
            except RingrenError as error:
                LOG.warning("later", why=error.message)
            except Exception:
                LOG.exception("carrying failed")
            if self._ending and not self._asked.is_set():
                return
