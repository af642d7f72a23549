"""A simulated HubSpot to try the program with: `python -m simulators.hubspot --contacts 500`."""

from __future__ import annotations

import argparse

from simulators.hubspot.limits import PLANS, plan
from simulators.hubspot.people import edit_people, fill
from simulators.hubspot.serving import HOST, build
from simulators.hubspot.tickets import KEY
from simulators.waiting import add_asked, wait
from simulators.web import served


def main() -> None:
    """Fill a portal, serve it, say how it is reached; until interrupted."""
    parser = argparse.ArgumentParser(prog="python -m simulators.hubspot", description=__doc__)
    parser.add_argument("--companies", type=int, default=200)
    parser.add_argument("--contacts", type=int, default=1000)
    parser.add_argument("--calls", type=int, default=200)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--plan", choices=PLANS, default="none", help="rates and quota to keep")
    parser.add_argument("--lag", type=float, default=0.0, help="seconds that the index lags behind")
    add_asked(parser)
    asked = parser.parse_args()
    vendor = build()
    vendor.limits = plan(asked.plan)
    vendor.portal.lag_ms = int(asked.lag * 1000)
    fill(
        vendor.portal,
        companies=asked.companies,
        contacts=asked.contacts,
        calls=asked.calls,
        seed=asked.seed,
    )
    with served(vendor, asked.port):
        print(f"# {vendor.address}")
        print("[hubspot]")
        print('token = { env = "HUBSPOT_TOKEN" }   # ' + KEY)
        print(f'elsewhere = {{ "{HOST}" = "{vendor.address}" }}', flush=True)
        wait(
            vendor.portal.snapshot,
            lambda: [f"{one.method} {one.path}" for one in vendor.calls],
            lambda people: edit_people(vendor.portal, people),
            lambda name, ident, values: vendor.portal.edit(name, int(ident), **values),
            asked=asked.asked,
        )


if __name__ == "__main__":
    main()
