"""What holds for every cell there can be, not only for those somebody thought of."""

from __future__ import annotations

import random
import re
import string
from collections.abc import Callable
from decimal import Decimal

import phonenumbers
import pytest
import tldextract
from email_validator import EmailNotValidError, validate_email
from hypothesis import assume, example, given
from hypothesis import strategies as st
from stdnum.dk import cvr as stdnum_cvr

from rules.catalogue import DEFAULT
from rules.fields import bins as catalogue_bins
from rules.fields.field import Choice
from rules.formats import (
    addresses,
    bins,
    capitals,
    cells,
    choices,
    company_names,
    countries,
    cpr,
    cvr,
    dates,
    email,
    foreign,
    industry,
    names,
    numbers,
    phone,
    phone_number,
    postcodes,
    titles,
    towns,
    web,
)
from rules.formats.capitals import Part
from rules.formats.formatted import Formatted
from rules.list_rules import picklist

OUTCOME = picklist(DEFAULT["outcome"])
SOURCE = picklist(DEFAULT["source"])
BASIS = picklist(DEFAULT["lawful_basis"])

Format = Callable[[str], Formatted]


def _abroad(text: str) -> Formatted:
    return phone.phone(text, "SE")


def _up(text: str) -> Formatted:
    return bins.employees(text, up=True)


def _millions(text: str) -> Formatted:
    return bins.revenue(text, unit="MDKK")


FORMATS: dict[str, Format] = {
    "phone": phone.phone,
    "phone abroad": _abroad,
    "email": email.email,
    "cvr": cvr.cvr,
    "website": web.website,
    "domain": web.domain,
    "full name": names.person_name,
    "first name": names.first_name,
    "last name": names.last_name,
    "company name": company_names.company_name,
    "country": countries.country,
    "industry code": industry.code,
    "DB25 code": industry.code_db25,
    "employees": bins.employees,
    "employees up": _up,
    "revenue": bins.revenue,
    "revenue in millions": _millions,
    "postcode": postcodes.postcode,
    "postcode abroad": lambda text: postcodes.postcode(text, "SE"),
    "town": towns.town,
    "town abroad": lambda text: towns.town(text, "SE"),
    "address": addresses.address,
    "address abroad": lambda text: addresses.address(text, "SE"),
    "p-number": numbers.p_number,
    "extension": numbers.extension,
    "date": dates.day,
    "date and time": dates.stamp,
    "evidence": dates.evidence,
    "number": numbers.number,
    "seconds": numbers.seconds,
    "title": titles.title,
    "closed list": OUTCOME.unsettled,
    "open list": SOURCE.unsettled,
    "list of words as said": BASIS.unsettled,
    "yes or no": choices.yes_no,
}
QUICK: dict[str, tuple[Callable[[str], bool], Format]] = {
    "phone": (phone.settled, phone.phone),
    "email": (email.settled, email.unsettled),
    "cvr": (cvr.settled, cvr.unsettled),
    "website": (web.settled, web.unsettled),
    "domain": (web.settled_domain, web.domain),
    "full name": (names.settled, names.unsettled),
    "first name": (names.settled, names.unsettled_first),
    "last name": (names.settled, names.unsettled_last),
    "company name": (company_names.settled, company_names.unsettled),
    "country": (countries.settled, countries.unsettled),
    "industry code": (industry.settled, industry.unsettled),
    "DB25 code": (industry.settled_db25, industry.unsettled_db25),
    "employees": (bins.EMPLOYEES.settled, bins.employees),
    "revenue": (bins.REVENUE.settled, bins.revenue),
    "postcode": (postcodes.settled, postcodes.unsettled),
    "town": (towns.settled, towns.unsettled),
    "address": (addresses.settled, addresses.unsettled),
    "p-number": (numbers.settled_p_number, numbers.p_number),
    "extension": (numbers.settled_extension, numbers.extension),
    "date": (dates.settled_day, dates.unsettled_day),
    "date and time": (dates.settled, dates.unsettled),
    "evidence": (dates.settled, dates.unsettled_evidence),
    "number": (numbers.settled_number, numbers._number),
    "seconds": (numbers.settled_seconds, numbers.seconds),
    "title": (titles.settled, titles.unsettled),
    "closed list": (OUTCOME.settled, OUTCOME.unsettled),
    "open list": (SOURCE.settled, SOURCE.unsettled),
    "list of words as said": (BASIS.settled, BASIS.unsettled),
    "yes or no": (choices.settled_bool, choices.unsettled_bool),
}
UNDERSTOOD = {
    "phone_trunk_zero", "phone_not_in_plan", "phone_premium", "cvr_checksum", "email_typo",
    "email_domain_unknown", "email_not_ascii", "website_shared_host", "company_status_in_name",
    "company_sole_trader", "industry_code_retired",
}  # fmt: skip
"""Issues of cells that were read all the same; with any other issue the cell must not change."""

