"""Pushing: only the touched cells differ, and what goes back leaves the same bytes."""

from __future__ import annotations

import codecs
import csv
import io
import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.protocol import Applied, Conflict, Moved, Rejected
from rules.changes import RecordChange
from rules.errors import SystemStopped

HEAD = "Id;Navn;E-mail;Telefon\n"


def test_only_the_touched_cell_changes(desk: Any) -> None:
    path = desk.put("k.csv", HEAD + '1;"A ""B""";a@x ;33 12 34 56\n2; Bo ;;\n')
    [outcome] = desk.push({2: {"direct_phone": "+4533123456"}})
    assert path.read_bytes().decode() == HEAD + '1;"A ""B""";a@x ;+4533123456\n2; Bo ;;\n'
    assert outcome == Applied(desk.pull().at(2).ref, desk.pull().at(2).version, 2)


@pytest.mark.parametrize(
    ("old", "new", "after"),
    [
        ("Bo", "Åse", "Åse"),
        ('"Bo"', "Åse", '"Åse"'),
        ("Bo", "A; B", '"A; B"'),
        ("Bo", 'A "B"', '"A ""B"""'),
        ("Bo", "A\nB", '"A\nB"'),
        ('"Bo; Co"', "Bo", "Bo"),
        ("", "Bo", "Bo"),
        ('""', "Bo", '"Bo"'),
        ("Bo", None, ""),
        ('"Bo"', None, '""'),
        ("Bo", "+4533123456", "+4533123456"),
        ("Bo", "=1+2", "=1+2"),
        ("Bo", "-5", "-5"),
        ("Bo", "@bo", "@bo"),
        ("Bo", " x ", " x "),
        ('"Bo" Co', "Bo", '"Bo"'),
    ],
)
def test_a_cell_keeps_its_quotes_and_is_written_as_it_is(
    desk: Any, old: str, new: str | None, after: str
) -> None:
    path = desk.put("k.csv", HEAD + f"1;{old};x;y\n")
    [outcome] = desk.push({2: {"full_name": new}})
    assert isinstance(outcome, Applied)
    assert path.read_bytes().decode() == HEAD + f"1;{after};x;y\n"
    assert desk.pull().at(2).values["full_name"] == new


def test_quotes_stay_where_the_column_always_has_them(desk: Any) -> None:
    rows = '"1";"A";"a@x";"1"\n"2";"B; C";"b@x";"2"\n'
    path = desk.put("k.csv", HEAD + rows)
    desk.push({3: {"full_name": "B og C"}})
    assert path.read_text() == HEAD + rows.replace("B; C", "B og C")


@pytest.mark.parametrize("bom", [b"", codecs.BOM_UTF8])
def test_mark_encoding_and_line_ends_are_kept(desk: Any, bom: bytes) -> None:
    text = "Id;Navn;E-mail\r\n1;æ;x\r\n2;ø;y\n3;å;z\r\r\n4;ü;v"
    path = desk.put("k.csv", bom + text.encode())
    desk.push(
        {2: {"full_name": "Å"}, 3: {"full_name": "Ø"}, 4: {"full_name": "Æ"}, 5: {"email": "w"}}
    )
    after = "Id;Navn;E-mail\r\n1;Å;x\r\n2;Ø;y\n3;Æ;z\r\r\n4;ü;w"
    assert path.read_bytes() == bom + after.encode()


@pytest.mark.parametrize("codec", ["cp1252", "utf-16-le", "utf-16-be"])
def test_other_encodings_are_kept(desk: Any, codec: str) -> None:
    bom = {"utf-16-le": codecs.BOM_UTF16_LE, "utf-16-be": codecs.BOM_UTF16_BE}.get(codec, b"")
    text = HEAD + "1;Åse Ærø;x;\n2;Bjørn;y;\n"
    path = desk.put("k.csv", bom + text.encode(codec))
    [outcome] = desk.push({3: {"full_name": "Øjvind"}})
    assert isinstance(outcome, Applied)
    assert path.read_bytes() == bom + text.replace("Bjørn", "Øjvind").encode(codec)


