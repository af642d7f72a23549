"""The domain's list of numbers that must not be called: added to, and asked about. Never taken from.

It cannot be read, and a number in the wrong spelling is "not listed", which is what a number that
nobody has blocked looks like. So nothing is believed until the spelling is proven: a number of the
customer's own, which a person has put on the list, has to be found in it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from connectors.barring import Refusal
from connectors.five9.client import CLOSED, SMALLER, Api, Refused
from connectors.five9.envelope import texts
from connectors.five9.numbers import NumberFormat, all_spellings, spelt
from rules.barring import Bar
from rules.errors import SystemStopped, TryAgain

MOST: Final = 50_000
"""Numbers in one request."""
LISTED: Final = "listed"
INPUT: Final = frozenset(
    {"IncorrectArgumentFault", "MissedArgumentFault", "InvalidImportDataFault"}
)
QUARTER_SECONDS: Final = 900.0


class DoNotCall:
    """The list of one domain. `probe` is the number that is known to stand there, in E.164."""

    def __init__(self, api: Api, how: NumberFormat, probe: str) -> None:
        self._api, self._how, self._probe = api, how, probe
        self._proven: bool | None = None

    def forget(self) -> None:
        """A new pass: the spelling has to be proven again."""
        self._proven = None

    def trouble(self) -> SystemStopped | None:
        """Why the list cannot be believed; None when the spelling is proven."""
        if not self._probe:
            return SystemStopped("five9.no_probe", system=self._api.system)
        if self._proven:
            return None
        found = set(self._listed(all_spellings(self._probe)))
        self._proven = found == {spelt(self._probe, self._how)}
        if self._proven:
            return None
        others = {one.value for one in NumberFormat if spelt(self._probe, one) in found}
        why = "five9.spelling" if others else "five9.probe_missing"
        details = {"format": self._how.value, "found": ", ".join(sorted(others)) or "–"}
        return SystemStopped(why, system=self._api.system, **details)

    def barred(self, batch: Sequence[Bar]) -> Mapping[Bar, str]:
        """Those that stand there; none while it is not proven how they are spelt."""
        if not batch or self.trouble():
            return {}
        bars = {spelt(bar.key.value, self._how): bar for bar in batch}
        return {bars[one]: LISTED for one in self._listed(list(bars)) if one in bars}

    def _listed(self, numbers: Sequence[str]) -> list[str]:
        try:
            return texts(self._api.call("checkDncForNumbers", {"numbers": numbers}))
        except Refused as refused:
            if refused.name in SMALLER and len(numbers) > 1:
                half = len(numbers) // 2
                return self._listed(numbers[:half]) + self._listed(numbers[half:])
            raise self._api.stopped(refused) from refused

    def add(self, batch: Sequence[Bar]) -> Iterator[Refusal]:
        """Add these. What the vendor counts as added proves nothing: `barred` is asked afterwards."""
        if trouble := self.trouble():
            raise trouble
        yield from self._add(batch)

    def _add(self, batch: Sequence[Bar]) -> Iterator[Refusal]:
        """There is no result by number: a request that is refused is halved until the bad one is alone."""
        numbers = [spelt(bar.key.value, self._how) for bar in batch]
        try:
            self._api.call("addNumbersToDnc", {"numbers": numbers})
        except Refused as refused:
            if refused.name == CLOSED:
                details = {"system": self._api.system}
                raise TryAgain(
                    "five9.closed", after_seconds=QUARTER_SECONDS, **details
                ) from refused
            if refused.name not in SMALLER | INPUT:
                raise self._api.stopped(refused) from refused
            if len(batch) == 1:
                yield Refusal(batch[0], refused.name)
                return
            half = len(batch) // 2
            yield from self._add(batch[:half])
            yield from self._add(batch[half:])
