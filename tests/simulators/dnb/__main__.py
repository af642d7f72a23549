"""A simulated Dun & Bradstreet to try the program with: `python -m simulators.dnb --companies 500`."""

from __future__ import annotations

from simulators.dnb.serving import KEY, SECRET, build
from simulators.waiting import by_hand, serve


def main() -> None:
    """Fill an account, serve it, say how it is reached; until interrupted."""
    parser = by_hand("dnb", __doc__)
    parser.add_argument("--companies", type=int, default=1000)
    parser.add_argument("--seconds", type=float, default=0.0, help="how long an answer takes")
    parser.add_argument("--seed", type=int, default=7)
    asked = parser.parse_args()
    vendor = build(asked.companies, seed=asked.seed)
    vendor.seconds = asked.seconds
    known = vendor.desk.firms
    serve(
        vendor,
        asked,
        [
            "[sources.dnb]",
            f'key = "{KEY}"',
            'secret = { env = "DNB_SECRET" }   # ' + SECRET,
            "price_ore = 0",
        ],
        known.snapshot,
        known.grow_stale,
    )


if __name__ == "__main__":
    main()
