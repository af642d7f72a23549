"""Step 0016 answers of sources.

Forward only: the way back is the copy that was made before.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from state.types import UtcDateTime

revision = "ringren_0016"
down_revision = "ringren_0015"

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Bring the tables from ringren_0015 to ringren_0016."""
    op.create_table(
        "lookups",
        sa.Column("lookup", ID, autoincrement=True, nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("key_kind", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("asked_at", UtcDateTime(), nullable=False),
        sa.Column("answered_at", UtcDateTime(), nullable=True),
        sa.Column("changed_at", UtcDateTime(), nullable=True),
        sa.Column("good_until", UtcDateTime(), nullable=False),
        sa.Column("kept_until", UtcDateTime(), nullable=True),
        sa.Column("absent_since", sa.Text(), nullable=True),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.Column("raw", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("lookup", name=op.f("pk_lookups")),
        sa.UniqueConstraint(
            "source", "key_kind", "key", name=op.f("uq_lookups_source_key_kind_key")
        ),
        sqlite_autoincrement=True,
        sqlite_strict=True,
    )
    with op.batch_alter_table("api_calls", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("ore", sa.BigInteger(), server_default=sa.text("0"), nullable=False)
        )
