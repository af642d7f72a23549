"""The options by which somebody is named: numbers, addresses, CVR numbers."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from rules.keys import Key

CHANNELS = ("call", "email", "sms", "all")
_KINDS = ("phone", "email", "cvr")


def key_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options that name somebody: numbers, addresses, CVR numbers."""
    for name in reversed(_KINDS):
        command = click.option(f"--{name}", multiple=True)(command)
    return command


def keys_typed(cells: dict[str, tuple[str, ...]], region: str) -> list[Key]:
    """What these options were given, as keys; UserError when nobody can be found by it."""
    from sync.suppression.desk import keys

    return keys([(kind, text) for kind in _KINDS for text in cells[kind]], region)
