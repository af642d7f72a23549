"""A simulated NeverBounce to try the program with: `python -m simulators.neverbounce`."""

from __future__ import annotations

from simulators.neverbounce.serving import KEY, build
from simulators.waiting import by_hand, serve


def main() -> None:
    """Serve an account, say how it is reached; until interrupted."""
    parser = by_hand("neverbounce", __doc__)
    parser.add_argument("--credits", type=int, default=10_000)
    parser.add_argument("--gone", nargs="*", default=[], help="addresses that do not exist")
    asked = parser.parse_args()
    vendor = build()
    account = vendor.desk
    account.credits = asked.credits
    gone = ("invalid", ("has_dns", "has_dns_mx"), "")
    account.mailboxes |= dict.fromkeys(asked.gone, gone)
    serve(
        vendor,
        asked,
        ["[sources.neverbounce]", 'key = { env = "NEVERBOUNCE_KEY" }   # ' + KEY],
        lambda: {"credits": account.credits, "charged": account.charged},
        lambda many: account.mailboxes.update(dict.fromkeys(account.charged[:many], gone)),
    )


if __name__ == "__main__":
    main()
