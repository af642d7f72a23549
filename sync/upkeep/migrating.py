"""`sync migrate`: everything that is kept moves into another database. The work is state/moving.py's.

Where to is said like any secret: an address without a password, or where one with a password stands.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

import sqlalchemy as sa
from pydantic_core import PydanticCustomError

from rules.errors import UserError
from state import cursors, moving, queue
from state.schema import MOVED, version
from state.store import Store
from sync import masking
from sync.app import Clock
from sync.output import Progress, number, printable, table
from sync.settings import Settings
from sync.settings.parts import SecretReference
from sync.texts import Texts

KINDS: Final = ("env", "file", "keyring")
LARGEST: Final = 8


@dataclass(frozen=True, slots=True)
class Plan:
    """What would be moved where. `again`: a move that was broken off goes on."""

    old: str
    new: str
    tables: dict[str, int]
    rows: int
    entries: int
    again: bool


@dataclass(frozen=True, slots=True)
class Arrived:
    """What was moved and compared. `tables`: rows and a hash of what stands in them, equal on both
    sides; `head`: the last entry of the ledger, and its hash."""

    old: str
    new: str
    tables: dict[str, tuple[int, str]]
    rows: int
    entries: int
    head: str
    turns: int


# --- where to ---------------------------------------------------------------------------------


def address(said: str) -> str:
    """The address that `--to` names; UserError when there is none, or a password stood in it."""
    kind, _, name = said.partition(":")
    url = _looked_up(kind, name, said) if kind in KINDS else said
    try:
        found = sa.make_url(url)
    except (sa.exc.ArgumentError, ValueError):
        raise UserError("move.no_address") from None
    if found.get_backend_name() not in {"postgresql", "sqlite"} or not found.database:
        raise UserError("move.no_address")
    if found.password is not None:
        masking.remember_secret(str(found.password))
        masking.remember_secret(url)
        if kind not in KINDS:
            raise UserError("move.password_shown")
    return url


def _looked_up(kind: str, name: str, said: str) -> str:
    place = {kind: Path(name) if kind == "file" else name}
    try:
        return SecretReference.model_validate(place).look_up()
    except (PydanticCustomError, ValueError):
        raise UserError("move.no_secret", where=said) from None


# --- the move ---------------------------------------------------------------------------------


class Migration:
    """One move from the database of the settings; `close` it."""

    def __init__(self, settings: Settings, new: str, clock: Clock) -> None:
        self._clock, self._silent = clock, settings.worker.lost_seconds
        old = settings.database_url
        if sa.make_url(old) == sa.make_url(new):
            raise UserError("move.same")
        self.old, self.new = Store(old), Store(new)

    def close(self) -> None:
        """Give the connections back."""
        self.old.close()
        self.new.close()

    def plan(self) -> Plan:
        """Look at both sides. UserError when it cannot be done, or somebody is at work."""
        found = moving.survey(self.old, self.new)
        refuse_work(self.old, self._clock(), self._silent)
        return Plan(
            self._shown(self.old),
            self._shown(self.new),
            dict(found.tables),
            found.rows,
            found.ledger.seq,
            found.again,
        )

    def carry_out(self, plan: Plan, progress: Progress, actor: str) -> Arrived:
        """Move, compare, close the old one, open the new one."""
        progress.start("progress.move", plan.rows * 2 or None, "unit.rows")
        moved = moving.move(self.old, self.new, counted(progress), actor=actor, now=self._clock)
        progress.end()
        tables = {name: (one.rows, str(one)) for name, one in moved.tables.items()}
        rows = sum(one.rows for one in moved.tables.values())
        head = f"{moved.ledger.seq}:{moved.ledger.chain.hex()}"
        return Arrived(plan.old, plan.new, tables, rows, moved.ledger.seq, head, moved.turns)

    def _shown(self, store: Store) -> str:
        return store.url.render_as_string(hide_password=True)


def refuse_work(store: Store, now: datetime, silent: int) -> None:
    """UserError while somebody is at work: a pass would be broken off in its middle."""
    if (version(store) or "").startswith(MOVED):
        return
    with store.reading() as tx:
        at_work = cursors.at_work(tx, now)
        shared = tx.dialect.name == "postgresql" and queue.workers(tx, silent)
    if shared:
        raise UserError("move.service_runs")
    if at_work:
        raise UserError("move.at_work", holder=at_work[0])


def counted(progress: Progress) -> Callable[[str, int], None]:
    """How far it is, told to whoever watches."""
    done = 0

    def advance(_what: str, rows: int) -> None:
        nonlocal done
        done += rows
        progress.advance(done)

    return advance


# --- as text ----------------------------------------------------------------------------------


def plan_told(plan: Plan, texts: Texts) -> str:
    """What would be moved, the largest tables by name."""
    if plan.again and not plan.tables:
        return texts.get("move.plan.last_step", old=plan.old, new=plan.new)
    lang = texts.lang
    lines = [texts.get("move.plan", old=plan.old, new=plan.new)]
    if plan.again:
        lines.append(texts.get("move.plan.again"))
    told = texts.get(
        "move.plan.counts",
        tables=number(len(plan.tables), lang),
        rows=number(plan.rows, lang),
        entries=number(plan.entries, lang),
    )
    return "\n".join([*lines, told, "", _largest(plan, texts), "", texts.get("move.plan.after")])


def _largest(plan: Plan, texts: Texts) -> str:
    largest = sorted(plan.tables.items(), key=lambda one: -one[1])[:LARGEST]
    heads = [texts.get("move.table"), texts.get("move.rows")]
    rows = [[name, number(count, texts.lang)] for name, count in largest if count]
    return table(heads, rows, right=frozenset({1}))


def told(done: Arrived, texts: Texts) -> str:
    """What was proved, and what has to be set now."""
    lang = texts.lang
    proof = texts.get(
        "move.done",
        tables=number(len(done.tables), lang),
        rows=number(done.rows, lang),
        entries=number(done.entries, lang),
        head=done.head[: done.head.find(":") + 13],
    )
    if not done.tables:
        proof = texts.get("move.opened")
    return "\n".join([proof, printable(texts.get("move.next", old=done.old, new=done.new))])
