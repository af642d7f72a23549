"""Who has to be told that we hold data that he did not give us, and who need not (GDPR art. 14)."""

from __future__ import annotations

import pytest

from rules.changes import Change
from rules.enrichment.informing import INFORMED, owed
from rules.enrichment.policy import RULE
from rules.records import Kind, Value

PHONE = Change("direct_phone", "", "+4568123456", RULE, "lasso", "reason.enrichment.domain")
NAME = PHONE._replace(field="company_name", new="Opdigt ApS", source="cvr")
DAY = PHONE._replace(field="data_checked_at", new="2026-11-26", source="system")


@pytest.mark.parametrize(
    ("kind", "values", "written", "said"),
    [
        (Kind.CONTACT, {INFORMED: "", "source": "Købt liste"}, (), "Købt liste"),
        (Kind.LEAD, {INFORMED: None, "source": "LinkedIn"}, (), "LinkedIn"),
        (Kind.CONTACT, {INFORMED: "2026-11-01", "source": "Købt liste"}, (PHONE,), None),
        (Kind.CONTACT, {INFORMED: "", "source": "Messe"}, (), None),
        (Kind.CONTACT, {INFORMED: "", "source": ""}, (), None),
        # A list without a place for the day is told of what our own sources wrote, and of no more.
        (Kind.CONTACT, {"source": "Købt liste"}, (), None),
        (Kind.CONTACT, {"source": "Messe"}, (PHONE,), "lasso"),
        (Kind.CONTACT, {}, (NAME, DAY), None),
        (Kind.COMPANY, {"legal_form": "ENK"}, (NAME,), "cvr"),
        (Kind.COMPANY, {"legal_form": "Enkeltmandsvirksomhed", INFORMED: ""}, (NAME,), "cvr"),
        (Kind.COMPANY, {"legal_form": "ENK"}, (DAY,), None),
        (Kind.COMPANY, {"legal_form": "ApS"}, (NAME,), None),
    ],
)
def test_who_is_owed_a_word(
    kind: Kind, values: dict[str, Value], written: tuple[Change, ...], said: str | None
) -> None:
    found = owed(kind, values, written)
    assert (found.details["source"] if found else None) == said
