"""A simulator in a process of its own: started, asked, ended. For the demo and the benchmarks."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from simulators.activecampaign.serving import KEY as ACTIVECAMPAIGN_KEY
from simulators.cvr.serving import PASSWORD
from simulators.dynamics.site import SECRET
from simulators.hubspot.tickets import KEY
from simulators.mailchimp.serving import KEY as MAILCHIMP_KEY
from simulators.salesforce.tickets import App
from simulators.zerobounce.serving import KEY as ZEROBOUNCE_KEY

ROOT: Final = Path(__file__).resolve().parents[2]
SECRETS: Final[Mapping[str, str]] = {
    "salesforce": App().secret,
    "hubspot": KEY,
    "dynamics": SECRET,
    "mailchimp": MAILCHIMP_KEY,
    "activecampaign": ACTIVECAMPAIGN_KEY,
    "aircall": "opdigtet-token",
    "five9": "opdigtet-password",
    "cvr": PASSWORD,
    "zerobounce": ZEROBOUNCE_KEY,
}
"""What each simulator lets in, by its name."""

_PORT: Final = re.compile(r"//127\.0\.0\.1:(\d+)")

Rows = dict[str, dict[str, dict[str, Any]]]
"""What a system holds: by object and id, field to value."""


class Running:
    """A simulator that runs."""

    def __init__(self, name: str, process: subprocess.Popen[str]) -> None:
        self.name, self._process = name, process
        self._counted = 0
        self._settings = list(self._printed())
        [port] = set(_PORT.findall("".join(self._settings)))
        self.port = int(port)

    def settings_over(self, port: int, folder: Path) -> str:
        """`settings_in`, by another port that leads to it."""
        return self.settings_in(folder).replace(f":{self.port}", f":{port}")

    def _printed(self) -> Iterator[str]:
        """The settings that it prints, up to their last line."""
        said = ""
        while not said.startswith("elsewhere"):
            said = self._said()
            yield said

    def settings_in(self, folder: Path) -> str:
        """The section of a settings file that leads to it; its secret is put into `folder`."""
        secret = (folder / f"{self.name}.secret").resolve()
        secret.write_text(SECRETS[self.name], "utf-8")
        from_file = f"{{ file = '{secret}' }}"
        lines = (re.sub(r'{ env = "\w+" }.*', lambda _: from_file, one) for one in self._settings)
        return "".join(lines) + "\n"

    def _said(self) -> str:
        line = self._process.stdout.readline() if self._process.stdout else ""
        if not line:
            sys.exit(f"The simulator {self.name} did not start.")
        return line

    def _ask(self, what: str) -> dict[str, Any]:
        assert self._process.stdin
        print(what, file=self._process.stdin, flush=True)
        while not (said := self._said()).startswith("{"):
            pass
        found: dict[str, Any] = json.loads(said)
        return found

    def calls(self) -> list[str]:
        """The calls that it has had since it was asked last, as `GET /path`."""
        told: list[str] = self._ask("calls")["calls"]
        new, self._counted = told[self._counted :], len(told)
        return new

    def touch(self, people: int) -> None:
        """Somebody edits so many people."""
        self._ask(f"touch {people}")

    def edit(self, name: str, ident: str, /, **values: Any) -> None:
        """Somebody types into one record of an object."""
        self._ask("edit " + json.dumps([name, ident, values]))

    def holds(self) -> Rows:
        """What it holds."""
        found: Rows = self._ask("holds")["holds"]
        return found


@contextmanager
def started(name: str, **given: int | str) -> Iterator[Running]:
    """A simulator on a free port of this machine until the block ends, whatever happens in it.

    `given` are options of its own, e.g. `companies=40`.
    """
    pairs = ((f"--{option.replace('_', '-')}", str(number)) for option, number in given.items())
    many = [word for pair in pairs for word in pair]
    command = [sys.executable, "-m", f"simulators.{name}", *many, "--port", "0", "--asked"]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    process = subprocess.Popen(command, env=surroundings(), text=True, encoding="utf-8", **pipes)  # type: ignore[call-overload]
    try:
        yield Running(name, process)
    finally:
        process.terminate()
        process.communicate()


def surroundings() -> dict[str, str]:
    """The environment of programs beside this one, without what the user has set for Ringren."""
    kept = {k: v for k, v in os.environ.items() if not k.upper().startswith("RINGREN_")}
    return kept | {"PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'tests'}", "PYTHONUTF8": "1"}