def test_a_character_that_the_encoding_lacks_is_rejected_for_that_row_only(desk: Any) -> None:
    text = HEAD + "1;Åse;x;1\n2;Bjørn;y;2\n"
    path = desk.put("k.csv", text.encode("cp1252"))
    first, second = desk.push(
        {2: {"full_name": "Łukasz", "direct_phone": "9"}, 3: {"full_name": "Bo"}}
    )
    assert isinstance(first, Rejected)
    assert first.code == "encoding_lacks_character"
    assert first.details["character"] == "Ł"
    assert first.details["row"] == "2"
    assert isinstance(second, Applied)
    assert path.read_bytes() == text.replace("Bjørn", "Bo").encode("cp1252")


@pytest.mark.parametrize(
    ("row", "fields", "code"),
    [
        ("1;A;x;1", {"full_name": "A\0B"}, "nul_bytes"),
        ("1;A;x;1", {"full_name": "x" * 3000}, "row_too_large"),
        ("1;A;x;1", {"website": "opdigtet-0001.dk"}, "no_column"),
        ("1;A", {"direct_phone": "1"}, "row_too_short"),
        (";A;;", {"full_name": None}, "row_would_be_empty"),
        ("1;A;x;1", {"full_name": "\ud800"}, "encoding_lacks_character"),
    ],
)
def test_what_a_row_cannot_say_is_rejected(
    desk: Any, row: str, fields: dict[str, str | None], code: str
) -> None:
    path = desk.put("k.csv", HEAD + row + "\n2;B;y;2\n")
    before = path.stat()
    [outcome] = desk.push({2: fields}, max_row_bytes=2000)
    assert isinstance(outcome, Rejected)
    assert outcome.code == code
    assert path.read_text() == HEAD + row + "\n2;B;y;2\n"
    assert path.stat().st_ino == before.st_ino


def test_a_change_that_changes_nothing_is_applied_and_the_file_is_left_alone(desk: Any) -> None:
    path = desk.put("k.csv", HEAD + "1;A;x;1\n2;B\n")
    inode = path.stat().st_ino
    outcomes = desk.push({2: {"full_name": "A"}, 3: {"direct_phone": None}})
    assert [type(outcome) for outcome in outcomes] == [Applied, Applied]
    assert path.stat().st_ino == inode
    assert desk.names() == ["k.csv"]


def test_broken_rows_are_copied_byte_for_byte(desk: Any) -> None:
    broken = b'2;\xff;;\n3;B\0;;\n4;"C;;\n5;' + b"x" * 5000 + b";;\n6;a;b;c;d;e\n7\n\n;;;\n"
    path = desk.put("k.csv", HEAD.encode() + "1;Å;x;1\n".encode() + broken + "8;Ø;y;2".encode())
    settings = {"max_row_bytes": 2000}
    outcomes = desk.push({2: {"full_name": "A"}, 11: {"full_name": "B"}}, **settings)
    assert [type(outcome) for outcome in outcomes] == [Applied, Applied]
    assert path.read_bytes() == HEAD.encode() + b"1;A;x;1\n" + broken + b"8;B;y;2"


def test_a_note_of_several_lines_is_kept_and_can_be_changed(desk: Any) -> None:
    text = HEAD + '1;"A\r\nB";x;1\r\n2;C;y;2\r\n'
    path = desk.put("k.csv", text)
    desk.push({2: {"email": "z"}, 3: {"full_name": "D\nE"}})
    assert path.read_bytes().decode() == HEAD + '1;"A\r\nB";z;1\r\n2;"D\nE";y;2\r\n'


# --- only what was read is written ---


def test_a_file_that_others_changed_is_not_touched(
    desk: Any, change_record: Callable[..., Any]
) -> None:
    path = desk.put("k.csv", HEAD + "1;A;x;1\n2;B;y;2\n")
    pulled = desk.pull()
    changes = [change_record(record, {"full_name": "Ny"}) for record in pulled.records]
    for theirs in (
        HEAD + "1;A;x;1\n2;C;y;2\n",
        HEAD + "1;A;x;1\n",
        HEAD + "0;0;0;0\n1;A;x;1\n2;B;y;2\n",
    ):
        path.write_text(theirs)
        outcomes = list(desk.files().push(pulled.stream, pulled.token, changes))
        assert outcomes == [Conflict(change.ref) for change in changes]
        assert path.read_text() == theirs
        assert desk.names() == ["k.csv"]


