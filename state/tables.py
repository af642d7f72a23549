"""All tables in one place.

Every column that can hold personal data says so, and how long it lives, in `info`:
`personal=True` and `keep=<life>`; a table's own `info["keep"]` is the life of its rows.
Lives are names of `Lifetimes` (state/purge.py), which reads this and nothing else.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy import Column, ForeignKey, Index, Table, UniqueConstraint

from state.types import Json, UtcDateTime

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# BIGINT counts up only as INTEGER PRIMARY KEY on SQLite.
BigId = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _table(name: str, *columns: Any, keep: str = "", **how: Any) -> Table:
    table = Table(name, metadata, *columns, sqlite_strict=True, info={"keep": keep}, **how)
    if any(column.autoincrement is True for column in table.columns):
        # The number of a row that was purged is never given out again, as on PostgreSQL.
        table.kwargs["sqlite_autoincrement"] = True
    return table


def _text(name: str, *, null: bool = False, **more: Any) -> Column[str]:
    return Column(name, sa.Text, nullable=null, **more)


def _int(name: str, *, null: bool = False, **more: Any) -> Column[int]:
    return Column(name, sa.BigInteger, nullable=null, **more)


def _when(name: str, *, null: bool = False) -> Column[Any]:
    return Column(name, UtcDateTime, nullable=null)


def _id(name: str) -> Column[int]:
    return Column(name, BigId, primary_key=True, autoincrement=True)


def _personal(name: str, keep: str, *, null: bool = False) -> Column[str]:
    return Column(name, sa.Text, nullable=null, info={"personal": True, "keep": keep})


# --- runs, cursors ---------------------------------------------------------------------------

runs = _table(
    "runs",
    _id("run"),
    _text("command"),
    _text("actor"),
    Column("dry", sa.Boolean, nullable=False),
    _when("started_at"),
    _when("ended_at", null=True),
    _int("exit_code", null=True),
    _text("fingerprint"),
    Column("totals", Json, nullable=True),
    keep="runs",
)

cursors = _table(
    "cursors",
    Column("system", sa.Text, primary_key=True),
    Column("stream", sa.Text, primary_key=True),
    _text("kind"),
    Column("token", Json, nullable=True),
    Column("complete", sa.Boolean, nullable=False),
    _int("pass_no"),
    _int("records"),
    # The stream's mapped fields in a fixed order: bit n of mirror.filled is the n-th of them.
    Column("fields", Json, nullable=False),
    # The fingerprint of all rows of the stream that are not dirty; null = not known.
    _text("decided_with", null=True),
    _int("epoch"),
    _text("holder", null=True),
    _when("leased_until", null=True),
    _when("moved_at", null=True),
    _when("compared_at", null=True),
    # Field -> unit of its cells, where the header of its column names one; null = as none does.
    Column("units", Json, nullable=True),
    # Mapped fields that nobody can write: formulas, what a system keeps read-only; null = none.
    Column("closed", Json, nullable=True),
    # The fields that are read as match keys only, and the keys that they are hashed with; null = none.
    Column("keyed", Json, nullable=True),
    # When counts or ids were last compared, or everything read.
    _when("listed_at", null=True),
)

# --- mirror ----------------------------------------------------------------------------------

mirror = _table(
    "mirror",
    _id("rid"),
    _text("system"),
    _text("kind"),
    _text("stream"),
    _personal("id", "mirror"),
    _text("version"),
    _personal("cells", "mirror"),
    _int("place", null=True),
    # Recognised by its version, because the system gives it no id.
    Column("by_content", sa.Boolean, nullable=False),
    _int("born_pass"),
    _when("first_seen_at"),
    _when("changed_at"),
    _when("deleted_at", null=True),
    # Fingerprint of rules, settings and tables that the row was decided with; null = dirty.
    _text("decided_with", null=True),
    # Which of the stream's mapped fields are filled, and valid after hygiene: bits in the
    # order of cursors.fields: what this row adds to `coverage`. Null = never decided.
    _int("filled", null=True),
    _int("valid", null=True),
    # What it adds to the key figures (rules/marks.py): its share of `tallies`.
    _int("marks", null=True),
    # The first day (ISO) on which the row may be decided otherwise although nothing changes.
    _text("again_on", null=True),
    # Keyed hashes of what stands in fields that nothing is mapped to (state/also.py).
    _text("also", null=True),
    UniqueConstraint("system", "kind", "id"),
)
Index(
    "ix_mirror_again",
    mirror.c.system,
    mirror.c.stream,
    mirror.c.again_on,
    sqlite_where=mirror.c.again_on.is_not(None),
    postgresql_where=mirror.c.again_on.is_not(None),
)
Index(
    "ix_mirror_dirty",
    mirror.c.system,
    mirror.c.rid,
    sqlite_where=mirror.c.decided_with.is_(None),
    postgresql_where=mirror.c.decided_with.is_(None),
)
Index(
    "ix_mirror_content",
    mirror.c.system,
    mirror.c.stream,
    mirror.c.version,
    sqlite_where=mirror.c.by_content,
    postgresql_where=mirror.c.by_content,
)
Index("ix_mirror_stream", mirror.c.system, mirror.c.stream, mirror.c.place)
# What the purge looks for, so that it does not go through all that lives.
Index(
    "ix_mirror_deleted",
    mirror.c.deleted_at,
    sqlite_where=mirror.c.deleted_at.is_not(None),
    postgresql_where=mirror.c.deleted_at.is_not(None),
)

sightings = _table(
    "sightings",
    Column("system", sa.Text, primary_key=True),
    Column("stream", sa.Text, primary_key=True),
    Column("rid", sa.BigInteger, primary_key=True),
)

match_keys = _table(
    "match_keys",
    Column("rid", sa.BigInteger, primary_key=True),
    Column("key_kind", sa.Text, primary_key=True),
    Column("digest", sa.LargeBinary, primary_key=True),
    sqlite_with_rowid=False,
)
# Hashes come in no order: this index is put aside while many are written (state/match_keys.py).
match_keys_by_digest = Index("ix_match_keys_digest", match_keys.c.digest)

coverage = _table(
    "coverage",
    Column("system", sa.Text, primary_key=True),
    Column("stream", sa.Text, primary_key=True),
    Column("field", sa.Text, primary_key=True),
    _int("filled"),
    _int("valid"),
)

# How many records of a stream have the same marks (rules/marks.py).
tallies = _table(
    "tallies",
    Column("system", sa.Text, primary_key=True),
    Column("stream", sa.Text, primary_key=True),
    Column("marks", sa.BigInteger, primary_key=True),
    _int("records"),
)

# How many keys stand on more than one record, and on how many more; empty = not known.
doubles = _table(
    "doubles",
    Column("key_kind", sa.Text, primary_key=True),
    _int("groups"),
    _int("surplus"),
)

# Which of the ledger's events have been carried to the records they reach.
reach = _table(
    "reach",
    Column("consumer", sa.Text, primary_key=True),
    _int("ledger_seq"),
)

# --- decisions -------------------------------------------------------------------------------

plans = _table(
    "plans",
    _id("plan"),
    _int("run"),
    _text("author"),
    _text("approver", null=True),
    _when("created_at"),
    _when("expires_at"),
    # draft, open, applied, nothing
    _text("state"),
    _text("fingerprint"),
    _text("only_rule", null=True),
    Column("systems", Json, nullable=False),
    Column("totals", Json, nullable=True),
    # How many records it holds of which shape, once counted (state/shapes.py).
    _text("shapes", null=True),
    keep="plans",
)

# A proposal stands from the plan that first holds it up to, not including, `plan_until`.
# So a plan never changes once made, and a pass that finds nothing new writes nothing.
proposals = _table(
    "proposals",
    _id("pid"),
    _int("rid"),
    _text("system"),
    _text("stream"),
    _int("place", null=True),
    _text("base_version"),
    _text("fingerprint"),
    _text("shape"),
    _personal("changes", "plans"),
    _int("plan_from"),
    _int("plan_until", null=True),
    _text("closed_as", null=True),
)
Index(
    "ix_proposals_open",
    proposals.c.rid,
    sqlite_where=proposals.c.plan_until.is_(None),
    postgresql_where=proposals.c.plan_until.is_(None),
)
# Costs nothing until one is closed: what was ever proposed for a record, beside what is open.
Index(
    "ix_proposals_closed",
    proposals.c.rid,
    sqlite_where=proposals.c.plan_until.is_not(None),
    postgresql_where=proposals.c.plan_until.is_not(None),
)
Index("ix_proposals_plan_until", proposals.c.plan_until)

findings = _table(
    "findings",
    _id("fid"),
    # pull, intake, decide or push: each judges anew only what it said itself
    _text("origin"),
    _text("code"),
    _text("severity"),
    _text("system"),
    _text("stream"),
    # null: the finding is about a place in the stream (a broken row) or the stream itself
    _int("rid", null=True),
    _int("place", null=True),
    _text("field", null=True),
    _personal("details", "findings"),
    _when("first_seen_at"),
    _when("last_seen_at"),
    _when("gone_at", null=True),
    _int("came_back"),
    # The act by which somebody decided that it waits for nobody, and until when that holds.
    _int("decision", null=True),
    _when("opens_at", null=True),
)
Index(
    "ix_findings_decision",
    findings.c.decision,
    sqlite_where=findings.c.decision.is_not(None),
    postgresql_where=findings.c.decision.is_not(None),
)
Index("ix_findings_rid", findings.c.rid)
Index("ix_findings_stream", findings.c.system, findings.c.stream, findings.c.place)
Index(
    "ix_findings_gone",
    findings.c.gone_at,
    sqlite_where=findings.c.gone_at.is_not(None),
    postgresql_where=findings.c.gone_at.is_not(None),
)

blocked = _table(
    "blocked",
    Column("rid", sa.BigInteger, primary_key=True),
    _text("channels"),
    Column("events", Json, nullable=False),
    _when("since", null=True),
    # Whether the block has been carried on to the person's other keys (state/reach.py).
    Column("spread", sa.Boolean, nullable=False, server_default=sa.false()),
    # Whether the system shows the block on the record, as far as it can (state/telling.py).
    Column("told", sa.Boolean, nullable=False, server_default=sa.false()),
)
Index(
    "ix_blocked_untold",
    blocked.c.rid,
    sqlite_where=blocked.c.told.is_(False),
    postgresql_where=blocked.c.told.is_(False),
)

# What a person took back by undo: not to be proposed again while the record stays as it is.
declined = _table(
    "declined",
    Column("rid", sa.BigInteger, primary_key=True),
    Column("field", sa.Text, primary_key=True),
    _personal("value", "mirror", null=True),
    _int("run"),
)

# --- writing ---------------------------------------------------------------------------------

outbox = _table(
    "outbox",
    _id("oid"),
    _int("rid"),
    _int("run"),
    _int("pid", null=True),
    # the history row that this write takes back
    _int("undoes", null=True),
    _text("system"),
    _text("stream"),
    _int("place", null=True),
    _text("base_version"),
    _text("expected_version", null=True),
    _personal("changes", "plans"),
    # queued, sent, claimed
    _text("state"),
    _when("opened_at", null=True),
    Index("ix_outbox_stream", "system", "stream", "state", "place"),
    Index("ix_outbox_rid", "rid"),
)

history = _table(
    "history",
    _id("cid"),
    _int("run"),
    _int("rid"),
    _text("system"),
    _text("stream"),
    _text("base_version"),
    _text("version"),
    _personal("changes", "history"),
    _text("actor"),
    _when("applied_at"),
    _int("undoes", null=True),
    _int("undone_by", null=True),
    # when the undo window ended, and the values of `changes` were taken out of it
    _when("emptied_at", null=True),
    Index("ix_history_run", "run"),
    Index("ix_history_rid", "rid"),
    keep="history",
)
Index(
    "ix_history_full",
    history.c.applied_at,
    sqlite_where=history.c.emptied_at.is_(None),
    postgresql_where=history.c.emptied_at.is_(None),
)

# --- identity across systems -----------------------------------------------------------------

parties = _table(
    "parties",
    Column("party", sa.Text, primary_key=True),
    _text("person_or_company"),
    _when("created_at"),
)

links = _table(
    "links",
    _id("link"),
    _int("rid"),
    Column("party", sa.Text, ForeignKey("parties.party"), nullable=False),
    _text("reason"),
    _text("confidence"),
    _text("actor"),
    _when("since"),
    _when("until", null=True),
    Index("ix_links_rid", "rid"),
    Index("ix_links_party", "party"),
)

redirects = _table(
    "redirects",
    Column("system", sa.Text, primary_key=True),
    Column("kind", sa.Text, primary_key=True),
    Column("old_id", sa.Text, primary_key=True, info={"personal": True, "keep": "mirror"}),
    _personal("new_id", "mirror"),
    _when("seen_at"),
    # Another kind than `kind` where a lead became a contact.
    _text("new_kind"),
    Index("ix_redirects_new", "system", "new_kind", "new_id"),
)

# Records whose party has to be looked at again.
unmatched = _table(
    "unmatched",
    Column("rid", sa.BigInteger, primary_key=True, autoincrement=False),
    sqlite_with_rowid=False,
)

# --- suppression -----------------------------------------------------------------------------

# Append-only (triggers refuse anything else) and chained; holds nothing in clear.
ledger = _table(
    "ledger",
    _id("seq"),
    _text("event_id", unique=True),
    _text("event_type"),
    _text("channel"),
    _when("happened_from", null=True),
    _when("happened_to"),
    _when("heard_at"),
    _text("system"),
    _text("root", null=True),
    # The ids of the events between the root and a derived one, separated by blanks.
    _text("path"),
    _text("evidence_kind"),
    # How many different people vouch for it, and whether evidence was given in words.
    _int("approvals"),
    Column("documented", sa.Boolean, nullable=False),
    Column("commitment", sa.LargeBinary, nullable=False),
    Column("previous", sa.LargeBinary, nullable=False, unique=True),
    Column("chain", sa.LargeBinary, nullable=False),
)

ledger_keys = _table(
    "ledger_keys",
    Column("seq", sa.BigInteger, ForeignKey("ledger.seq"), primary_key=True),
    Column("key_kind", sa.Text, primary_key=True),
    Column("digest", sa.LargeBinary, primary_key=True),
    _text("key_id"),
    # named by the source itself, or only carried by the record that said it
    _text("role"),
)
Index("ix_ledger_keys_digest", ledger_keys.c.digest)
Index("ix_ledger_root", ledger.c.root)

# The side table that erasure empties: the chain holds a salted commitment to it only.
ledger_payload = _table(
    "ledger_payload",
    Column("seq", sa.BigInteger, ForeignKey("ledger.seq"), primary_key=True),
    _personal("payload", "suppression", null=True),
    Column("salt", sa.LargeBinary, nullable=True),
    _when("erased_at", null=True),
)

# Which keys exist, and a check value to recognise the key ring that belongs to this database.
key_ids = _table(
    "key_ids",
    Column("key_id", sa.Text, primary_key=True),
    Column("check_value", sa.LargeBinary, nullable=False),
    _when("since"),
)

deliveries = _table(
    "deliveries",
    _id("delivery"),
    Column("seq", sa.BigInteger, ForeignKey("ledger.seq"), nullable=False),
    _text("system"),
    # waiting, parked, sent, confirmed, settled, failed
    _text("state"),
    _int("attempts"),
    _int("epoch"),
    _when("created_at"),
    _when("due_at", null=True),
    _text("why", null=True),
    UniqueConstraint("seq", "system"),
    Index("ix_deliveries_state", "state", "due_at"),
)

receipts = _table(
    "receipts",
    _id("receipt"),
    Column("delivery", BigId, ForeignKey("deliveries.delivery"), nullable=False),
    _text("state"),
    _when("at"),
    _text("shown", null=True),
    Index("ix_receipts_delivery", "delivery"),
)

# Records whose flag could not be set, or was cleared by somebody after we had set it.
flag_tries = _table(
    "flag_tries",
    Column("rid", sa.BigInteger, primary_key=True, autoincrement=False),
    _int("attempts"),
    _when("due_at", null=True),
    _text("why", null=True),
    # how often it was put back on `day` (ISO)
    _int("put_back"),
    _text("day", null=True),
    # when flags of ours left for the record that nobody has seen there, and their fields
    _when("left_at", null=True),
    Column("left_fields", Json, nullable=True),
    sqlite_with_rowid=False,
)

# Each comparison of our list with what a system shows: what was found, and whether all was well.
verifications = _table(
    "verifications",
    _id("vid"),
    _text("system"),
    _when("at"),
    # green, repaired, open, stopped
    _text("verdict"),
    Column("counts", Json, nullable=False),
    Index("ix_verifications_system", "system", "at"),
)

# Hashes of entries under keys that came after them (state/rehash.py). Outside of the chain, which
# knows the hashes that an entry was born with; append-only all the same.
ledger_rehashed = _table(
    "ledger_rehashed",
    Column("seq", sa.BigInteger, ForeignKey("ledger.seq"), primary_key=True),
    Column("key_kind", sa.Text, primary_key=True),
    Column("digest", sa.LargeBinary, primary_key=True),
    _text("key_id"),
    _text("role"),
)
Index("ix_ledger_rehashed_digest", ledger_rehashed.c.digest)

# What people did: lifts, corrections, approvals, acknowledgements, key changes (state/acts.py).
# Append-only and chained; who and what in words stand in columns that erasure empties.
acts = _table(
    "acts",
    _id("seq"),
    _text("act"),
    # an id of ours (an entry, a request, a key, a violation), never personal
    _text("about"),
    _when("at"),
    _personal("payload", "suppression", null=True),
    Column("salt", sa.LargeBinary, nullable=True),
    Column("commitment", sa.LargeBinary, nullable=False),
    Column("previous", sa.LargeBinary, nullable=False, unique=True),
    Column("chain", sa.LargeBinary, nullable=False),
)
Index("ix_acts_about", acts.c.about)

# Lifts and corrections that one person proposed and another has to approve (state/requests.py).
requests = _table(
    "requests",
    _id("request"),
    # lift, correction
    _text("what"),
    # the entry that it speaks of
    _text("event"),
    # open, approved, refused
    _text("state"),
    # the statement in clear; emptied by erasure
    _personal("payload", "suppression", null=True),
    _personal("asked_by", "suppression"),
    _when("asked_at"),
    _personal("decided_by", "suppression", null=True),
    _when("decided_at", null=True),
    # the entry that came of it
    _text("entry", null=True),
    Index("ix_requests_event", "event"),
)

# --- registers of people who declined in general ---------------------------------------------

# One issue of a register such as the Robinson list (state/registers.py); no opt-outs.
register_issues = _table(
    "register_issues",
    _id("issue"),
    _text("register"),
    # the day it is of, ISO
    _text("dated"),
    # the hashing key of its entries
    _text("key_id"),
    _when("begun_at"),
    # null: a draft, in which nobody is looked up
    _when("imported_at", null=True),
    _int("entries"),
    _text("actor"),
    keep="registers",
)

# Keyed hashes of name and address.
register_entries = _table(
    "register_entries",
    Column("issue", BigId, ForeignKey("register_issues.issue"), primary_key=True),
    Column("digest", sa.LargeBinary, primary_key=True),
    keep="registers",
    sqlite_with_rowid=False,
)

# --- lists that were let go ------------------------------------------------------------------

# Who may ask over HTTP. Of a token itself only its hash is kept.
tokens = _table(
    "tokens",
    _id("token"),
    _text("name"),
    Column("digest", sa.LargeBinary, nullable=False, unique=True),
    # what it may do: state.tokens.Scope
    _text("scopes"),
    _personal("made_by", "suppression"),
    _when("made_at"),
    _when("expires_at", null=True),
    _personal("revoked_by", "suppression", null=True),
    _when("revoked_at", null=True),
    # once a day at most
    _when("used_at", null=True),
)

# Who may sign in to the page, and as what (rules/rights.py). Removed ones stay, without a password.
users = _table(
    "users",
    _id("user"),
    _personal("name", "suppression"),
    _personal("folded", "suppression"),
    # what he is, separated by blanks
    _text("roles"),
    # argon2id, with its salt and its parameters
    _text("password"),
    _personal("made_by", "suppression"),
    _when("made_at"),
    _when("seen_at", null=True),
    _personal("removed_by", "suppression", null=True),
    _when("removed_at", null=True),
    # Who he is elsewhere, where somebody else asks for his password: issuer and subject.
    _personal("subject", "suppression", null=True),
)
Index(
    "uq_users_subject",
    users.c.subject,
    unique=True,
    sqlite_where=users.c.removed_at.is_(None),
    postgresql_where=users.c.removed_at.is_(None),
)
Index(
    "uq_users_folded",
    users.c.folded,
    unique=True,
    sqlite_where=users.c.removed_at.is_(None),
    postgresql_where=users.c.removed_at.is_(None),
)

# Who is signed in. Of the secret in the browser only its hash.
sessions = _table(
    "sessions",
    Column("digest", sa.LargeBinary, primary_key=True),
    Column("user", BigId, ForeignKey("users.user"), nullable=False),
    _when("made_at"),
    _when("seen_at"),
    _when("ends_at"),
    Index("ix_sessions_user", "user"),
)

# A list that was held against suppression and let go to be called, until it expires.
releases = _table(
    "releases",
    Column("release", sa.Text, primary_key=True),
    _text("channel"),
    # what was let go: a file's name or a list of a system, and what was written
    _text("source"),
    _text("written", null=True),
    _text("actor"),
    _when("made_at"),
    _when("expires_at"),
    _int("rows"),
    _int("released"),
    Column("reasons", Json, nullable=False),
    # the ledger as it stood
    _int("ledger_seq"),
    Column("ledger_chain", sa.LargeBinary, nullable=False),
    keep="releases",
)

# The first eight bytes of the hash of each number and address that was let go, in heaps by the
# first of them: a few dozen bytes for each row, and one heap to look through for each question.
release_keys = _table(
    "release_keys",
    Column("release", sa.Text, ForeignKey("releases.release"), primary_key=True),
    Column("heap", sa.BigInteger, primary_key=True),
    Column("page", sa.BigInteger, primary_key=True),
    Column("heads", sa.LargeBinary, nullable=False),
    keep="releases",
)

# --- contact attempts, violations, alarms ----------------------------------------------------

# Who was contacted when (R75), apart from free text; stays when the record outside is deleted.
attempts = _table(
    "attempts",
    Column("rid", sa.BigInteger, primary_key=True, autoincrement=False),
    _text("system"),
    _text("stream"),
    _personal("ref", "attempts"),
    _text("channel"),
    _when("at_from", null=True),
    _when("at_to", null=True),
    _int("seconds", null=True),
    _text("direction"),
    _personal("number", "attempts", null=True),
    # The newest hash of the number at the time, and the contact's record: what opt-outs find it by.
    Column("digest", sa.LargeBinary, nullable=True),
    _int("person", null=True),
    _personal("contact", "attempts", null=True),
    _personal("agent", "attempts", null=True),
    _text("call_list", null=True),
    _text("outcome", null=True),
    _text("verdict"),
    _when("seen_at"),
    Index("ix_attempts_list", "system", "call_list", "at_from"),
    keep="attempts",
)
Index("ix_attempts_digest", attempts.c.digest)
Index("ix_attempts_at_from", attempts.c.at_from)
Index(
    "ix_attempts_person",
    attempts.c.person,
    sqlite_where=attempts.c.person.is_not(None),
    postgresql_where=attempts.c.person.is_not(None),
)

# How many attempts of a system each day has in each class, by when they were made.
attempt_days = _table(
    "attempt_days",
    Column("system", sa.Text, primary_key=True),
    Column("day", sa.Text, primary_key=True),
    Column("verdict", sa.Text, primary_key=True),
    _int("attempts"),
    keep="snapshots",
)

violations = _table(
    "violations",
    _id("violation"),
    _int("rid", unique=True),
    _text("verdict"),
    _text("cause"),
    # open, acknowledged, withdrawn: looked at again, it was none
    _text("state"),
    _when("found_at"),
    _when("at"),
    _text("system"),
    _text("channel"),
    _personal("ref", "violations"),
    # Masked: enough to recognise a number by, too little to call it.
    _text("number"),
    _personal("agent", "violations", null=True),
    _text("call_list", null=True),
    Column("events", Json, nullable=False),
    _when("since", null=True),
    _when("heard_at"),
    Index("ix_violations_state", "state", "verdict"),
    keep="violations",
)

alerts = _table(
    "alerts",
    _id("alert"),
    _text("code"),
    _text("system"),
    # What it is about, where there can be one open alert of it only.
    _text("subject"),
    # certain, warning
    _text("level"),
    # Masked: what may leave the house.
    Column("details", Json, nullable=False),
    # open, acknowledged, over
    _text("state"),
    _when("raised_at"),
    _when("ended_at", null=True),
    Index("ix_alerts_state", "state", "code", "system", "subject"),
    keep="alerts",
)

# One row for each alert and receiver; a receiver is named in the settings, addresses stand there.
alert_sends = _table(
    "alert_sends",
    Column("alert", BigId, ForeignKey("alerts.alert"), primary_key=True),
    Column("receiver", sa.Text, primary_key=True),
    _int("sent"),
    _int("failed"),
    _when("due_at", null=True),
    _when("sent_at", null=True),
    Index("ix_alert_sends_due", "receiver", "due_at"),
)

# --- what trends need ------------------------------------------------------------------------

snapshots = _table(
    "snapshots",
    Column("day", sa.Text, primary_key=True),
    Column("system", sa.Text, primary_key=True),
    Column("stream", sa.Text, primary_key=True),
    Column("measure", sa.Text, primary_key=True),
    _int("numerator"),
    _int("denominator"),
    keep="snapshots",
)

# --- the daemon ------------------------------------------------------------------------------

# How each job of the daemon stands; one row for each, renewed with every run.
jobs = _table(
    "jobs",
    Column("job", sa.Text, primary_key=True),
    # The moment that was last seen to: what was due after it and did not run was missed.
    _when("fired_at", null=True),
    _when("begun_at", null=True),
    _when("ended_at", null=True),
    _when("good_at", null=True),
    _int("exit_code", null=True),
    # A text key with its details, masked; null when it went well.
    Column("error", Json, nullable=True),
    # Failures, and beginnings without an end (killed), one after another.
    _int("failures"),
    _int("broken"),
    _text("holder", null=True),
    # Of one that is at work: its stage, and how much of how much.
    Column("far", Json, nullable=True),
)

# --- what sources of facts answered ----------------------------------------------------------

# One row for each key that a source was asked about. Written before a paid request leaves.
lookups = _table(
    "lookups",
    _id("lookup"),
    _text("source"),
    _text("key_kind"),
    _personal("key", "lookups"),
    # asked (no answer yet), found, absent, unknown
    _text("state"),
    _when("asked_at"),
    # the last answer that says something, and when what it says changed last
    _when("answered_at", null=True),
    _when("changed_at", null=True),
    # not asked for again before
    _when("good_until"),
    # when its licence has it deleted; null = never
    _when("kept_until", null=True),
    # the day (ISO) of the first of its answers in a row that there is no such thing
    _text("absent_since", null=True),
    _personal("answer", "lookups", null=True),
    # as it came, packed
    Column("raw", sa.LargeBinary, nullable=True, info={"personal": True, "keep": "lookups"}),
    UniqueConstraint("source", "key_kind", "key"),
)

# --- calls to other systems' APIs ------------------------------------------------------------

# Taken, in blocks: the row with an empty job counts all jobs of the day.
api_calls = _table(
    "api_calls",
    Column("system", sa.Text, primary_key=True),
    Column("day", sa.Text, primary_key=True),
    Column("job", sa.Text, primary_key=True),
    _int("calls"),
    # what they cost, in hundredths of a krone
    _int("ore", server_default=sa.text("0")),
    keep="snapshots",
)

# What each vendor said last of its own quota.
api_quotas = _table(
    "api_quotas",
    Column("system", sa.Text, primary_key=True),
    _int("used"),
    _int("quota"),
    _when("told_at"),
)