_TYPED = (
    "+45", "0045", "(0)", "20", "12", "34", "56", "33123456", "90000004", "DK", "CVR", "nr.",
    "tlf.", "lok.", "eller", "/", ";", ",", "\n", "@", "mailto:", "<", ">", "anne", "HANSEN",
    "Søren", "von", "der", "O'", "Mc", "-", ".", "opdigtet-0001", ".dk", ".co.uk", "www.",
    "https://", "http", ":8080", "?", "#", "ApS", "APS", "a/s", "A / S", "v/", "under konkurs",
    "ukendt", "SÃ¸", "S¢", "\u00a0", "\u200b", "\x00", "😀", "İ", "ß", "ﬁ", "E+07", ".0", "0",
    "620100", "01.11.00", "DB07", "Torvehandel med fødevarer", "ca.", "10-19", "ansatte", "mio.", "kr.",
    "over", "under", "til", "1.000", "TDKK", "EUR", "okt",
    "8000", "Aarhus C", "Århus", "DK-1050", "København", "K", "Kbh.", "Fabelvej 12", "st.th.", "2.",
    "tv", "Kgs.", "Lyngby", "Danmark", "1.234", "1012345678", "02:30", "2026-11-24", "24-11-2026", "T10:30", "+01:00", "kl.", "24.", "november",
    "03/04/2026", "46350", ":15", "PM", "1719829815", "tirsdag", "d.", "/11", "26", "Z", "min", "1 234", "917", "800",
    "direktør", "Dr.", "å", "a\u030a", "(at)", "gmial.com", "xn--", "\u2011", "٢", "１", "+46",
    "salgschef", "CEO", "&", "Head of", "hos", "tidligere", "Norden", "adm.", "salgs-", "Formand",
    "Møde booket", "no answer", "nej tak", "Legitim interesse", "Messe", "ja", "1", "x", "cand.",
)  # fmt: skip
CELLS = st.one_of(
    st.text(max_size=40),
    st.lists(st.sampled_from(_TYPED), max_size=8).map("".join),
    st.lists(st.sampled_from(_TYPED), max_size=6).map(" ".join),
    st.text(alphabet=string.digits + " +-.()/", max_size=24),
    st.text(alphabet="aeirsøåÆN'- .,", max_size=30),
)
BLANKS = st.text(alphabet=" \t\u00a0\u2009\u200b\ufeff", max_size=4)


@pytest.fixture(params=FORMATS)
def reads(request: pytest.FixtureRequest) -> Format:
    return FORMATS[request.param]


@pytest.mark.parametrize("name", FORMATS)
@given(text=CELLS)
def test_a_format_leaves_its_own_work_alone(name: str, text: str) -> None:
    once = FORMATS[name](text).value
    if once is not None:
        assert FORMATS[name](once).value == once


@pytest.mark.parametrize("name", FORMATS)
@given(text=CELLS)
def test_a_format_never_changes_what_it_does_not_understand(name: str, text: str) -> None:
    formatted = FORMATS[name](text)
    if {issue.code for issue in formatted.issues} - UNDERSTOOD:
        assert formatted.value == text
        assert not formatted.reason
        assert not formatted.spill


