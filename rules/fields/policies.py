"""What sources of facts may do with each field, where it is not what is usual.

Usual: fill what is empty, ask a person where sources disagree, be 80 % sure (`rules.fields.field`).
Which sources, in what order, and how old their word may be, stands in the rows themselves.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from rules.fields.field import Dispute, Enrich, Field

REGISTERED: Final = frozenset(
    {
        "company_name", "cvr", "p_number", "legal_form", "industry_code", "industry_scheme",
        "industry_label", "industry_code_db25", "address", "postcode", "city", "country",
        "company_status", "ad_protected",
    }
)  # fmt: skip
"""What the company register decides: whoever else knows it has it from there."""
OVERWRITTEN: Final = frozenset({"company_status", "ad_protected"})
"""What the register alone can know, and the law wants to be known anew (CVR-loven § 19)."""


def with_policies(rows: Iterable[Field]) -> tuple[Field, ...]:
    """The rows, each with what sources may do with it."""
    return tuple(
        replace(
            row,
            dispute=Dispute.FIRST if row.name in REGISTERED else row.dispute,
            enrich=Enrich.OLDER if row.name in OVERWRITTEN else row.enrich,
        )
        for row in rows
    )
