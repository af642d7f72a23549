"""Pulling: what a row becomes, what identifies it, and what a cursor is worth."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from connectors.files.meaning import Wishes
from rules.errors import StartOver, SystemStopped, TryAgain
from rules.records import ABSENT, Kind

HEAD = "Id;Navn;E-mail;Telefon\n"


def numbered(count: int, start: int = 1) -> str:
    return "".join(f"{n};Navn {n};n{n}@opdigtet-0001.dk;\n" for n in range(start, start + count))


def test_cells_are_given_exactly_as_they_stand(desk: Any) -> None:
    desk.put("k.csv", HEAD + ' 1 ; "x" ;"A ""b""; c\nd";+45 33\u00a012\n')
    [record] = desk.pull().records
    assert record.ref.id == "k.csv#1"
    assert record.values == {
        "full_name": ' "x" ',
        "email": 'A "b"; c\nd',
        "direct_phone": "+45 33\u00a012",
    }


def test_empty_and_absent_are_told_apart(desk: Any) -> None:
    desk.put("k.csv", HEAD + '1;;"";x\n2;Bo\n')
    first, second = desk.pull().records
    assert first.values == {"full_name": None, "email": None, "direct_phone": "x"}
    assert second.values == {"full_name": "Bo", "email": ABSENT, "direct_phone": ABSENT}


def test_versions_differ_when_values_do_and_only_then(desk: Any) -> None:
    desk.put("k.csv", HEAD + '1;a;b;\n1;"a";b;\n1;;ab;\n1;ab;;\n1;a\n1;a;;\n2;a;b;\n')
    versions = [record.version for record in desk.pull().records]
    assert versions[0] == versions[1] == versions[6]
    assert len(set(versions)) == 5


def test_versions_do_not_depend_on_the_order_of_columns_or_on_others(desk: Any) -> None:
    desk.put("a.csv", "Navn;E-mail;Ukendt kolonne\nBo;b@opdigtet-0001.dk;1\n")
    desk.put("b.csv", "Andet felt;E-mail;Navn\n2;b@opdigtet-0001.dk;Bo\n")
    wished = {"wishes": lambda _name: Wishes(kind=Kind.CONTACT)}
    [one], [two] = desk.pull("a.csv", **wished).records, desk.pull("b.csv", **wished).records
    assert one.version == two.version


def test_a_page_ends_at_two_thousand_rows(desk: Any) -> None:
    desk.put("k.csv", HEAD + numbered(4500))
    files = desk.files()
    sizes = [len(page.records) for page in files.pull(files.streams()[0], None)]
    assert sizes == [2000, 2000, 500]


def test_a_header_without_rows_is_a_whole_and_empty_list(desk: Any) -> None:
    desk.put("k.csv", HEAD)
    files = desk.files()
    [page] = files.pull(files.streams()[0], None)
    assert (page.records, page.complete, page.full) == ((), True, True)


# --- identity ---


def test_a_unique_email_identifies_rows_when_there_is_no_id(desk: Any) -> None:
    desk.put("k.csv", "Navn;E-mail\nA;mailto:A@Opdigtet-0001.dk\nB; b@opdigtet-0001.dk;\nC;\n")
    pulled = desk.pull()
    assert pulled.stream.identity == "e-mail"
    assert [r.ref.id for r in pulled.records] == [
        "k.csv#email:a@opdigtet-0001.dk",
        "k.csv#email:b@opdigtet-0001.dk",
        "",
    ]


def test_a_unique_cvr_identifies_companies(desk: Any) -> None:
    desk.put("f.csv", "Firma;CVR\nA ApS;DK 90 00 00 18\nB ApS;CVR-nr. 90000026\nC ApS;1\n")
    pulled = desk.pull(wishes=lambda _name: Wishes(kind=Kind.COMPANY))
    assert [r.ref.id for r in pulled.records] == ["f.csv#cvr:90000018", "f.csv#cvr:90000026", ""]


def test_an_email_that_repeats_anywhere_identifies_nobody(desk: Any) -> None:
    rows = "".join(f"N{n};n{n}@opdigtet-0001.dk\n" for n in range(5000))
    desk.put("k.csv", "Navn;E-mail\n" + rows + "X;N17@opdigtet-0001.dk\n")
    assert {record.ref.id for record in desk.pull().records} == {""}


def test_an_email_that_most_rows_lack_identifies_nobody(desk: Any) -> None:
    desk.put("k.csv", "Navn;E-mail\nA;a@opdigtet-0001.dk\nB;\nC;\n")
    assert {record.ref.id for record in desk.pull().records} == {""}


def test_cleaning_the_cell_that_identifies_keeps_the_ref(desk: Any) -> None:
    desk.put("k.csv", "Navn;E-mail\nA; MAILTO:A@Opdigtet-0001.dk ;\nB;b@opdigtet-0001.dk\n")
    before = desk.pull().records[0].ref
    desk.push({2: {"email": "a@opdigtet-0001.dk"}})
    assert desk.pull().records[0].ref == before


def test_the_identity_stays_although_two_rows_share_it_later(desk: Any) -> None:
    path = desk.put("k.csv", "Navn;E-mail\nA;a@opdigtet-0001.dk\nB;b@opdigtet-0001.dk\n")
    token = desk.pull().token
    with path.open("a") as file:
        file.write("C;a@opdigtet-0001.dk\n")
    ids = [record.ref.id for record in desk.pull(token=token).records]
    assert ids == [
        "k.csv#email:a@opdigtet-0001.dk",
        "k.csv#email:b@opdigtet-0001.dk",
        "k.csv#email:a@opdigtet-0001.dk",
    ]
    assert {record.ref.id for record in desk.pull().records} == {""}


def test_calls_are_not_identified_by_a_number_that_happens_to_be_unique(desk: Any) -> None:
    desk.put("opkald.csv", "CVR;Nummer;Agent\n90000018;33123456;Bo\n90000026;33123457;Bo\n")
    pulled = desk.pull(wishes=lambda _name: Wishes(kind=Kind.CALL))
    assert {record.ref.id for record in pulled.records} == {""}


def test_what_columns_mean_does_not_change_with_the_cells(desk: Any) -> None:
    """`Navn` is a company's name if the cells say so; they may cease to say so."""
    people, companies = "Bo Bo;x@opdigtet-0001.dk\n", "Nord ApS;x@opdigtet-0001.dk\n"
    desk.put("liste.csv", "Navn;E-mail\n" + companies * 5)
    first = desk.pull()
    desk.put("liste.csv", "Navn;E-mail\n" + people * 5)
    again = desk.pull(known=lambda _: first.token, token=first.token)
    assert again.stream.kind is first.stream.kind
    assert again.stream.columns == first.stream.columns
    unaware = desk.pull()
    assert unaware.stream.kind is not first.stream.kind
    desk.put("liste.csv", "Navn;E-mail;Fornavn\n" + people * 5)
    assert desk.pull(known=lambda _: first.token).stream.kind is not first.stream.kind


