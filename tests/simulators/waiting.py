"""What a simulator in a process of its own does until it ends: wait, or tell what it holds."""

from __future__ import annotations

import argparse
import json
import sys
import threading
from collections.abc import Callable, Mapping
from typing import Any


def add_asked(parser: argparse.ArgumentParser) -> None:
    """The option by which another program starts a simulator."""
    words = "for each line of input tell what is held, as a line of JSON; end when the input does"
    parser.add_argument("--asked", action="store_true", help=words)


def wait(holds: Callable[[], Mapping[str, Any]], calls: Callable[[], int], *, asked: bool) -> None:
    """Until interrupted, or, when `asked`, until the input ends: none outlives who started it."""
    if asked:
        for _ in sys.stdin:
            print(json.dumps({"calls": calls(), "holds": holds()}, default=str), flush=True)
        return
    try:
        threading.Event().wait()
    except KeyboardInterrupt:
        print()
