"""Which systems there are: the only list of vendors. Their modules are imported when configured."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

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
) -> Files:
    """The file connector, set up."""
    from connectors.files import Files

    return Files(
        name, root, mapping=columns, kinds=kinds, encodings=encodings, delimiters=delimiters
    )
