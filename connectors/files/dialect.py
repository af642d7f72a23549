"""How the text of a file is written, and the file seen that way. `detection` finds it out."""

from __future__ import annotations

import codecs
from dataclasses import dataclass
from typing import BinaryIO


@dataclass(frozen=True, slots=True)
class Dialect:
    """The dialect of one file.

    All parsing is done on bytes in which ASCII stands for itself. A UTF-16 file is therefore seen
    through `view`, as UTF-8; `wide` names its real codec. Everywhere else view and raw are one.
    """

    codec: str
    bom: bytes
    delimiter: str
    eol: bytes
    """What ends a physical line: LF (a CR before it belongs to it), or CR in old Macintosh files."""
    wide: str | None = None

    @property
    def encoding(self) -> str:
        """The name that people know."""
        return self.wide or self.codec

    def raw(self, view: bytes) -> bytes:
        """The bytes as they stand in the file."""
        if self.wide is None:
            return view
        return view.decode("utf-8", "surrogatepass").encode(self.wide, "surrogatepass")


class Source:
    """A file opened for reading past its byte order mark; `read` gives the dialect's view."""

    def __init__(self, file: BinaryIO, dialect: Dialect, offset: int) -> None:
        self._file = file
        self._decoder = None
        if dialect.wide is not None:
            self._decoder = codecs.getincrementaldecoder(dialect.wide)("surrogatepass")
        file.seek(offset)

    def read(self, size: int) -> bytes:
        """About `size` bytes; b"" at the end only."""
        if self._decoder is None:
            return self._file.read(size)
        while raw := self._file.read(size):
            if text := self._decoder.decode(raw):
                return text.encode("utf-8", "surrogatepass")
        return self._decoder.decode(b"", final=True).encode("utf-8", "surrogatepass")
