"""By hand: `PYTHONPATH=tests python -m simulators.dynamics --companies 40000 --contacts 200000`."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime

from simulators.dynamics.org import Org
from simulators.dynamics.people import edit_people, fill
from simulators.dynamics.site import CLIENT, HOST, LOGIN, SECRET, TENANT, Site
from simulators.waiting import add_asked, wait


def main() -> None:
    """Fills an org, says how to reach it, and serves until it is interrupted."""
    asked = argparse.ArgumentParser(prog="simulators.dynamics", description=__doc__)
    asked.add_argument("--companies", type=int, default=400)
    asked.add_argument("--contacts", type=int, default=2000)
    asked.add_argument("--leads", type=int, default=0)
    asked.add_argument("--seed", type=int, default=1)
    asked.add_argument("--port", type=int, default=0)
    add_asked(asked)
    said = asked.parse_args()
    org = Org(lambda: datetime.now(UTC))
    fill(org, said.companies, said.contacts, said.leads, said.seed)
    org.journal.clear()
    with Site(org, said.port) as site:
        print(
            "[dynamics]",
            f'url = "{HOST}"',
            f'tenant = "{TENANT}"',
            f'client_id = "{CLIENT}"',
            'client_secret = { env = "DYNAMICS_SECRET" }',
            f'elsewhere = {{ "{HOST}" = "{site.address}", "{LOGIN}" = "{site.address}" }}',
            "",
            f"# export DYNAMICS_SECRET={SECRET}",
            sep="\n",
            flush=True,
        )
        wait(
            org.snapshot,
            lambda: [" ".join(one) for one in site.api.calls],
            lambda people: edit_people(org, people),
            lambda name, ident, values: org.edit(name, ident, **values),
            asked=said.asked,
        )


if __name__ == "__main__":
    main()
