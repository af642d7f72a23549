"""A simulated Dun & Bradstreet to try the program with: `python -m simulators.dnb --companies 500`."""

from __future__ import annotations

import argparse

from simulators.dnb.serving import HOST, KEY, SECRET, build
from simulators.waiting import add_asked, wait
from simulators.web import served


def main() -> None:
    """Fill an account, serve it, say how it is reached; until interrupted."""
    parser = argparse.ArgumentParser(prog="python -m simulators.dnb", description=__doc__)
    parser.add_argument("--companies", type=int, default=1000)
    parser.add_argument("--seconds", type=float, default=0.0, help="how long an answer takes")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--port", type=int, default=0)
    add_asked(parser)
    asked = parser.parse_args()
    vendor = build(asked.companies, seed=asked.seed)
    vendor.seconds = asked.seconds
    known = vendor.desk.firms
    with served(vendor, asked.port):
        print(f"# {vendor.address}")
        print("[sources.dnb]")
        print(f'key = "{KEY}"')
        print('secret = { env = "DNB_SECRET" }   # ' + SECRET)
        print("price_ore = 0")
        print(f'elsewhere = {{ "{HOST}" = "{vendor.address}" }}', flush=True)
        wait(
            lambda: {str(cvr): known.find(cvr) for cvr in known.register.numbers},
            lambda: [f"{one.method} {one.path}" for one in vendor.calls],
            lambda many: known.heads.update(dict.fromkeys(known.register.numbers[:many], 7)),
            asked=asked.asked,
        )


if __name__ == "__main__":
    main()