@pytest.mark.parametrize("name", FORMATS)
@given(text=CELLS, before=BLANKS, after=BLANKS)
def test_blanks_around_a_cell_make_no_difference(
    name: str, text: str, before: str, after: str
) -> None:
    assume(text == cells.trimmed(text))
    assume(text[:1] not in {"\u0300", "\u030a"})
    plain, padded = FORMATS[name](text), FORMATS[name](before + text + after)
    if plain.value == text and not plain.reason and plain.issues:
        assert padded.value in {before + text + after, text}
    elif text:
        assert padded.value == plain.value
    assert [issue.code for issue in padded.issues] == [issue.code for issue in plain.issues]


@pytest.mark.parametrize("name", FORMATS)
@given(text=CELLS)
def test_a_changed_cell_says_why_and_a_kept_one_does_not(name: str, text: str) -> None:
    formatted = FORMATS[name](text)
    assert bool(formatted.reason) == (formatted.value != text or bool(formatted.spill))


@pytest.mark.parametrize("name", FORMATS)
@given(text=CELLS)
def test_a_finding_quotes_at_most_sixty_characters(name: str, text: str) -> None:
    for issue in FORMATS[name](text * 5).issues:
        quoted = issue.details.get("text", "")
        assert len(quoted) <= cells.QUOTED_LENGTH or quoted == FORMATS[name](text * 5).value
        assert "\n" not in quoted


LETTERS = ["a", "1", "+", "@", ".", " a", "a@", "1 ", "/", "'", "Ã¸", "\x00"]


@pytest.mark.parametrize("size", [2001, 10_000])
def test_a_cell_as_long_as_a_letter_is_left_alone(reads: Format, size: int) -> None:
    for letter in LETTERS:
        text = (letter * size)[:size]
        formatted = reads(text)
        assert formatted.value == text
        assert formatted.issues or not text.strip(), letter


@pytest.mark.parametrize("name", QUICK)
@given(text=CELLS)
def test_a_quick_look_says_settled_only_of_what_the_long_look_leaves_alone(
    name: str, text: str
) -> None:
    settled, unsettled = QUICK[name]
    canonical = FORMATS[name](text).value
    for cell in {text, canonical or ""}:
        if settled(cell):
            formatted = unsettled(cell)
            assert (formatted.value, formatted.issues) == (cell, ())


GUESSES: dict[str, tuple[Callable[[str], cells.Guess | None], Callable[[str], bool], Format]] = {
    "phone": (
        lambda text: phone.usual(text, "DK"),
        phone.settled,
        lambda text: cells.nothing(text) or phone._cell(text, "DK"),
    ),
    "phone abroad": (
        lambda text: phone.usual(text, "SE"),
        phone.settled,
        lambda text: cells.nothing(text) or phone._cell(text, "SE"),
    ),
    "email": (email.usual, email.settled, email.unsettled),
    "cvr": (cvr.usual, cvr.settled, cvr.unsettled),
    "website": (web.usual, web.settled, web.unsettled),
    "full name": (
        names.usual,
        names.settled,
        lambda text: cells.nothing(text) or names._read(text, Part.WHOLE),
    ),
    "first name": (
        names.usual,
        names.settled,
        lambda text: cells.nothing(text) or names._read(text, Part.FIRST),
    ),
    "last name": (
        names.usual,
        names.settled,
        lambda text: cells.nothing(text) or names._read(text, Part.LAST),
    ),
    "company name": (company_names.usual, company_names.settled, company_names.unsettled),
}
"""The quick way beside the long one, which is what it has to equal."""
_GOOD: dict[str, st.SearchStrategy[str]] = {
    "phone": st.integers(10_000_000, 99_999_999).map(str),
    "email": st.sampled_from(["anne@opdigtet-0001.dk", "a.b-c@gmail.com", "info@post.tele.dk"]),
    "cvr": st.sampled_from(["90000004", "90000012", "95000001", "12345678"]),
    "website": st.sampled_from(
        ["opdigtet-0001.dk", "www.opdigtet-0001.co.uk", "facebook.com", "opdigtet-0001.dk/Om-Os"]
    ),
    "name": st.lists(
        st.sampled_from(["anne", "bo", "von", "hansen", "o'brien", "ukendt", "kunde", "nan", "vi"]),
        min_size=1,
        max_size=3,
    ).map(" ".join),
}


