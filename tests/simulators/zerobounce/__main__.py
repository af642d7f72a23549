"""A simulated ZeroBounce to try the program with: `python -m simulators.zerobounce`."""

from __future__ import annotations

from simulators.waiting import by_hand, serve
from simulators.zerobounce.serving import KEY, build


def main() -> None:
    """Serve an account, say how it is reached; until interrupted."""
    parser = by_hand("zerobounce", __doc__)
    parser.add_argument("--credits", type=int, default=10_000)
    parser.add_argument("--gone", nargs="*", default=[], help="addresses that do not exist")
    asked = parser.parse_args()
    vendor = build()
    account = vendor.desk
    account.credits = asked.credits
    gone = ("invalid", "mailbox_not_found", None)
    account.mailboxes |= dict.fromkeys(asked.gone, gone)
    serve(
        vendor,
        asked,
        ["[sources.zerobounce]", 'key = { env = "ZEROBOUNCE_KEY" }   # ' + KEY],
        lambda: {"credits": account.credits, "charged": account.charged},
        lambda many: account.mailboxes.update(dict.fromkeys(account.charged[:many], gone)),
    )


if __name__ == "__main__":
    main()
