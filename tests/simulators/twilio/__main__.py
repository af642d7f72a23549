"""A simulated Twilio Lookup to try the program with: `python -m simulators.twilio`."""

from __future__ import annotations

from simulators.twilio.serving import KEY, USER, build
from simulators.waiting import by_hand, serve


def main() -> None:
    """Serve an account, say how it is reached; until interrupted."""
    parser = by_hand("twilio", __doc__)
    parser.add_argument("--invalid", nargs="*", default=[], help="numbers that do not exist")
    asked = parser.parse_args()
    vendor = build()
    account = vendor.desk
    account.invalid |= dict.fromkeys(asked.invalid, "INVALID_LENGTH")
    serve(
        vendor,
        asked,
        [
            "[sources.twilio]",
            f'user = "{USER}"',
            'key = { env = "TWILIO_KEY" }   # ' + KEY,
        ],
        lambda: {"charged": account.charged},
        lambda many: account.lines.update(
            dict.fromkeys(account.charged[:many], ("mobile", "inactive"))
        ),
    )


if __name__ == "__main__":
    main()
