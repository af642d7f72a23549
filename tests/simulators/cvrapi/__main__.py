"""A simulated cvrapi.dk to try the program with: `python -m simulators.cvrapi --companies 500`."""

from __future__ import annotations

from simulators.cvrapi.serving import AGENT, build
from simulators.waiting import by_hand, serve


def main() -> None:
    """Fill a register, serve it, say how it is reached; until interrupted."""
    parser = by_hand("cvrapi", __doc__)
    parser.add_argument("--companies", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=7)
    asked = parser.parse_args()
    vendor = build(asked.companies, seed=asked.seed)
    register = vendor.desk.register
    serve(
        vendor,
        asked,
        ["[sources.cvr]", f'cvrapi.agent = "{AGENT}"'],
        lambda: {"companies": len(register)},
        lambda many: [register.edit(cvr, house=200) for cvr in register.numbers[:many]],
    )


if __name__ == "__main__":
    main()