# --- cursors ---


def test_a_file_touched_but_not_changed_is_not_read_again(desk: Any) -> None:
    path = desk.put("k.csv", HEAD + numbered(3))
    token = desk.pull().token
    os.utime(path)
    assert not desk.pull(token=token).records


def test_a_change_that_keeps_size_and_time_is_seen(desk: Any) -> None:
    path = desk.put("k.csv", HEAD + "1;Bo;;\n")
    token = desk.pull().token
    times = (path.stat().st_atime_ns, path.stat().st_mtime_ns)
    with path.open("r+b") as file:
        file.seek(len(HEAD) + 2)
        file.write(b"Bi")
    os.utime(path, ns=times)
    assert [record.values["full_name"] for record in desk.pull(token=token).records] == ["Bi"]


def test_another_mapping_reads_the_same_content_anew(desk: Any) -> None:
    desk.put("k.csv", HEAD + "1;Bo;;\n")
    token = desk.pull().token
    settings = {"wishes": lambda _name: Wishes({"Telefon": ""})}
    again = desk.pull(token=token, **settings)
    assert [set(record.values) for record in again.records] == [{"full_name", "email"}]
    assert not desk.pull(token=again.token, **settings).records


def test_a_file_changed_between_two_pages_starts_over(desk: Any) -> None:
    path = desk.put("k.csv", HEAD + numbered(5000))
    files = desk.files()
    stream = files.streams()[0]
    reading = files.pull(stream, None)
    first = next(reading)
    with path.open("a") as file:
        file.write(numbered(1, 9000))
    with pytest.raises(StartOver):
        list(reading)
    with pytest.raises(StartOver):
        list(files.pull(stream, first.next))


def test_a_file_replaced_while_it_is_read_starts_over(desk: Any) -> None:
    path = desk.put("k.csv", HEAD + numbered(5000))
    files = desk.files()
    reading = files.pull(files.streams()[0], None)
    next(reading)
    new = desk.put("ny.tmp", HEAD + numbered(5000))
    os.utime(new, ns=(path.stat().st_atime_ns, path.stat().st_mtime_ns))
    new.replace(path)
    with pytest.raises(StartOver):
        list(reading)


def test_a_reading_does_not_go_on_when_what_was_read_is_other_now(desk: Any) -> None:
    """Even if size, time and inode were kept: the bytes before the cursor are hashed again."""
    path = desk.put("k.csv", HEAD + numbered(5000))
    files = desk.files()
    stream = files.streams()[0]
    first = next(iter(files.pull(stream, None)))
    times = (path.stat().st_atime_ns, path.stat().st_mtime_ns)
    with path.open("r+b") as file:
        file.seek(len(HEAD) + 3)
        file.write(b"X")
    os.utime(path, ns=times)
    with pytest.raises(StartOver):
        list(files.pull(stream, first.next))


def test_a_token_of_somebody_else_starts_over(desk: Any) -> None:
    desk.put("k.csv", HEAD + numbered(1))
    files = desk.files()
    for token in ({"format": 99}, {"watermark": "2026-01-01"}, {"format": 1, "done": True}):
        with pytest.raises(StartOver):
            list(files.pull(files.streams()[0], token))


