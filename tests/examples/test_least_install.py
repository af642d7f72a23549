"""What `make audit` installs is enough for files: no command of theirs needs an extra."""

import re
import subprocess
import sys
from importlib.metadata import packages_distributions
from pathlib import Path

ROOT = Path(__file__).parents[2]
LIST = "Navn;Telefon;Nej tak\nBo Hansen;20 12 34 56;\nIda Jensen;20 12 34 57;ja\n"
COMMANDS = (
    "--dry-run {lists}", "apply 1", "undo 2 --yes", "runs", "plans", "findings", "jobs", "status",
    "suppression list", "explain files/contact/kontakter.csv#1", "check {lists}", "rules", "fields",
    "sources", "overview", "report 1", "backup {folder}/backup",
)  # fmt: skip
RUN = """
import importlib.abc, shlex, sys

class Missing(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ABSENT:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

ABSENT = set(sys.argv[1].split(","))
sys.meta_path.insert(0, Missing())
from sync.__main__ import main
for command in sys.argv[2:]:
    sys.argv = ["sync", *shlex.split(command)]
    try:
        main()
        code = 0
    except SystemExit as end:
        code = end.code
    print("ended", code, command, flush=True)
"""


def absent() -> list[str]:
    """The modules of all distributions that the extras and the tests bring along."""
    text = (ROOT / "requirements.lock").read_text("utf-8")
    core = {_plain(name) for name in re.findall(r"^([\w.-]+)==", text, re.MULTILINE)}
    return sorted(
        module
        for module, owners in packages_distributions().items()
        if not core.intersection(map(_plain, owners))
        and not {"ringren", "pip", "setuptools"}.intersection(map(_plain, owners))
    )


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def test_files_are_audited_and_repaired_with_what_the_first_command_installs(
    tmp_path: Path,
) -> None:
    (tmp_path / "lists").mkdir()
    (tmp_path / "lists" / "kontakter.csv").write_text(LIST, "utf-8")
    without = absent()
    assert {"hubspot", "msal", "starlette", "pytest"} <= set(without)
    state = f"--state {tmp_path / 'state'}"
    commands = [
        f"{one.format(lists=tmp_path / 'lists', folder=tmp_path)} {state}" for one in COMMANDS
    ]
    ran = subprocess.run(
        [sys.executable, "-c", RUN, ",".join(without), *commands],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    ended = re.findall(r"^ended (\S+) (.*)$", ran.stdout, re.MULTILINE)
    assert len(ended) == len(COMMANDS), ran.stderr
    broken = [command for code, command in ended if code == "70"]
    assert not broken, ran.stderr
    assert "ModuleNotFoundError" not in ran.stderr
