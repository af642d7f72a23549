"""A simulated Aircall to try the program with: `python -m simulators.aircall --contacts 500`."""

from __future__ import annotations

from simulators.aircall.people import edit_people, fill
from simulators.aircall.serving import build
from simulators.waiting import by_hand, serve


def main() -> None:
    """Fill a company, serve it, say how it is reached; until interrupted."""
    parser = by_hand("aircall", __doc__)
    parser.add_argument("--companies", type=int, default=0, help="there are none: taken for order")
    parser.add_argument("--contacts", type=int, default=1000)
    parser.add_argument("--calls", type=int, default=2000)
    parser.add_argument("--a-minute", type=int, default=120, help="calls that the vendor takes")
    parser.add_argument("--seconds", type=float, default=0.0, help="how long an answer takes")
    parser.add_argument("--seed", type=int, default=7)
    asked = parser.parse_args()
    vendor = build()
    vendor.seconds, vendor.limit.a_minute = asked.seconds, asked.a_minute
    company = vendor.company
    fill(company, contacts=asked.contacts, calls=asked.calls, seed=asked.seed)
    serve(
        vendor,
        asked,
        [
            "[aircall]",
            f'api_id = "{company.api_id}"',
            'api_token = { env = "AIRCALL_TOKEN" }   # ' + company.api_token,
        ],
        company.snapshot,
        lambda many: edit_people(company, many),
    )


if __name__ == "__main__":
    main()