def test_a_write_while_we_write_wins(desk: Any, change_record: Callable[..., Any]) -> None:
    path = desk.put("k.csv", HEAD + "1;A;x;1\n2;B;y;2\n")
    pulled = desk.pull()
    changes = [change_record(record, {"full_name": "Ny"}) for record in pulled.records]

    def meddle(point: str) -> None:
        if point == "after_temp_written":
            with path.open("a") as file:
                file.write("3;C;z;3\n")

    outcomes = list(desk.files(fault=meddle).push(pulled.stream, pulled.token, changes))
    assert outcomes == [Conflict(change.ref) for change in changes]
    assert path.read_text() == HEAD + "1;A;x;1\n2;B;y;2\n3;C;z;3\n"
    assert desk.names() == ["k.csv"]


def test_a_rename_by_others_while_we_write_wins(
    desk: Any, change_record: Callable[..., Any]
) -> None:
    path = desk.put("k.csv", HEAD + "1;A;x;1\n")
    pulled = desk.pull()

    def meddle(point: str) -> None:
        if point == "after_temp_written":
            desk.put("ny", HEAD + "1;A;x;1\n").replace(path)

    files = desk.files(fault=meddle)
    change = change_record(pulled.records[0], {"full_name": "Ny"})
    assert list(files.push(pulled.stream, pulled.token, [change])) == [Conflict(change.ref)]
    assert path.read_text() == HEAD + "1;A;x;1\n"


def test_odd_batches_get_one_outcome_each(desk: Any, change_record: Callable[..., Any]) -> None:
    """Twice the same row, no place, a blank row, a broken row, beyond the end, out of order."""
    desk.put("k.csv", HEAD + '1;A;x;1\n\n2;"B;;\n3;C;z;3\n')
    pulled = desk.pull()
    first, last = (change_record(record, {"full_name": "Ny"}) for record in pulled.records)
    places = [None, 2, 2, 3, 4, 1, 5, 99]
    batch = [RecordChange(first.ref, first.base_version, first.changes, place) for place in places]
    batch[6] = last
    outcomes = list(desk.files().push(pulled.stream, pulled.token, iter(batch)))
    assert isinstance(outcomes.pop(), Moved)
    kinds = [Conflict, Applied, Conflict, Conflict, Conflict, Conflict, Applied, Conflict]
    assert [type(outcome) for outcome in outcomes] == kinds


def test_an_unfinished_cursor_writes_nothing(desk: Any, change_record: Callable[..., Any]) -> None:
    desk.put("k.csv", HEAD + "".join(f"{n};N;x;1\n" for n in range(5000)))
    files = desk.files()
    stream = files.streams()[0]
    page = next(iter(files.pull(stream, None)))
    change = change_record(page.records[0], {"full_name": "Ny"})
    assert list(files.push(stream, page.next, [change])) == [Conflict(change.ref)]
    assert list(files.push(stream, {}, [change])) == [Conflict(change.ref)]


def test_nothing_happens_before_the_first_outcome_is_asked_for(
    desk: Any, change_record: Callable[..., Any]
) -> None:
    path = desk.put("k.csv", HEAD + "1;A;x;1\n")
    pulled = desk.pull()
    before = path.read_bytes()
    change = change_record(pulled.records[0], {"full_name": "Ny"})
    desk.files().push(pulled.stream, pulled.token, [change])
    assert path.read_bytes() == before


def test_a_batch_that_fails_half_way_leaves_the_file(
    desk: Any, change_record: Callable[..., Any]
) -> None:
    path = desk.put("k.csv", HEAD + "1;A;x;1\n2;B;y;2\n")
    pulled = desk.pull()

    def batch() -> Any:
        yield change_record(pulled.records[0], {"full_name": "Ny"})
        raise RuntimeError

    with pytest.raises(RuntimeError):
        list(desk.files().push(pulled.stream, pulled.token, batch()))
    assert path.read_text() == HEAD + "1;A;x;1\n2;B;y;2\n"
    assert desk.names() == ["k.csv"]


# --- the file around the text ---


def test_mode_owner_and_links_are_kept(desk: Any, tmp_path: Path) -> None:
    target = tmp_path / "andetsteds.csv"
    target.write_text(HEAD + "1;A;x;1\n")
    target.chmod(0o640)
    if os.getuid() == 0:
        os.chown(target, 12345, 23456)
    owner = target.stat()
    (desk.root / "k.csv").symlink_to(target)
    [outcome] = desk.push({2: {"full_name": "Ny"}})
    assert isinstance(outcome, Applied)
    assert (desk.root / "k.csv").is_symlink()
    assert target.read_text() == HEAD + "1;Ny;x;1\n"
    after = target.stat()
    assert stat.S_IMODE(after.st_mode) == 0o640
    assert (after.st_uid, after.st_gid) == (owner.st_uid, owner.st_gid)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["andetsteds.csv", "lister"]


