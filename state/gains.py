"""What sources of facts have given: changed fields by source, of a plan or of what a run wrote."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, Final

import orjson
import sqlalchemy as sa

from state.proposals import in_plan
from state.store import Tx
from state.tables import history, proposals

_PAGE: Final = 2000


def of_plan(tx: Tx, plan: int, systems: Sequence[str], rule: str) -> Counter[str]:
    """Fields that a plan would fill or renew by `rule`, by where the values are from."""
    return _counted(tx, sa.select(proposals.c.changes).where(in_plan(plan, systems)), rule)


def of_run(tx: Tx, run: int, rule: str) -> Counter[str]:
    """The same of what a run has written."""
    return _counted(tx, sa.select(history.c.changes).where(history.c.run == run), rule)


def _counted(tx: Tx, query: sa.Select[Any], rule: str) -> Counter[str]:
    column = next(iter(query.selected_columns))
    rows = tx.execute(
        query.where(column.contains(f'"{rule}"', autoescape=True)),
        execution_options={"yield_per": _PAGE},
    )
    found: Counter[str] = Counter()
    for (text,) in rows:
        found.update(_sources(orjson.loads(text), rule))
    return found


def _sources(changes: Iterable[Sequence[Any]], rule: str) -> list[str]:
    """[field, old, new, rule, source, reason, details] of each."""
    return [one[4] for one in changes if one[3] == rule]
