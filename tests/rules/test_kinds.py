"""What kind of list a file is: told by its name only where the columns bear it out."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.headers import match
from rules.kinds import kind_in_name
from rules.records import Kind


@pytest.mark.parametrize(
    ("file_name", "kind"),
    [
        ("virksomheder.csv", Kind.COMPANY),
        ("Firmaer 2026.csv", Kind.COMPANY),
        ("kunder_2026-11-01.csv", Kind.COMPANY),
        ("hubspot-crm-exports-all-companies.csv", Kind.COMPANY),
        ("Kontaktpersoner.csv", Kind.CONTACT),
        ("C:\\lister\\personer.csv", Kind.CONTACT),
        ("data/leads.tsv", Kind.LEAD),
        ("messeleads.csv", Kind.LEAD),
        ("Kundeemner.csv", Kind.LEAD),
        ("ringeliste uge 45.csv", Kind.LEAD),
        ("opkald.csv", Kind.CALL),
        ("call-log-november.csv", Kind.CALL),
        ("møder.csv", Kind.MEETING),
        ("moeder_uge_40.csv", Kind.MEETING),
        ("Salgsmuligheder.csv", Kind.OPPORTUNITY),
        ("nejtak.csv", Kind.OPT_OUT),
        ("Nej-tak liste.csv", Kind.OPT_OUT),
        ("robinson_2026Q4.csv", Kind.OPT_OUT),
        ("opt_outs.csv", Kind.OPT_OUT),
        ("opt-out.csv", Kind.OPT_OUT),
        ("SORTLISTE.CSV", Kind.OPT_OUT),
        ("suppression-list.csv", Kind.OPT_OUT),
        ("do_not_call.csv", Kind.OPT_OUT),
        ("afmeldte kontakter.csv", Kind.OPT_OUT),
        ("kontakter uden nejtak.csv", Kind.CONTACT),
        ("leads_excl_dnc.csv", Kind.LEAD),
        ("leads robinson-vasket.csv", Kind.LEAD),
        ("dnc_no.csv", Kind.OPT_OUT),
        ("ring ikke.csv", Kind.OPT_OUT),
        ("optoutliste.csv", Kind.OPT_OUT),
        ("Nejtaklisten.csv", Kind.OPT_OUT),
        ("kontakterne.csv", Kind.CONTACT),
        ("liste.csv", None),
        ("", None),
        ("2026.csv", None),
        (".csv", None),
        # Words inside of other words do not count.
        ("kundenumre.csv", None),
        ("leadership.csv", None),
    ],
)
def test_a_file_name_speaks_of_a_kind(file_name: str, kind: Kind | None) -> None:
    assert kind_in_name(file_name)[0] is kind


@pytest.mark.parametrize(
    ("headers", "kind"),
    [
        ("Navn;CVR;Adresse;Telefon;E-mail", Kind.COMPANY),
        ("Firma;Telefon", Kind.COMPANY),
        ("Fornavn;Efternavn;Telefon", Kind.CONTACT),
        ("Fornavn;Efternavn;Firma;CVR;Telefon", Kind.CONTACT),
        ("Fornavn;Efternavn;Firma;CVR;Telefon;Kampagne", Kind.LEAD),
        ("Firma;Kontaktperson;Tlf;Ringeliste", Kind.LEAD),
        ("Dato;Agent;Nummer;Udfald;Varighed", Kind.CALL),
        ("Mødedato;Firma;Kontaktperson;Status", Kind.MEETING),
        ("Deal Name;Deal Stage;Amount;Close Date", Kind.OPPORTUNITY),
        ("Telefon;E-mail;Nej tak dato;Nej tak kilde", Kind.OPT_OUT),
        # A list with a flag is a list of people, not of noes.
        ("Navn;Telefon;E-mail;Stilling;Nej tak", Kind.CONTACT),
    ],
)
def test_headers_tell_the_kind_where_the_name_does_not(headers: str, kind: Kind) -> None:
    found = match(headers.split(";"), file_name="export.csv")
    assert found.kind is kind
    assert found.kind_sure


def test_what_nothing_decides_is_contacts_and_not_sure() -> None:
    found = match(["Navn", "Telefon"], file_name="export.csv")
    assert (found.kind, found.kind_sure) == (Kind.CONTACT, False)
    assert [remark.code for remark in found.reasons] == ["kind_assumed"]


def test_names_in_the_cells_tell_companies_from_people() -> None:
    rows = [["Fabeltag A/S"], ["Opdigt vvs ApS"], ["Luftkastel I/S"], ["Skrøne"], ["Eventyr ApS"]]
    assert match(["Navn"], file_name="export.csv", sample=rows).kind is Kind.COMPANY


def test_a_name_that_the_columns_speak_against_does_not_count() -> None:
    working = ["Fornavn", "Efternavn", "Firma", "Telefon", "Stilling", "Prioritet", "Ringeliste"]
    assert match(working, file_name="leads nejtak-renset.csv").kind is Kind.LEAD
    assert match(working, file_name="opkald uge 45.csv").kind is Kind.LEAD
    noes = match(["Telefon", "Dato"], file_name="nejtak.csv")
    assert (noes.kind, noes.kind_sure) == (Kind.OPT_OUT, True)


def test_a_name_that_speaks_of_noes_is_believed_against_the_columns_and_doubted_aloud() -> None:
    working = ["Fornavn", "Efternavn", "Firma", "Telefon", "Stilling", "Prioritet", "Ringeliste"]
    found = match(working, file_name="nejtak november.csv")
    assert (found.kind, found.kind_sure) == (Kind.OPT_OUT, False)
    assert [remark.code for remark in found.reasons] == ["kind_doubtful"]


def test_the_users_kind_wins() -> None:
    found = match(["Navn", "Telefon"], file_name="nejtak.csv", kind=Kind.COMPANY)
    assert found.kind is Kind.COMPANY
    assert [column.canonical for column in found.columns] == ["company_name", "main_phone"]
    assert [remark.code for remark in found.reasons] == ["kind_given"]


@given(st.text(max_size=40))
def test_any_file_name_is_read_without_harm(file_name: str) -> None:
    kind, word = kind_in_name(file_name)
    assert (kind is None) == (word == "")
    assert kind_in_name(f"folder/{file_name.rsplit('/', 1)[-1]}") == kind_in_name(
        file_name.rsplit("/", 1)[-1]
    )
