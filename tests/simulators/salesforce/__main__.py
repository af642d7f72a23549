"""A simulated Salesforce to try the program with: `python -m simulators.salesforce --contacts 500`."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from simulators.salesforce.people import edit_people, fill
from simulators.salesforce.serving import HOST, build
from simulators.waiting import add_asked, wait
from simulators.web import served


def main() -> None:
    """Fill an org, serve it, say how it is reached; until interrupted."""
    parser = argparse.ArgumentParser(prog="python -m simulators.salesforce", description=__doc__)
    parser.add_argument("--companies", type=int, default=200)
    parser.add_argument("--contacts", type=int, default=1000)
    parser.add_argument("--leads", type=int, default=200)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--port", type=int, default=0)
    add_asked(parser)
    asked = parser.parse_args()
    vendor = build()
    # What is entered now counts as entered yesterday, so that a first reading sees it all.
    vendor.clock.ahead = -timedelta(days=1)
    fill(
        vendor.org,
        companies=asked.companies,
        contacts=asked.contacts,
        leads=asked.leads,
        seed=asked.seed,
    )
    vendor.org.journal.clear()
    vendor.clock.ahead = timedelta()
    with served(vendor, asked.port):
        app = vendor.desk.tickets.app
        print(f"# {vendor.address}")
        print("[salesforce]")
        print(f'url = "{HOST}"')
        print(f'client_id = "{app.key}"')
        print('client_secret = { env = "SALESFORCE_SECRET" }   # ' + app.secret)
        print(f'elsewhere = {{ "{HOST}" = "{vendor.address}" }}', flush=True)

        @contextmanager
        def a_minute_ago() -> Iterator[None]:
            # So that the next reading sees it: stamps of the last seconds are not set.
            vendor.clock.ahead = -timedelta(minutes=1)
            yield
            vendor.clock.ahead = timedelta()

        def touch(people: int) -> None:
            with a_minute_ago():
                edit_people(vendor.org, people)

        def edit(_name: str, ident: str, values: Mapping[str, Any]) -> None:
            with a_minute_ago():
                vendor.org.edit(ident, **values)

        wait(
            vendor.org.snapshot,
            lambda: [f"{one.method} {one.path}" for one in vendor.calls],
            touch,
            edit,
            asked=asked.asked,
        )


if __name__ == "__main__":
    main()
