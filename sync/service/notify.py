"""What systemd is told of a service of Type=notify: ready, alive, reloading, stopping.

One datagram to the socket that systemd names in the environment (sd_notify(3)); where there is
none, nothing happens.
"""

from __future__ import annotations

import contextlib
import os
import socket
from time import monotonic, monotonic_ns
from typing import Final

READY: Final = "READY=1"
ALIVE: Final = "WATCHDOG=1"
STOPPING: Final = "STOPPING=1"


def reloading() -> str:
    """It wants the moment as well (systemd 253 and later, Type=notify-reload)."""
    return f"RELOADING=1\nMONOTONIC_USEC={monotonic_ns() // 1000}"


def tell(state: str) -> None:
    """Send it, if anybody listens."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address.startswith(("/", "@")):
        return
    with (
        contextlib.suppress(OSError),
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as out,
    ):
        # Who does not listen must not hold us up.
        out.settimeout(1)
        out.connect("\0" + address[1:] if address.startswith("@") else address)
        out.sendall(state.encode())


class Pulse:
    """The sign of life of whoever does the jobs, where this process does any. Who asks for it over
    HTTP (sync/web/health.py) sees what systemd sees."""

    def __init__(self) -> None:
        self._at: float | None = None

    def beat(self) -> None:
        """All is heeded at this moment."""
        self._at = monotonic()

    def end(self) -> None:
        """From now on nobody here does jobs."""
        self._at = None

    @property
    def is_there(self) -> bool:
        """Whether it was lately, or nobody here does jobs."""
        return self._at is None or monotonic() - self._at < SILENT


PULSE: Final = Pulse()
SILENT: Final = 120.0
"""Seconds; as `WatchdogSec` in the unit that is shipped."""


def every_seconds() -> float | None:
    """How often systemd wants to hear that we are alive: half of what it allows; None for never."""
    allowed = os.environ.get("WATCHDOG_USEC", "")
    mine = os.environ.get("WATCHDOG_PID", "") in {"", str(os.getpid())}
    return int(allowed) / 2_000_000 if allowed.isdigit() and mine else None
