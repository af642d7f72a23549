"""Single cells in the bytes of a row: which may be replaced, and how the new text is written.

A cell keeps its quotes. Where quotes came and went with the content (`"Møller; Søn"` to `Møller`),
the habit of the column decides, so that writing the old text again gives the old bytes again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from connectors.files.dialect import Dialect
from connectors.files.rows import Flaw, Reading, Row, cell_text, judged, row_of, scan


class Refused(Exception):
    """Inside this package only: why a row cannot be written, on its way to a `Rejected`."""

    def __init__(self, code: str, **details: str) -> None:
        super().__init__(code)
        self.code = code
        self.details = details


def needs_quotes(text: str, delimiter: str) -> bool:
    """Whether `text` would be read as something else without quotes."""
    return delimiter in text or '"' in text or "\n" in text or "\r" in text


def quoted_columns(header: bytes, raws: Iterable[bytes], how: Reading) -> frozenset[int]:
    """The columns in which cells usually stand in quotes although they need none.

    Where no cell tells, the header does.
    """
    votes: Counter[int] = Counter()
    for weight, raw in ((1, header), *((2, raw) for raw in raws)):
        found = scan(raw, 0, how, len(raw))
        for column, (begin, end) in enumerate(found.cells if found else ()):
            cell = raw[begin:end]
            if _quoted(cell):
                text = cell_text(cell, "latin-1")
                if not needs_quotes(text, how.dialect.delimiter):
                    votes[column] += weight
            elif cell:
                votes[column] -= weight
    return frozenset(column for column, count in votes.items() if count > 0)


@dataclass(frozen=True, slots=True)
class Writer:
    """Writes cells into the rows of one file."""

    how: Reading
    quoted: frozenset[int]
    """The columns in which quotes are a habit."""

    def rewritten(self, raw: bytes, row: list[str], edits: Mapping[int, str]) -> bytes:
        """The bytes of the row with the cells of `edits` replaced, and no other byte changed.

        `Refused` when the row cannot say this.
        """
        body = self._simple(raw)
        if body is None:
            changed = self._by_scan(raw, row, edits)
        else:
            delimiter = self.how.dialect.delimiter.encode()
            cells = body.split(delimiter)
            for column, new in edits.items():
                cells[column] = self._cell(column, cells[column], row, new)
            changed = delimiter.join(cells) + raw[len(body) :]
        self._proved(changed, [edits.get(column, old) for column, old in enumerate(row)])
        return changed

    def _simple(self, raw: bytes) -> bytes | None:
        """The row without its line end when every delimiter in it parts cells; else None."""
        body = raw.rstrip(b"\r\n")
        plain = self.how.dialect.eol == b"\n" and not any(byte in body for byte in b'"\r\n\0')
        return body if plain else None

    def _by_scan(self, raw: bytes, row: list[str], edits: Mapping[int, str]) -> bytes:
        found = scan(raw, 0, self.how, len(raw))
        if found is None:
            raise Refused("unclosed_quote")
        parts: list[bytes] = []
        done = 0
        for column in sorted(edits):
            begin, end = found.cells[column]
            parts += [raw[done:begin], self._cell(column, raw[begin:end], row, edits[column])]
            done = end
        return b"".join([*parts, raw[done:]])

    def _cell(self, column: int, old: bytes, row: list[str], new: str) -> bytes:
        dialect = self.how.dialect
        data = _encoded(new, dialect)
        if needs_quotes(new, dialect.delimiter):
            return b'"' + data.replace(b'"', b'""') + b'"'
        if not _quoted(old):
            return data
        if needs_quotes(row[column], dialect.delimiter) and column not in self.quoted:
            return data
        return b'"' + data + b'"'

    def _proved(self, changed: bytes, wanted: list[str]) -> None:
        """Nothing is written that would not be read back as it was meant."""
        if not any(wanted):
            raise Refused("row_would_be_empty")
        body = self._simple(changed)
        if body is not None and len(changed) <= self.how.max_row_bytes:
            dialect = self.how.dialect
            read: Row = judged(body.decode(dialect.codec).split(dialect.delimiter), self.how.width)
        else:
            read = row_of(changed, self.how)
        if isinstance(read, Flaw):
            raise Refused(read.code)
        if read != wanted:
            raise Refused("cell_not_writable")


def _quoted(cell: bytes) -> bool:
    return cell.startswith(b'"') and len(cell) > 1


def _encoded(text: str, dialect: Dialect) -> bytes:
    try:
        return text.encode(dialect.codec)
    except UnicodeEncodeError as error:
        raise Refused(
            "encoding_lacks_character",
            character=text[error.start].encode("utf-8", "replace").decode(),
            encoding=dialect.encoding,
        ) from error