def test_a_reading_goes_on_inside_a_file_with_broken_and_giant_rows(desk: Any) -> None:
    odd = '7;"uden slut;x;\n' + "8;" + "y" * 3000 + "\n9;\0;;\n"
    desk.put("k.csv", HEAD + "".join(numbered(900, 1000 * n) + odd for n in range(1, 9)))
    settings = {"max_row_bytes": 2000}
    files = desk.files(**settings)
    stream = files.streams()[0]
    pages = list(files.pull(stream, None))
    assert len(pages) > 5
    whole = desk.pull(**settings)
    assert len(whole.broken) == 24
    for at, page in enumerate(pages[:-1]):
        rest = list(files.pull(stream, page.next))
        assert [r for p in [*pages[: at + 1], *rest] for r in p.records] == whole.records
        assert [b for p in [*pages[: at + 1], *rest] for b in p.broken] == whole.broken


def test_a_utf16_file_goes_on_where_it_stopped(desk: Any) -> None:
    desk.put(
        "k.csv", b"\xff\xfe" + (HEAD + numbered(5000).replace("Navn", "Nåvn😀")).encode("utf-16-le")
    )
    files = desk.files()
    stream = files.streams()[0]
    pages = list(files.pull(stream, None))
    rest = list(files.pull(stream, pages[0].next))
    assert [r for p in [pages[0], *rest] for r in p.records] == desk.pull().records
    assert rest[-1].next == pages[-1].next
    assert not desk.pull(token=pages[-1].next).records


# --- broken rows ---


def test_broken_rows_are_named_and_the_rest_goes_on(desk: Any) -> None:
    desk.put(
        "k.csv",
        HEAD.encode()
        + "1;Åå;a@opdigtet-0001.dk;Ø\n".encode()
        + b"2;B\0;;\n3;\xffC;;\n4;D;;;;5;6\n5\n6;"
        + b"x" * 3000
        + b';;\n7;"G;;\n'
        + "8;Ø;h@opdigtet-0001.dk;\n".encode(),
    )
    pulled = desk.pull(max_row_bytes=2000)
    assert pulled.flaws == [
        (3, "nul_bytes"),
        (4, "undecodable"),
        (5, "too_many_cells"),
        (6, "too_few_cells"),
        (7, "row_too_large"),
        (8, "unclosed_quote"),
    ]
    assert [record.ref.id for record in pulled.records] == ["k.csv#1", "k.csv#8"]
    for broken in pulled.broken:
        details = broken.finding.details
        assert details["file"] == "k.csv"
        assert details["row"] == str(broken.place)
        assert details["remedy"] == f"finding.{broken.finding.code}.remedy"


def test_a_line_of_200_megabytes_is_reported_and_not_loaded(desk: Any) -> None:
    """The line is a hole in a sparse file: NUL bytes, which is what a broken disk gives."""
    path = desk.put("k.csv", HEAD + numbered(40_000) + "X;")
    with path.open("r+b") as file:
        file.truncate(200 << 20)
        file.seek(0, os.SEEK_END)
        file.write(b"\nsidst;C;;\n")
    pulled = desk.pull()
    assert pulled.flaws == [(40_002, "row_too_large")]
    assert len(pulled.records) == 40_001
    assert (pulled.records[-1].place, pulled.records[-1].ref.id) == (40_003, "k.csv#sidst")


# --- the folder ---


def test_a_folder_that_is_not_there_stops_the_system(tmp_path: Path) -> None:
    from connectors.files import Files

    with pytest.raises((SystemStopped, TryAgain)):
        Files("files", tmp_path / "ingen").streams()


def test_a_file_that_has_gone_since_is_for_the_next_pass(desk: Any) -> None:
    path = desk.put("k.csv", HEAD + numbered(1))
    files = desk.files()
    stream = files.streams()[0]
    path.unlink()
    with pytest.raises(TryAgain):
        list(files.pull(stream, None))


def test_a_file_whose_headers_changed_since_is_looked_at_again(desk: Any) -> None:
    desk.put("k.csv", HEAD + numbered(1))
    files = desk.files()
    stream = files.streams()[0]
    desk.put("k.csv", "Id;Navn\n1;Bo\n")
    with pytest.raises(StartOver):
        list(files.pull(stream, None))


@pytest.mark.parametrize("identity", ["id", "e-mail"])
def test_rows_are_read_back_by_id(desk: Any, identity: str) -> None:
    head = HEAD if identity == "id" else HEAD.replace("Id", "Nogetandet")
    desk.put("k.csv", head + numbered(3000) + "\n;Uden;;\n")
    pulled = desk.pull()
    files = desk.files()
    wanted = [pulled.records[0].ref, pulled.records[2500].ref, pulled.records[-1].ref]
    assert wanted[2].id == ""
    found = list(files.read(pulled.stream, wanted))
    assert found == [pulled.records[0], pulled.records[2500]]
