"""A mailbox that takes no password: a real IMAP server behind one that checks SASL XOAUTH2.

It says AUTHENTICATE XOAUTH2 as Microsoft and Google do: a refusal is a challenge that wants an empty
answer, then NO. Whoever is let in speaks with the server behind it.
"""

from __future__ import annotations

import base64
import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import BinaryIO

from mailserver import PASSWORD, USER, MailServer

MAILBOX = "nejtak@opdigtet-0009.dk"


@dataclass
class Gate:
    """Lets in whoever shows one of the tokens that `lives` says yes to. `shown`: what was sent to it."""

    behind: MailServer
    lives: Callable[[str], bool]
    port: int = 0
    shown: list[bytes] = field(default_factory=list)
    answers: list[bytes] = field(default_factory=list)
    """What clients said to a refusal."""
    passwords: int = 0

    def serve(self, line: socket.socket) -> None:
        """One client, until he leaves."""
        with (
            line,
            socket.create_connection(("127.0.0.1", self.behind.port), 20) as back,
            line.makefile("rb") as said,
            back.makefile("rb") as told,
        ):
            line.sendall(told.readline())
            while self._before(said, told, line, back):
                pass
            answers = threading.Thread(target=_relay, args=(back, line), daemon=True)
            answers.start()
            _relay(line, back)
            answers.join(20)

    def _before(
        self, said: BinaryIO, told: BinaryIO, line: socket.socket, back: socket.socket
    ) -> bool:
        """A command of somebody who has not been let in; False once he is."""
        command = said.readline()
        if not command:
            return False
        tag, _, rest = command.strip().partition(b" ")
        if rest.upper() != b"AUTHENTICATE XOAUTH2":
            if rest.upper().startswith((b"LOGIN", b"AUTHENTICATE")):
                self.passwords += 1
                line.sendall(tag + b" NO LOGIN failed.\r\n")
                return True
            back.sendall(command)
            _until(tag, told, line)
            return True
        line.sendall(b"+ \r\n")
        sasl = base64.b64decode(said.readline().strip(), validate=True)
        self.shown.append(sasl)
        if self._fits(sasl):
            back.sendall(f"{tag.decode()} LOGIN {USER} {PASSWORD}\r\n".encode())
            _until(tag, told, line)
            return False
        why = base64.b64encode(json.dumps({"status": "400", "schemes": "Bearer"}).encode())
        line.sendall(b"+ " + why + b"\r\n")
        self.answers.append(said.readline().strip())
        line.sendall(tag + b" NO AUTHENTICATE failed.\r\n")
        return True

    def _fits(self, sasl: bytes) -> bool:
        before, after = f"user={MAILBOX}\1auth=Bearer ".encode(), b"\1\1"
        whole = sasl.startswith(before) and sasl.endswith(after)
        return whole and self.lives(sasl[len(before) : -len(after)].decode())


def _until(tag: bytes, told: BinaryIO, line: socket.socket) -> None:
    while answer := told.readline():
        line.sendall(answer)
        if answer.startswith(tag + b" "):
            return


def _relay(source: socket.socket, to: socket.socket) -> None:
    with suppress(OSError):
        while some := source.recv(65_536):
            to.sendall(some)
        to.shutdown(socket.SHUT_WR)


@contextmanager
def gate(behind: MailServer, lives: Callable[[str], bool]) -> Iterator[Gate]:
    """Listens until the block ends."""
    made = Gate(behind, lives)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        made.port = listener.getsockname()[1]

        def accept() -> None:
            with suppress(OSError):
                while True:
                    line, _ = listener.accept()
                    threading.Thread(target=made.serve, args=(line,), daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        try:
            yield made
        finally:
            listener.shutdown(socket.SHUT_RDWR)
