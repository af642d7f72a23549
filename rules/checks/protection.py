"""Advertising protection: a company that has asked the register to be left in peace (R11)."""

from __future__ import annotations

from rules.catalogue import Catalogue
from rules.checks.desk import Check, Desk
from rules.fields.field import PARTIES
from rules.opt_out_words import Meaning, opt_out_meaning
from rules.records import Kind

_FIELD = "ad_protected"


def protection(kind: Kind, mapped: frozenset[str], catalogue: Catalogue) -> Check | None:
    """Data about a protected unit may not be used for advertising, calls included (CVR-loven § 19).

    What cannot be read as a clear no counts as protected.
    """
    del catalogue
    if kind not in PARTIES or _FIELD not in mapped:
        return None

    def check(desk: Desk) -> None:
        text = desk.text(_FIELD)
        if text and opt_out_meaning(text) is not Meaning.NO:
            desk.note("ad_protected", desk.weighed(), _FIELD)

    return check
