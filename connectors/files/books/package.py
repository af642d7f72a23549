"""The zip archive that an .xlsx or .ods is: members within bounds, and copies byte for byte.

`zipfile` reads the directory. Writing is done here, because a member that we do not touch has to
stay as it is: its header, its compressed bytes, its time, its place in the file.
"""

from __future__ import annotations

import struct
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import BinaryIO, Final

from connectors.files.layout import Unusable

_LOCAL: Final = struct.Struct("<4s5H3L2H")
_CENTRAL: Final = struct.Struct("<4s6H3L5H2L")
_SIZES: Final = struct.Struct("<3L")
_DESCRIBED: Final = 0x08
"""Flag: sizes stand behind the data, because the writer could not go back."""
_ENCRYPTED: Final = 0x01
_LEVELS: Final = (6, 9, 1, 5, 7, 8, 4, 3, 2)
_PROBE: Final = 1 << 18
_COPIED: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Span:
    """Where a member lies in the file: header, data, and what stands behind the data."""

    info: zipfile.ZipInfo
    begin: int
    data: int
    end: int

    @property
    def tail(self) -> int:
        """Where the data ends."""
        return self.data + self.info.compress_size


class Package:
    """An open archive. `Unusable` when it is damaged, or would expand beyond `limit` bytes."""

    def __init__(self, file: BinaryIO, limit: int) -> None:
        self._file = file
        self._limit = limit
        try:
            archive = zipfile.ZipFile(file)
        except (zipfile.BadZipFile, NotImplementedError, ValueError, EOFError) as error:
            raise Unusable("book_damaged") from error
        self._begins = archive.start_dir
        self._infos = archive.infolist()
        self.names = {info.filename: info for info in self._infos}
        if sum(info.file_size for info in self._infos) > limit:
            raise Unusable("book_too_large", limit=megabytes(limit))
        if any(info.flag_bits & _ENCRYPTED for info in self._infos):
            raise Unusable("book_encrypted")

    def read(self, name: str) -> bytes:
        """A member's content. Its size is counted, not believed."""
        info, raw = self.names[name], self.raw(name)
        try:
            data = raw if info.compress_type == zipfile.ZIP_STORED else _inflated(raw, self._limit)
        except zlib.error as error:
            raise Unusable("book_damaged") from error
        if len(data) > self._limit:
            raise Unusable("book_too_large", limit=megabytes(self._limit))
        if len(data) != info.file_size or zlib.crc32(data) != info.CRC:
            raise Unusable("book_damaged")
        return data

    def raw(self, name: str) -> bytes:
        """A member's bytes as they stand in the file, compressed."""
        span = next((one for one in self.spans if one.info.filename == name), None)
        if span is None:
            raise Unusable("book_damaged")
        self._file.seek(span.data)
        return self._file.read(span.info.compress_size)

    @cached_property
    def spans(self) -> tuple[Span, ...]:
        """The members in the order of the file."""
        infos = sorted(self._infos, key=lambda info: info.header_offset)
        ends = [*(info.header_offset for info in infos[1:]), self._begins]
        spans = [
            Span(info, info.header_offset, self._data_of(info), end)
            for info, end in zip(infos, ends, strict=True)
        ]
        if any(span.tail > span.end for span in spans):
            raise Unusable("book_damaged")
        return tuple(spans)

    def _data_of(self, info: zipfile.ZipInfo) -> int:
        self._file.seek(info.header_offset)
        head = self._file.read(_LOCAL.size)
        if len(head) < _LOCAL.size or not head.startswith(b"PK\x03\x04"):
            raise Unusable("book_damaged")
        *_, name, extra = _LOCAL.unpack(head)
        return int(info.header_offset + _LOCAL.size + name + extra)

    @cached_property
    def rewritable(self) -> bool:
        """Whether `rewritten` knows all that stands in it: no zip64, no name twice, no stranger
        before the first member."""
        self._file.seek(self._begins)
        wide = b"PK\x06\x07" in self._file.read()
        once = len(self.names) == len(self._infos)
        known = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}
        plain = all(info.compress_type in known for info in self._infos)
        return once and plain and not wide and self.spans[0].begin == 0

    def rewritten(self, name: str, content: bytes) -> Iterator[bytes]:
        """The bytes of the whole archive, with one member's content replaced.

        Every other member keeps its bytes; the replaced one keeps its header but for sizes and
        check sum. Only for a `rewritable` archive.
        """
        target = self.names[name]
        packed = self._packed(target, content)
        sizes = (zlib.crc32(content), len(packed), len(content))
        grown = len(packed) - target.compress_size
        for span in self.spans:
            if span.info is target:
                yield from self._replaced(span, packed, sizes)
            else:
                yield from self._blocks(span.begin, span.end)
        yield from self._directory(target, sizes, grown)

    def _packed(self, info: zipfile.ZipInfo, content: bytes) -> bytes:
        """Compressed as the member was. Where zlib made it, with zlib's same level: then the same
        content gives the same bytes again."""
        if info.compress_type == zipfile.ZIP_STORED:
            return content
        return _deflated(content, self._level(info))

    def _level(self, info: zipfile.ZipInfo) -> int:
        raw = self.raw(info.filename)
        sample = zlib.decompressobj(-zlib.MAX_WBITS).decompress(raw, _PROBE)
        for level in _LEVELS:
            # Its end differs from that of the whole, so all but the last block is compared.
            head = _deflated(sample, level, zlib.Z_NO_FLUSH) or _deflated(sample, level)
            if raw.startswith(head):
                return level
        return _LEVELS[0]

    def _replaced(self, span: Span, packed: bytes, sizes: tuple[int, int, int]) -> Iterator[bytes]:
        [head] = self._blocks(span.begin, span.data)
        tail = b"".join(self._blocks(span.tail, span.end))
        if span.info.flag_bits & _DESCRIBED:
            at = 4 if tail.startswith(b"PK\x07\x08") else 0
            yield from (head, packed, tail[:at] + _SIZES.pack(*sizes) + tail[at + _SIZES.size :])
        else:
            yield from (head[:14] + _SIZES.pack(*sizes) + head[26:], packed, tail)

    def _directory(
        self, target: zipfile.ZipInfo, sizes: tuple[int, int, int], grown: int
    ) -> Iterator[bytes]:
        self._file.seek(self._begins)
        data = bytearray(self._file.read())
        at = 0
        for info in self._infos:
            *_, name, extra, comment, _, _, _, offset = _CENTRAL.unpack_from(data, at)
            if info is target:
                _SIZES.pack_into(data, at + 16, *sizes)
            elif offset > target.header_offset:
                struct.pack_into("<L", data, at + 42, offset + grown)
            at += _CENTRAL.size + name + extra + comment
        at = data.index(b"PK\x05\x06", at)
        struct.pack_into("<L", data, at + 16, self._begins + grown)
        yield bytes(data)

    def _blocks(self, begin: int, end: int) -> Iterator[bytes]:
        self._file.seek(begin)
        while begin < end:
            block = self._file.read(min(_COPIED, end - begin))
            if not block:
                raise Unusable("book_damaged")
            begin += len(block)
            yield block


def megabytes(size: int) -> str:
    """A limit for people."""
    return str(size >> 20)


def _inflated(raw: bytes, limit: int) -> bytes:
    """What `raw` unpacks to, up to one byte more than `limit`."""
    return zlib.decompressobj(-zlib.MAX_WBITS).decompress(raw, limit + 1)


def _deflated(content: bytes, level: int, flush: int = zlib.Z_FINISH) -> bytes:
    packer = zlib.compressobj(level, zlib.DEFLATED, -zlib.MAX_WBITS)
    return packer.compress(content) + (packer.flush() if flush == zlib.Z_FINISH else b"")
