"""A thread for what may wait until the answer has left."""

from __future__ import annotations

import threading
from collections.abc import Callable


class Alongside:
    """Does `work` when it is asked for; several askings while it works are one.

    `work` is told whether it was asked for: every `seconds`, if given, it is called all the same.
    What fails in it is its own to tell. `close` has done what was asked for, then ends.
    """

    def __init__(
        self, name: str, work: Callable[[bool], None], seconds: float | None = None
    ) -> None:
        self._work, self._seconds = work, seconds
        self._asked, self._ending = threading.Event(), False
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def soon(self) -> None:
        """There is something to do."""
        self._asked.set()

    def close(self) -> None:
        """Do what was asked for, then end."""
        self._ending = True
        self._asked.set()
        self._thread.join()

    def _run(self) -> None:
        while True:
            asked = self._asked.wait(self._seconds)
            self._asked.clear()
            self._work(asked)
            if self._ending and not self._asked.is_set():
                return