@st.composite
def _nearly_usual(draw: st.DrawFn, name: str) -> str:
    """A good value as it is typed: with blanks, dashes, codes and capitals where they may be."""
    text = draw(_GOOD[next(kind for kind in _GOOD if kind in name)])
    around = st.sampled_from(
        ["", "", " ", "  ", "-", " - ", ".", "+45", "(+45)", "0045", "45", "DK", "CVR ", "mailto:",
         "https://", "HTTP://", "/", ";", "\u00a0", "+45-", " ApS", " aps", "?A=B"]
    )  # fmt: skip
    for _ in range(draw(st.integers(0, 3))):
        at = draw(st.integers(0, len(text)))
        text = text[:at] + draw(around) + text[at:]
    if draw(st.booleans()) and "phone" in name:
        sign = draw(st.sampled_from(" -."))
        text = sign.join(re.findall("..?", text))
    text = draw(st.sampled_from(["", "", "+45 ", "0045", "(+45) ", "mailto:", "DK "])) + text
    return draw(st.sampled_from([text, text, text.upper(), text.lower(), text.title()]))


@pytest.mark.parametrize("name", GUESSES)
@given(data=st.data())
def test_a_guess_that_is_settled_is_what_the_long_way_says(name: str, data: st.DataObject) -> None:
    guess, settled, long_way = GUESSES[name]
    text = data.draw(st.one_of(CELLS, _nearly_usual(name)))
    guessed = guess(text)
    if guessed is not None and not settled(text) and settled(guessed[0]):
        assert long_way(text) == Formatted(*guessed)


@given(
    text=st.one_of(
        CELLS,
        _nearly_usual("phone"),
        st.builds(
            "{}{}{}".format,
            st.sampled_from(["+", "00", "+ ", "(+", "0"]),
            st.sampled_from(["46 ", "47", "298", "299 ", "1", "44 (0)", "45", "4 5", "999", "39"]),
            st.text(alphabet="0123456789 -", min_size=5, max_size=12),
        ),
        st.text(alphabet="0123456789", min_size=1, max_size=14),
    ),
    region=st.sampled_from(["DK", "SE", "NO", "US", "IT", "FO"]),
)
def test_every_short_cut_of_a_phone_cell_says_what_the_long_way_says(
    text: str, region: str
) -> None:
    short = phone.unsettled(text, region)
    long = cells.nothing(text) or phone._cell(text, region)
    assert short._replace(reason="") == long._replace(reason="")
    assert bool(short.reason) == bool(long.reason)


_WORDS = [
    "anne",
    "søren",
    "von",
    "de",
    "mcgraw",
    "macleod",
    "hc",
    "ii",
    "bay-petersen",
    "o'brien",
    "lund",
    "a",
    "xiv",
    "fru",
    "aps",
    "ng",
]


@given(
    words=st.lists(st.sampled_from(_WORDS), min_size=1, max_size=4),
    part=st.sampled_from(list(Part)),
    upper=st.booleans(),
)
def test_the_usual_way_of_capitals_is_the_long_way_shortened(
    words: list[str], part: Part, *, upper: bool
) -> None:
    text = " ".join(words).upper() if upper else " ".join(words)
    usual = names._usual(text, part)
    if usual is not None:
        assert usual.value == names._read(text, part).value == capitals.capitalised(text, part)


# --- against the libraries -----------------------------------------------------------------------


def _by_library(text: str, region: str | None = "DK") -> str:
    foreign._by_library.cache_clear()
    return foreign._by_library(text, region or "")


@pytest.mark.parametrize("tail", ["00000", "12345", "98765"])
def test_the_plan_of_danish_prefixes_is_that_of_the_library(tail: str) -> None:
    for prefix in range(1000):
        number = f"{prefix:03d}{tail}"
        valid = phonenumbers.is_valid_number(phonenumbers.parse("+45" + number))
        assert (number[:3] in phone_number.PLAN) == valid, number
        if number not in phone_number.PLACEHOLDERS:
            assert (phone.phone(number).value == "+45" + number) == valid, number


