"""Step 0018 decisions and far and subjects.

Forward only: the way back is the copy that was made before.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from state.types import Json, UtcDateTime

revision = "ringren_0018"
down_revision = "ringren_0017"


def upgrade() -> None:
    """Bring the tables from ringren_0017 to ringren_0018."""
    with op.batch_alter_table("findings", schema=None) as batch_op:
        batch_op.add_column(sa.Column("decision", sa.BigInteger(), nullable=True))
        batch_op.add_column(sa.Column("opens_at", UtcDateTime(), nullable=True))
        batch_op.create_index(
            "ix_findings_decision",
            ["decision"],
            unique=False,
            sqlite_where=sa.text("decision IS NOT NULL"),
            postgresql_where=sa.text("decision IS NOT NULL"),
        )

    with op.batch_alter_table("jobs", schema=None) as batch_op:
        batch_op.add_column(sa.Column("far", Json(), nullable=True))

    with op.batch_alter_table("users", schema=None) as batch_op:
        batch_op.add_column(sa.Column("subject", sa.Text(), nullable=True))
        batch_op.create_index(
            "uq_users_subject",
            ["subject"],
            unique=True,
            sqlite_where=sa.text("removed_at IS NULL"),
            postgresql_where=sa.text("removed_at IS NULL"),
        )
