"""Encoding, delimiter and header are found from the content, and what was set wins."""

from __future__ import annotations

import codecs
import os
from typing import Any

import pytest

from connectors.files.meaning import Wishes
from rules.errors import UserError
from rules.records import Kind

LIST = "Navn;E-mail;Telefon\nÅse Ærø;aase@opdigtet-0001.dk;33 12 34 56\nBo Å;bo@opdigtet-0001.dk;\n"


@pytest.mark.parametrize(
    ("data", "encoding"),
    [
        (LIST.encode(), "utf-8"),
        (codecs.BOM_UTF8 + LIST.encode(), "utf-8-sig"),
        (LIST.encode("cp1252"), "cp1252"),
        (codecs.BOM_UTF16_LE + LIST.encode("utf-16-le"), "utf-16-le-sig"),
        (codecs.BOM_UTF16_BE + LIST.encode("utf-16-be"), "utf-16-be-sig"),
    ],
)
def test_the_encoding_is_found(desk: Any, data: bytes, encoding: str) -> None:
    desk.put("k.csv", data)
    pulled = desk.pull()
    assert pulled.stream.notes["encoding"] == encoding
    assert [r.values["full_name"] for r in pulled.records] == ["Åse Ærø", "Bo Å"]
    assert [r.values["direct_phone"] for r in pulled.records] == ["33 12 34 56", None]


def test_the_encoding_may_show_only_far_below_the_sample(desk: Any) -> None:
    plain = "Navn;E-mail\n" + "Bo Bosen;bo@opdigtet-0001.dk\n" * 60_000
    desk.put("k.csv", (plain + "Åse;aase@opdigtet-0001.dk\n").encode("cp1252"))
    pulled = desk.pull()
    assert pulled.stream.notes["encoding"] == "cp1252"
    assert pulled.records[-1].values["full_name"] == "Åse"


def test_a_stray_line_of_another_encoding_is_one_broken_row(desk: Any) -> None:
    good = "Åse;aase@opdigtet-0001.dk\n".encode()
    bad = "Bø;bo@opdigtet-0001.dk\n".encode("cp1252")
    desk.put("k.csv", b"Navn;E-mail\n" + good * 30_000 + bad + good)
    pulled = desk.pull()
    assert pulled.flaws == [(30_002, "undecodable")]
    finding = pulled.broken[0].finding
    assert finding.details["column"] == "1"
    assert finding.details["byte"] == "0xF8"
    assert finding.field == "full_name"
    assert len(pulled.records) == 30_001


def test_a_byte_that_windows_1252_does_not_know_is_one_broken_row(desk: Any) -> None:
    desk.put("k.csv", "Navn;E-mail\nÅse;a@opdigtet-0001.dk\nB".encode("cp1252") + b"\x81;x\nC;d\n")
    assert desk.pull().flaws == [(3, "undecodable")]


@pytest.mark.parametrize("delimiter", [";", ",", "\t", "|"])
def test_the_delimiter_is_found_beside_decimal_commas_and_quotes(desk: Any, delimiter: str) -> None:
    rows = [["Navn", "Omsætning", "Bynavn"], ['"Søn; Far, A/S | x"', '"1.234,50"', "Vejle"]]
    desk.put("k.csv", "\n".join(delimiter.join(row) for row in rows) + "\n")
    pulled = desk.pull()
    assert pulled.stream.notes["delimiter"] == ("tab" if delimiter == "\t" else delimiter)
    assert len(pulled.stream.columns) == 3
    [record] = pulled.records
    assert record.values["revenue"] == "1.234,50"


def test_unquoted_decimal_commas_do_not_make_the_comma_a_delimiter(desk: Any) -> None:
    desk.put("k.csv", "Firma;CVR;Omsætning\nA ApS;90000018;12,5\nB ApS;;1,0\n")
    assert desk.pull().stream.notes["delimiter"] == ";"


def test_a_list_of_one_column_has_no_delimiter(desk: Any) -> None:
    desk.put("k.csv", "Firmanavn\nHansen, Bo og Søn\nJensen; Far, Mor\nLund\n")
    names = [record.values["company_name"] for record in desk.pull().records]
    assert names == ["Hansen, Bo og Søn", "Jensen; Far, Mor", "Lund"]


def test_the_hint_of_excel_is_obeyed_and_is_no_header(desk: Any) -> None:
    desk.put("k.csv", "sep=|\r\nNavn|E-mail\r\nÅse|a@opdigtet-0001.dk\r\n")
    pulled = desk.pull()
    assert pulled.stream.notes["delimiter"] == "|"
    assert [record.place for record in pulled.records] == [3]


def test_lines_of_old_macintosh_files(desk: Any) -> None:
    desk.put("k.csv", "Navn;E-mail\rÅse;a@opdigtet-0001.dk\r\rBo;b@opdigtet-0001.dk\r")
    assert [(r.place, r.values["full_name"]) for r in desk.pull().records] == [
        (2, "Åse"),
        (4, "Bo"),
    ]


def test_the_header_is_the_first_row_that_is_not_blank(desk: Any) -> None:
    desk.put("k.csv", "\n;;\nNavn;E-mail;Telefon\nÅse;;\n")
    pulled = desk.pull()
    assert pulled.records[0].place == 4
    assert pulled.records[0].values["full_name"] == "Åse"


