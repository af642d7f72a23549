"""What a simulator in a process of its own does until it ends: wait, or tell what it holds."""

from __future__ import annotations

import argparse
import json
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from simulators.web import Vendor, served

Edit = Callable[[str, str, Mapping[str, Any]], None]
"""Somebody types into a record: object, id, field to value."""


def add_asked(parser: argparse.ArgumentParser) -> None:
    """The option by which another program starts a simulator."""
    words = (
        "for each line of input, `calls`, `holds`, `touch N` or `edit …`, say so as a line of JSON"
    )
    parser.add_argument("--asked", action="store_true", help=words)


def by_hand(name: str, about: str | None) -> argparse.ArgumentParser:
    """What every vendor can be told that is started as `python -m simulators.NAME`."""
    parser = argparse.ArgumentParser(prog=f"python -m simulators.{name}", description=about)
    parser.add_argument("--port", type=int, default=0)
    add_asked(parser)
    return parser


def serve(
    vendor: Vendor,
    asked: argparse.Namespace,
    settings: Sequence[str],
    holds: Callable[[], Mapping[str, Any]],
    touch: Callable[[int], None],
    calls: Callable[[], Sequence[str]] | None = None,
) -> None:
    """Serve a vendor, say with which settings it is reached, and `wait`."""
    noted = calls or (lambda: [f"{one.method} {one.path}" for one in vendor.calls])
    with served(vendor, asked.port):
        there = ", ".join(f'"{host}" = "{here}"' for host, here in vendor.elsewhere.items())
        print(f"# {vendor.address}", *settings, f"elsewhere = {{ {there} }}", sep="\n", flush=True)
        wait(holds, noted, touch, asked=asked.asked)


def wait(
    holds: Callable[[], Mapping[str, Any]],
    calls: Callable[[], Sequence[str]],
    touch: Callable[[int], None],
    edit: Edit | None = None,
    *,
    asked: bool,
) -> None:
    """Until interrupted, or, when `asked`, until the input ends: none outlives who started it.

    `holds` is all there is, `calls` each call so far as `GET /path`, `touch` has somebody edit so
    many people, `edit ["Contact", "003…", {"Phone": "…"}]` has somebody type into one record.
    """
    if asked:
        for line in sys.stdin:
            print(json.dumps(_told(line, holds, calls, touch, edit), default=str), flush=True)
        return
    try:
        threading.Event().wait()
    except KeyboardInterrupt:
        print()


def _told(
    line: str,
    holds: Callable[[], Mapping[str, Any]],
    calls: Callable[[], Sequence[str]],
    touch: Callable[[int], None],
    edit: Edit | None,
) -> Mapping[str, Any]:
    what, _, number = line.strip().partition(" ")
    if what == "calls":
        return {"calls": calls()}
    if what == "touch":
        touch(int(number))
        return {"touched": int(number)}
    if what == "edit" and edit:
        edit(*json.loads(number))
        return {"edited": 1}
    return {"holds": holds()}
