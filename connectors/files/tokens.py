"""What a cursor of this connector holds, and how the content of a file is told apart.

A finished token says which content was read, an open one how far. Tokens are JSON; whatever does
not look like ours counts as none.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, BinaryIO, Final, Self

from connectors.files.identity import Identity
from connectors.protocol import Token

DIGEST: Final = "sha256"
"""Processors have it built in: 1.6 GB/s here, against 1.0 of blake2b."""
_BLOCK: Final = 1 << 20
_FORMAT: Final = 1


@dataclass(frozen=True, slots=True)
class Stat:
    """What tells without reading that a file was replaced or written to."""

    ino: int
    size: int
    mtime_ns: int

    @classmethod
    def of(cls, found: os.stat_result) -> Self:
        """From a stat result."""
        return cls(found.st_ino, found.st_size, found.st_mtime_ns)


@dataclass(frozen=True, slots=True)
class Mark:
    """A token, taken apart. `digest` covers the first `offset` bytes, all of them when `done`."""

    done: bool
    stat: Stat
    layout: str
    identity: Identity
    digest: str
    offset: int
    place: int
    """The place of the next row."""
    meaning: Mapping[str, Any]
    """What the columns meant, as `Meaning.as_json` has it."""

    def token(self) -> Token:
        """The same as JSON."""
        return {
            "format": _FORMAT,
            "done": self.done,
            "stat": asdict(self.stat),
            "layout": self.layout,
            "identity": str(self.identity),
            "digest": self.digest,
            "offset": self.offset,
            "place": self.place,
            "meaning": dict(self.meaning),
        }

    @classmethod
    def of(cls, token: Token | None) -> Self | None:
        """The mark in a token; None when there is none, or it was made by another version."""
        if not token or token.get("format") != _FORMAT:
            return None
        fields: Mapping[str, Any] = {**token}
        try:
            return cls(
                fields["done"],
                Stat(**fields["stat"]),
                fields["layout"],
                Identity(fields["identity"]),
                fields["digest"],
                fields["offset"],
                fields["place"],
                fields["meaning"],
            )
        except (KeyError, TypeError, ValueError):
            return None

    def seen_as(self, stat: Stat) -> Self:
        """The same content under another stat, as after a copy that kept it."""
        return replace(self, stat=stat)


def digest_upto(file: BinaryIO, size: int | None = None) -> Any:
    """The hash object after the first `size` bytes of an open file, or after all of it."""
    digest = hashlib.new(DIGEST, usedforsecurity=False)
    file.seek(0)
    left = size if size is not None else -1
    while left and (block := file.read(_BLOCK if left < 0 else min(_BLOCK, left))):
        digest.update(block)
        left -= len(block) if left > 0 else 0
    return digest
