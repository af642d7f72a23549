"""Which systems there are: the only list of vendors. Their modules are imported when configured."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from connectors.protocol import Token

if TYPE_CHECKING:
    from connectors.files import Files

FILES: Final = "files"
"""The file connector's name in refs, `files/contact/contacts.csv#17`, and in settings."""

SYSTEMS: Final = (FILES,)
"""The names of all systems that can be configured."""


def files(
    name: str,
    root: Path,
    *,
    said: Callable[[str], dict[str, Any]],
    known: Callable[[str], Token | None],
    max_workbook_mb: int,
) -> Files:
    """The file connector, set up.

    `said` gives the fields of `Wishes` for a file by its name, `known` a file's stored cursor by
    the name of its stream. A workbook that expands to more than `max_workbook_mb` is refused.
    """
    from connectors.files import Files
    from connectors.files.meaning import Wishes

    return Files(
        name,
        root,
        wishes=lambda file: Wishes(**said(file)),
        known=known,
        max_book_bytes=max_workbook_mb << 20,
    )
