"""Step 0019 closed proposals by record.

Forward only: the way back is the copy that was made before.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "ringren_0019"
down_revision = "ringren_0018"


def upgrade() -> None:
    """Bring the tables from ringren_0018 to ringren_0019."""
    with op.batch_alter_table("proposals", schema=None) as batch_op:
        batch_op.create_index(
            "ix_proposals_closed",
            ["rid"],
            unique=False,
            sqlite_where=sa.text("plan_until IS NOT NULL"),
            postgresql_where=sa.text("plan_until IS NOT NULL"),
        )
