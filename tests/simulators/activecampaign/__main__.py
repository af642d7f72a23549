"""A simulated ActiveCampaign to try the program with: `python -m simulators.activecampaign --contacts 500`."""

from __future__ import annotations

from simulators.activecampaign.people import edit_people, fill
from simulators.activecampaign.serving import HOST, KEY, build, wall_clock
from simulators.waiting import by_hand, serve


def main() -> None:
    """Fill an account, serve it, say how it is reached; until interrupted."""
    parser = by_hand("activecampaign", __doc__)
    parser.add_argument("--contacts", type=int, default=1000)
    parser.add_argument("--lists", type=int, default=2)
    parser.add_argument("--per-second", type=int, default=5, help="calls that are let in")
    parser.add_argument("--seconds", type=float, default=0.0, help="how long an answer takes")
    parser.add_argument("--seed", type=int, default=7)
    asked = parser.parse_args()
    vendor = build(wall_clock, asked.per_second)
    vendor.seconds = asked.seconds
    account = vendor.account
    fill(account, contacts=asked.contacts, lists=asked.lists, seed=asked.seed)
    serve(
        vendor,
        asked,
        ["[activecampaign]", f'url = "{HOST}"', 'key = { env = "ACTIVECAMPAIGN_KEY" }   # ' + KEY],
        vendor.account.snapshot,
        lambda people: edit_people(vendor.account, people),
    )


if __name__ == "__main__":
    main()
