"""Five9: numbers put on the domain's list and taken out of calling lists, calls read and judged.

The list of numbers that must not be called takes additions at night in California alone, cannot be
read, and answers "not there" to a number that is spelt otherwise. So a blocked number is out of all
calling lists at once, waits for the hours, and counts as blocked when the list was asked and knows
it. docs/systems/five9.md says what that is worth.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, Final
from zoneinfo import ZoneInfo

from connectors.barring import PHONES, Barring, Refusal
from connectors.five9.admin import rights
from connectors.five9.client import Api, Refused
from connectors.five9.dnc import MOST, DoNotCall
from connectors.five9.lists import FIELDS, CallingLists
from connectors.five9.numbers import NumberFormat, spelt
from connectors.five9.pulling import Mark, Pulling
from connectors.five9.report import CallLog
from connectors.five9.shapes import NO_TYPES, Shape, folded
from connectors.protocol import Page, Problem, Stream, Token
from connectors.rights import Right
from rules.barring import Bar, Hours
from rules.errors import StartOver, SystemStopped, TryAgain
from rules.records import Record, Ref

CENTRES: Final[Mapping[str, tuple[str, str]]] = {
    "us": ("https://api.five9.com", "America/Los_Angeles"),
    "uk": ("https://api.five9.eu", "Europe/London"),
    "frankfurt": ("https://api.eu.five9.com", "Etc/GMT"),
    "canada": ("https://api.five9.ca", "Etc/GMT"),
    "india": ("https://api.in.five9.com", "Asia/Kolkata"),
}
"""Address and zone of the data centres. A zone that is wrong is seen in the report."""


class Five9:
    """One domain.

    `number_format` is the domain's spelling, `probe_number` a number of ours that a person has put
    on its list. `opt_out_dispositions` are names that mean "do not call", beside those whose type
    says so. `hours` None: additions are sent at any hour.

    `more` goes to `client.Api` (dry, meter, elsewhere, clock, sleep, patience).
    """

    def __init__(
        self,
        name: str,
        user: str,
        password: str,
        *,
        data_centre: str = "us",
        number_format: NumberFormat = NumberFormat.IDD011,
        probe_number: str = "",
        hours: Hours | None = None,
        zone: str = "",
        lists: Sequence[str] = (),
        number_fields: Sequence[str] = FIELDS,
        report: tuple[str, str] = ("Ringren", "Ringren Call Log"),
        days_back: int = 90,
        opt_out_dispositions: Collection[str] = (),
        **more: Any,
    ) -> None:
        self.name = name
        host, usual = CENTRES[data_centre]
        zone = zone or usual
        self.api = Api(name, user, password, host=host, zone=zone, **more)
        self._how, self._hours, self._days = number_format, hours, days_back
        self._dnc = DoNotCall(self.api, number_format, probe_number)
        self._lists = CallingLists(self.api, lists, number_fields)
        self._log = CallLog(self.api, *report, ZoneInfo(zone))
        self._named = frozenset(map(folded, opt_out_dispositions))
        self._known: frozenset[str] | None = None

    # --- calls ---------------------------------------------------------------------------------

    def streams(self) -> Sequence[Stream]:
        """Calls. A sign-in that is refused stops the system here."""
        self._dnc.forget()
        self._known = None
        return [self._shape.stream]

    @property
    def _shape(self) -> Shape:
        return Shape(self.name, self._how, self._noes)

    @property
    def _noes(self) -> frozenset[str]:
        """Dispositions that the domain itself takes for a no, and those that the settings name."""
        if self._known is None:
            self._known = self._no_dispositions()
        return self._known

    def _no_dispositions(self) -> frozenset[str]:
        try:
            answer = self.api.call("getDispositions", {"dispositionNamePattern": ".*"})
        except Refused as refused:
            raise self.api.stopped(refused) from refused
        held = {folded(one.findtext("name", "")): one.findtext("type") for one in answer}
        return frozenset(
            one for one, kind in held.items() if kind in NO_TYPES or one in self._named
        )

    def problems(self) -> Sequence[Problem]:
        """That agents have no disposition to say "do not call" with; a list that nobody believes."""
        found = []
        if not self._noes:
            found.append(self._problem("five9.no_disposition", {}))
        if trouble := self._dnc.trouble():
            details = {one: str(value) for one, value in trouble.details.items()}
            found.append(self._problem(trouble.message, details))
        return found

    def _problem(self, message: str, details: Mapping[str, str]) -> Problem:
        return Problem(
            "DNC", message, f"{message}.remedy", {"system": self.name, **details}, stops=False
        )

    def pull(self, stream: Stream, token: Token | None) -> Iterator[Page]:
        """What is new, and what may have changed behind it; at most once in a quarter of an hour."""
        mark, pulling = Mark.of(token), self._pulling
        if token and (mark is None or mark.tags != pulling.shape.tags):
            raise StartOver("five9.cursor_unknown", system=self.name, stream=stream.name)
        yield from pulling.pages(mark)

    @property
    def _pulling(self) -> Pulling:
        return Pulling(self._log, self._shape, self._days)

    def read(self, stream: Stream, refs: Sequence[Ref]) -> Iterator[Record]:
        """No call can be asked for by its id: the log is read for them."""
        del stream
        wanted = {ref.id for ref in refs if ref.id.isdigit()}
        if wanted:
            yield from (one for one in self._pulling.rows() if one.ref.id in wanted)

    # --- the list of numbers -------------------------------------------------------------------

    def barring(self) -> Barring:
        """A list that refuses what the dialer dials, and that can only be asked."""
        return Barring(
            PHONES,
            batch_size=MOST,
            reads="asked",
            hours=self._hours,
            spelling=spelt("+4512345678", self._how),
        )

    def bar(self, batch: Sequence[Bar]) -> Iterator[Refusal]:
        """Out of the calling lists, at any hour, and on the list; one does not wait for the other."""
        trouble: TryAgain | SystemStopped | None = None
        try:
            self.withdraw(batch)
        except (TryAgain, SystemStopped) as error:
            trouble = error
        yield from self._dnc.add(batch)
        if trouble:
            raise trouble

    def barred(self, batch: Sequence[Bar]) -> Mapping[Bar, str]:
        """Those that the list knows; none of them while its spelling is not proven."""
        return self._dnc.barred(batch)

    def withdraw(self, batch: Sequence[Bar]) -> None:
        """Out of every calling list, at any hour."""
        self._lists.take_out([bar.key for bar in batch])

    # --- for administrators --------------------------------------------------------------------

    def check(self) -> Iterator[Right]:
        """Sign-in and limits, the spelling, lists, dispositions and the report."""
        return rights(self.api, self._dnc, self._lists, self._noes, self._log)
