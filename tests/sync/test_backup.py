"""A backup is made while everything runs, and put back without an opt-out being lost."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import stat
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import crms
import pytest
import sqlalchemy as sa
from customers import EVERY, Customer
from databases import Server

from rules.errors import Exit, UserError
from state import acts, assurance, backups, contents, moving, restoring, schema
from state.ledger import BEGINNING, head, verify
from state.migrations import steps
from state.store import Store, Tx
from state.tables import acts as acts_table
from state.tables import cursors, ledger_payload, metadata, mirror, parties
from sync.service.daemon import only_one

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


def backed_up(customer: Customer, name: str = "kopi.sqlite", url: str = "") -> Path:
    file = customer.folder / name
    done = customer.call("backup", str(file), url=url)
    assert done.exit_code == Exit.OK, done.output
    return file


def everything(url: str) -> dict[str, contents.Content]:
    """All that stands in a database, but for the acts, of which a restore is one itself, and for
    when each list was read."""
    store = Store(url)
    try:
        with store.reading() as tx:
            return {
                table.name: contents.of_table(tx, table)
                for table in metadata.sorted_tables
                if table not in {acts_table, cursors}
            }
    finally:
        store.close()


def asked(url: str, question: Any) -> Any:
    store = Store(url)
    try:
        with store.reading() as tx:
            return question(tx)
    finally:
        store.close()


def blocked(customer: Customer, phone: str, url: str = "") -> bool:
    told = customer.call("suppression", "check", "--phone", phone, "--json", url=url)
    return bool(json.loads(told.output)["blocked"])


def known(customer: Customer) -> list[str]:
    """The ids of all records that are kept, deleted ones too."""
    ids = asked(customer.url, lambda tx: tx.execute(sa.select(mirror.c.id)).scalars().all())
    return sorted(one.partition("#")[2] for one in ids)


def add(customer: Customer, phone: str, url: str = "") -> None:
    done = customer.call("suppression", "add", "--phone", phone, url=url)
    assert done.exit_code == Exit.OK, done.output


# --- making one -------------------------------------------------------------------------------


def test_a_backup_is_one_private_file_with_all_that_is_kept_and_says_where_the_keys_are(
    customer: Customer,
) -> None:
    file = customer.folder / "kopi.sqlite"
    done = customer.call("backup", str(file))
    assert done.exit_code == Exit.OK, done.output
    assert "Read back and compared" in done.output
    assert str(customer.folder / "state" / "keys" / "keys.json") in done.output
    assert "without them the list of opt-outs cannot be read" in done.output
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [one.name for one in customer.folder.glob("kopi*")] == ["kopi.sqlite"]
    with sqlite3.connect(f"file:{file}?mode=ro&immutable=1", uri=True) as found:
        counted = found.execute("SELECT count(*) FROM ledger").fetchone()
    assert counted == (asked(customer.url, head).seq,)

    assert customer.call("backup", str(file)).exit_code == Exit.USER, "never written over"
    with pytest.raises(UserError, match=r"state\.is_backup"):
        schema.prepare(Store(f"sqlite:///{file}"))


def test_keys_go_into_a_private_file_of_their_own_in_another_folder(
    customer: Customer, tmp_path: Path
) -> None:
    away = tmp_path / "usb"
    away.mkdir()
    kept = away / "keys.json"
    beside = customer.call("backup", str(customer.folder), "--keys", str(customer.folder / "k"))
    assert beside.exit_code == Exit.USER
    assert "can guess every number" in beside.output
    assert not list(customer.folder.glob("*.sqlite"))
    done = customer.call("backup", str(customer.folder), "--keys", str(kept), "--json")
    assert done.exit_code == Exit.OK, done.output
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    ring = json.loads((customer.folder / "state" / "keys" / "keys.json").read_text())
    assert json.loads(kept.read_text()) == ring
    made = json.loads(done.output)
    assert made["keys_file"] == str(kept)
    assert ring["event_ids"] not in Path(made["file"]).read_bytes().decode("latin-1")


def test_opt_outs_are_recorded_while_a_backup_is_made_and_it_holds_one_moment(
    customer: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, batches, recorded = asked(customer.url, head).seq, contents.batches, []

    def while_others_work(tx: Tx, table: sa.Table) -> Any:
        for rows in batches(tx, table):
            if len(recorded) < 3:
                recorded.append(table.name)
                add(customer, f"68 999 96{len(recorded)}")
            yield rows

    monkeypatch.setattr("state.contents.batches", while_others_work)
    file = backed_up(customer)
    assert len(recorded) == 3
    after = asked(customer.url, head).seq
    with sqlite3.connect(f"file:{file}?mode=ro&immutable=1", uri=True) as found:
        (held,) = found.execute("SELECT count(*) FROM ledger").fetchone()
    assert before <= held < after, "a snapshot, and nobody waited for it"


def test_what_arrives_otherwise_than_it_left_leaves_no_backup(
    customer: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    put = contents.put

    def losing(tx: Tx, table: sa.Table, rows: list[Any]) -> None:
        put(tx, table, rows[:-1] if table.name == "mirror" else rows)

    monkeypatch.setattr("state.contents.put", losing)
    done = customer.call("backup", str(customer.folder / "kopi.sqlite"))
    assert done.exit_code == Exit.BUG
    assert not list(customer.folder.glob("kopi*"))


def test_the_service_makes_one_each_night_where_there_is_a_folder_for_it(
    customer: Customer, tmp_path: Path
) -> None:
    before = {one["job"]: one for one in json.loads(customer.call("jobs", "--json").output)}
    assert before["backup"]["state"] == "off"
    place = tmp_path / "nat"
    place.mkdir()
    with customer.file.open("a") as file:
        file.write(f'[backup]\nfolder = "{place}"\n')
    ran = customer.call("jobs", "run", "backup")
    assert ran.exit_code == Exit.OK, ran.output
    again = customer.call("restore", str(next(place.glob("state-*Z.sqlite"))), "--check")
    assert again.exit_code == Exit.OK, again.output


# --- putting one back -------------------------------------------------------------------------


def test_a_lost_installation_comes_back_with_all_that_the_backup_held(
    customer: Customer, tmp_path: Path
) -> None:
    kept = tmp_path / "keys.json"
    file = customer.folder / "kopi.sqlite"
    assert customer.call("backup", str(file), "--keys", str(kept)).exit_code == Exit.OK
    before = everything(customer.url)
    shutil.rmtree(customer.folder / "state")

    missing = customer.call("restore", str(file), "--yes")
    assert missing.exit_code == Exit.USER
    assert "keys of the backup are missing" in missing.output
    done = customer.call("restore", str(file), "--keys", str(kept), "--yes")
    assert done.exit_code == Exit.OK, done.output
    assert everything(customer.url) == before
    assert asked(customer.url, acts.listed)[-1].act == "database.restored"
    assert stat.S_IMODE((customer.folder / "state" / "keys" / "keys.json").stat().st_mode) == 0o600
    assert customer.call("run").exit_code == Exit.OK, "nothing is new"
    assert customer.call("suppression", "audit").exit_code == Exit.OK
    assert blocked(customer, "68 999 991")


def test_what_is_newer_is_never_overwritten_unasked_and_opt_outs_not_even_then(
    customer: Customer,
) -> None:
    file = backed_up(customer)
    add(customer, "68 999 993")
    mirrored = asked(customer.url, lambda tx: contents.of_table(tx, mirror))
    with Store(customer.url).transaction() as tx:
        tx.execute(sa.delete(mirror))
    refused = customer.call("restore", str(file), "--yes")
    assert refused.exit_code == Exit.USER
    assert "1 newer entries" in refused.output
    assert asked(customer.url, lambda tx: contents.of_table(tx, mirror)) == contents.EMPTY

    last = asked(customer.url, head)
    done = customer.call("restore", str(file), "--over-newer", "--yes")
    assert done.exit_code == Exit.OK, done.output
    assert asked(customer.url, lambda tx: contents.of_table(tx, mirror)) == mirrored
    assert asked(customer.url, head) == last, "the list goes on where it was"
    assert not asked(customer.url, verify).problems
    assert blocked(customer, "68 999 993")
    # What stood there is a backup itself.
    (kept,) = (customer.folder / "state" / "backups").iterdir()
    assert customer.call("restore", str(kept), "--check").exit_code == Exit.OK
    assert customer.call("run").exit_code in {Exit.OK, Exit.CHANGES}
    assert customer.call("suppression", "audit").exit_code == Exit.OK


def test_what_was_erased_after_the_backup_is_not_brought_back(customer: Customer) -> None:
    file = backed_up(customer)
    # One has no record; the other one's was deleted, and is gone from here as well.
    lists = customer.folder / "lists" / "kontakter.csv"
    rows = [row for row in lists.read_text().splitlines() if not row.startswith("K3;")]
    lists.write_text("".join(f"{row}\n" for row in rows))
    assert customer.call("run").exit_code in {Exit.OK, Exit.CHANGES}
    add(customer, "68 00 00 03")
    for phone in ("68 999 991", "68 00 00 03"):
        erased = customer.call("suppression", "erase", "--phone", phone, "--yes")
        assert erased.exit_code == Exit.OK, erased.output
    assert known(customer) == ["K0", "K1", "K2", "K4", "K5"]
    done = customer.call("restore", str(file), "--over-newer", "--yes")
    assert done.exit_code == Exit.OK, done.output
    clear = asked(customer.url, lambda tx: tx.execute(sa.select(ledger_payload.c.payload)).all())
    assert not [one for (one,) in clear if one and ("68999991" in one or "68000003" in one)]
    assert known(customer) == ["K0", "K1", "K2", "K4", "K5"]
    assert blocked(customer, "68 999 991"), "the block stays"


def test_a_backup_of_another_installation_is_refused_and_takes_its_own_keys(
    customer: Customer, tmp_path: Path
) -> None:
    other = Customer(tmp_path / "anden")
    add(other, "68 999 970")
    kept = tmp_path / "anden.json"
    file = other.folder / "kopi.sqlite"
    assert other.call("backup", str(file), "--keys", str(kept)).exit_code == Exit.OK
    assert "other" in customer.call("restore", str(file), "--yes").output.lower(), "other keys"
    with_keys = ("restore", str(file), "--keys", str(kept), "--yes")
    refused = customer.call(*with_keys)
    assert "cannot be joined" in refused.output, refused.output
    assert blocked(customer, "68 999 991")
    done = customer.call(*with_keys, "--over-newer")
    assert done.exit_code == Exit.OK, done.output
    assert blocked(customer, "68 999 970")
    assert not blocked(customer, "68 999 991")
    assert customer.call("suppression", "audit").exit_code == Exit.OK


def test_a_damaged_database_goes_aside_whole_and_a_damaged_backup_is_refused(
    customer: Customer,
) -> None:
    file = backed_up(customer)
    before = everything(customer.url)
    place = customer.folder / "state" / "ringren.sqlite"
    for name in ("ringren.sqlite-wal", "ringren.sqlite-shm"):
        place.with_name(name).unlink(missing_ok=True)
    place.write_bytes(b"nonsense" * 4096)

    broken = customer.folder / "broken.sqlite"
    octets = bytearray(file.read_bytes())
    at = octets.index(b"opdigtet-0001.dk")
    octets[at : at + 3] = b"xyz"
    broken.write_bytes(octets)
    for wrong in (broken, customer.file, customer.folder / "nothing"):
        assert customer.call("restore", str(wrong), "--yes").exit_code == Exit.USER
    refused = customer.call("restore", str(file), "--yes")
    assert "nobody can say" in refused.output, refused.output
    done = customer.call("restore", str(file), "--over-newer", "--yes")
    assert done.exit_code == Exit.OK, done.output
    assert everything(customer.url) == before
    (aside,) = (customer.folder / "state" / "backups").glob("*.damaged")
    assert aside.read_bytes().startswith(b"nonsense")
    with only_one(customer.folder / "state"):
        assert "service is running" in customer.call("restore", str(file), "--yes").output


def test_a_backup_of_postgres_goes_into_a_file_and_into_an_empty_postgres(
    customer: Customer, new_url: str, postgres_server: Server
) -> None:
    moved = customer.call("migrate", "--to", "env:WHERE", "--yes", where=new_url)
    assert moved.exit_code == Exit.OK, moved.output
    file = backed_up(customer, url=new_url)
    before = everything(new_url)
    taken = customer.call("restore", str(file), "--over-newer", "--yes", url=new_url)
    assert taken.exit_code == Exit.USER
    assert "not empty" in taken.output

    add(customer, "68 999 994", url=new_url)
    other = postgres_server.create()
    done = customer.call(
        "restore", str(file), "--to", "env:WHERE", "--yes", url=new_url, where=other
    )
    assert done.exit_code == Exit.OK, done.output
    assert blocked(customer, "68 999 994", url=other), "what is newer in the one in use comes along"
    assert customer.call("suppression", "audit", url=other).exit_code == Exit.OK
    assert asked(new_url, schema.version_in) == schema.HEAD, "which is not touched"
    postgres_server.drop(other)

    lone = f"sqlite:///{customer.folder / 'alene.sqlite'}"
    assert customer.call("restore", str(file), "--yes", url=lone).exit_code == Exit.OK
    assert everything(lone) == before


def test_killed_at_any_step_the_same_restore_goes_on(
    customer: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        """As a process that is gone: nothing catches it."""

    file = backed_up(customer)
    add(customer, "68 999 995")
    last = asked(customer.url, head)
    original = (customer.folder / "state" / "ringren.sqlite").read_bytes()
    # The old one closed and the new one about to open; all done, and nothing cleared away.
    chosen = [(restoring.Restore, "take_over"), (restoring, "pour")]
    others = [
        (restoring.Restore, "fill"),
        (moving.Filling, "arrive"),
        (restoring.Restore, "open"),
    ]
    for place, name in chosen + others * bool(os.environ.get(EVERY)):
        (customer.folder / "state" / "ringren.sqlite").write_bytes(original)
        whole = getattr(place, name)

        def dying(*args: Any, whole: Any = whole, **how: Any) -> None:
            whole(*args, **how)
            raise Killed

        with monkeypatch.context() as patch:
            patch.setattr(place, name, dying)
            with pytest.raises(Killed):
                customer.call("restore", str(file), "--over-newer", "--yes")
        done = customer.call("restore", str(file), "--over-newer", "--yes")
        assert done.exit_code == Exit.OK, (name, done.output)
        assert asked(customer.url, head) == last, name
        assert not asked(customer.url, verify).problems
        assert blocked(customer, "68 999 995"), name


def test_a_backup_of_an_older_version_is_brought_up_to_date_and_of_a_newer_one_refused(
    customer: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = customer.folder / "gammel.sqlite"
    before = steps.known()[1]
    old = Store(f"sqlite:///{file}")
    with old.transaction() as tx:
        monkeypatch.setattr(steps.command, "upgrade", _until(before))
        steps.take(tx)
        monkeypatch.undo()
        party = ("en", "p", "2026-11-24T09:00:00.000000Z")
        tx.exec_driver_sql("INSERT INTO parties VALUES (?, ?, ?)", party)
        counts = {
            name: (
                tx.execute(sa.select(sa.func.count()).select_from(sa.table(name))).scalar_one(),
                "",
            )
            for name in schema.table_names(tx) - {schema.VERSION}
        }
        told = backups.Manifest(NOW, "me", "", before, BEGINNING, acts.head(tx), counts)
        backups.label(tx, told)
    old.close()
    shutil.rmtree(customer.folder / "state")
    done = customer.call("restore", str(file), "--yes")
    assert done.exit_code == Exit.OK, done.output
    assert asked(customer.url, schema.version_in) == schema.HEAD
    assert asked(customer.url, lambda tx: tx.execute(sa.select(parties.c.party)).all()) == [("en",)]

    with old.transaction() as tx:
        tx.exec_driver_sql("DELETE FROM parties")
    old.close()
    assert "is damaged" in customer.call("restore", str(file), "--yes").output
    with old.transaction() as tx:
        tx.exec_driver_sql("DROP TABLE backup")
        backups.label(tx, replace(told, revision="ringren_9999", tables={}))
    old.close()
    assert "newer Ringren" in customer.call("restore", str(file), "--yes").output


def _until(revision: str) -> Any:
    upgrade = steps.command.upgrade
    return lambda settings, _head: upgrade(settings, revision)


# --- what the systems said meanwhile ------------------------------------------------------------


@pytest.mark.parametrize("system", crms.NAMES if os.environ.get(EVERY) else ["dynamics"])
def test_an_opt_out_at_the_crm_after_the_backup_is_heard_again_after_the_restore(
    system: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with crms.opened(system, tmp_path, monkeypatch) as crm:
        names = crm.names
        ida = crm.person("Opdigt", **{names["phone"]: "68 00 00 01"})
        crm.person("Påfund", **{names["phone"]: "68 00 00 02"})
        assert crm.call("run").exit_code in {Exit.OK, Exit.CHANGES}
        assert crm.call("backup", "kopi.sqlite").exit_code == Exit.OK

        crm.edit(ida, **{names["no"]: "true" if system == "hubspot" else True})
        # Said at our own desk, and told to the system before all is lost.
        assert crm.call("suppression", "add", "--phone", "68 00 00 02").exit_code == Exit.OK
        assert crm.call("run").exit_code in {Exit.OK, Exit.CHANGES}
        for lost in Path("state").glob("ringren.sqlite*"):
            lost.unlink()

        done = crm.call("restore", "kopi.sqlite", "--yes")
        assert done.exit_code == Exit.OK, done.output
        assert "read_long_ago" in unsure(system), (
            "nobody is called before the system was read again"
        )
        assert crm.call("run").exit_code in {Exit.OK, Exit.CHANGES}
        assert "read_long_ago" not in unsure(system)
        for phone in ("68 00 00 01", "68 00 00 02"):
            told = crm.call("suppression", "check", "--phone", phone)
            assert "blocked" in told.output.lower(), (phone, told.output)


def unsure(system: str) -> set[str]:
    """What speaks against letting a list go."""
    day = timedelta(days=1)
    at = datetime.now(UTC)
    url = f"sqlite:///{Path('state') / 'ringren.sqlite'}"
    gaps = asked(url, lambda tx: assurance.gaps(tx, [system], at, day, day))
    return {gap.code for gap in gaps}
