"""Step 0012 flags on their way.

Forward only: the way back is the copy that was made before.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from state.types import Json, UtcDateTime

revision = "ringren_0012"
down_revision = "ringren_0011"


def upgrade() -> None:
    """Bring the tables from ringren_0011 to ringren_0012."""
    with op.batch_alter_table("flag_tries", schema=None) as batch_op:
        batch_op.add_column(sa.Column("left_at", UtcDateTime(), nullable=True))
        batch_op.add_column(sa.Column("left_fields", Json(), nullable=True))
