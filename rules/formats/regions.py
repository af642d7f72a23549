"""Which numbering plan a record's country means. Not the country format: only phone asks."""

from __future__ import annotations

from rules.formats.countries import CODES, iso_code


def region_of(country: str, default: str = "DK") -> str:
    """The ISO code of a country as people spell it; `default` when it is empty or not understood."""
    return country if country in CODES else iso_code(country) or default
