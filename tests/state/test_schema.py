"""Preparing a database: fresh, ready, strange, unreachable, and by several processes at once."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest
import sqlalchemy as sa

from rules.errors import UserError
from state.schema import prepare
from state.store import Store
from state.tables import metadata
from sync.texts import Texts


def test_a_prepared_store_has_every_table(store: Store) -> None:
    with store.reading() as tx:
        found = set(sa.inspect(tx).get_table_names())
    assert found == {*metadata.tables, "alembic_version"}


def test_preparing_again_changes_nothing_and_does_not_import_alembic(store_url: str) -> None:
    script = (
        "import sys; from state.store import Store; from state.schema import prepare\n"
        f"store = Store({store_url!r}); prepare(store); store.close()\n"
        "print('alembic' in sys.modules)"
    )
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "False"


def test_several_processes_may_prepare_at_once(empty_url: str) -> None:
    script = (
        "import sys; from state.store import Store; from state.schema import prepare\n"
        "store = Store(sys.argv[1]); sys.stdin.readline(); prepare(store); store.close()"
    )
    started = [
        subprocess.Popen(
            [sys.executable, "-c", script, empty_url],
            stdin=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(5)
    ]
    for process in started:
        assert process.stdin
        process.stdin.write("go\n")
        process.stdin.flush()
    complaints = [process.communicate()[1] for process in started]
    assert [process.returncode for process in started] == [0] * 5, complaints
    store = Store(empty_url)
    with store.reading() as tx:
        assert tx.exec_driver_sql("SELECT count(*) FROM alembic_version").scalar_one() == 1
    store.close()


def test_those_who_meet_at_a_new_file_all_get_in(tmp_path: Path) -> None:
    """SQLite refuses all but one of those who switch a file to its log at the same instant."""
    together = Barrier(4)

    def first_of_all(name: str) -> bool:
        store = Store(f"sqlite:///{tmp_path / name}.db")
        together.wait()
        prepare(store)
        store.close()
        return True

    with ThreadPoolExecutor(4) as at_once:
        for n in range(12):
            assert all(at_once.map(first_of_all, [str(n)] * 4))


def test_a_database_of_something_else_is_refused_and_left_alone(empty_url: str) -> None:
    store = Store(empty_url)
    with store.transaction() as tx:
        tx.exec_driver_sql("CREATE TABLE invoices (id BIGINT)")
    with pytest.raises(UserError, match=r"state\.foreign"):
        prepare(store)
    with store.reading() as tx:
        assert sa.inspect(tx).get_table_names() == ["invoices"]
    store.close()


def test_a_database_migrated_by_another_program_is_refused(empty_url: str) -> None:
    store = Store(empty_url)
    with store.transaction() as tx:
        tx.exec_driver_sql("CREATE TABLE alembic_version (version_num VARCHAR(32))")
        tx.exec_driver_sql("INSERT INTO alembic_version VALUES ('0001')")
    with pytest.raises(UserError, match=r"state\.foreign"):
        prepare(store)
    store.close()


def test_the_tables_of_the_queue_are_no_strangers(empty_url: str) -> None:
    store = Store(empty_url)
    with store.transaction() as tx:
        tx.exec_driver_sql("CREATE TABLE procrastinate_jobs (id BIGINT)")
    prepare(store)
    store.close()


def test_a_file_that_is_no_database_is_the_users_to_mend(tmp_path: Path) -> None:
    path = tmp_path / "letter.db"
    path.write_text("Kære kunde, " * 200)
    store = Store(f"sqlite:///{path}")
    with pytest.raises(UserError, match=r"state\.closed") as refused:
        prepare(store)
    assert "not a database" in str(refused.value.details["reason"])
    assert path.read_text().startswith("Kære kunde")
    store.close()


def test_a_server_that_is_not_there_is_named_without_its_password() -> None:
    store = Store("postgresql://ringren:hemmelig@127.0.0.1:1/ringren")
    with pytest.raises(UserError, match=r"state\.closed") as refused:
        prepare(store)
    assert "127.0.0.1" in str(refused.value.details["where"])
    assert "hemmelig" not in str(refused.value.details)
    store.close()


@pytest.mark.parametrize("key", ["state.closed", "state.foreign", "state.newer"])
@pytest.mark.parametrize("lang", ["da", "en"])
def test_each_refusal_has_a_text_and_a_remedy(key: str, lang: str) -> None:
    assert Texts(lang).find(key)
    assert Texts(lang).find(f"{key}.remedy")
