"""Rows are cut the same way however the blocks fall, and lose no byte."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from connectors.files import rows as module
from connectors.files.dialect import Dialect
from connectors.files.rows import Block, Flaw, Reading, Row, blocks, row_of, scan

SEMICOLON = Dialect("utf-8", b"", ";", b"\n")


def cut(data: bytes, width: int, max_row_bytes: int = 1 << 20) -> list[Row]:
    """All rows; the bytes of the blocks must add up to the bytes of the file."""
    how = Reading(SEMICOLON, width, max_row_bytes)
    found = list(blocks(io.BytesIO(data).read, how, 1))
    assert b"".join(block.data for block in found) == data
    place = 1
    for block in found:
        assert block.place == place
        place += len(block.rows)
        if not block.goes_on and block.rows and _held_whole(block):
            assert b"".join(block.lines()) == block.data
            assert len(block.lines()) == len(block.rows)
    return [row for block in found for row in block.rows]


def _held_whole(block: Block) -> bool:
    return not (isinstance(block.rows[0], Flaw) and len(block.rows) == 1)


def codes(found: Sequence[Row]) -> list[str]:
    return [row.code if isinstance(row, Flaw) else "-".join(row) for row in found]


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"a;b\nc;d\n", ["a-b", "c-d"]),
        (b"a;b\r\nc;d", ["a-b", "c-d"]),
        (b"a;b\r\nc;d\ne;f\r\n", ["a-b", "c-d", "e-f"]),
        (b"a;b\rc;d\re;f\n", ["a-b", "c-d", "e-f"]),
        (b"a;b\r\r\nc;d\r\r\n", ["a-b", "c-d"]),
        (b"a\rx;b\nc;d\n", ["a\rx-b", "c-d"]),
        (b'a;"x\ny"\nc;d\n', ["a-x\ny", "c-d"]),
        (b'a;"x\r\ny"\r\nc;d\r\n', ["a-x\r\ny", "c-d"]),
        (b'"say ""hej""";b\n', ['say "hej"-b']),
        (b'12" r\xc3\xb8r;b\n', ['12" rør-b']),
        (b'"Bil" A/S;b\n', ["Bil A/S-b"]),
        (b"a;b\n\n;\n \nc;d\n", ["a-b", "", "-", "", "c-d"]),
        (b"a;b;;\nc\n", ["a-b", "c"]),
        (b"a;b;c\nd;e\n", ["too_many_cells", "d-e"]),
        (b"a\0;b\nc;d\n", ["nul_bytes", "c-d"]),
        (b"a;\xe5\nc;d\n", ["undecodable", "c-d"]),
        (b'a;"b\nc;d\ne;f\n', ["unclosed_quote", "c-d", "e-f"]),
        (b'a;"b\nc;d\ne;"f"\n', ["unclosed_quote", "c-d", "e-f"]),
        (b'a;"b\nc;"d\ne;f\n', ["unclosed_quote", "unclosed_quote", "e-f"]),
        (b'a;"b', ["unclosed_quote"]),
        (b"", []),
    ],
)
def test_a_row_is_what_it_should_be(data: bytes, expected: list[str]) -> None:
    assert codes(cut(data, 2)) == expected


def test_a_row_with_less_than_half_of_its_cells_is_broken() -> None:
    assert codes(cut(b"a;b;c;d\na;b\na\n", 4)) == ["a-b-c-d", "a-b", "too_few_cells"]


def test_a_flaw_names_its_column() -> None:
    found = cut(b'a;b;c\na;b\0;c\na;b;\xff\na;b;"c\na;b;c;d\n', 3)
    assert [row.column for row in found if isinstance(row, Flaw)] == [1, 2, 2, 3]


def test_a_giant_row_is_passed_by_and_never_held(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BLOCK_BYTES", 1000)
    data = b"a;b\n" + b"x" * 100_000 + b';"\n' + b"c;d\n"
    how = Reading(SEMICOLON, 2, 5000)
    asked: list[int] = []
    source = io.BytesIO(data)

    def read(size: int) -> bytes:
        asked.append(size)
        return source.read(size)

    found = list(blocks(read, how, 1))
    assert codes([row for block in found for row in block.rows]) == ["a-b", "row_too_large", "c-d"]
    assert b"".join(block.data for block in found) == data
    assert max(len(block.data) for block in found) <= 5001
    assert max(asked) <= 5001


@pytest.mark.parametrize("giant", [b"y" * 900, b'"' + b"y" * 900, b"y;\0" * 300])
def test_the_row_after_a_giant_row_is_sound(giant: bytes) -> None:
    assert codes(cut(b"a;b\n" + giant + b"\nc;d", 2, 100)) == ["a-b", "row_too_large", "c-d"]
    assert codes(cut(b"a;b\n" + giant, 2, 100)) == ["a-b", "row_too_large"]


def test_many_unclosed_quotes_do_not_make_reading_slow() -> None:
    """Each costs a look as far as the next quote, not as far as the block reaches."""
    line = b'"12 r\xc3\xb8r;b\n'
    assert set(codes(cut(line * 60_000, 2))) == {"unclosed_quote"}


ODD = st.text(alphabet='ab;"\r\n\0 æ', max_size=60)


@given(ODD, st.integers(1, 3), st.integers(8, 40))
@example('a;"\n"";b\n', 2, 8)
@example('"\n\n\n\n', 2, 8)
def test_no_byte_is_lost_whatever_the_file_holds(text: str, width: int, limit: int) -> None:
    cut(text.encode(), width, limit)


@given(st.binary(max_size=80), st.integers(1, 3))
def test_no_byte_is_lost_in_what_is_no_text(data: bytes, width: int) -> None:
    cut(data, width, 16)


@given(ODD, st.integers(1, 3), st.sampled_from([9, 17, 33]))
def test_rows_do_not_depend_on_where_blocks_end(text: str, width: int, block_bytes: int) -> None:
    data = text.encode()
    whole = cut(data, width, 500)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "BLOCK_BYTES", block_bytes)
        patch.setattr(module, "PAGE_ROWS", 2)
        assert cut(data, width, 500) == whole


@given(ODD, st.integers(1, 3))
def test_the_quick_reader_and_the_careful_one_agree(text: str, width: int) -> None:
    data = text.encode()
    quick = cut(data, width)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_quick", lambda *_, **__: None)
        assert cut(data, width) == quick


CELL = st.text(alphabet='ab ;"\r\næ\u2028\x85', max_size=8)


@given(
    st.lists(st.lists(CELL, min_size=3, max_size=3), max_size=12),
    st.sampled_from([("\n", csv.QUOTE_ALL), ("\r\n", csv.QUOTE_ALL), ("\r\n", csv.QUOTE_MINIMAL)]),
)
def test_what_csv_writes_is_read_as_it_was_meant(
    table: list[list[str]], style: tuple[str, int]
) -> None:
    out = io.StringIO()
    csv.writer(out, delimiter=";", lineterminator=style[0], quoting=style[1]).writerows(table)  # type: ignore[arg-type]
    assert cut(out.getvalue().encode(), 3) == table


@given(ODD)
def test_cells_of_a_scan_are_those_of_csv(text: str) -> None:
    line = text.replace("\n", " ").replace("\r", " ").replace("\0", " ")
    how = Reading(SEMICOLON, 1, 1 << 20)
    found = scan(line.encode(), 0, how, len(line.encode()))
    if found is None or not line:
        return
    [row] = csv.reader([line], delimiter=";")
    wide = Reading(SEMICOLON, len(row), 1 << 20)
    read = row_of(line.encode(), wide)
    assert read == row
