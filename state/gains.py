"""What sources of facts have given, by source: fields filled or renewed, keys that were answered, and
what a person was asked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, datetime
from typing import Any, Final

import orjson
import sqlalchemy as sa

from state.proposals import in_plan
from state.store import Tx
from state.tables import findings, history, lookups, proposals

_PAGE: Final = 2000
END: Final = datetime(9999, 1, 1, tzinfo=UTC)
"""Of all time to come."""


def of_plan(tx: Tx, plan: int, systems: Sequence[str], rule: str) -> Counter[str]:
    """Fields that a plan would fill or renew by `rule`, by where the values are from."""
    return _counted(tx, sa.select(proposals.c.changes).where(in_plan(plan, systems)), rule)


def of_run(tx: Tx, run: int, rule: str) -> Counter[str]:
    """The same of what a run has written."""
    return _counted(tx, sa.select(history.c.changes).where(history.c.run == run), rule)


def since(tx: Tx, moment: datetime, rule: str, until: datetime = END) -> Counter[str]:
    """The same of all that was written since then and not taken back."""
    written = sa.select(history.c.changes).where(
        history.c.applied_at >= moment,
        history.c.applied_at < until,
        history.c.undone_by.is_(None),
        history.c.undoes.is_(None),
    )
    return _counted(tx, written, rule)


def answered(tx: Tx, moment: datetime, until: datetime = END) -> Counter[str]:
    """Keys of which a source has said since then what it knows."""
    rows = tx.execute(
        sa.select(lookups.c.source, sa.func.count())
        .where(
            lookups.c.state == "found",
            lookups.c.answered_at >= moment,
            lookups.c.answered_at < until,
        )
        .group_by(lookups.c.source)
    )
    return Counter({source: int(number) for source, number in rows})


def raised(tx: Tx, moment: datetime, codes: Collection[str], until: datetime = END) -> Counter[str]:
    """Findings of these codes that were new since then; one that rests on several sources counts for
    each of them."""
    rows = tx.execute(
        sa.select(findings.c.details).where(
            findings.c.first_seen_at >= moment,
            findings.c.first_seen_at < until,
            findings.c.code.in_(list(codes)),
        ),
        execution_options={"yield_per": _PAGE},
    )
    found: Counter[str] = Counter()
    for (text,) in rows:
        details = orjson.loads(text)
        named = (details.get(name, "") for name in ("source", "other_source"))
        found.update({source for some in named for source in some.split()})
    return found


def by_run(tx: Tx, source: str, rule: str) -> dict[int, Counter[str]]:
    """Run -> field -> values that this source filled, and that were not taken back."""
    rows = tx.execute(
        sa.select(history.c.run, history.c.changes).where(
            history.c.undone_by.is_(None),
            history.c.undoes.is_(None),
            history.c.changes.contains(f'"{source}"', autoescape=True),
        ),
        execution_options={"yield_per": _PAGE},
    )
    found: dict[int, Counter[str]] = {}
    for run, text in rows:
        fields = [one[0] for one in orjson.loads(text) if one[3] == rule and one[4] == source]
        found.setdefault(int(run), Counter()).update(fields)
    return {run: fields for run, fields in sorted(found.items()) if fields}


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
