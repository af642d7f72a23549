"""A whole installation moves to another database, is killed on the way, and loses nothing."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from customers import EVERY, Customer
from databases import Server

from rules.errors import Exit, SystemStopped, UserError
from state import acts, contents, moving, schema
from state.ledger import head, verify
from state.store import Store, Tx
from state.tables import ledger, metadata, runs
from sync.service.daemon import Standing, only_one

NOW = datetime(2026, 11, 26, 9, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def used(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database that has been in use for a while."""
    made = Customer(tmp_path_factory.mktemp("used") / "kunde")
    made.live()
    return made.folder


@pytest.fixture
def customer(used: Path, tmp_path: Path) -> Customer:
    return Customer(tmp_path / "kunde", used)


@pytest.fixture
def new_url(postgres_server: Server) -> Iterator[str]:
    url = postgres_server.create()
    yield url
    postgres_server.drop(url)


@contextlib.contextmanager
def both(old: str, new: str) -> Iterator[tuple[Store, Store]]:
    stores = Store(old), Store(new)
    try:
        yield stores
    finally:
        for one in stores:
            one.close()


def everything(tx: Tx, prefix: str = "") -> dict[str, contents.Content]:
    tables = (table.to_metadata(sa.MetaData(), name=prefix + table.name) for table in _tables())
    return {table.name.removeprefix(prefix): contents.of_table(tx, table) for table in tables}


def _tables() -> list[sa.Table]:
    return [table for table in metadata.sorted_tables if table.name != "acts"]


def moved(old: Store, new: Store) -> moving.Moved:
    moving.survey(old, new)
    return moving.move(old, new, lambda *_: None, actor="me", now=lambda: NOW)


# --- the command ------------------------------------------------------------------------------


def test_an_installation_moves_is_compared_goes_on_there_and_leaves_a_closed_database(
    customer: Customer, new_url: str
) -> None:
    beside = Store(customer.url)
    with beside.reading() as tx:
        before, last = everything(tx), head(tx)
    asked = customer.call("migrate", "--to", "env:WHERE", where=new_url)
    assert asked.exit_code == Exit.USER, "it asks first"
    assert "entries in the list of opt-outs" in asked.output
    done = customer.call("migrate", "--to", "env:WHERE", "--yes", where=new_url)
    assert done.exit_code == Exit.OK, done.output
    assert "equal on both sides" in done.output

    with both(customer.url, new_url) as (_, new), new.reading() as tx:
        assert everything(tx) == before
        assert head(tx) == last
        assert not verify(tx, last).problems
        assert [one.act for one in acts.listed(tx)][-1:] == ["database.moved"]
    with both(customer.url, new_url) as (old, _), old.engine.connect() as tx:
        assert everything(tx, schema.MOVED) == before, "nothing was taken out of the old one"

    # Who had the old one open can neither write there nor read what is out of date.
    with pytest.raises(SystemStopped, match="moved_meanwhile"), beside.transaction() as tx:
        tx.execute(sa.delete(runs))
    with pytest.raises(SystemStopped, match="moved_meanwhile"), beside.reading() as tx:
        tx.execute(sa.select(ledger.c.seq)).all()
    beside.close()
    refused = customer.call("suppression", "add", "--phone", "68 999 993")
    assert refused.exit_code == Exit.USER
    assert "was moved to" in refused.output

    # In the new one all goes on: nothing is new, and new numbers are never old ones.
    assert customer.call("run", url=new_url).exit_code == Exit.OK
    added = customer.call("suppression", "add", "--phone", "68 999 993", url=new_url)
    assert added.exit_code == Exit.OK, added.output
    assert customer.call("suppression", "audit", url=new_url).exit_code == Exit.OK
    again = customer.call("migrate", "--to", "env:WHERE", "--yes", where=new_url)
    assert again.exit_code == Exit.USER

    # And back into a file.
    file = f"sqlite:///{customer.folder / 'back.sqlite'}"
    back = customer.call("migrate", "--to", file, "--yes", url=new_url)
    assert back.exit_code == Exit.OK, back.output
    assert customer.call("run", url=file).exit_code == Exit.OK
    assert customer.call("suppression", "audit", url=file).exit_code == Exit.OK


def test_a_target_that_is_in_use_or_a_password_in_the_open_is_refused(
    customer: Customer, new_url: str, postgres_url: str
) -> None:
    in_use = customer.call("migrate", "--to", "env:WHERE", "--yes", where=postgres_url)
    assert in_use.exit_code == Exit.USER
    assert "not empty" in in_use.output
    with both(customer.url, new_url) as (_, new), new.transaction() as tx:
        tx.exec_driver_sql("CREATE TABLE invoices (id integer)")
    foreign = customer.call("migrate", "--to", "env:WHERE", "--yes", where=new_url)
    assert "not empty" in foreign.output
    shown = customer.call("migrate", "--to", "postgresql://ringren:hush-hush@127.0.0.1/x", "--yes")
    assert shown.exit_code == Exit.USER
    assert "hush-hush" not in shown.output
    for nonsense in ("mysql://x/y", "env:NOT_SET", "file:/nowhere", "nonsense", "postgresql://"):
        assert customer.call("migrate", "--to", nonsense, "--yes").exit_code == Exit.USER
    with only_one(customer.folder / "state") as say:
        say(Standing(1, ""))
        running = customer.call("migrate", "--to", "env:WHERE", "--yes", where=new_url)
    assert "Stop it first" in running.output
    assert customer.call("run").exit_code == Exit.OK, "nothing was moved"


