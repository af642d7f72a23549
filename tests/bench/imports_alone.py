"""What a Python holds that has imported some modules and does nothing else.

A list of names as JSON comes in, bytes go out. What cannot be imported by itself is left out.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import sys

import psutil

if __name__ == "__main__":
    for name in json.load(sys.stdin):
        with contextlib.suppress(Exception):
            importlib.import_module(name)
    print(psutil.Process().memory_info().rss)
