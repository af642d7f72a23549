"""Step 0004 api calls and closed fields.

Forward only: the way back is the copy that was made before.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from state.types import Json, UtcDateTime

revision = "ringren_0004"
down_revision = "ringren_0003"


def upgrade() -> None:
    """Bring the tables from ringren_0003 to ringren_0004."""
    op.create_table(
        "api_calls",
        sa.Column("system", sa.Text(), nullable=False),
        sa.Column("day", sa.Text(), nullable=False),
        sa.Column("job", sa.Text(), nullable=False),
        sa.Column("calls", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("system", "day", "job", name=op.f("pk_api_calls")),
        sqlite_strict=True,
    )
    op.create_table(
        "api_quotas",
        sa.Column("system", sa.Text(), nullable=False),
        sa.Column("used", sa.BigInteger(), nullable=False),
        sa.Column("quota", sa.BigInteger(), nullable=False),
        sa.Column("told_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("system", name=op.f("pk_api_quotas")),
        sqlite_strict=True,
    )
    with op.batch_alter_table("cursors", schema=None) as batch_op:
        batch_op.add_column(sa.Column("closed", Json(), nullable=True))
