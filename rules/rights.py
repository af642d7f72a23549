"""Who may do what on the page: rights, and the roles that hold them, as one table of data.

Somebody may have several roles; what one of them holds, he may. Whoever proposes that a block ends
does not decide it: that is another right, and another person even where one has both.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from enum import StrEnum
from typing import Final


class Right(StrEnum):
    """One thing that may be allowed."""

    LOOK = "look"
    """How all stands: figures, jobs, systems. No person is named."""
    ASK = "ask"
    """Whether somebody is blocked, and why."""
    RECORD = "record"
    """An opt-out."""
    LISTS = "lists"
    """Have a list held against the opt-outs."""
    VIOLATIONS = "violations"
    """Look at forbidden contacts."""
    ANSWER = "answer"
    """Answer for them."""
    RECORDS = "records"
    """Findings, plans, runs, parties: what stands in customers' records."""
    WRITE = "write"
    """Carry out a plan, take a run back."""
    WORK = "work"
    """Have a job done now."""
    PROPOSE = "propose"
    """Propose that a block ends."""
    DECIDE = "decide"
    """Decide what somebody else proposed."""
    SETTINGS = "settings"
    """Look at the settings."""
    USERS = "users"
    """Say who may sign in."""


class Role(StrEnum):
    """What somebody is here."""

    VIEWER = "viewer"
    AGENT = "agent"
    LEADER = "leader"
    ADMIN = "admin"
    COMPLIANCE = "compliance"


RIGHTS: Final[Mapping[Role, frozenset[Right]]] = {
    Role.VIEWER: frozenset({Right.LOOK}),
    Role.AGENT: frozenset({Right.LOOK, Right.ASK, Right.RECORD}),
    Role.LEADER: frozenset(
        {
            Right.LOOK, Right.ASK, Right.RECORD, Right.LISTS, Right.VIOLATIONS, Right.ANSWER,
            Right.RECORDS, Right.WRITE, Right.WORK, Right.PROPOSE,
        }
    ),
    Role.ADMIN: frozenset(
        {
            Right.LOOK, Right.ASK, Right.RECORD, Right.LISTS, Right.VIOLATIONS, Right.RECORDS,
            Right.WRITE, Right.WORK, Right.SETTINGS, Right.USERS,
        }
    ),
    Role.COMPLIANCE: frozenset(
        {
            Right.LOOK, Right.ASK, Right.RECORD, Right.VIOLATIONS, Right.ANSWER, Right.RECORDS,
            Right.PROPOSE, Right.DECIDE, Right.SETTINGS,
        }
    ),
}  # fmt: skip


def rights_of(roles: Collection[Role]) -> frozenset[Right]:
    """All that somebody with these roles may do."""
    return frozenset().union(*(RIGHTS[role] for role in roles))
