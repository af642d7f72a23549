"""Step 0003 units.

Forward only: the way back is the copy that was made before.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from state.types import Json

revision = "ringren_0003"
down_revision = "ringren_0002"


def upgrade() -> None:
    """Bring the tables from ringren_0002 to ringren_0003."""
    with op.batch_alter_table("cursors", schema=None) as batch_op:
        batch_op.add_column(sa.Column("units", Json(), nullable=True))
