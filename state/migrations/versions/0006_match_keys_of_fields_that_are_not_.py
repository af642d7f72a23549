"""Step 0006 match keys of fields that are not mapped.

Forward only: the way back is the copy that was made before.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from state.types import Json

revision = "ringren_0006"
down_revision = "ringren_0005"


def upgrade() -> None:
    """Bring the tables from ringren_0005 to ringren_0006."""
    with op.batch_alter_table("cursors", schema=None) as batch_op:
        batch_op.add_column(sa.Column("keyed", Json(), nullable=True))

    with op.batch_alter_table("mirror", schema=None) as batch_op:
        batch_op.add_column(sa.Column("also", sa.Text(), nullable=True))