def test_a_write_protected_file_is_not_replaced(desk: Any) -> None:
    """The rename would succeed: it asks for rights on the folder only."""
    path = desk.put("k.csv", HEAD + "1;A;x;1\n")
    path.chmod(0o444)
    with pytest.raises(SystemStopped) as stopped:
        desk.push({2: {"full_name": "Ny"}})
    assert stopped.value.message == "files.write_protected"
    assert path.read_text() == HEAD + "1;A;x;1\n"


# --- there and back ---

CELL = st.text(alphabet='ab ;"\r\næ+=', max_size=6)
ROW = st.lists(CELL, min_size=3, max_size=3)


def written(table: list[list[str]], eol: str, quoting: Any) -> bytes:
    out = io.StringIO()
    writer = csv.writer(out, delimiter=";", lineterminator=eol, quoting=quoting)
    writer.writerow(["Id", "Navn", "E-mail"])
    writer.writerows(table)
    return out.getvalue().encode()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    table=st.lists(ROW, min_size=1, max_size=8),
    news=st.lists(st.tuples(st.sampled_from(["full_name", "email"]), CELL), min_size=1, max_size=8),
    style=st.sampled_from(
        [("\r\n", csv.QUOTE_ALL), ("\r\n", csv.QUOTE_MINIMAL), ("\n", csv.QUOTE_ALL)]
    ),
)
def test_a_push_changes_the_cells_it_names_and_its_reverse_restores_every_byte(
    desk: Any,
    change_record: Callable[..., Any],
    table: list[list[str]],
    news: list[tuple[str, str]],
    style: tuple[str, Any],
) -> None:
    table = [[f"n{n}", *row[1:]] for n, row in enumerate(table)]
    before = written(table, *style)
    path = desk.put("k.csv", before)
    pulled = desk.pull()
    changes = [
        change_record(record, {field: new or None})
        for record, (field, new) in zip(pulled.records, news, strict=False)
    ]
    *outcomes, _ = [*desk.files().push(pulled.stream, pulled.token, changes), None]
    done = [outcome for outcome in outcomes if isinstance(outcome, Applied)]
    assert [outcome.ref for outcome in done] == [change.ref for change in changes]

    expected = [list(row) for row in table]
    for row, (field, new) in zip(expected, news, strict=False):
        row[{"full_name": 1, "email": 2}[field]] = new
    with path.open(newline="", encoding="utf-8") as file:
        assert list(csv.reader(file, delimiter=";"))[1:] == expected
    after = desk.pull(known=lambda _: pulled.token)
    assert {r.ref: r.version for r in after.records if r.ref in {o.ref for o in done}} == {
        outcome.ref: outcome.version for outcome in done
    }

    back = [
        RecordChange(
            change.ref,
            outcome.version,
            tuple(one.reverse() for one in change.changes),
            outcome.place,
        )
        for change, outcome in zip(changes, done, strict=True)
    ]
    answers = list(desk.files().push(after.stream, after.token, back))
    assert all(isinstance(answer, Applied | Moved) for answer in answers)
    assert path.read_bytes() == before


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    body=st.text(alphabet='ab;"\r\n\0æ', max_size=80), codec=st.sampled_from(["utf-8", "cp1252"])
)
def test_a_push_into_a_messy_file_touches_one_row(
    desk: Any, change_record: Callable[..., Any], body: str, codec: str
) -> None:
    """Whatever stands around it: everything before and after the touched cell is as it was."""
    before = (f"Navn;E-mail\nså;x\n{body}\n" + "sidst;y\n" * 40).encode(codec)
    path = desk.put("k.csv", before)
    pulled = desk.pull()
    for record in pulled.records:
        if record.values["full_name"] != "så":
            continue
        change = change_record(record, {"full_name": "æblegrød"})
        *_, moved = desk.files().push(pulled.stream, pulled.token, [change])
        assert isinstance(moved, Moved)
        assert path.read_bytes() == before.replace(
            "så;".encode(codec), "æblegrød;".encode(codec), 1
        )
        break
    else:
        raise AssertionError
