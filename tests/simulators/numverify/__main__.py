"""A simulated Numverify to try the program with: `python -m simulators.numverify`."""

from __future__ import annotations

from simulators.numverify.serving import KEY, build
from simulators.waiting import by_hand, serve


def main() -> None:
    """Serve an account, say how it is reached; until interrupted."""
    parser = by_hand("numverify", __doc__)
    parser.add_argument("--quota", type=int, default=5000)
    parser.add_argument(
        "--invalid", nargs="*", default=[], help="digits of numbers that do not exist"
    )
    asked = parser.parse_args()
    vendor = build()
    account = vendor.desk
    account.quota = asked.quota
    account.invalid |= set(asked.invalid)
    serve(
        vendor,
        asked,
        ["[sources.numverify]", 'key = { env = "NUMVERIFY_KEY" }   # ' + KEY],
        lambda: {"quota": account.quota, "charged": account.charged},
        lambda many: account.invalid.update(account.charged[:many]),
    )


if __name__ == "__main__":
    main()
