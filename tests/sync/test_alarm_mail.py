"""An alarm as a mail, as a real mail server is given it."""

from __future__ import annotations

import email
import socketserver
import threading
from collections.abc import Iterator
from email import policy
from email.message import EmailMessage

import pytest

from sync.service.alarm_words import Message
from sync.service.alarms import by_apprise


class Server(socketserver.ThreadingTCPServer):
    """Takes every mail."""

    daemon_threads = True

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        super().__init__(("127.0.0.1", 0), _Talk)


class _Talk(socketserver.StreamRequestHandler):
    server: Server

    def handle(self) -> None:
        self.wfile.write(b"220 here\r\n")
        for line in self.rfile:
            word = line[:4].upper()
            if word == b"DATA":
                self.wfile.write(b"354 go on\r\n")
                self._take()
            self.wfile.write(b"221 bye\r\n" if word == b"QUIT" else b"250 well\r\n")
            if word == b"QUIT":
                return

    def _take(self) -> None:
        lines = list(iter(self.rfile.readline, b".\r\n"))
        found = email.message_from_bytes(b"".join(lines), policy=policy.default)
        assert isinstance(found, EmailMessage)
        self.server.mails.append(found)


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as found:
        threading.Thread(target=found.serve_forever, daemon=True).start()
        yield found
        found.shutdown()


def test_each_line_of_an_alarm_is_a_line_of_the_mail(server: Server) -> None:
    port = server.server_address[1]
    url = f"mailto://127.0.0.1:{port}?from=ringren@opdigtet-0001.dk&to=team@opdigtet-0001.dk"
    said = Message("Ringren: 2 opkald", "1 · agent <Anemone> & co\n2 · agent Birk\n\nSvar for dem.")
    assert by_apprise(url, said)
    (mail,) = server.mails
    assert mail["subject"] == said.title
    plain = mail.get_body(("plain",))
    assert plain is not None
    told = [line.strip() for line in plain.get_content().splitlines()]
    assert [line for line in told if line] == [line for line in said.body.splitlines() if line]
    rich = mail.get_body(("html",))
    if rich is not None:
        text = rich.get_content()
        assert text.count("<br") >= 2
        assert "&lt;Anemone&gt;" in text
