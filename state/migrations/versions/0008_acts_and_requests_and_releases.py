"""Step 0008 acts and requests and releases.

Forward only: the way back is the copy that was made before.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from state.types import Json, UtcDateTime

revision = "ringren_0008"
down_revision = "ringren_0007"

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


TRIGGERS = {
    "postgresql": (
        "CREATE TRIGGER acts_no_delete BEFORE DELETE OR TRUNCATE ON acts FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse()",
        "CREATE TRIGGER acts_only_erase BEFORE UPDATE ON acts FOR EACH ROW WHEN (new.seq <> old.seq OR new.act <> old.act OR new.about <> old.about OR new.at <> old.at OR new.commitment <> old.commitment OR new.previous <> old.previous OR new.chain <> old.chain OR new.payload IS NOT NULL OR new.salt IS NOT NULL) EXECUTE FUNCTION ledger_refuse()",
        "CREATE TRIGGER ledger_rehashed_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_rehashed FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse()",
    ),
    "sqlite": (
        "CREATE TRIGGER acts_no_delete BEFORE DELETE ON acts BEGIN SELECT RAISE(ABORT, 'acts are append-only'); END",
        "CREATE TRIGGER acts_only_erase BEFORE UPDATE ON acts WHEN new.seq <> old.seq OR new.act <> old.act OR new.about <> old.about OR new.at <> old.at OR new.commitment <> old.commitment OR new.previous <> old.previous OR new.chain <> old.chain OR new.payload IS NOT NULL OR new.salt IS NOT NULL BEGIN SELECT RAISE(ABORT, 'an act can only be erased'); END",
        "CREATE TRIGGER ledger_rehashed_no_update BEFORE UPDATE ON ledger_rehashed BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END",
        "CREATE TRIGGER ledger_rehashed_no_delete BEFORE DELETE ON ledger_rehashed BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END",
    ),
}


def upgrade() -> None:
    """Bring the tables from ringren_0007 to ringren_0008."""
    op.create_table(
        "acts",
        sa.Column("seq", ID, autoincrement=True, nullable=False),
        sa.Column("act", sa.Text(), nullable=False),
        sa.Column("about", sa.Text(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("payload", sa.Text(), nullable=True),
        sa.Column("salt", sa.LargeBinary(), nullable=True),
        sa.Column("commitment", sa.LargeBinary(), nullable=False),
        sa.Column("previous", sa.LargeBinary(), nullable=False),
        sa.Column("chain", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_acts")),
        sa.UniqueConstraint("previous", name=op.f("uq_acts_previous")),
        sqlite_autoincrement=True,
        sqlite_strict=True,
    )
    with op.batch_alter_table("acts", schema=None) as batch_op:
        batch_op.create_index("ix_acts_about", ["about"], unique=False)

    op.create_table(
        "releases",
        sa.Column("release", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("written", sa.Text(), nullable=True),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("made_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.Column("rows", sa.BigInteger(), nullable=False),
        sa.Column("released", sa.BigInteger(), nullable=False),
        sa.Column("reasons", Json(), nullable=False),
        sa.Column("ledger_seq", sa.BigInteger(), nullable=False),
        sa.Column("ledger_chain", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("release", name=op.f("pk_releases")),
        sqlite_strict=True,
    )
    op.create_table(
        "requests",
        sa.Column("request", ID, autoincrement=True, nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("payload", sa.Text(), nullable=True),
        sa.Column("asked_by", sa.Text(), nullable=False),
        sa.Column("asked_at", UtcDateTime(), nullable=False),
        sa.Column("decided_by", sa.Text(), nullable=True),
        sa.Column("decided_at", UtcDateTime(), nullable=True),
        sa.Column("entry", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("request", name=op.f("pk_requests")),
        sqlite_autoincrement=True,
        sqlite_strict=True,
    )
    with op.batch_alter_table("requests", schema=None) as batch_op:
        batch_op.create_index("ix_requests_event", ["event"], unique=False)

    op.create_table(
        "ledger_rehashed",
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("key_kind", sa.Text(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("key_id", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["seq"], ["ledger.seq"], name=op.f("fk_ledger_rehashed_seq")),
        sa.PrimaryKeyConstraint("seq", "key_kind", "digest", name=op.f("pk_ledger_rehashed")),
        sqlite_strict=True,
    )
    with op.batch_alter_table("ledger_rehashed", schema=None) as batch_op:
        batch_op.create_index("ix_ledger_rehashed_digest", ["digest"], unique=False)

    op.create_table(
        "release_keys",
        sa.Column("release", sa.Text(), nullable=False),
        sa.Column("heap", sa.BigInteger(), nullable=False),
        sa.Column("page", sa.BigInteger(), nullable=False),
        sa.Column("heads", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["release"], ["releases.release"], name=op.f("fk_release_keys_release")
        ),
        sa.PrimaryKeyConstraint("release", "heap", "page", name=op.f("pk_release_keys")),
        sqlite_strict=True,
    )

    for statement in TRIGGERS[op.get_bind().dialect.name]:
        op.execute(statement)
