"""Step 0015 registers of people who declined.

Forward only: the way back is the copy that was made before.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from state.types import UtcDateTime

revision = "ringren_0015"
down_revision = "ringren_0014"

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Bring the tables from ringren_0014 to ringren_0015."""
    op.create_table(
        "register_issues",
        sa.Column("issue", ID, autoincrement=True, nullable=False),
        sa.Column("register", sa.Text(), nullable=False),
        sa.Column("dated", sa.Text(), nullable=False),
        sa.Column("key_id", sa.Text(), nullable=False),
        sa.Column("begun_at", UtcDateTime(), nullable=False),
        sa.Column("imported_at", UtcDateTime(), nullable=True),
        sa.Column("entries", sa.BigInteger(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("issue", name=op.f("pk_register_issues")),
        sqlite_autoincrement=True,
        sqlite_strict=True,
    )
    op.create_table(
        "register_entries",
        sa.Column("issue", ID, nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["issue"], ["register_issues.issue"], name=op.f("fk_register_entries_issue")
        ),
        sa.PrimaryKeyConstraint("issue", "digest", name=op.f("pk_register_entries")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
