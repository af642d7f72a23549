"""Step 0001 first.

Forward only: the way back is the copy that was made before.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from state.types import Json, UtcDateTime

revision = "ringren_0001"
down_revision = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

TRIGGERS = {
    "postgresql": (
        "CREATE FUNCTION ledger_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'the ledger is append-only'; END $$",
        "CREATE TRIGGER ledger_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse()",
        "CREATE TRIGGER ledger_keys_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_keys FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse()",
        "CREATE TRIGGER ledger_payload_no_delete BEFORE DELETE OR TRUNCATE ON ledger_payload FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse()",
        "CREATE TRIGGER ledger_payload_only_erase BEFORE UPDATE ON ledger_payload FOR EACH ROW WHEN (new.seq <> old.seq OR new.payload IS NOT NULL OR new.salt IS NOT NULL OR new.erased_at IS NULL) EXECUTE FUNCTION ledger_refuse()",
    ),
    "sqlite": (
        "CREATE TRIGGER ledger_no_update BEFORE UPDATE ON ledger BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END",
        "CREATE TRIGGER ledger_no_delete BEFORE DELETE ON ledger BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END",
        "CREATE TRIGGER ledger_keys_no_update BEFORE UPDATE ON ledger_keys BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END",
        "CREATE TRIGGER ledger_keys_no_delete BEFORE DELETE ON ledger_keys BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END",
        "CREATE TRIGGER ledger_payload_no_delete BEFORE DELETE ON ledger_payload BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END",
        "CREATE TRIGGER ledger_payload_only_erase BEFORE UPDATE ON ledger_payload WHEN new.seq <> old.seq OR new.payload IS NOT NULL OR new.salt IS NOT NULL OR new.erased_at IS NULL BEGIN SELECT RAISE(ABORT, 'a payload of the ledger can only be erased'); END",
    ),
}


def upgrade() -> None:
    """Bring the tables from nothing to ringren_0001."""
    op.create_table(
        "blocked",
        sa.Column("rid", sa.BigInteger(), nullable=False),
        sa.Column("channels", sa.Text(), nullable=False),
        sa.Column("events", Json(), nullable=False),
        sa.Column("since", UtcDateTime(), nullable=True),
        sa.Column("spread", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.PrimaryKeyConstraint("rid", name=op.f("pk_blocked")),
        sqlite_strict=True,
    )
    op.create_table(
        "coverage",
        sa.Column("system", sa.Text(), nullable=False),
        sa.Column("stream", sa.Text(), nullable=False),
        sa.Column("field", sa.Text(), nullable=False),
        sa.Column("filled", sa.BigInteger(), nullable=False),
        sa.Column("valid", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("system", "stream", "field", name=op.f("pk_coverage")),
        sqlite_strict=True,
    )
    op.create_table(
        "cursors",
        sa.Column("system", sa.Text(), nullable=False),
        sa.Column("stream", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("token", Json(), nullable=True),
        sa.Column("complete", sa.Boolean(), nullable=False),
        sa.Column("pass_no", sa.BigInteger(), nullable=False),
        sa.Column("records", sa.BigInteger(), nullable=False),
        sa.Column("fields", Json(), nullable=False),
        sa.Column("decided_with", sa.Text(), nullable=True),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.Column("holder", sa.Text(), nullable=True),
        sa.Column("leased_until", UtcDateTime(), nullable=True),
        sa.Column("moved_at", UtcDateTime(), nullable=True),
        sa.Column("compared_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("system", "stream", name=op.f("pk_cursors")),
        sqlite_strict=True,
    )
    op.create_table(
        "declined",
        sa.Column("rid", sa.BigInteger(), nullable=False),
        sa.Column("field", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=True),
        sa.Column("run", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("rid", "field", name=op.f("pk_declined")),
        sqlite_strict=True,
    )
    op.create_table(
        "doubles",
        sa.Column("key_kind", sa.Text(), nullable=False),
        sa.Column("groups", sa.BigInteger(), nullable=False),
        sa.Column("surplus", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("key_kind", name=op.f("pk_doubles")),
        sqlite_strict=True,
    )
    op.create_table(
        "findings",
        sa.Column("fid", ID, autoincrement=True, nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("severity", sa.Text(), nullable=False),
        sa.Column("system", sa.Text(), nullable=False),
        sa.Column("stream", sa.Text(), nullable=False),
        sa.Column("rid", sa.BigInteger(), nullable=True),
        sa.Column("place", sa.BigInteger(), nullable=True),
        sa.Column("field", sa.Text(), nullable=True),
        sa.Column("details", sa.Text(), nullable=False),
        sa.Column("first_seen_at", UtcDateTime(), nullable=False),
        sa.Column("last_seen_at", UtcDateTime(), nullable=False),
        sa.Column("gone_at", UtcDateTime(), nullable=True),
        sa.Column("came_back", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("fid", name=op.f("pk_findings")),
        sqlite_autoincrement=True,
        sqlite_strict=True,
    )
    op.create_index(
        "ix_findings_gone",
        "findings",
        ["gone_at"],
        unique=False,
        sqlite_where=sa.text("gone_at IS NOT NULL"),
        postgresql_where=sa.text("gone_at IS NOT NULL"),
    )
    op.create_index("ix_findings_rid", "findings", ["rid"], unique=False)
    op.create_index("ix_findings_stream", "findings", ["system", "stream", "place"], unique=False)
    op.create_table(
        "history",
        sa.Column("cid", ID, autoincrement=True, nullable=False),
        sa.Column("run", sa.BigInteger(), nullable=False),
        sa.Column("rid", sa.BigInteger(), nullable=False),
        sa.Column("system", sa.Text(), nullable=False),
        sa.Column("stream", sa.Text(), nullable=False),
        sa.Column("base_version", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("changes", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("applied_at", UtcDateTime(), nullable=False),
        sa.Column("undoes", sa.BigInteger(), nullable=True),
        sa.Column("undone_by", sa.BigInteger(), nullable=True),
        sa.Column("emptied_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("cid", name=op.f("pk_history")),
        sqlite_autoincrement=True,
        sqlite_strict=True,
    )
    op.create_index(
        "ix_history_full",
        "history",
        ["applied_at"],
        unique=False,
        sqlite_where=sa.text("emptied_at IS NULL"),
        postgresql_where=sa.text("emptied_at IS NULL"),
    )
    op.create_index("ix_history_rid", "history", ["rid"], unique=False)
    op.create_index("ix_history_run", "history", ["run"], unique=False)
    op.create_table(
        "key_ids",
        sa.Column("key_id", sa.Text(), nullable=False),
        sa.Column("check_value", sa.LargeBinary(), nullable=False),
        sa.Column("since", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("key_id", name=op.f("pk_key_ids")),
        sqlite_strict=True,
    )
    op.create_table(
        "ledger",
        sa.Column("seq", ID, autoincrement=True, nullable=False),
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("event_type", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("happened_from", UtcDateTime(), nullable=True),
        sa.Column("happened_to", UtcDateTime(), nullable=False),
        sa.Column("heard_at", UtcDateTime(), nullable=False),
        sa.Column("system", sa.Text(), nullable=False),
        sa.Column("root", sa.Text(), nullable=True),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("evidence_kind", sa.Text(), nullable=False),
        sa.Column("approvals", sa.BigInteger(), nullable=False),
        sa.Column("documented", sa.Boolean(), nullable=False),
        sa.Column("commitment", sa.LargeBinary(), nullable=False),
        sa.Column("previous", sa.LargeBinary(), nullable=False),
        sa.Column("chain", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_ledger")),
        sa.UniqueConstraint("event_id", name=op.f("uq_ledger_event_id")),
        sa.UniqueConstraint("previous", name=op.f("uq_ledger_previous")),
        sqlite_autoincrement=True,
        sqlite_strict=True,
    )
    op.create_index("ix_ledger_root", "ledger", ["root"], unique=False)
    op.create_table(
        "match_keys",
        sa.Column("rid", sa.BigInteger(), nullable=False),
        sa.Column("key_kind", sa.Text(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("rid", "key_kind", "digest", name=op.f("pk_match_keys")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_index("ix_match_keys_digest", "match_keys", ["digest"], unique=False)
    op.create_table(
        "mirror",
        sa.Column("rid", ID, autoincrement=True, nullable=False),
        sa.Column("system", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("stream", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("cells", sa.Text(), nullable=False),
        sa.Column("place", sa.BigInteger(), nullable=True),
        sa.Column("by_content", sa.Boolean(), nullable=False),
        sa.Column("born_pass", sa.BigInteger(), nullable=False),
        sa.Column("first_seen_at", UtcDateTime(), nullable=False),
        sa.Column("changed_at", UtcDateTime(), nullable=False),
        sa.Column("deleted_at", UtcDateTime(), nullable=True),
        sa.Column("decided_with", sa.Text(), nullable=True),
        sa.Column("filled", sa.BigInteger(), nullable=True),
        sa.Column("valid", sa.BigInteger(), nullable=True),
        sa.Column("marks", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("rid", name=op.f("pk_mirror")),
        sa.UniqueConstraint("system", "kind", "id", name=op.f("uq_mirror_system_kind_id")),
        sqlite_autoincrement=True,
        sqlite_strict=True,
    )
    op.create_index(
        "ix_mirror_content",
        "mirror",
        ["system", "stream", "version"],
        unique=False,
        sqlite_where=sa.text("by_content"),
        postgresql_where=sa.text("by_content"),
    )
    op.create_index(
        "ix_mirror_deleted",
        "mirror",
        ["deleted_at"],
        unique=False,
        sqlite_where=sa.text("deleted_at IS NOT NULL"),
        postgresql_where=sa.text("deleted_at IS NOT NULL"),
    )
    op.create_index(
        "ix_mirror_dirty",
        "mirror",
        ["system", "rid"],
        unique=False,
        sqlite_where=sa.text("decided_with IS NULL"),
        postgresql_where=sa.text("decided_with IS NULL"),
    )
    op.create_index("ix_mirror_stream", "mirror", ["system", "stream", "place"], unique=False)
    op.create_table(
        "outbox",
        sa.Column("oid", ID, autoincrement=True, nullable=False),
        sa.Column("rid", sa.BigInteger(), nullable=False),
        sa.Column("run", sa.BigInteger(), nullable=False),
        sa.Column("pid", sa.BigInteger(), nullable=True),
        sa.Column("undoes", sa.BigInteger(), nullable=True),
        sa.Column("system", sa.Text(), nullable=False),
        sa.Column("stream", sa.Text(), nullable=False),
        sa.Column("place", sa.BigInteger(), nullable=True),
        sa.Column("base_version", sa.Text(), nullable=False),
        sa.Column("expected_version", sa.Text(), nullable=True),
        sa.Column("changes", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("opened_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("oid", name=op.f("pk_outbox")),
        sqlite_autoincrement=True,
        sqlite_strict=True,
    )
    op.create_index("ix_outbox_rid", "outbox", ["rid"], unique=False)
    op.create_index(
        "ix_outbox_stream", "outbox", ["system", "stream", "state", "place"], unique=False
    )
    op.create_table(
        "parties",
        sa.Column("party", sa.Text(), nullable=False),
        sa.Column("person_or_company", sa.Text(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("party", name=op.f("pk_parties")),
        sqlite_strict=True,
    )
    op.create_table(
        "plans",
        sa.Column("plan", ID, autoincrement=True, nullable=False),
        sa.Column("run", sa.BigInteger(), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("approver", sa.Text(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("only_rule", sa.Text(), nullable=True),
        sa.Column("systems", Json(), nullable=False),
        sa.Column("totals", Json(), nullable=True),
        sa.Column("shapes", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("plan", name=op.f("pk_plans")),
        sqlite_autoincrement=True,
        sqlite_strict=True,
    )
    op.create_table(
        "proposals",
        sa.Column("pid", ID, autoincrement=True, nullable=False),
        sa.Column("rid", sa.BigInteger(), nullable=False),
        sa.Column("system", sa.Text(), nullable=False),
        sa.Column("stream", sa.Text(), nullable=False),
        sa.Column("place", sa.BigInteger(), nullable=True),
        sa.Column("base_version", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("shape", sa.Text(), nullable=False),
        sa.Column("changes", sa.Text(), nullable=False),
        sa.Column("plan_from", sa.BigInteger(), nullable=False),
        sa.Column("plan_until", sa.BigInteger(), nullable=True),
        sa.Column("closed_as", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("pid", name=op.f("pk_proposals")),
        sqlite_autoincrement=True,
        sqlite_strict=True,
    )
    op.create_index(
        "ix_proposals_open",
        "proposals",
        ["rid"],
        unique=False,
        sqlite_where=sa.text("plan_until IS NULL"),
        postgresql_where=sa.text("plan_until IS NULL"),
    )
    op.create_index("ix_proposals_plan_until", "proposals", ["plan_until"], unique=False)
    op.create_table(
        "reach",
        sa.Column("consumer", sa.Text(), nullable=False),
        sa.Column("ledger_seq", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("consumer", name=op.f("pk_reach")),
        sqlite_strict=True,
    )
    op.create_table(
        "redirects",
        sa.Column("system", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("old_id", sa.Text(), nullable=False),
        sa.Column("new_id", sa.Text(), nullable=False),
        sa.Column("seen_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("system", "kind", "old_id", name=op.f("pk_redirects")),
        sqlite_strict=True,
    )
    op.create_table(
        "runs",
        sa.Column("run", ID, autoincrement=True, nullable=False),
        sa.Column("command", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("dry", sa.Boolean(), nullable=False),
        sa.Column("started_at", UtcDateTime(), nullable=False),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.Column("exit_code", sa.BigInteger(), nullable=True),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("totals", Json(), nullable=True),
        sa.PrimaryKeyConstraint("run", name=op.f("pk_runs")),
        sqlite_autoincrement=True,
        sqlite_strict=True,
    )
    op.create_table(
        "sightings",
        sa.Column("system", sa.Text(), nullable=False),
        sa.Column("stream", sa.Text(), nullable=False),
        sa.Column("rid", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("system", "stream", "rid", name=op.f("pk_sightings")),
        sqlite_strict=True,
    )
    op.create_table(
        "snapshots",
        sa.Column("day", sa.Text(), nullable=False),
        sa.Column("system", sa.Text(), nullable=False),
        sa.Column("stream", sa.Text(), nullable=False),
        sa.Column("measure", sa.Text(), nullable=False),
        sa.Column("numerator", sa.BigInteger(), nullable=False),
        sa.Column("denominator", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("day", "system", "stream", "measure", name=op.f("pk_snapshots")),
        sqlite_strict=True,
    )
    op.create_table(
        "tallies",
        sa.Column("system", sa.Text(), nullable=False),
        sa.Column("stream", sa.Text(), nullable=False),
        sa.Column("marks", sa.BigInteger(), nullable=False),
        sa.Column("records", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("system", "stream", "marks", name=op.f("pk_tallies")),
        sqlite_strict=True,
    )
    op.create_table(
        "deliveries",
        sa.Column("delivery", ID, autoincrement=True, nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("system", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("attempts", sa.BigInteger(), nullable=False),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("due_at", UtcDateTime(), nullable=True),
        sa.Column("why", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["seq"], ["ledger.seq"], name=op.f("fk_deliveries_seq")),
        sa.PrimaryKeyConstraint("delivery", name=op.f("pk_deliveries")),
        sa.UniqueConstraint("seq", "system", name=op.f("uq_deliveries_seq_system")),
        sqlite_autoincrement=True,
        sqlite_strict=True,
    )
    op.create_index("ix_deliveries_state", "deliveries", ["state", "due_at"], unique=False)
    op.create_table(
        "ledger_keys",
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("key_kind", sa.Text(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("key_id", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["seq"], ["ledger.seq"], name=op.f("fk_ledger_keys_seq")),
        sa.PrimaryKeyConstraint("seq", "key_kind", "digest", name=op.f("pk_ledger_keys")),
        sqlite_strict=True,
    )
    op.create_index("ix_ledger_keys_digest", "ledger_keys", ["digest"], unique=False)
    op.create_table(
        "ledger_payload",
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("payload", sa.Text(), nullable=True),
        sa.Column("salt", sa.LargeBinary(), nullable=True),
        sa.Column("erased_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["seq"], ["ledger.seq"], name=op.f("fk_ledger_payload_seq")),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_ledger_payload")),
        sqlite_strict=True,
    )
    op.create_table(
        "links",
        sa.Column("link", ID, autoincrement=True, nullable=False),
        sa.Column("rid", sa.BigInteger(), nullable=False),
        sa.Column("party", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("confidence", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("since", UtcDateTime(), nullable=False),
        sa.Column("until", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["party"], ["parties.party"], name=op.f("fk_links_party")),
        sa.PrimaryKeyConstraint("link", name=op.f("pk_links")),
        sqlite_autoincrement=True,
        sqlite_strict=True,
    )
    op.create_index("ix_links_party", "links", ["party"], unique=False)
    op.create_index("ix_links_rid", "links", ["rid"], unique=False)
    op.create_table(
        "receipts",
        sa.Column("receipt", ID, autoincrement=True, nullable=False),
        sa.Column("delivery", ID, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("shown", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["delivery"], ["deliveries.delivery"], name=op.f("fk_receipts_delivery")
        ),
        sa.PrimaryKeyConstraint("receipt", name=op.f("pk_receipts")),
        sqlite_autoincrement=True,
        sqlite_strict=True,
    )
    op.create_index("ix_receipts_delivery", "receipts", ["delivery"], unique=False)

    for statement in TRIGGERS[op.get_bind().dialect.name]:
        op.execute(statement)
