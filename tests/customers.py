"""A customer's installation as its operator has it: a folder of lists, settings, and commands."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any, Final

from click.testing import CliRunner
from promises.lists import HEADER, people

from rules.errors import Exit
from sync.cli import program

EVERY: Final = "RINGREN_TEST_EVERY_KILL"


class Customer:
    """A folder of lists that was cleaned, with opt-outs, and the database behind it."""

    def __init__(self, folder: Path, like: Path | None = None) -> None:
        self.folder = folder
        if like is not None:
            shutil.copytree(like, folder)
            (folder / "state" / "audited.json").unlink()
        else:
            (folder / "lists").mkdir(parents=True)
            rows = "".join(f"{row}\n" for row in (HEADER, *people(6)))
            (folder / "lists" / "kontakter.csv").write_text(rows)
        self.file = folder / "ringren.toml"
        self.file.write_text(
            f'lang = "en"\n[files]\nroot = "{folder / "lists"}"\n'
            f'[state]\npath = "{folder / "state"}"\n[limits]\nmin_records = 100000\n'
        )
        self.url = f"sqlite:///{folder / 'state' / 'ringren.sqlite'}"

    def call(self, *args: str, url: str = "", where: str = "") -> Any:
        """One command; `url` is where the settings say that the database is."""
        env = {"RINGREN_STATE__URL": url, "WHERE": where, EVERY: None}
        return CliRunner().invoke(program, [*args, "--settings", str(self.file)], env=env)

    def live(self) -> None:
        """A while of ordinary use."""
        first = self.call("run")
        assert first.exit_code in {Exit.OK, Exit.CHANGES}, first.output
        for phone in ("68 999 991", "68 999 992"):
            assert self.call("suppression", "add", "--phone", phone).exit_code == Exit.OK
        assert self.call("run").exit_code in {Exit.OK, Exit.CHANGES}
