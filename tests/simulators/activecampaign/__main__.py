"""A simulated ActiveCampaign to try the program with: `python -m simulators.activecampaign --contacts 500`."""

from __future__ import annotations

import argparse

from simulators.activecampaign.people import edit_people, fill
from simulators.activecampaign.serving import HOST, KEY, build, wall_clock
from simulators.waiting import add_asked, wait
from simulators.web import served


def main() -> None:
    """Fill an account, serve it, say how it is reached; until interrupted."""
    parser = argparse.ArgumentParser(
        prog="python -m simulators.activecampaign", description=__doc__
    )
    parser.add_argument("--contacts", type=int, default=1000)
    parser.add_argument("--lists", type=int, default=2)
    parser.add_argument("--per-second", type=int, default=5, help="calls that are let in")
    parser.add_argument("--seconds", type=float, default=0.0, help="how long an answer takes")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--port", type=int, default=0)
    add_asked(parser)
    asked = parser.parse_args()
    vendor = build(wall_clock, asked.per_second)
    vendor.seconds = asked.seconds
    account = vendor.account
    fill(account, contacts=asked.contacts, lists=asked.lists, seed=asked.seed)
    with served(vendor, asked.port):
        print(f"# {vendor.address}")
        print("[activecampaign]")
        print(f'url = "{HOST}"')
        print('key = { env = "ACTIVECAMPAIGN_KEY" }   # ' + KEY)
        print(f'elsewhere = {{ "{HOST}" = "{vendor.address}" }}', flush=True)
        wait(
            vendor.account.snapshot,
            lambda: [f"{one.method} {one.path}" for one in vendor.calls],
            lambda people: edit_people(vendor.account, people),
            asked=asked.asked,
        )


if __name__ == "__main__":
    main()
