"""A simulated NeverBounce to try the program with: `python -m simulators.neverbounce`."""

from __future__ import annotations

import argparse

from simulators.neverbounce.serving import HOST, KEY, build
from simulators.waiting import add_asked, wait
from simulators.web import served


def main() -> None:
    """Serve an account, say how it is reached; until interrupted."""
    parser = argparse.ArgumentParser(prog="python -m simulators.neverbounce", description=__doc__)
    parser.add_argument("--credits", type=int, default=10_000)
    parser.add_argument("--gone", nargs="*", default=[], help="addresses that do not exist")
    parser.add_argument("--port", type=int, default=0)
    add_asked(parser)
    asked = parser.parse_args()
    vendor = build()
    account = vendor.desk
    account.credits = asked.credits
    gone = ("invalid", ("has_dns", "has_dns_mx"), "")
    account.mailboxes |= dict.fromkeys(asked.gone, gone)
    with served(vendor, asked.port):
        print(f"# {vendor.address}")
        print("[sources.neverbounce]")
        print('key = { env = "NEVERBOUNCE_KEY" }   # ' + KEY)
        print(f'elsewhere = {{ "{HOST}" = "{vendor.address}" }}', flush=True)
        wait(
            lambda: {"credits": account.credits, "charged": account.charged},
            lambda: [f"{one.method} {one.path}" for one in vendor.calls],
            lambda many: account.mailboxes.update(dict.fromkeys(account.charged[:many], gone)),
            asked=asked.asked,
        )


if __name__ == "__main__":
    main()
