"""What a plan holds is counted once; taken over or not, the figures are what counting gives."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from random import Random

import pytest
import sqlalchemy as sa

from state import proposals, shapes
from state.store import Store
from state.tables import proposals as rows

BOTH = ["crm", "files"]
SHAPES = ("phone:direct_phone", "email:email", "phone:direct_phone,email:email")


def plan_of(store: Store, now: datetime, systems: Sequence[str]) -> int:
    with store.transaction() as tx:
        return proposals.open_plan(
            tx, run=1, author="anna", now=now, life=timedelta(days=7), fingerprint="f",
            only_rule=None, systems=systems,
        )  # fmt: skip


def propose(store: Store, plan: int, system: str, shape: str, many: int = 1) -> None:
    with store.transaction() as tx:
        row = (1, system, "people", 1, "v", "f", shape, "[]", plan)
        proposals.add(tx, [row] * many)


def counted(store: Store, plan: int, systems: Sequence[str]) -> list[shapes.Shape]:
    with store.reading() as tx:
        return shapes._counted(tx, plan, systems)


def kept(store: Store, plan: int, systems: Sequence[str]) -> list[shapes.Shape]:
    with store.reading() as tx:
        return shapes.of_plan(tx, plan, systems)


@pytest.mark.parametrize("seed", range(6))
def test_the_figures_are_what_counting_gives_whatever_happens_between_plans(
    store: Store, now: datetime, seed: int
) -> None:
    r = Random(seed)
    made: list[tuple[int, list[str]]] = []
    for _ in range(12):
        systems = r.choice([BOTH, ["crm"], ["files"]])
        plan = plan_of(store, now, systems)
        for system in systems * 2:
            if r.random() < 0.3:  # a draft, that grows and shrinks after it was counted
                shapes.keep(store, plan, systems, shapes.count(store, plan, systems))
            if r.random() < 0.4:
                propose(store, plan, system, r.choice(SHAPES), r.randrange(1, 4))
            if r.random() < 0.3:
                close_some(store, r, system, plan)
        assert shapes.of_new_plan(store, plan, systems) == counted(store, plan, systems)
        if r.random() < 0.3:
            close_some(store, r, r.choice(systems), plan + 1)
        made.append((plan, systems))
        for older, whose in made:
            assert kept(store, older, whose) == counted(store, older, whose)


def close_some(store: Store, r: Random, system: str, plan: int) -> None:
    with store.transaction() as tx:
        query = sa.select(rows.c.pid).where(rows.c.system == system, rows.c.plan_until.is_(None))
        standing = list(tx.execute(query).scalars())
        some = r.sample(standing, min(len(standing), 2))
        proposals.close(tx, [(plan, "superseded", pid) for pid in some])


def test_a_plan_that_holds_just_the_same_is_not_counted(
    store: Store, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = plan_of(store, now, BOTH)
    propose(store, first, "crm", SHAPES[0], 3)
    found = shapes.of_new_plan(store, first, BOTH)
    assert [one.records for one in found] == [3]
    propose(store, first, "other", SHAPES[1])
    monkeypatch.setattr(shapes, "_counted", None)  # who counts now fails
    for _ in range(3):
        plan = plan_of(store, now, BOTH)
        assert shapes.of_new_plan(store, plan, BOTH) == found
        assert kept(store, plan, BOTH) == found


def test_when_proposals_of_a_plan_are_deleted_it_is_counted_again(
    store: Store, now: datetime
) -> None:
    plan = plan_of(store, now, BOTH)
    propose(store, plan, "crm", SHAPES[0], 2)
    shapes.of_new_plan(store, plan, BOTH)
    with store.transaction() as tx:
        tx.execute(sa.delete(rows).where(rows.c.pid == 1))
        shapes.forget(tx)
    assert [one.records for one in kept(store, plan, BOTH)] == [1]
