"""README's section about the service, walked through line by line, as somebody would who reads it."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import tomllib
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, field
from html import unescape
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlencode

import pytest

ROOT = Path(__file__).resolve().parents[2]
PASSWORD = "gryde kamel plov sne"  # noqa: S105
LISTS = {
    "nejtak.csv": "Telefon;Kanal;Dato\n68000012;Opkald;2026-03-02\n",
    "opkald.csv": "Opkalds-id;Tidspunkt;Agent;Ringet til\nC1;2026-03-09 10:00;Lavendel P.;68000012\n",
}


def blocks() -> list[str]:
    """The commands of the section, a text for each block."""
    section = (ROOT / "README.md").read_text("utf-8").split("\n## As a service\n")[1]
    section = section.split("\n## ")[0]
    found = re.findall(r"(?:^ {4}.*\n|^\n(?= {4}))+", section, re.MULTILINE)
    return [re.sub(r"^ {4}", "", one, flags=re.MULTILINE).strip("\n") for one in found]


@dataclass
class Machine:
    """A folder that stands for a machine: /opt, /etc, /srv and /var lie in it."""

    folder: Path
    port: int
    receiver: int
    got: list[dict[str, str]] = field(default_factory=list)

    def walk(self, script: str) -> subprocess.CompletedProcess[str]:
        """What the reader types, all of it, until something fails."""
        environment = {
            "PATH": f"{self.folder / 'bin'}:{os.environ['PATH']}",
            "HOME": str(self.folder),
            "PYTHONPATH": str(ROOT),
            "LANG": "C.UTF-8",
        }
        return subprocess.run(
            ["bash", "-eu", "-o", "pipefail", "-c", self.here(script)],
            cwd=self.folder / "opt/ringren",
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def here(self, text: str) -> str:
        """The same with the places, the port and the receiver of this machine."""
        own = {
            "mailtos://user:password@firma.dk?smtp=smtp.firma.dk&to=team@firma.dk": (
                f"json://127.0.0.1:{self.receiver}/"
            ),
            "port = 8720": f"port = {self.port}",
            # One is what it ends with as well: somebody was called who had said no.
            "ringren status": "ringren status || test $? -eq 1",
            "--role admin": f"--role admin --password-file {self.folder / 'password'}",
        }
        for theirs, ours in own.items():
            assert text.count(theirs) == 1, theirs
            text = text.replace(theirs, ours)
        return self.placed(text)

    def placed(self, text: str) -> str:
        """Every path in this machine."""
        return re.sub(r"(?<![\w/.])/(opt|etc|srv|var)/", rf"{self.folder}/\1/", text)

    def prepare(self) -> None:
        """As it is after the first block: the program is there; and lists lie where they should."""
        opt = self.folder / "opt/ringren"
        (opt / ".venv/bin").mkdir(parents=True)
        (opt / "deploy").mkdir()
        for one in (ROOT / "deploy").glob("*.*"):
            (opt / "deploy" / one.name).write_text(self.placed(one.read_text("utf-8")))
        self._program(opt / ".venv/bin/ringren", f'exec {sys.executable} -m sync "$@"')
        bin_, units = self.folder / "bin", self.folder / "etc/systemd/system"
        units.mkdir(parents=True)
        bin_.mkdir()
        systemctl = f"{Path(__file__).with_name('systemctl.py')} {units} {self.running}"
        self._program(bin_ / "systemctl", f'exec {sys.executable} {systemctl} "$@"')
        for name in ("groupadd", "chgrp"):
            self._program(bin_ / name, "exit 0")
        (self.folder / "password").write_text(PASSWORD)
        (self.folder / "srv/lists/firma").mkdir(parents=True)
        for name, text in LISTS.items():
            (self.folder / "srv/lists/firma" / name).write_text(text)

    @property
    def running(self) -> Path:
        return self.folder / "running"

    def _program(self, path: Path, line: str) -> None:
        path.write_text(f"#!/bin/sh\n{line}\n")
        path.chmod(0o755)

    def stop(self) -> None:
        """Whoever was started."""
        with suppress(FileNotFoundError, ProcessLookupError):
            pid = int(self.running.read_text())
            os.kill(pid, signal.SIGTERM)
            for _ in range(300):
                os.kill(pid, 0)
                time.sleep(0.1)
            os.kill(pid, signal.SIGKILL)


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    got: list[dict[str, str]] = []

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            got.append(json.loads(self.rfile.read(int(self.headers["content-length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Receiver) as receiver:
        threading.Thread(target=receiver.serve_forever, daemon=True).start()
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        one = Machine(tmp_path, port, receiver.server_address[1], got)
        one.prepare()
        try:
            yield one
        finally:
            one.stop()
            receiver.shutdown()


def test_the_first_block_installs_what_there_is() -> None:
    first = blocks()[0]
    extras = re.findall(r"pip install '\.\[([\w,]+)\]'", first)
    known = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    assert len(extras) == 1
    assert set(extras[0].split(",")) <= known.keys()
    assert "git clone . /opt/ringren && cd /opt/ringren" in first
    assert "/usr/bin/python3 -m venv .venv" in first


def test_whoever_follows_it_has_a_service_a_page_and_an_alarm(machine: Machine) -> None:
    script = "\n".join(blocks()[1:])
    done = machine.walk(script)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "team: arrived" in done.stdout
    assert machine.got[0]["title"].startswith("Ringren")
    assert _page(machine.port).startswith("200 ")
    until = time.monotonic() + 60
    while not any("68••••12" in one["message"] for one in machine.got):
        assert time.monotonic() < until, (
            machine.got,
            machine.running.with_suffix(".log").read_text(),
        )
        time.sleep(0.2)


def _page(port: int) -> str:
    """What whoever was made in the walk meets after signing in: status, and the heading."""
    with closing(HTTPConnection("127.0.0.1", port, timeout=30)) as to:
        return _signed_in(to)


def _signed_in(to: HTTPConnection) -> str:
    to.request("GET", "/sign-in")
    door = to.getresponse()
    cookie = (door.getheader("set-cookie") or "").partition(";")[0]
    stamp = re.search(r'name="stamp" value="([^"]*)"', door.read().decode())
    assert stamp is not None
    fields = {"stamp": unescape(stamp[1]), "name": "Rav Elkedel", "password": PASSWORD}
    form = {"cookie": cookie, "content-type": "application/x-www-form-urlencoded"}
    to.request("POST", "/sign-in", urlencode(fields), form)
    let_in = to.getresponse()
    let_in.read()
    assert let_in.status == 303
    cookies = [line.partition(";")[0] for line in let_in.headers.get_all("set-cookie") or ()]
    to.request("GET", "/", headers={"cookie": "; ".join([cookie, *cookies])})
    home = to.getresponse()
    heading = re.search(r"<h1[^>]*>(.*?)</h1>", home.read().decode(), re.DOTALL)
    return f"{home.status} {heading[1] if heading else ''}"
