"""What may wait until the answer has left: records looked at anew, alarms told. One thread.

Nothing is lost with it: the opt-out is recorded, the next pass looks at whatever was left, and an
alarm stays due.
"""

from __future__ import annotations

from rules.errors import RingrenError
from sync.app import App
from sync.logs import logger
from sync.service.alarms import EVERY, Teller
from sync.suppression import desk
from sync.web.alongside import Alongside

LOG = logger(__name__)


class Afterwards:
    """`soon()` asks for it; several askings while it works are one. `close` waits for its end."""

    def __init__(self, app: App) -> None:
        self._app, self._teller = app, Teller(app, app.sends)
        self._alongside = Alongside("afterwards", self._work, EVERY.total_seconds())
        self.soon, self.close = self._alongside.soon, self._alongside.close

    def _work(self, asked: bool) -> None:  # noqa: FBT001
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
