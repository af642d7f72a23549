"""Step 0007 blocks as systems show them.

Forward only: the way back is the copy that was made before.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from state.types import Json, UtcDateTime

revision = "ringren_0007"
down_revision = "ringren_0006"

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Bring the tables from ringren_0006 to ringren_0007."""
    op.create_table(
        "flag_tries",
        sa.Column("rid", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("attempts", sa.BigInteger(), nullable=False),
        sa.Column("due_at", UtcDateTime(), nullable=True),
        sa.Column("why", sa.Text(), nullable=True),
        sa.Column("put_back", sa.BigInteger(), nullable=False),
        sa.Column("day", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("rid", name=op.f("pk_flag_tries")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_table(
        "verifications",
        sa.Column("vid", ID, autoincrement=True, nullable=False),
        sa.Column("system", sa.Text(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("verdict", sa.Text(), nullable=False),
        sa.Column("counts", Json(), nullable=False),
        sa.PrimaryKeyConstraint("vid", name=op.f("pk_verifications")),
        sqlite_autoincrement=True,
        sqlite_strict=True,
    )
    with op.batch_alter_table("verifications", schema=None) as batch_op:
        batch_op.create_index("ix_verifications_system", ["system", "at"], unique=False)

    with op.batch_alter_table("blocked", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("told", sa.Boolean(), server_default=sa.false(), nullable=False)
        )
        batch_op.create_index(
            "ix_blocked_untold",
            ["rid"],
            unique=False,
            sqlite_where=sa.text("told IS 0"),
            postgresql_where=sa.text("told IS false"),
        )
