"""Step ${message}.

Forward only: the way back is the copy that was made before.
"""

# ruff: noqa: PLR0915  a list of statements, however long
from __future__ import annotations

import sqlalchemy as sa
from alembic import op
${imports if imports else ""}
revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}
% if "ID," in (upgrades or ""):

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
% endif
% if triggers:

TRIGGERS = ${triggers}
% endif


def upgrade() -> None:
    """Bring the tables from ${down_revision or "nothing"} to ${up_revision}."""
    ${upgrades if upgrades else "pass"}
% if triggers:

    for statement in TRIGGERS[op.get_bind().dialect.name]:
        op.execute(statement)
% endif
