"""A simulated Mailchimp to try the program with: `python -m simulators.mailchimp --contacts 500`."""

from __future__ import annotations

from simulators.mailchimp.people import edit_people, fill
from simulators.mailchimp.serving import KEY, build
from simulators.waiting import by_hand, serve


def main() -> None:
    """Fill an account, serve it, say how it is reached; until interrupted."""
    parser = by_hand("mailchimp", __doc__)
    parser.add_argument("--contacts", type=int, default=1000, help="members in all")
    parser.add_argument("--audiences", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=0.0, help="how long an answer takes")
    parser.add_argument("--seed", type=int, default=7)
    asked = parser.parse_args()
    vendor = build()
    vendor.seconds = asked.seconds
    account = vendor.account
    fill(account, members=asked.contacts, audiences=asked.audiences, seed=asked.seed)
    serve(
        vendor,
        asked,
        ["[mailchimp]", 'api_key = { env = "MAILCHIMP_KEY" }   # ' + KEY],
        vendor.account.snapshot,
        lambda people: edit_people(vendor.account, people),
    )


if __name__ == "__main__":
    main()
