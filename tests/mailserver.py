"""A real IMAP server (pymap) in a process of its own, with one empty mailbox in memory."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from imap_tools import MailBoxUnencrypted

_START = """
import sys
import pymap.config
from pymap.main import main
from pysasl.hashing import Cleartext
pymap.config.BuiltinHash = Cleartext
sys.exit(main())
"""
"""Without half a second of hashing at each sign-in."""
USER, PASSWORD = "nejtak", "hemmelig-kode-4711"
_SECONDS = 20


@dataclass(frozen=True)
class MailServer:
    """Where it listens."""

    port: int

    @contextmanager
    def _box(self, folder: str = "INBOX") -> Iterator[MailBoxUnencrypted]:
        box = MailBoxUnencrypted("127.0.0.1", self.port, timeout=_SECONDS)
        box.login(USER, PASSWORD, initial_folder=folder)
        try:
            yield box
        finally:
            box.logout()

    def deliver(self, *mails: bytes) -> None:
        """Somebody has written."""
        with self._box() as box:
            for one in mails:
                box.append(one.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n"), "INBOX")

    def subjects(self, folder: str = "INBOX") -> list[str]:
        """What lies in a folder."""
        with self._box() as box:
            if not box.folder.exists(folder):
                return []
            box.folder.set(folder)
            return [one.subject for one in box.fetch(mark_seen=False)]

    def empty(self, *folders: str) -> None:
        """Nothing lies in these any more."""
        with self._box() as box:
            for folder in folders:
                if box.folder.exists(folder):
                    box.folder.set(folder)
                    box.delete(box.uids())

    def settings(self, more: str = "") -> str:
        """The section of a settings file that leads here; the password comes from the environment."""
        return (
            f'[mailbox]\nhost = "127.0.0.1"\nport = {self.port}\nuser = "{USER}"\n'
            f'protection = "none"\npassword = {{ env = "MAILBOX_PASSWORD" }}\n{more}'
        )


@contextmanager
def mail_server() -> Iterator[MailServer]:
    """Runs until the block ends."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-c", _START, "--host", "127.0.0.1", "--port", str(port), "--no-tls", "dict",
         "--demo-user", USER, "--demo-password", PASSWORD],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        _wait(port)
        yield MailServer(port)
    finally:
        process.terminate()
        process.wait()


def _wait(port: int) -> None:
    until = time.monotonic() + _SECONDS
    while time.monotonic() < until:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.05)
    raise TimeoutError("the mail server did not start")
