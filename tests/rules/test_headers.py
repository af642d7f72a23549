"""Headers of Danish lists and CRM exports, matched to fields; and what must never happen."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.catalogue import DEFAULT, FIELDS, extend
from rules.errors import UserError
from rules.headers import HeaderMatch, match
from rules.identities import id_rank
from rules.records import Kind


def fields(headers: str, file_name: str = "liste.csv", **more: object) -> dict[str, str | None]:
    """Header -> canonical name, for headers written with semicolons between them."""
    found = match(headers.split(";"), file_name=file_name, **more)  # type: ignore[arg-type]
    return {column.header: column.canonical for column in found.columns}


def codes(found: HeaderMatch) -> list[str]:
    return [remark.code for remark in found.reasons]


# --- headers ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("header", "kind", "canonical"),
    [
        ("tlf.", Kind.CONTACT, "direct_phone"),
        ("Tlf.nr.", Kind.CONTACT, "direct_phone"),
        ("mob.nr", Kind.CONTACT, "direct_phone"),
        ("TELEFON", Kind.COMPANY, "main_phone"),
        ("Mobil", Kind.COMPANY, "other_phone"),
        ("Telefon", Kind.CALL, "called_number"),
        ("Telefon", Kind.OPT_OUT, "direct_phone"),
        ("Hovednummer", Kind.CONTACT, "main_phone"),
        ("CVR-nr.", Kind.COMPANY, "cvr"),
        ("cvr_nummer", Kind.LEAD, "cvr"),
        ("CVRnr", Kind.CONTACT, "cvr"),
        ("Postnr", Kind.COMPANY, "postcode"),
        ("By", Kind.COMPANY, "city"),
        ("Firma", Kind.CONTACT, "company_name"),
        ("Navn", Kind.COMPANY, "company_name"),
        ("Navn", Kind.CONTACT, "full_name"),
        ("Fornavn(e)", Kind.CONTACT, "first_name"),
        ("FirstName", Kind.CONTACT, "first_name"),
        ("first_name", Kind.LEAD, "first_name"),
        ("E-MAIL", Kind.CONTACT, "email"),
        ("Mail adresse", Kind.CONTACT, "email"),
        ("Nej tak", Kind.CONTACT, "opt_out"),
        ("NEJ-TAK TIL OPKALD", Kind.CONTACT, "opt_out_call"),
        ("Ring ikke!", Kind.COMPANY, "opt_out_call"),
        ("DoNotCall", Kind.CONTACT, "opt_out_call"),
        ("HasOptedOutOfEmail", Kind.CONTACT, "opt_out_email"),
        ("Unsubscribed from all email", Kind.CONTACT, "opt_out_email"),
        ("Samtykke tlf", Kind.CONTACT, "consent_call"),
        ("Samtykke tlf. dato", Kind.CONTACT, "consent_call_at"),
        ("Samtykke (e-mail) kilde", Kind.CONTACT, "consent_email_source"),
        ("SMS-samtykke", Kind.LEAD, "consent_sms"),
        ("Omsætning (mio. kr.)", Kind.COMPANY, "revenue"),
        ("Omsaetning [TDKK]", Kind.COMPANY, "revenue"),
        ("omsatning", Kind.COMPANY, "revenue"),
        ("OmsÃ¦tning", Kind.COMPANY, "revenue"),
        ("Årsag", Kind.OPT_OUT, "do_not_call_reason"),
        ("Aarsag", Kind.OPT_OUT, "do_not_call_reason"),
        ("Arsag", Kind.OPT_OUT, "do_not_call_reason"),
        ("Næste skridt", Kind.LEAD, "next_action"),
        ("Naeste skridt dato", Kind.LEAD, "next_action_at"),
        ("Dataopdateret", Kind.CONTACT, "data_checked_at"),
        ("Bemærkninger", Kind.CONTACT, "note"),
        ("Reklamebeskyttet", Kind.COMPANY, "ad_protected"),
        ("Status", Kind.COMPANY, "company_status"),
        ("Status", Kind.CALL, "outcome"),
        ("Status", Kind.LEAD, None),
        ("Dato", Kind.CALL, "started_at"),
        ("Dato", Kind.OPT_OUT, "opt_out_at"),
        ("Dato", Kind.CONTACT, None),
        ("Kilde", Kind.OPT_OUT, "opt_out_source"),
        ("Kilde", Kind.LEAD, "source"),
        ("Kunde siden", Kind.COMPANY, None),
        ("Kundetype", Kind.COMPANY, None),
        ("Emne", Kind.CALL, None),
        ("Oprettet", Kind.CONTACT, None),
        ("", Kind.CONTACT, None),
        ("...", Kind.CONTACT, None),
    ],
)
def test_a_header_means_what_people_mean_by_it(
    header: str, kind: Kind, canonical: str | None
) -> None:
    (column,) = match([header], file_name="x.csv", kind=kind).columns
    assert column == (header, canonical, True)


@pytest.mark.parametrize("field", FIELDS, ids=lambda field: field.name)
def test_the_own_name_and_both_labels_are_always_sure(field: object) -> None:
    row = next(one for one in FIELDS if one is field)
    for kind in row.kinds:
        for header in (row.name, row.da, row.en, row.da.upper(), f" {row.en} "):
            (column,) = match([header], file_name="x.csv", kind=kind).columns
            assert column.canonical == row.name, (kind, header)
            assert column.sure


def test_two_numbers_of_a_person_are_the_direct_and_the_other() -> None:
    assert fields("Telefon;Mobil", kind=Kind.CONTACT) == {
        "Telefon": "direct_phone",
        "Mobil": "other_phone",
    }


def test_the_own_label_goes_before_an_alias_that_stands_further_left() -> None:
    assert fields("Mobil;Direkte telefon", kind=Kind.CONTACT) == {
        "Mobil": "other_phone",
        "Direkte telefon": "direct_phone",
    }
    assert fields("Status;CallDisposition", kind=Kind.CALL)["CallDisposition"] == "outcome"


def test_a_third_number_is_left_alone_and_named() -> None:
    found = match(["Telefon", "Mobil", "Telefon 2"], file_name="x", kind=Kind.CONTACT)
    assert [column.canonical for column in found.columns] == ["direct_phone", "other_phone", None]
    assert not found.columns[2].sure
    assert codes(found)[1:] == ["field_twice"]


def test_the_same_header_twice_is_one_field() -> None:
    found = match(["E-mail", "E-mail"], file_name="x", kind=Kind.CONTACT)
    assert [column.canonical for column in found.columns] == ["email", None]


def test_a_second_opt_out_column_is_never_dropped_in_silence() -> None:
    headers = ["Do not allow Emails", "Do not allow Bulk Emails"]
    found = match(headers, file_name="x", kind=Kind.CONTACT)
    assert [column.canonical for column in found.columns] == ["opt_out_email", "opt_out"]
    assert not found.columns[1].sure
    assert "opt_out_widened" in codes(found)


def test_a_third_opt_out_column_that_finds_no_place_is_named() -> None:
    headers = ["Do not allow Emails", "Do not allow Bulk Emails", "Nej tak til e-mail"]
    found = match(headers, file_name="x", kind=Kind.CONTACT)
    assert [column.canonical for column in found.columns].count(None) == 1
    assert "opt_out_twice" in codes(found)


def test_a_no_in_a_list_that_does_not_read_it_is_named() -> None:
    found = match(["Nummer", "Udfald", "Agent", "Nej tak"], file_name="opkald.csv")
    assert found.kind is Kind.CALL
    assert [(r.code, r.column) for r in found.reasons[1:]] == [("opt_out_unread", 3)]
    left = match(["Nummer", "Nej tak"], file_name="x", kind=Kind.CALL, override={"Nej tak": ""})
    assert codes(left) == ["kind_given"]


def test_numbered_and_filled_up_headers_are_matched_but_not_sure() -> None:
    found = match(["Telefon nr. 1", "Ny e-mail", "Efternavn 2"], file_name="x", kind=Kind.LEAD)
    assert found.columns[0].canonical == "direct_phone"
    assert found.columns[1] == ("Ny e-mail", "email", False)
    assert found.columns[2].canonical is None


def test_a_cut_header_is_matched_only_when_it_can_mean_one_field() -> None:
    found = match(["Efterna", "Samtykke"], file_name="x", kind=Kind.CONTACT)
    assert found.columns[0] == ("Efterna", "last_name", False)
    assert found.columns[1].canonical is None


def test_a_header_that_speaks_of_an_id_is_no_field_by_likeness() -> None:
    assert fields("Firma ref;E-mail id", kind=Kind.CONTACT) == {
        "Firma ref": None,
        "E-mail id": None,
    }


# --- ids -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "headers", "expected"),
    [
        (Kind.COMPANY, "Firma;Kundenr", 1),
        (Kind.CONTACT, "Fornavn;Kundenr;Kontakt-id", 2),
        (Kind.CONTACT, "Fornavn;Kundenr", None),
        (Kind.CONTACT, "Account ID;Contact ID", 1),
        (Kind.CONTACT, "AccountId;Id", 1),
        (Kind.LEAD, "Record ID;Lead ID", 1),
        (Kind.CALL, "Kontakt-id;Opkalds-id", 1),
        (Kind.CALL, "Kontakt-id;Account ID", None),
        (Kind.CONTACT, "GUID;Navn", 0),
        (Kind.CONTACT, "(Do Not Modify) Contact;(Do Not Modify) Row Checksum", 0),
        (Kind.OPT_OUT, "Telefon;Kontakt-id", None),
        (Kind.CONTACT, "CVR;E-mail", None),
    ],
)
def test_the_id_is_the_records_own_and_never_a_foreign_key(
    kind: Kind, headers: str, expected: int | None
) -> None:
    assert match(headers.split(";"), file_name="x.csv", kind=kind).id_column == expected


def test_a_foreign_key_is_a_reference() -> None:
    assert fields("Kontakt-id;Kundenr;Navn", kind=Kind.CONTACT)["Kundenr"] == "company_ref"
    assert fields("Kontakt-id;Kundenr;Tlf", kind=Kind.CALL)["Kontakt-id"] == "contact_ref"


def test_an_id_whose_values_repeat_is_no_id() -> None:
    rows = [[ident, "Agern"] for ident in "77778"]
    found = match(["Id", "Fornavn"], file_name="kontakter.csv", sample=rows)
    assert found.id_column is None
    assert "id_repeats" in codes(found)


# --- cells -----------------------------------------------------------------------------------


def test_columns_without_a_telling_header_speak_through_their_cells() -> None:
    rows = [[f"a{n}@opdigtet-0001.dk", f"+45 68 00 00 {n:02d}"] for n in range(10, 20)]
    found = match(["Kolonne1", "Kolonne2"], file_name="kontakter.csv", sample=rows)
    assert found.columns == (("Kolonne1", "email", False), ("Kolonne2", "direct_phone", False))
    assert codes(found)[1:] == ["by_cells", "by_cells"]


def test_eight_bare_digits_are_not_taken_for_a_phone() -> None:
    rows = [[str(68_000_000 + n)] for n in range(20)]
    (column,) = match(["Kolonne1"], file_name="kontakter.csv", sample=rows).columns
    assert column.canonical is None


def test_cells_that_contradict_the_header_make_it_unsure() -> None:
    rows = [[f"a{n}@opdigtet-0001.dk"] for n in range(10)]
    found = match(["Telefon"], file_name="kontakter.csv", sample=rows)
    assert found.columns == (("Telefon", "direct_phone", False),)
    assert codes(found)[1:] == ["cells_differ"]


def test_free_text_is_named_unless_it_is_the_note() -> None:
    text = "Ring igen i uge 46, han sidder i møde indtil da"
    rows = [[text, text] for _ in range(6)]
    found = match(["Historik", "Note"], file_name="kontakter.csv", sample=rows)
    assert [column.canonical for column in found.columns] == [None, "note"]
    assert [(r.code, r.column) for r in found.reasons[1:]] == [("free_text", 0)]


# --- overrides -------------------------------------------------------------------------------


def test_what_the_user_wrote_wins() -> None:
    found = match(
        ["Navn", "Telefon", "Rolle", "Nr"],
        file_name="kontakter.csv",
        override={"Navn": "company_name", "Telefon": "", "rolle": "title", "Nr": "id"},
    )
    assert found.columns == (
        ("Navn", "company_name", True),
        ("Telefon", None, True),
        ("Rolle", "title", True),
        ("Nr", None, True),
    )
    assert found.id_column == 3


def test_of_two_columns_with_one_header_the_user_means_the_first() -> None:
    found = match(["Tlf", "Tlf"], file_name="x", kind=Kind.CONTACT, override={"Tlf": "main_phone"})
    assert [column.canonical for column in found.columns] == ["main_phone", "direct_phone"]


def test_a_column_that_the_user_left_alone_is_not_filled_by_its_cells() -> None:
    rows = [[f"a{n}@opdigtet-0001.dk"] for n in range(10)]
    found = match(["X"], file_name="kontakter.csv", sample=rows, override={"X": ""})
    assert found.columns[0].canonical is None


@pytest.mark.parametrize(
    ("override", "what"),
    [
        ({"Navn": "fuld_name"}, "unknown"),
        ({"Findes ikke": "nonsense"}, "unknown"),
        ({"Navn": "called_number"}, "wrong_kind"),
        ({"Navn": "email", "Telefon": "email"}, "twice"),
        ({"Navn": "id", "Telefon": "id"}, "twice"),
    ],
)
def test_a_wrong_override_is_refused(override: dict[str, str], what: str) -> None:
    with pytest.raises(UserError) as error:
        match(["Navn", "Telefon"], file_name="x", override=override, kind=Kind.CONTACT)
    assert error.value.message == f"error.header.{what}"


def test_an_unknown_field_is_told_the_nearest_ones() -> None:
    with pytest.raises(UserError) as error:
        match(["Navn"], file_name="x", override={"Navn": "full_nam"})
    assert "full_name" in str(error.value.details["allowed"])


def test_an_override_of_a_header_that_is_not_there_is_no_harm() -> None:
    found = match(["Navn"], file_name="kontakter.csv", override={"Andet": "email"})
    assert found.columns == (("Navn", "full_name", True),)


def test_fields_and_headers_of_the_settings_are_matched_too() -> None:
    catalogue = extend(
        DEFAULT,
        {
            "title": {"aliases": ["Hvad laver du"]},
            "cars": {"type": "number", "kinds": ["lead"], "da": "Antal biler", "en": "Cars"},
            "sector": {"in_use": False},
        },
    )
    found = match(
        ["Hvad laver du?", "Antal biler", "Sektor"], file_name="leads.csv", catalogue=catalogue,
        kind=Kind.LEAD,
    )  # fmt: skip
    assert [column.canonical for column in found.columns] == ["title", "cars", None]


# --- properties ------------------------------------------------------------------------------

_KNOWN = sorted({word for field in FIELDS for word in (field.name, field.da, *field.aliases)})
_HEADER = st.one_of(st.sampled_from(_KNOWN), st.text(max_size=20), st.sampled_from(["", "id"]))
_CELL = st.one_of(
    st.text(max_size=40),
    st.sampled_from(["a@opdigtet-0001.dk", "+45 68 00 00 00", "www.opdigtet-0001.dk", "x" * 99]),
)


@given(
    headers=st.lists(_HEADER, max_size=14),
    file_name=st.one_of(st.text(max_size=20), st.sampled_from(["nejtak.csv", "leads.csv"])),
    sample=st.lists(st.lists(_CELL, max_size=14), max_size=8),
    kind=st.one_of(st.none(), st.sampled_from(Kind)),
)
def test_matching_is_total_repeatable_and_gives_no_field_to_two_columns(
    headers: list[str], file_name: str, sample: list[list[str]], kind: Kind | None
) -> None:
    found = match(headers, file_name=file_name, sample=sample, kind=kind)
    assert found == match(headers, file_name=file_name, sample=sample, kind=kind)
    assert [column.header for column in found.columns] == headers
    names = [column.canonical for column in found.columns if column.canonical]
    assert len(names) == len(set(names))
    assert set(names) <= {field.name for field in DEFAULT.for_kind(found.kind)}
    if kind is not None:
        assert found.kind is kind
    if found.id_column is not None:
        assert found.columns[found.id_column].canonical is None
        assert id_rank(found.kind, headers[found.id_column]) is not None


@given(st.sampled_from(FIELDS), st.sampled_from([str.upper, str.title, str.casefold]), st.data())
def test_case_and_punctuation_of_a_header_do_not_matter(
    field: object, change: object, data: st.DataObject
) -> None:
    row = next(one for one in FIELDS if one is field)
    kind = data.draw(st.sampled_from(sorted(row.kinds)))
    header = data.draw(st.sampled_from([row.da, row.en, row.name]))
    marks = data.draw(st.sampled_from(["{}.", " {} ", "{}:", "*{}", '"{}"', "{}?"]))
    written = marks.format(change(header))  # type: ignore[operator]
    (column,) = match([written], file_name="x", kind=kind).columns
    assert column.canonical == row.name