# --- killed on the way ------------------------------------------------------------------------


class Killed(BaseException):
    """As a process that is gone: nothing catches it."""


class Murder:
    """Counts the transactions of both databases, and ends the process before or after one."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.at: float = -1
        self.seen = 0
        whole, held = Store.transaction, moving.Leaving.held
        monkeypatch.setattr(Store, "transaction", self._around(whole))
        monkeypatch.setattr(moving.Leaving, "held", self._around(held))

    def _around(self, of: Callable[..., Any]) -> Callable[..., Any]:
        @contextlib.contextmanager
        def counted(*args: Any, **how: Any) -> Iterator[Tx]:
            with of(*args, **how) as tx:
                yield tx
                self.seen += 1
                if self.seen == self.at:
                    raise Killed
            if self.seen + 0.5 == self.at:
                raise Killed

        return counted


def test_killed_before_or_after_any_commit_the_same_move_goes_on(
    customer: Customer, postgres_server: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    murder = Murder(monkeypatch)
    with both(customer.url, customer.url) as (old, _), old.reading() as tx:
        before = everything(tx)
    original = Path(sa.make_url(customer.url).database or "").read_bytes()

    def life(at: float, last: int) -> int:
        folder = tmp_path / f"at-{at}"
        folder.mkdir()
        (folder / "old.sqlite").write_bytes(original)
        new_url = postgres_server.create()
        with both(f"sqlite:///{folder / 'old.sqlite'}", new_url) as (old, new):
            _killed_and_called_again(murder, old, new, at, last)
            with new.reading() as tx:
                assert everything(tx) == before, f"killed at {at}"
                assert not verify(tx).problems
                assert schema.version_in(tx) == schema.HEAD
            with pytest.raises(UserError, match=r"state\.moved"):
                schema.prepare(old)
        postgres_server.drop(new_url)
        return murder.seen

    last = life(-1, 0)
    every = [at / 2 for at in range(2, 2 * last + 2)]
    # All equal and the old one about to close; closed and the new one about to open.
    chosen = [last - 1.0, last - 0.5]
    for at in every if os.environ.get(EVERY) else chosen:
        life(at, last)


def _killed_and_called_again(murder: Murder, old: Store, new: Store, at: float, last: int) -> None:
    murder.at, murder.seen = at, 0
    try:
        moved(old, new)
    except Killed:
        _never_two(old, new)
        murder.at = -1
        with contextlib.suppress(UserError) if at == last + 0.5 else contextlib.nullcontext():
            moved(old, new)


def _never_two(old: Store, new: Store) -> None:
    """At no instant can both be used: an opt-out would stand in one of them only."""
    usable = 0
    for store in (old, new):
        with contextlib.suppress(UserError), store.reading() as tx:
            usable += schema._revision(tx) == schema.HEAD
    assert usable <= 1


# --- others at work meanwhile -------------------------------------------------------------------


def test_an_opt_out_that_is_recorded_meanwhile_moves_as_well(
    customer: Customer, new_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    level, recorded = moving.Filling.level, []

    def late(self: Any, tx: Tx) -> None:
        level(self, tx)
        if len(recorded) < 2:
            phone = f"68 999 97{len(recorded)}"
            assert customer.call("suppression", "add", "--phone", phone).exit_code == Exit.OK
            recorded.append(phone)

    monkeypatch.setattr(moving.Filling, "level", late)
    with both(customer.url, new_url) as (old, new):
        done = moved(old, new)
        assert done.turns == 3
        with old.engine.connect() as tx:
            left = everything(tx, schema.MOVED)
        assert left == {name: one for name, one in done.tables.items() if name in left}
    for phone in recorded:
        told = customer.call("suppression", "check", "--phone", phone, url=new_url)
        assert "blocked" in told.output.lower(), told.output


def test_somebody_who_never_stops_writing_is_held_off_in_the_end(
    customer: Customer, new_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(moving.Leaving, "moment", lambda *_: object())
    monkeypatch.setattr(moving, "TURNS", 1)
    with both(customer.url, new_url) as (old, new):
        with old.reading() as tx:
            before = everything(tx)
        assert moved(old, new).turns == moving.TURNS + 1
        with new.transaction() as tx:
            assert everything(tx) == before
            # And what is compared is every cell.
            tx.execute(sa.update(runs).values(actor="somebody else"))
            after = everything(tx)
    assert {name for name in before if before[name] != after[name]} == {"runs"}
