"""Step 0005 parties and merges across kinds.

Forward only: the way back is the copy that was made before.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "ringren_0005"
down_revision = "ringren_0004"


def upgrade() -> None:
    """Bring the tables from ringren_0004 to ringren_0005."""
    op.create_table(
        "unmatched",
        sa.Column("rid", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("rid", name=op.f("pk_unmatched")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    with op.batch_alter_table("redirects", schema=None) as batch_op:
        batch_op.add_column(sa.Column("new_kind", sa.Text(), nullable=True))
    op.execute(sa.text("UPDATE redirects SET new_kind = kind"))
    with op.batch_alter_table("redirects", schema=None) as batch_op:
        batch_op.alter_column("new_kind", existing_type=sa.Text(), nullable=False)
        batch_op.create_index("ix_redirects_new", ["system", "new_kind", "new_id"], unique=False)
