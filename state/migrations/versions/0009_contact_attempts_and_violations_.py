"""Step 0009 contact attempts and violations and alerts.

Forward only: the way back is the copy that was made before.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from state.types import Json, UtcDateTime

revision = "ringren_0009"
down_revision = "ringren_0008"

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Bring the tables from ringren_0008 to ringren_0009."""
    op.create_table(
        "alerts",
        sa.Column("alert", ID, autoincrement=True, nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("system", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("details", Json(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("raised_at", UtcDateTime(), nullable=False),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("alert", name=op.f("pk_alerts")),
        sqlite_autoincrement=True,
        sqlite_strict=True,
    )
    with op.batch_alter_table("alerts", schema=None) as batch_op:
        batch_op.create_index(
            "ix_alerts_state", ["state", "code", "system", "subject"], unique=False
        )

    op.create_table(
        "attempt_days",
        sa.Column("system", sa.Text(), nullable=False),
        sa.Column("day", sa.Text(), nullable=False),
        sa.Column("verdict", sa.Text(), nullable=False),
        sa.Column("attempts", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("system", "day", "verdict", name=op.f("pk_attempt_days")),
        sqlite_strict=True,
    )
    op.create_table(
        "attempts",
        sa.Column("rid", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("system", sa.Text(), nullable=False),
        sa.Column("stream", sa.Text(), nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("at_from", UtcDateTime(), nullable=True),
        sa.Column("at_to", UtcDateTime(), nullable=True),
        sa.Column("seconds", sa.BigInteger(), nullable=True),
        sa.Column("direction", sa.Text(), nullable=False),
        sa.Column("number", sa.Text(), nullable=True),
        sa.Column("digest", sa.LargeBinary(), nullable=True),
        sa.Column("person", sa.BigInteger(), nullable=True),
        sa.Column("contact", sa.Text(), nullable=True),
        sa.Column("agent", sa.Text(), nullable=True),
        sa.Column("call_list", sa.Text(), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("verdict", sa.Text(), nullable=False),
        sa.Column("seen_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("rid", name=op.f("pk_attempts")),
        sqlite_strict=True,
    )
    with op.batch_alter_table("attempts", schema=None) as batch_op:
        batch_op.create_index("ix_attempts_at_from", ["at_from"], unique=False)
        batch_op.create_index("ix_attempts_digest", ["digest"], unique=False)
        batch_op.create_index("ix_attempts_list", ["system", "call_list", "at_from"], unique=False)
        batch_op.create_index(
            "ix_attempts_person",
            ["person"],
            unique=False,
            sqlite_where=sa.text("person IS NOT NULL"),
            postgresql_where=sa.text("person IS NOT NULL"),
        )

    op.create_table(
        "violations",
        sa.Column("violation", ID, autoincrement=True, nullable=False),
        sa.Column("rid", sa.BigInteger(), nullable=False),
        sa.Column("verdict", sa.Text(), nullable=False),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("found_at", UtcDateTime(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("system", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("agent", sa.Text(), nullable=True),
        sa.Column("call_list", sa.Text(), nullable=True),
        sa.Column("events", Json(), nullable=False),
        sa.Column("since", UtcDateTime(), nullable=True),
        sa.Column("heard_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("violation", name=op.f("pk_violations")),
        sa.UniqueConstraint("rid", name=op.f("uq_violations_rid")),
        sqlite_autoincrement=True,
        sqlite_strict=True,
    )
    with op.batch_alter_table("violations", schema=None) as batch_op:
        batch_op.create_index("ix_violations_state", ["state", "verdict"], unique=False)

    op.create_table(
        "alert_sends",
        sa.Column("alert", ID, nullable=False),
        sa.Column("receiver", sa.Text(), nullable=False),
        sa.Column("sent", sa.BigInteger(), nullable=False),
        sa.Column("failed", sa.BigInteger(), nullable=False),
        sa.Column("due_at", UtcDateTime(), nullable=True),
        sa.Column("sent_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["alert"], ["alerts.alert"], name=op.f("fk_alert_sends_alert")),
        sa.PrimaryKeyConstraint("alert", "receiver", name=op.f("pk_alert_sends")),
        sqlite_strict=True,
    )
    with op.batch_alter_table("alert_sends", schema=None) as batch_op:
        batch_op.create_index("ix_alert_sends_due", ["receiver", "due_at"], unique=False)
