"""Step 0017 when a token was last used.

Forward only: the way back is the copy that was made before.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from state.types import UtcDateTime

revision = "ringren_0017"
down_revision = "ringren_0016"


def upgrade() -> None:
    """Bring the tables from ringren_0016 to ringren_0017."""
    with op.batch_alter_table("tokens", schema=None) as batch_op:
        batch_op.add_column(sa.Column("used_at", UtcDateTime(), nullable=True))
