"""Which systems there are: the only list of vendors. Their modules are imported when configured."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from connectors.protocol import Token
from rules.records import Kind

if TYPE_CHECKING:
    from connectors.files import Files


def files(
    name: str,
    root: Path,
    *,
    columns: Mapping[str, Mapping[str, str]],
    kinds: Mapping[str, Kind],
    encodings: Mapping[str, str],
    delimiters: Mapping[str, str],
    known: Callable[[str], Token | None],
) -> Files:
    """The file connector, set up; `known` gives a file's stored cursor by the name of its stream."""
    from connectors.files import Files

    return Files(
        name,
        root,
        mapping=columns,
        kinds=kinds,
        encodings=encodings,
        delimiters=delimiters,
        known=known,
    )
