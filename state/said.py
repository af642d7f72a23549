"""What people answered to the questions of sources, by record: a person is a source like any other.

His answers stand in the table of look-ups under the record itself as the key.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

import orjson

from rules.enrichment.said import NOTHING_SAID, Said
from rules.keys import ref_key
from rules.records import Ref
from state import lookups
from state.lookups import Heard, State, Terms
from state.store import Tx

PERSON: Final = "person"
LIFE: Final = timedelta(days=5 * 365)
"""So long it is not asked again; by then the companies are others."""


def of_records(tx: Tx, refs: Collection[Ref]) -> Mapping[Ref, Said]:
    """What was said of these records; those of which nothing was are left out."""
    keys = {ref_key(ref): ref for ref in refs}
    known = lookups.known(tx, [PERSON], keys)
    return {keys[key]: _read(rows[0].answer) for key, rows in known.items() if rows[0].answer}


def say(tx: Tx, ref: Ref, said: Said, by: str, now: datetime) -> None:
    """Keep what somebody said of a record, in the place of what was said before."""
    told: dict[str, Any] = {"company": said.company, "fields": dict(said.fields), "by": by}
    heard = Heard(ref_key(ref), State.FOUND, orjson.dumps(told).decode())
    lookups.settle(tx, PERSON, [heard], now, Terms(now + LIFE, now + LIFE, None))


def take_back(tx: Tx, ref: Ref) -> int:
    """Nothing was said; the question is asked again."""
    return lookups.erase(tx, [ref_key(ref)])


def _read(answer: str | None) -> Said:
    told = orjson.loads(answer or "{}")
    return Said(told["company"], told["fields"]) if told else NOTHING_SAID
