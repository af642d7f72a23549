"""A simulated company register to try the program with: `python -m simulators.cvr --companies 500`."""

from __future__ import annotations

from simulators.cvr.documents import document
from simulators.cvr.register import Register
from simulators.cvr.serving import PASSWORD, USER, build
from simulators.waiting import by_hand, serve


def main() -> None:
    """Fill a register, serve it, say how it is reached; until interrupted."""
    parser = by_hand("cvr", __doc__)
    parser.add_argument("--companies", type=int, default=1000)
    parser.add_argument("--seconds", type=float, default=0.0, help="how long an answer takes")
    parser.add_argument("--first", type=int, default=0, help="they are counted from behind it")
    parser.add_argument("--seed", type=int, default=7)
    asked = parser.parse_args()
    vendor = build(asked.companies, seed=asked.seed, first=asked.first)
    vendor.seconds = asked.seconds
    register = vendor.register
    serve(
        vendor,
        asked,
        [
            "[sources.cvr]",
            f'user = "{USER}"',
            'password = { env = "CVR_PASSWORD" }   # ' + PASSWORD,
        ],
        lambda: {str(one.cvr): document(one) for one in register.every()},
        lambda many: move(register, many),
    )


def move(register: Register, many: int) -> None:
    """So many companies move house."""
    for cvr in register.numbers[:many]:
        register.edit(cvr, house=200)


if __name__ == "__main__":
    main()