def test_a_header_may_span_lines(desk: Any) -> None:
    desk.put("k.csv", 'Navn;"Telefon\n(direkte)";E-mail\nÅse;33123456;a@opdigtet-0001.dk\n')
    assert desk.pull().records[0].values["email"] == "a@opdigtet-0001.dk"


def test_delimiters_left_behind_after_the_header_are_no_columns(desk: Any) -> None:
    desk.put("k.csv", "Navn;E-mail;;;;\nÅse;a@opdigtet-0001.dk\nBo;b@opdigtet-0001.dk;;;;\n")
    pulled = desk.pull()
    assert len(pulled.stream.columns) == 2
    assert len(pulled.records) == 2


def test_a_column_without_a_name_stays_if_it_has_content(desk: Any) -> None:
    desk.put("k.csv", "Navn;E-mail;\nÅse;a@opdigtet-0001.dk;ring igen\n")
    pulled = desk.pull()
    assert len(pulled.stream.columns) == 3
    assert not pulled.broken


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("tom.csv", b"", "files.empty"),
        ("blank.csv", b"\n\n;;\n", "files.empty"),
        ("uden.csv", b"20123456\n33123456\n", "files.no_header"),
        (
            "uden2.csv",
            b"x@opdigtet-0001.dk;+45 33 12 34 56\ny@opdigtet-0001.dk;1\n" * 5,
            "files.no_header",
        ),
        ("ark.csv", b"PK\x03\x04" + b"abc" * 50, "files.not_text"),
        ("wide.csv", "Navn;E-mail\n".encode("utf-16-le"), "files.not_text"),
        ("halv.csv", codecs.BOM_UTF16_LE + b"a", "files.not_text"),
        ("kaempe.csv", b"Navn;" + b"x" * 2_000_000, "files.no_header"),
    ],
)
def test_a_file_that_cannot_be_used_is_a_problem_and_the_others_go_on(
    desk: Any, name: str, content: bytes, message: str
) -> None:
    desk.put(name, content)
    desk.put("god.csv", LIST)
    files = desk.files()
    assert [stream.name for stream in files.streams()] == ["god.csv"]
    [problem] = files.problems()
    assert (problem.stream, problem.message) == (name, message)
    assert problem.remedy == f"{message}.remedy"


def test_a_file_name_in_an_old_encoding_is_a_problem_and_the_others_go_on(desk: Any) -> None:
    (desk.root / os.fsdecode(b"k\xf8b.csv")).write_text(LIST)
    desk.put("køb.csv", LIST)
    files = desk.files()
    assert [stream.name for stream in files.streams()] == ["køb.csv"]
    [problem] = files.problems()
    assert (problem.stream, problem.message) == ("k?b.csv", "files.bad_name")


def test_what_is_hidden_locked_or_no_list_is_left_alone(desk: Any) -> None:
    for name in (".skjult.csv", "~$laast.csv", ".ringren-00000000-1-1.tmp", "noter.md", "ark.docx"):
        desk.put(name, LIST)
    (desk.root / "mappe.csv").mkdir()
    desk.put("B.CSV", LIST)
    desk.put("a.tsv", LIST.replace(";", "\t"))
    desk.put("c.txt", LIST)
    assert [stream.name for stream in desk.files().streams()] == ["B.CSV", "a.tsv", "c.txt"]
    assert not desk.files().problems()


def test_one_file_can_be_the_whole_system(desk: Any) -> None:
    path = desk.put("k.liste", LIST)
    from connectors.files import Files

    files = Files("files", path)
    [stream] = files.streams()
    assert stream.name == "k.liste"
    assert len([r for page in files.pull(stream, None) for r in page.records]) == 2


def test_what_the_settings_say_wins(desk: Any) -> None:
    desk.put("k.csv", "A,B;C\nÅse,x;1\n".encode("cp850"))
    pulled = desk.pull(
        wishes=lambda _name: Wishes({"A": "full_name"}, Kind.CONTACT, "cp850", ","),
    )
    assert pulled.stream.kind is Kind.CONTACT
    assert [record.values for record in pulled.records] == [{"full_name": "Åse"}]


@pytest.mark.parametrize(
    "wished",
    [
        Wishes(encoding="utf-99"),
        Wishes(encoding="utf-16"),
        Wishes(encoding="shift-jis"),
        Wishes(encoding="cp037"),
        Wishes(delimiter=";;"),
        Wishes(delimiter='"'),
        Wishes({"Navn": "no_such_field"}),
    ],
)
def test_a_wrong_setting_is_refused_and_names_the_file(desk: Any, wished: Wishes) -> None:
    desk.put("k.csv", LIST)
    with pytest.raises(UserError) as refused:
        desk.files(wishes=lambda _name: wished).streams()
    assert refused.value.details["file"] == "k.csv"


def _only_the_last_is_an_opt_out_list(name: str) -> Wishes:
    return Wishes(kind=Kind.OPT_OUT) if name == "frameldte.csv" else Wishes()


def test_capabilities_follow_from_the_columns(desk: Any) -> None:
    desk.put("a.csv", LIST)
    desk.put("b.csv", "Navn;E-mail;Afmeldt\nÅse;a@opdigtet-0001.dk;ja\n")
    desk.put("frameldte.csv", "Telefon;E-mail\n33123456;a@opdigtet-0001.dk\n")
    opt_outs = [
        stream.can.opt_outs
        for stream in desk.files(wishes=_only_the_last_is_an_opt_out_list).streams()
    ]
    assert opt_outs == [False, True, True]
