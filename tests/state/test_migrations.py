"""The steps lead to the same tables as state/tables.py does, on both databases."""

import re
import shutil
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from rules.errors import InvariantBroken, UserError
from state import schema
from state.migrations import draft, steps
from state.schema import HEAD, prepare
from state.store import Store, Tx
from state.tables import metadata

_POSTGRES = {
    "columns": """
        SELECT table_name, column_name, data_type, is_nullable, column_default, is_identity
        FROM information_schema.columns WHERE table_schema = current_schema()""",
    "indexes": "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = current_schema()",
    "constraints": """
        SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint
        WHERE connamespace = current_schema()::regnamespace""",
    "triggers": "SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal",
    "functions": """
        SELECT proname, prosrc FROM pg_proc WHERE pronamespace = current_schema()::regnamespace""",
}


def described(tx: Tx) -> set[tuple[Any, ...]]:
    """Everything that the database knows of its tables."""
    if tx.dialect.name == "postgresql":
        return {
            (what, *row) for what, query in _POSTGRES.items() for row in tx.exec_driver_sql(query)
        }
    rows = tx.exec_driver_sql("SELECT type, name, sql FROM sqlite_master")
    return {(row[0], row[1], _plain(row[2] or "")) for row in rows}


def _plain(sql: str) -> str:
    """Without what depends on who wrote it: white space, quotes, the order of constraints."""
    plain = re.sub(r"\s*([(),])\s*", r"\1 ", re.sub(r"\s+", " ", sql.replace('"', ""))).strip()
    columns, *constraints = re.split(r", (?=CONSTRAINT )", plain.removesuffix(") STRICT"))
    return ", ".join([columns, *sorted(constraints)]) + plain[-8:] * plain.endswith(") STRICT")


def migrated(url: str) -> Store:
    store = Store(url)
    with store.transaction() as tx:
        steps.take(tx)
    return store


def other_url(url: str, tmp_path: Path, request: pytest.FixtureRequest) -> str:
    if url.startswith("sqlite"):
        return f"sqlite:///{tmp_path / 'other.db'}"
    server = request.getfixturevalue("postgres_server")
    other: str = server.create()
    request.addfinalizer(lambda: server.drop(other))
    return other


def test_a_fresh_schema_equals_a_migrated_one(
    empty_url: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    fresh = Store(empty_url)
    prepare(fresh)
    by_steps = migrated(other_url(empty_url, tmp_path, request))
    with fresh.reading() as one, by_steps.reading() as other:
        expected, found = described(one), described(other)
    fresh.close()
    by_steps.close()
    assert len(expected) > len(metadata.tables)
    assert sorted(found - expected) == []
    assert sorted(expected - found) == []


def test_the_comparison_sees_what_differs(store: Store) -> None:
    """A partial index without its condition, a column that may be null, a missing trigger."""
    with store.reading() as tx:
        before = described(tx)
    seen = []
    for statement in (
        "DROP INDEX ix_mirror_dirty",
        "CREATE INDEX ix_mirror_dirty ON mirror (system, rid)",
        "CREATE TABLE spare (a BIGINT NOT NULL)",
        "ALTER TABLE spare ADD COLUMN b BIGINT",
    ):
        with store.transaction() as tx:
            tx.exec_driver_sql(statement)
            seen.append(described(tx))
    assert before not in seen
    assert all(seen[n] != seen[n + 1] for n in range(3))


def test_the_head_constant_is_the_newest_step() -> None:
    assert steps.known()[0] == HEAD
    assert len(steps.directory().get_heads()) == 1


def test_nothing_is_left_to_draft() -> None:
    """tables.py was changed without a step: `python -m state.migrations.draft` writes it."""
    assert draft._difference(first=False) in ("", "pass")


def test_every_step_says_forward_only() -> None:
    for script in steps.directory().walk_revisions():
        assert script.module.upgrade is not None
        assert not hasattr(script.module, "downgrade")


_SECOND = """
import sqlalchemy as sa
from alembic import op
revision = "ringren_9999"
down_revision = "{head}"

def upgrade() -> None:
    with op.batch_alter_table("parties") as parties:
        parties.add_column(sa.Column("nickname", sa.Text(), nullable=True))
        parties.alter_column("created_at", nullable=True)
    {more}
"""


@pytest.fixture
def newer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Pretend that this Ringren has one step more."""

    def release(more: str = "pass") -> None:
        folder = tmp_path / "migrations"
        shutil.copytree(steps.FOLDER, folder, ignore=shutil.ignore_patterns("__pycache__"))
        (folder / "versions" / "9999_later.py").write_text(_SECOND.format(head=HEAD, more=more))
        monkeypatch.setattr(steps, "FOLDER", folder)
        monkeypatch.setattr(schema, "HEAD", "ringren_9999")

    return release


def with_a_link(store: Store) -> None:
    with store.transaction() as tx:
        tables = metadata.tables
        tx.execute(
            sa.text(
                "INSERT INTO parties (party, person_or_company, created_at) VALUES (:p, 'p', :t)"
            ),
            {"p": "party-1", "t": "2026-11-24T09:00:00.000000Z"},
        )
        assert tables["links"] is not None
        tx.execute(
            sa.text(
                "INSERT INTO links (rid, party, reason, confidence, actor, since) "
                "VALUES (1, 'party-1', 'r', '1', 'a', :t)"
            ),
            {"t": "2026-11-24T09:00:00.000000Z"},
        )


def test_an_older_database_is_brought_up_to_date_and_keeps_its_rows(
    store: Store, newer: Any
) -> None:
    with_a_link(store)
    newer()
    prepare(store)
    with store.reading() as tx:
        columns = {column["name"] for column in sa.inspect(tx).get_columns("parties")}
        assert "nickname" in columns
        joined = "SELECT count(*) FROM links JOIN parties USING (party)"
        assert tx.exec_driver_sql(joined).scalar_one() == 1
        assert schema._revision(tx) == "ringren_9999"
    if store.is_sqlite:
        with store.transaction() as tx, pytest.raises(sa.exc.IntegrityError):
            tx.exec_driver_sql("DELETE FROM parties")


def test_a_step_that_fails_leaves_everything_as_it_was(store: Store, newer: Any) -> None:
    with_a_link(store)
    with store.reading() as tx:
        before = described(tx)
    newer(more="raise RuntimeError('no')")
    with pytest.raises(RuntimeError):
        prepare(store)
    with store.reading() as tx:
        assert described(tx) == before
        assert schema._revision(tx) == HEAD


def test_a_step_that_breaks_references_is_refused(sqlite_store: Store, newer: Any) -> None:
    with_a_link(sqlite_store)
    newer(more="op.execute('DELETE FROM parties')")
    with pytest.raises(InvariantBroken):
        prepare(sqlite_store)
    with sqlite_store.reading() as tx:
        assert schema._revision(tx) == HEAD


def test_an_older_ringren_refuses_a_newer_database(store: Store) -> None:
    with store.transaction() as tx:
        tx.exec_driver_sql("UPDATE alembic_version SET version_num = 'ringren_9999'")
    with pytest.raises(UserError, match=r"state\.newer") as refused:
        prepare(store)
    assert refused.value.details == {"revision": "ringren_9999"}
