"""Step 0014 users and sessions of the page.

Forward only: the way back is the copy that was made before.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from state.types import UtcDateTime

revision = "ringren_0014"
down_revision = "ringren_0013"

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Bring the tables from ringren_0013 to ringren_0014."""
    op.create_table(
        "users",
        sa.Column("user", ID, autoincrement=True, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("folded", sa.Text(), nullable=False),
        sa.Column("roles", sa.Text(), nullable=False),
        sa.Column("password", sa.Text(), nullable=False),
        sa.Column("made_by", sa.Text(), nullable=False),
        sa.Column("made_at", UtcDateTime(), nullable=False),
        sa.Column("seen_at", UtcDateTime(), nullable=True),
        sa.Column("removed_by", sa.Text(), nullable=True),
        sa.Column("removed_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("user", name=op.f("pk_users")),
        sqlite_autoincrement=True,
        sqlite_strict=True,
    )
    op.create_index(
        "uq_users_folded",
        "users",
        ["folded"],
        unique=True,
        sqlite_where=sa.text("removed_at IS NULL"),
        postgresql_where=sa.text("removed_at IS NULL"),
    )
    op.create_table(
        "sessions",
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("user", ID, nullable=False),
        sa.Column("made_at", UtcDateTime(), nullable=False),
        sa.Column("seen_at", UtcDateTime(), nullable=False),
        sa.Column("ends_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["user"], ["users.user"], name=op.f("fk_sessions_user")),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_sessions")),
        sqlite_strict=True,
    )
    op.create_index("ix_sessions_user", "sessions", ["user"])
