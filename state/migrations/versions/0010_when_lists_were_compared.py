"""Step 0010 when lists were compared.

Forward only: the way back is the copy that was made before.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from state.types import UtcDateTime

revision = "ringren_0010"
down_revision = "ringren_0009"


def upgrade() -> None:
    """Bring the tables from ringren_0009 to ringren_0010."""
    with op.batch_alter_table("cursors", schema=None) as batch_op:
        batch_op.add_column(sa.Column("listed_at", UtcDateTime(), nullable=True))
