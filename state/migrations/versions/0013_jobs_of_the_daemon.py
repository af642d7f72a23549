"""Step 0013 jobs of the daemon.

Forward only: the way back is the copy that was made before.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from state.types import Json, UtcDateTime

revision = "ringren_0013"
down_revision = "ringren_0012"


def upgrade() -> None:
    """Bring the tables from ringren_0012 to ringren_0013."""
    op.create_table(
        "jobs",
        sa.Column("job", sa.Text(), nullable=False),
        sa.Column("fired_at", UtcDateTime(), nullable=True),
        sa.Column("begun_at", UtcDateTime(), nullable=True),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.Column("good_at", UtcDateTime(), nullable=True),
        sa.Column("exit_code", sa.BigInteger(), nullable=True),
        sa.Column("error", Json(), nullable=True),
        sa.Column("failures", sa.BigInteger(), nullable=False),
        sa.Column("broken", sa.BigInteger(), nullable=False),
        sa.Column("holder", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("job", name=op.f("pk_jobs")),
        sqlite_strict=True,
    )
