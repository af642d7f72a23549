"""Simulated annual accounts to try the program with: `python -m simulators.accounts --companies 500`."""

from __future__ import annotations

from simulators.accounts.serving import build
from simulators.waiting import by_hand, serve


def main() -> None:
    """Serve the reports of so many companies, say how they are reached; until interrupted."""
    parser = by_hand("accounts", __doc__)
    parser.add_argument("--companies", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=7)
    asked = parser.parse_args()
    vendor = build(asked.companies, seed=asked.seed)
    serve(
        vendor,
        asked,
        ["[sources.accounts]", "on = true"],
        lambda: {"companies": len(vendor.desk.register)},
        lambda many: vendor.desk.register.numbers[:many],
    )


if __name__ == "__main__":
    main()
