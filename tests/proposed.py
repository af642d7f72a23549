"""Records with one proposal each, put straight into the store, for tests that need many."""

from __future__ import annotations

from datetime import UTC, datetime

import sqlalchemy as sa

from rules.changes import Change
from state import proposals
from state.store import Store
from state.tables import cursors, mirror

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
CHANGE = Change("direct_phone", "68 10 00 01", "+4568100001", "phone", "hygiene", "reason.x")


def fill(store: Store, many: int, stream: str = "a.csv", first: int = 1) -> None:
    """So many contacts of a stream, each with one change in plan 1."""
    text, shape = proposals.changes_text([CHANGE]), proposals.shape_of([CHANGE])
    numbers = range(first, first + many)
    with store.transaction() as tx:
        tx.execute(
            sa.insert(mirror),
            [
                {
                    "rid": n,
                    "system": "files",
                    "kind": "contact",
                    "stream": stream,
                    "id": f"{stream}#{n}",
                    "version": "v",
                    "cells": "{}",
                    "place": n,
                    "by_content": False,
                    "born_pass": 1,
                    "first_seen_at": NOW,
                    "changed_at": NOW,
                }
                for n in numbers
            ],
        )
        tx.execute(
            sa.insert(cursors).values(
                system="files",
                stream=stream,
                kind="contact",
                complete=True,
                pass_no=1,
                records=many,
                fields=["direct_phone"],
                epoch=1,
            )
        )
        proposals.add(tx, [(n, "files", stream, n, "v", "f", shape, text, 1) for n in numbers])