@given(
    st.integers(10_000_000, 99_999_999),
    st.sampled_from(["{}", "+45{}", "0045{}", "+45 {}", "45{}"]),
)
def test_the_quick_way_for_danish_numbers_agrees_with_the_library(digits: int, form: str) -> None:
    assume(str(digits) not in phone_number.PLACEHOLDERS)
    text = form.format(digits)
    assert phone.phone(text).value == (_by_library(text) or text)


_REGIONS = sorted(phonenumbers.SUPPORTED_REGIONS)


@given(st.sampled_from(_REGIONS), st.integers(0, 5), st.randoms(use_true_random=False))
def test_the_quick_way_for_foreign_numbers_agrees_with_the_library(
    region: str, wrong: int, dice: random.Random
) -> None:
    kind = dice.choice(list(phonenumbers.PhoneNumberType.values()))
    model = phonenumbers.example_number_for_type(region, kind) or phonenumbers.example_number(
        region
    )
    assume(model is not None)
    assert model is not None
    national = list(str(model.national_number))
    for _ in range(wrong):
        national[dice.randrange(len(national))] = dice.choice(string.digits)
    if wrong > 3:
        national = national[: dice.randrange(1, 12)] + list(f"{dice.randrange(1000)}")
    digits = f"{model.country_code}{''.join(national)}"
    assert foreign.e164(digits) == _by_library("+" + digits, None)
    assert foreign.national("".join(national), region) == _by_library("".join(national), region)
    foreign._possible_by_library.cache_clear()
    assert foreign.possible(digits) == foreign._possible_by_library(digits)


@given(st.integers(0, 99_999_999))
def test_modulus_11_agrees_with_the_library(number: int) -> None:
    digits = f"{number:08d}"
    assert cvr.passes(digits) == stdnum_cvr.is_valid(digits)


_LIST = tldextract.TLDExtract(suffix_list_urls=(), cache_dir=None, include_psl_private_domains=True)
_SUFFIXES = sorted(_LIST.tlds)


@given(
    st.lists(st.sampled_from(["opdigtet-0001", "www", "a", "city", "xn--brd-0na"]), max_size=3),
    st.sampled_from(_SUFFIXES),
)
@example(["www"], "*.ck")
@example([], "!www.ck")
@example(["a"], "*.compute.amazonaws.com")
@example(["a", "www"], "公司.cn")
@example([], "*.kawasaki.jp")
def test_the_quick_way_to_a_root_domain_agrees_with_the_library(
    labels: list[str], suffix: str
) -> None:
    bare = suffix.lstrip("!").replace("*", "any")
    host = web.ascii_host(".".join([*labels, bare]))
    if host is not None:
        assert web.root_of_host(host) == (_LIST(host).top_domain_under_public_suffix or None)


_LOCALS = st.text(alphabet="abcz019._-+'& øA@", min_size=1, max_size=12)
_DOMAINS = st.lists(st.text(alphabet="ab01-", min_size=1, max_size=6), min_size=1, max_size=3)


@given(
    _LOCALS,
    _DOMAINS,
    st.sampled_from(["dk", "com", "test", "local", "arpa", "onion", "c", "co.uk"]),
)
def test_a_settled_address_is_one_that_the_library_leaves_alone(
    local: str, labels: list[str], top: str
) -> None:
    address = f"{local}@{'.'.join(labels)}.{top}"
    if email.settled(address):
        checked = validate_email(address, check_deliverability=False)
        assert checked.normalized == address


@given(_LOCALS, _DOMAINS, st.sampled_from(["dk", "com", "test", "c"]))
def test_what_the_library_refuses_is_never_called_an_address(
    local: str, labels: list[str], top: str
) -> None:
    address = f"{local}@{'.'.join(labels)}.{top}"
    formatted = email.email(address)
    try:
        validate_email(address, check_deliverability=False)
    except EmailNotValidError:
        if formatted.value != address:
            validate_email(formatted.value or "", check_deliverability=False)
        else:
            assert formatted.issues


