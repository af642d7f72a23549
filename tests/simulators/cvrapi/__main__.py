"""A simulated cvrapi.dk to try the program with: `python -m simulators.cvrapi --companies 500`."""

from __future__ import annotations

import argparse

from simulators.cvrapi.serving import AGENT, HOST, build
from simulators.waiting import add_asked, wait
from simulators.web import served


def main() -> None:
    """Fill a register, serve it, say how it is reached; until interrupted."""
    parser = argparse.ArgumentParser(prog="python -m simulators.cvrapi", description=__doc__)
    parser.add_argument("--companies", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--port", type=int, default=0)
    add_asked(parser)
    asked = parser.parse_args()
    vendor = build(asked.companies, seed=asked.seed)
    register = vendor.desk.register
    with served(vendor, asked.port):
        print(f"# {vendor.address}")
        print("[sources.cvr]")
        print(f'elsewhere = {{ "{HOST}" = "{vendor.address}" }}')
        print("[sources.cvr.cvrapi]")
        print(f'agent = "{AGENT}"', flush=True)
        wait(
            lambda: {"companies": len(register)},
            lambda: [f"{one.method} {one.path}" for one in vendor.calls],
            lambda many: [register.edit(cvr, house=200) for cvr in register.numbers[:many]],
            asked=asked.asked,
        )


if __name__ == "__main__":
    main()
