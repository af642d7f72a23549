"""What systemd is told of a service of Type=notify: ready, alive, reloading, stopping.

One datagram to the socket that systemd names in the environment (sd_notify(3)); where there is
none, nothing happens.
"""

from __future__ import annotations

import contextlib
import os
import socket
import time
from typing import Final

READY: Final = "READY=1"
ALIVE: Final = "WATCHDOG=1"
STOPPING: Final = "STOPPING=1"


def reloading() -> str:
    """It wants the moment as well (systemd 253 and later, Type=notify-reload)."""
    return f"RELOADING=1\nMONOTONIC_USEC={time.monotonic_ns() // 1000}"


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


def every_seconds() -> float | None:
    """How often systemd wants to hear that we are alive: half of what it allows; None for never."""
    allowed = os.environ.get("WATCHDOG_USEC", "")
    mine = os.environ.get("WATCHDOG_PID", "") in {"", str(os.getpid())}
    return int(allowed) / 2_000_000 if allowed.isdigit() and mine else None
