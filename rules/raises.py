"""Which findings each rule can raise, so that a finding can be counted for its rule.

A finding names its field and not its rule: two rules may look at one field. Findings about a whole
record, a CPR number anywhere, or a change that is held back are no rule's.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

_CELL: Final = ("placeholder", "control_characters", "too_long")
_PERSON: Final = (
    *_CELL,
    "name_broken_letters",
    "name_comma",
    "name_has_digits",
    "name_is_email",
    "name_not_person",
    "name_odd_characters",
    "name_with_title",
)
_DOMAIN: Final = (*_CELL, "website_domain_unknown", "website_invalid", "website_shared_host")

RAISES: Final[Mapping[str, tuple[str, ...]]] = {
    "cvr": (
        *_CELL,
        "placeholder_number",
        "number_rounded",
        "cvr_checksum",
        "cvr_foreign",
        "cvr_invalid",
        "cvr_is_account",
        "cvr_is_gln",
        "cvr_is_p_number",
        "cvr_is_phone",
        "cvr_is_se_number",
        "cvr_looks_like_phone",
    ),
    "company_name": (*_CELL, "company_sole_trader", "company_status_in_name"),
    "full_name": _PERSON,
    "first_name": _PERSON,
    "last_name": _PERSON,
    "phone": (
        *_CELL,
        "placeholder_number",
        "number_rounded",
        "phone_country_unclear",
        "phone_extension",
        "phone_faroe_or_greenland",
        "phone_holds_email",
        "phone_invalid",
        "phone_is_own_cvr",
        "phone_letter_for_digit",
        "phone_not_in_plan",
        "phone_premium",
        "phone_several",
        "phone_short_number",
        "phone_trunk_zero",
        "phone_two_numbers",
    ),
    "email": (
        *_CELL,
        "email_at_in_words",
        "email_display_name",
        "email_domain_unknown",
        "email_invalid",
        "email_not_ascii",
        "email_several",
        "email_typo",
    ),
    "website": (
        *_DOMAIN,
        "website_is_email",
        "website_port",
        "website_several",
        "website_typo",
    ),
    "root_domain": _DOMAIN,
    "country": (*_CELL, "country_unknown"),
    "root_domain_from_website": (),
}
"""Rule -> codes, the shared ones first."""
