"""Simulated annual accounts to try the program with: `python -m simulators.accounts --companies 500`."""

from __future__ import annotations

import argparse

from simulators.accounts.serving import build
from simulators.waiting import add_asked, wait
from simulators.web import served


def main() -> None:
    """Serve the reports of so many companies, say how they are reached; until interrupted."""
    parser = argparse.ArgumentParser(prog="python -m simulators.accounts", description=__doc__)
    parser.add_argument("--companies", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--port", type=int, default=0)
    add_asked(parser)
    asked = parser.parse_args()
    vendor = build(asked.companies, seed=asked.seed)
    with served(vendor, asked.port):
        print(f"# {vendor.address}")
        print("[sources.accounts]")
        print("on = true")
        there = ", ".join(f'"{host}" = "{here}"' for host, here in vendor.elsewhere.items())
        print(f"elsewhere = {{ {there} }}", flush=True)
        wait(
            lambda: {"companies": len(vendor.desk.register)},
            lambda: [f"{one.method} {one.path}" for one in vendor.calls],
            lambda many: vendor.desk.register.numbers[:many],
            asked=asked.asked,
        )


if __name__ == "__main__":
    main()
