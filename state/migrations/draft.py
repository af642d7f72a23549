"""Writes the step from the newest revision to state/tables.py; for developers.

    python -m state.migrations.draft "what it does"     a new step
    python -m state.migrations.draft --first            the first step anew, until 0.1.0 is released

Read what it wrote: names that were changed look like a column dropped and another one added.
Then set HEAD in state/schema.py, and run tests/state/test_migrations.py.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
from pathlib import Path
from pprint import pformat
from typing import Any, Literal, cast

import sqlalchemy as sa
from alembic.autogenerate import produce_migrations, render_python_code
from alembic.migration import MigrationContext
from alembic.operations import ops

from state.chain import LEDGER_DDL
from state.migrations import steps
from state.store import Store
from state.tables import BigId, metadata

_OURS = "state.types"


def main(arguments: list[str]) -> Path:
    """Write the file and give its path."""
    parser = argparse.ArgumentParser(prog="python -m state.migrations.draft")
    wanted = parser.add_mutually_exclusive_group(required=True)
    wanted.add_argument("--first", action="store_true", help="write the first step anew")
    wanted.add_argument("words", nargs="?", help="what the new step does")
    given = parser.parse_args(arguments)
    if given.first:
        (steps.FOLDER / "versions" / "0001_first.py").unlink(missing_ok=True)
    number = 1 + len(steps.known())
    upgrade = _difference(given.first)
    written = steps.directory().generate_revision(
        f"ringren_{number:04d}",
        f"{number:04d} {given.words or 'first'}",
        upgrades=upgrade,
        imports=f"from {_OURS} import Json, UtcDateTime\n",
        triggers=pformat(LEDGER_DDL, width=10**6) if given.first else "",
    )
    path = Path(written.path)  # type: ignore[union-attr]
    for step in (("check", "--fix"), ("format",)):
        subprocess.run([sys.executable, "-m", "ruff", *step, "-q", path], check=True)  # noqa: S603
    return path


def _difference(first: bool) -> str:  # noqa: FBT001
    """What the newest revision lacks, as Python."""
    store = Store("sqlite://")
    with store.transaction() as tx:
        steps.take(tx)
        context = MigrationContext.configure(
            tx, opts={"compare_type": True, "target_metadata": metadata}
        )
        upgrade = cast("ops.UpgradeOps", produce_migrations(context, metadata).upgrade_ops)
    store.close()
    for table in (step for step in upgrade.ops if isinstance(step, ops.CreateTableOp)):
        table.info.clear()
    code = render_python_code(upgrade, render_as_batch=not first, render_item=_type)
    # A condition that is a bare column comes out as a string of Python.
    code = re.sub(r"(\w+_where=)('\w+')", r"\1sa.text(\2)", code)
    lines = [line for line in code.splitlines() if not line.lstrip().startswith("# ###")]
    return "\n".join(lines).strip()


def _type(kind: str, thing: Any, _context: Any) -> str | Literal[False]:
    """Spelt for both databases: types of ours, the one long variant, false."""
    if kind == "type" and type(thing).__module__ == _OURS:
        return f"{type(thing).__name__}()"
    if thing is BigId:
        return "ID"
    if kind == "server_default" and isinstance(getattr(thing, "arg", None), sa.False_):
        return "sa.false()"  # SQLite would have it spelt 0, which PostgreSQL refuses
    return False


if __name__ == "__main__":
    main(sys.argv[1:])
