"""Bugs that somebody might put into the program one day, each a small change to the running code.

`test_planted` puts them in one at a time and lets lives be lived until a promise breaks: a judge
that misses one of them is no judge. Each is named after what it does wrong.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

import pytest
import sqlalchemy as sa

from connectors.files.rewrite import Rewrite
from connectors.protocol import Unknown
from rules.keys import KeyKind
from rules.opt_out_fields import NOTHING
from rules.records import Kind
from state import blocked, coverage, history, ledger, outbox, proposals, reach, sightings
from state import merging as merging_module
from state.tables import proposals as proposals_table
from sync.review import undo as undo_module
from sync.stages import intake as intake_stage
from sync.stages import queue as queue_stage
from sync.stages import settle as settle_stage

Plant = Callable[[pytest.MonkeyPatch], None]
PLANTED: Final[dict[str, Plant]] = {}
"""Name -> what puts the bug in."""

LIKELY: Final = {
    "a dry run forgets the opt outs it saw": 3,
    "an opt out does not reach the records that are there": 6,
    "a value that flips is never frozen": 4,
    "identical rows share one record": 14,
    "apply does what newer plans say too": 6,
    "a lost answer counts as written": 8,
    "a lost answer counts as not written": 5,
    "a write that was settled late is not in the history": 5,
    "nobody asks what became of a write": 2,
}
"""In which life each was seen lately: it is lived first, the others after it. Life 0 else."""


def planted(plant: Plant) -> Plant:
    """Put it on the list."""
    PLANTED[plant.__name__.replace("_", " ")] = plant
    return plant


# --- opt-outs --------------------------------------------------------------------------------


@planted
def an_opt_out_counts_on_new_records_only(patch: pytest.MonkeyPatch) -> None:
    real = intake_stage.intake
    patch.setattr(
        intake_stage,
        "intake",
        lambda record, old, **how: NOTHING if old is not None else real(record, old, **how),
    )


@planted
def a_dry_run_forgets_the_opt_outs_it_saw(patch: pytest.MonkeyPatch) -> None:
    real = intake_stage.take
    patch.setattr(
        intake_stage, "take", lambda tx, app, *rest: 0 if app.dry else real(tx, app, *rest)
    )


@planted
def an_opt_out_blocks_the_record_and_not_its_number(patch: pytest.MonkeyPatch) -> None:
    real = ledger.append

    def append(tx: Any, ring: Any, said: Any, *rest: Any) -> Any:
        of_record = [
            replace(one, keys=tuple(key for key in one.keys if key.kind is KeyKind.REF))
            for one in said
        ]
        return real(tx, ring, [one for one in of_record if one.keys], *rest)

    patch.setattr(ledger, "append", append)


@planted
def an_opt_out_does_not_reach_the_records_that_are_there(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(reach, "_mark", lambda *_arguments, **_named: None)


@planted
def a_record_decided_again_keeps_the_blocks_it_had(patch: pytest.MonkeyPatch) -> None:
    real = blocked.replace
    patch.setattr(
        blocked,
        "replace",
        lambda tx, rids, rows, *, fresh: real(tx, rids, rows, fresh=True) if fresh else None,
    )


@planted
def the_rows_of_an_opt_out_list_are_not_read_again(patch: pytest.MonkeyPatch) -> None:
    real = intake_stage.intake
    patch.setattr(
        intake_stage,
        "intake",
        lambda record, old, **how: (
            NOTHING if record.ref.kind is Kind.OPT_OUT else real(record, old, **how)
        ),
    )


# --- reading ---------------------------------------------------------------------------------


@planted
def the_last_record_of_a_page_is_lost(patch: pytest.MonkeyPatch) -> None:
    real = merging_module.merge
    patch.setattr(
        merging_module,
        "merge",
        lambda tx, lease, records, *rest: real(
            tx, lease, records[:-1] if len(records) > 1 else records, *rest
        ),
    )


@planted
def what_is_gone_is_never_buried(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(sightings, "bury", lambda *_: [])


@planted
def identical_rows_share_one_record(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(
        merging_module._PageMerge, "_next_ordinal", lambda _self, ident, *_, **_named: f"{ident}~2"
    )


# --- deciding --------------------------------------------------------------------------------


@planted
def coverage_only_ever_grows(patch: pytest.MonkeyPatch) -> None:
    real = coverage.add

    def add(tx: Any, system: str, stream: str, fields: Any, *counters: Any) -> None:
        real(tx, system, stream, fields, *(+counter for counter in counters))

    patch.setattr(coverage, "add", add)


@planted
def a_value_that_flips_is_never_frozen(patch: pytest.MonkeyPatch) -> None:
    patch.setattr("rules.trust._times", lambda *_: 0)


@planted
def a_record_that_changed_keeps_its_old_proposal(patch: pytest.MonkeyPatch) -> None:
    real = proposals.close
    patch.setattr(
        proposals,
        "close",
        lambda tx, rows: real(tx, [row for row in rows if row[1] != "superseded"]),
    )
    _trust_any_version(patch)


# --- writing ---------------------------------------------------------------------------------


def _trust_any_version(patch: pytest.MonkeyPatch) -> None:
    """Whatever the record was when it was decided, it is written as it is now."""
    real_why, real_row = queue_stage._why_not, queue_stage.Queueing._row

    def why_not(one: Any, row: Any, mark: str) -> str:
        why = real_why(one, row, mark)
        return "" if why in {"changed_since", "decide_anew"} else why

    def queued(self: Any, one: Any, row: Any, changes: Any) -> Any:
        return real_row(self, replace(one, base_version=row.record.version), row, changes)

    patch.setattr(queue_stage, "_why_not", why_not)
    patch.setattr(queue_stage.Queueing, "_row", queued)


@planted
def apply_does_what_newer_plans_say_too(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(
        proposals,
        "in_plan",
        lambda _plan, systems: sa.and_(
            proposals_table.c.plan_until.is_(None), proposals_table.c.system.in_(systems)
        ),
    )


@planted
def a_lost_answer_counts_as_not_written(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(
        settle_stage.Settling,
        "_lost",
        lambda _self, rows, one, *_, **_named: rows.settled.append(one.oid),
    )


@planted
def a_lost_answer_counts_as_written(patch: pytest.MonkeyPatch) -> None:
    real = settle_stage.Settling._one

    def one(self: Any, rows: Any, outcome: Any, waiting: Any, row: Any, plan: int) -> None:
        if isinstance(outcome, Unknown):
            self._applied(rows, waiting, row, waiting.base_version, None, plan)
        else:
            real(self, rows, outcome, waiting, row, plan)

    patch.setattr(settle_stage.Settling, "_one", one)


@planted
def nobody_asks_what_became_of_a_write(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(outbox, "lost", lambda *_: [])


@planted
def a_rewritten_row_ends_as_we_like_it(patch: pytest.MonkeyPatch) -> None:
    real = Rewrite._written

    def written(self: Any, block: Any, at: int, raw: bytes, change: Any) -> Any:
        outcome, line = real(self, block, at, raw, change)
        return outcome, line if line == raw else line.replace(b"\r\n", b"\n")

    patch.setattr(Rewrite, "_written", written)


@planted
def a_write_that_was_settled_late_is_not_in_the_history(patch: pytest.MonkeyPatch) -> None:
    real = settle_stage.Settling._lost

    def lost(self: Any, rows: Any, one: Any, row: Any, plan: int, **how: Any) -> None:
        real(self, rows, one, row, plan, **how)
        rows.history.clear()

    patch.setattr(settle_stage.Settling, "_lost", lost)


# --- taking back -----------------------------------------------------------------------------


@planted
def undo_takes_back_what_others_changed_since(patch: pytest.MonkeyPatch) -> None:
    real = undo_module._backward

    def backward(written: Any, row: Any, rule: Any, again: Any) -> Any:
        if row is None or written.undone_by is not None:
            return real(written, row, rule, again)
        changes = tuple(undo_module._reversed(one, written.run) for one in written.changes)
        return undo_module.Backward(written, row, changes)

    patch.setattr(undo_module, "_backward", backward)


@planted
def undo_forgets_that_it_was_undone(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(history, "add", _without_undoes(history.add))
    patch.setattr(history, "set_undone", lambda *_: None)


def _without_undoes(add: Callable[[Any, Any], None]) -> Callable[[Any, Any], None]:
    """Only every second write of an undo gets into the history."""

    def kept(tx: Any, rows: Any) -> None:
        add(tx, [row for at, row in enumerate(rows) if row[-1] is None or at % 2])

    return kept
