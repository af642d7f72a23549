"""Step 0002 again on.

Forward only: the way back is the copy that was made before.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "ringren_0002"
down_revision = "ringren_0001"


def upgrade() -> None:
    """Bring the tables from ringren_0001 to ringren_0002."""
    with op.batch_alter_table("mirror", schema=None) as batch_op:
        batch_op.add_column(sa.Column("again_on", sa.Text(), nullable=True))
        batch_op.create_index(
            "ix_mirror_again",
            ["system", "stream", "again_on"],
            unique=False,
            sqlite_where=sa.text("again_on IS NOT NULL"),
            postgresql_where=sa.text("again_on IS NOT NULL"),
        )
