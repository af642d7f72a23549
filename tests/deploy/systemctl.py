"""Stands in for systemctl where there is no systemd: starts what the unit says, as the unit says it.

    systemctl.py UNITS RUNNING enable --now ringren@firma

UNITS is the folder of units. RUNNING is written to: the number of the process. It comes back once the
service has said that it is ready, as systemctl does for Type=notify.
"""

import os
import socket
import subprocess
import sys
import tempfile
from pathlib import Path


def begin(units: Path, running: Path, name: str) -> None:
    """One service of a template."""
    template, _, one = name.partition("@")
    lines = (units / f"{template}@.service").read_text().replace("%i", one).splitlines()
    said = dict(line.partition("=")[::2] for line in lines if not line.startswith("#"))
    secrets = Path(said["EnvironmentFile"].lstrip("-"))
    given = dict(line.partition("=")[::2] for line in secrets.read_text().splitlines())
    with (
        tempfile.TemporaryDirectory() as folder,
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ear,
        running.with_suffix(".log").open("wb") as log,
    ):
        ear.bind(f"{folder}/notify")
        ear.settimeout(60)
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "PYTHONPATH")}
        process = subprocess.Popen(
            said["ExecStart"].split(),
            env={**kept, **given, "NOTIFY_SOCKET": f"{folder}/notify"},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
        running.write_text(str(process.pid))
        while b"READY=1" not in ear.recv(4096):
            pass


if __name__ == "__main__":
    if "enable" in sys.argv:
        begin(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[-1])
