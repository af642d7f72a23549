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
_INDUSTRY: Final = (
    *_CELL,
    "industry_code_invalid",
    "industry_code_mixed",
    "industry_code_unknown",
    "industry_code_with_label",
    "industry_code_with_scheme",
    "industry_code_within",
    "industry_codes_several",
    "industry_not_stated",
)
_DATE = (
    *_CELL,
    "date_far",
    "date_impossible",
    "date_month_first",
    "date_period",
    "date_placeholder",
    "date_unreadable",
    "date_without_year",
)
_INTERVAL: Final = (
    *_CELL,
    "interval_is_date",
    "interval_other_figure",
    "interval_outside",
    "interval_unclear",
    "interval_unreadable",
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
        "phone_holds_cvr",
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
    "industry_code": (*_INDUSTRY, "industry_code_retired", "industry_scheme_wrong"),
    "industry_code_db25": (
        *_INDUSTRY,
        "industry_code_old",
        "industry_code_retired",
        "industry_scheme_wrong",
    ),
    "employees": _INTERVAL,
    "revenue": (*_INTERVAL, "revenue_currency", "revenue_unit_unknown"),
    "postcode": (
        *_CELL,
        "postcode_faroe",
        "postcode_foreign",
        "postcode_greenland",
        "postcode_invalid",
        "postcode_unknown",
        "postcode_zero_or_faroe",
        "town_no_place",
    ),
    "city": (
        *_CELL,
        "postcode_no_place",
        "town_broken_letters",
        "town_is_country",
        "town_with_digits",
    ),
    "address": (
        *_CELL,
        "address_holds_postcode",
        "country_no_place",
        "postcode_no_place",
        "town_no_place",
    ),
    "date": (*_DATE, "date_with_time"),
    "datetime": (*_DATE, "date_hour_skipped", "date_hour_twice"),
    "evidence_date": (*_DATE, "date_either_way", "date_hour_skipped", "date_hour_twice"),
    "p_number": (*_CELL, "placeholder_number", "p_number_invalid", "p_number_is_cvr"),
    "phone_extension": (*_CELL, "extension_invalid", "extension_is_phone"),
    "priority": (*_CELL, "number_invalid", "number_unclear"),
    "duration_seconds": (*_CELL, "duration_invalid", "duration_unclear", "number_unclear"),
    "title": (
        *_CELL,
        "title_ambiguous",
        "title_former",
        "title_is_area",
        "title_is_degree",
        "title_unknown",
    ),
    "choice": (*_CELL, "choice_unknown"),
    "yes_no": (*_CELL, "bool_unknown"),
    "root_domain_from_website": (),
    "city_from_postcode": ("town_not_of_postcode",),
    "legal_form_from_name": ("legal_form_differs",),
    "company_status_from_name": ("company_status_differs",),
    "industry_code_from_label": (),
    "industry_scheme_from_code": ("industry_scheme_wrong",),
    "industry_label_from_code": ("industry_label_wrong",),
    "industry_meaning": ("industry_scheme_unknown", "industry_scheme_wrong"),
    "industry_db25_from_code": (
        "industry_successor_label",
        "industry_successor_only",
        "industry_successors",
    ),
    "function_from_title": ("function_contradicts_title",),
    "seniority_from_title": (),
}
"""Rule -> codes, the shared ones first."""
