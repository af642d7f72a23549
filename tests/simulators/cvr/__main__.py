"""A simulated company register to try the program with: `python -m simulators.cvr --companies 500`."""

from __future__ import annotations

import argparse

from simulators.cvr.documents import document
from simulators.cvr.register import Register
from simulators.cvr.serving import HOST, PASSWORD, USER, build
from simulators.waiting import add_asked, wait
from simulators.web import served


def main() -> None:
    """Fill a register, serve it, say how it is reached; until interrupted."""
    parser = argparse.ArgumentParser(prog="python -m simulators.cvr", description=__doc__)
    parser.add_argument("--companies", type=int, default=1000)
    parser.add_argument("--seconds", type=float, default=0.0, help="how long an answer takes")
    parser.add_argument("--first", type=int, default=0, help="they are counted from behind it")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--port", type=int, default=0)
    add_asked(parser)
    asked = parser.parse_args()
    vendor = build(asked.companies, seed=asked.seed, first=asked.first)
    vendor.seconds = asked.seconds
    register = vendor.register
    with served(vendor, asked.port):
        print(f"# {vendor.address}")
        print("[sources.cvr]")
        print(f'user = "{USER}"')
        print('password = { env = "CVR_PASSWORD" }   # ' + PASSWORD)
        print(f'elsewhere = {{ "{HOST}" = "{vendor.address}" }}', flush=True)
        wait(
            lambda: {str(one.cvr): document(one) for one in register.every()},
            lambda: [f"{one.method} {one.path}" for one in vendor.calls],
            lambda many: move(register, many),
            asked=asked.asked,
        )


def move(register: Register, many: int) -> None:
    """So many companies move house."""
    for cvr in register.numbers[:many]:
        register.edit(cvr, house=200)


if __name__ == "__main__":
    main()
