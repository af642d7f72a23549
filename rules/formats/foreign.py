"""Numbers of other countries: the phone library, and a quick way to the same answer.

Not for Danish numbers, whose closed plan `rules.formats.phone` knows by itself. The quick way asks
the same national patterns without parsing; a property test holds it against the library.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from phonenumbers import PhoneMetadata, PhoneNumber

_KINDS: Final = (
    "mobile",
    "fixed_line",
    "toll_free",
    "premium_rate",
    "shared_cost",
    "personal_number",
    "voip",
    "pager",
    "uan",
    "voicemail",
)


class _Country(NamedTuple):
    """What a national number of one country code looks like, and what may stand before it."""

    main: str
    valid: re.Pattern[str]
    prefix: re.Pattern[str] | None
    sizes: frozenset[int]

    def is_bare(self, national: str) -> bool:
        """Whether the library would take nothing off: no zero, nothing dialled before it at home."""
        return national[:1] != "0" and (self.prefix is None or self.prefix.match(national) is None)


def e164(digits: str) -> str:
    """E.164 of `digits` that begin with a country code; empty when no valid number."""
    for size in (2, 1, 3):
        country = _country(digits[:size])
        if country is None:
            continue
        national = digits[size:]
        if country.is_bare(national):
            if country.valid.fullmatch(national):
                return "+" + digits
            if _valid_anywhere(digits[:size]).fullmatch(national) is None:
                return ""
        break
    return _by_library("+" + digits, "")


def national(digits: str, region: str) -> str:
    """E.164 of `digits` as dialled within `region` (ISO code); empty when no valid number."""
    code = _code(region)
    country = _country(code)
    if country is not None and country.main == region and country.is_bare(digits):
        # A number that begins with its own country code may be meant with it: not for the quick.
        own = digits.startswith(code)
        if not own and country.valid.fullmatch(digits):
            return f"+{code}{digits}"
        if not own and _valid_anywhere(code).fullmatch(digits) is None:
            return ""
    return _by_library(digits, region)


def possible(digits: str) -> str:
    """E.164 of `digits` whose length is right for their country code; empty when it is not."""
    for size in (2, 1, 3):
        country = _country(digits[:size])
        if country is not None and country.is_bare(digits[size:]):
            return "+" + digits if len(digits) - size in country.sizes else ""
        if country is not None:
            break
    return _possible_by_library(digits)


@lru_cache(maxsize=1024)
def _possible_by_library(digits: str) -> str:
    import phonenumbers

    parsed = _parsed("+" + digits, "")
    if parsed is None or not phonenumbers.is_possible_number(parsed):
        return ""
    spelled = str(phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164))
    return spelled if spelled == "+" + digits else ""


@cache
def has_trunk_zero(region: str) -> bool:
    """Whether numbers are dialled with a zero before them within `region`."""
    from phonenumbers import PhoneMetadata

    metadata = PhoneMetadata.metadata_for_region(region)
    return metadata is not None and metadata.national_prefix == "0"


@cache
def _code(region: str) -> str:
    from phonenumbers import country_code_for_region

    return str(country_code_for_region(region))


def region_of_number(number: str) -> str:
    """The ISO code of the country of an E.164 number that is not Danish; empty for any other text."""
    if not number.startswith("+") or number.startswith("+45"):
        return ""
    return _region(number)


@lru_cache(maxsize=1024)
def _region(number: str) -> str:
    import phonenumbers

    parsed = _parsed(number, "")
    return phonenumbers.region_code_for_number(parsed) or "" if parsed else ""


@cache
def _country(code: str) -> _Country | None:
    """The main region of a country code; None when there is no such code."""
    from phonenumbers import COUNTRY_CODE_TO_REGION_CODE, PhoneMetadata

    regions = COUNTRY_CODE_TO_REGION_CODE.get(int(code)) if code.isdecimal() else None
    metadata = PhoneMetadata.metadata_for_region(regions[0]) if regions else None
    if metadata is None:
        return None
    valid, general = _pattern(metadata), metadata.general_desc
    if general is None or not valid:
        return None
    prefix = metadata.national_prefix_for_parsing
    return _Country(
        str(metadata.id),
        re.compile(valid, re.ASCII),
        re.compile(prefix, re.ASCII) if prefix else None,
        frozenset((*general.possible_length, *general.possible_length_local_only)),
    )


@cache
def _valid_anywhere(code: str) -> re.Pattern[str]:
    """What a national number looks like in one of the regions that share a country code."""
    from phonenumbers import COUNTRY_CODE_TO_REGION_CODE, PhoneMetadata

    regions = COUNTRY_CODE_TO_REGION_CODE[int(code)]
    every = [PhoneMetadata.metadata_for_region(region) for region in regions]
    patterns = [_pattern(metadata) for metadata in every if metadata is not None]
    return re.compile("|".join(filter(None, patterns)), re.ASCII)


def _pattern(metadata: PhoneMetadata) -> str:
    """The valid national numbers of a region, of any kind; empty when it names none.

    Of regions that share a country code some are told by how their numbers begin.
    """
    kinds = [getattr(metadata, kind) for kind in _KINDS]
    patterns = [kind.national_number_pattern for kind in kinds if kind is not None]
    general = metadata.general_desc and metadata.general_desc.national_number_pattern
    either = "|".join(f"(?:{pattern})" for pattern in patterns if pattern)
    begin = metadata.leading_digits or ""
    return rf"(?={begin})(?=(?:{general})\Z)(?:{either})" if general else ""


@lru_cache(maxsize=1024)
def _by_library(number: str, region: str) -> str:
    import phonenumbers

    parsed = _parsed(number, region)
    if parsed is None or not phonenumbers.is_valid_number(parsed):
        return ""
    return str(phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164))


def _parsed(number: str, region: str) -> PhoneNumber | None:
    import phonenumbers

    try:
        parsed = phonenumbers.parse(number, region or None)
    except phonenumbers.NumberParseException:
        return None
    return None if parsed.extension else parsed