# --- what else must never happen -----------------------------------------------------------------


@given(CELLS)
def test_a_phone_number_comes_out_as_e164_or_not_at_all(text: str) -> None:
    formatted = phone.phone(text)
    if formatted.value not in {text, None}:
        assert re.fullmatch(r"\+[1-9][0-9]{6,14}", formatted.value or "")


@given(CELLS)
def test_no_digit_of_a_phone_cell_is_lost(text: str) -> None:
    formatted = phone.phone(text)
    if formatted.value in {text, None} or not text.isascii():
        return
    kept = "".join([formatted.value or "", *formatted.spill.values()])
    assert set(re.findall(r"\d", text)) <= set(re.findall(r"\d", kept)) | {"0"}


@given(CELLS)
def test_a_person_name_keeps_every_letter(text: str) -> None:
    assume(text.isascii())
    formatted = names.person_name(text)
    kept = "".join([formatted.value or "", *formatted.spill.values()])
    letters = sorted(char for char in text.lower() if char.isalpha())
    assert sorted(char for char in kept.lower() if char.isalpha()) == letters


@given(CELLS)
def test_a_company_name_keeps_every_letter_and_its_capitals_but_for_the_form(text: str) -> None:
    assume(text.isascii())
    kept = company_names.company_name(text).value or ""
    assert re.sub(r"\W", "", kept).lower() == re.sub(r"\W", "", text).lower()


@given(st.dates(), st.integers(0, 9999), st.sampled_from(["", "-", " ", "\u2013"]))
def test_every_identity_number_is_found_and_masked(day: object, serial: int, dash: str) -> None:
    number = f"{day:%d%m%y}{dash}{serial:04d}"
    for text in (number, f"Anne {number}", f"({number})"):
        assert cpr.LOOK(text)
        assert cpr.holds(text)
        assert f"{serial:04d}" not in cpr.masked(text).replace(cpr.MASK, "")


@pytest.mark.parametrize(
    "text",
    ["310299-1234", "451270-1234", "011370-1234", "1234567890123", "+3112701234", "12-12-1970"],
)
def test_other_numbers_are_no_identity_numbers(text: str) -> None:
    assert not cpr.holds(text)
    assert cpr.masked(text) == text


# --- sizes ----------------------------------------------------------------------------------------


@given(st.integers(0, 20_000))
def test_every_number_of_employees_has_the_one_bin_that_holds_it(count: int) -> None:
    value = bins.employees(str(count)).value or ""
    if count in range(36_526, 47_849):
        return
    low, _, high = value.rstrip("+").partition("-")
    assert int(low) <= count
    assert value == "1000+" or count <= int(high or low)


@given(st.decimals(0, 5000, places=2))
def test_a_revenue_goes_into_the_same_bin_in_every_unit(millions: Decimal) -> None:
    text = f"{millions:f}".replace(".", ",")
    kroner = f"{millions * 1_000_000:.0f} kr"
    expected = bins.revenue(f"{text} mio. kr.").value
    assert bins.revenue(text, unit="MDKK").value in {expected, text}
    assert bins.revenue(kroner, unit="DKK").value == expected
    assert bins.revenue(f"{millions * 1000:.0f} TDKK").value == expected


@given(st.integers(0, 1500), st.integers(0, 1500))
def test_a_range_goes_into_the_bin_of_one_of_its_ends(one: int, other: int) -> None:
    low, high = sorted((one, other))
    text = f"{low} til {high}"
    assert bins.employees(text).value == bins.employees(str(low)).value
    assert bins.employees(text, up=True).value == bins.employees(str(high)).value


@given(st.sampled_from(catalogue_bins.REVENUE), st.sampled_from(["value", "da", "en"]))
def test_a_bin_is_known_by_each_of_its_names(choice: Choice, name: str) -> None:
    assert bins.revenue(f" {getattr(choice, name).upper()} ").value in {
        choice.value,
        f" {choice.value} ",
    }
