"""A simulated Five9 to try the program with: `python -m simulators.five9 --contacts 500`."""

from __future__ import annotations

from simulators.five9.people import edit_people, fill
from simulators.five9.serving import build
from simulators.waiting import by_hand, serve


def main() -> None:
    """Fill a domain, serve it, say how it is reached; until interrupted."""
    parser = by_hand("five9", __doc__)
    parser.add_argument("--companies", type=int, default=0, help="there are none: taken for order")
    parser.add_argument("--contacts", type=int, default=1000)
    parser.add_argument("--calls", type=int, default=2000)
    parser.add_argument("--spelling", choices=("idd011", "e164"), default="idd011")
    parser.add_argument("--any-hour", action="store_true", help="numbers are added by day, too")
    parser.add_argument("--seconds", type=float, default=0.0, help="how long an answer takes")
    parser.add_argument("--seed", type=int, default=7)
    asked = parser.parse_args()
    vendor = build(spelling=asked.spelling)
    vendor.seconds, domain = asked.seconds, vendor.domain
    domain.hours = None if asked.any_hour else domain.hours
    domain.dnc.add("0114568999999" if asked.spelling == "idd011" else "+4568999999")
    fill(domain, contacts=asked.contacts, calls=asked.calls, seed=asked.seed)
    serve(
        vendor,
        asked,
        [
            "[five9]",
            f'user = "{domain.user}"',
            'password = { env = "FIVE9_PASSWORD" }   # ' + domain.password,
            f'number_format = "{domain.spelling}"',
            'probe_number = "+4568999999"',
        ],
        domain.snapshot,
        lambda many: edit_people(domain, many),
        lambda: vendor.office.asked,
    )


if __name__ == "__main__":
    main()
