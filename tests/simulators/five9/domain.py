"""One Five9 domain: its list of numbers, calling lists, contacts, calls and jobs. Everything is kept.

The list of numbers that must not be called holds texts as they were sent. A text in the other
spelling is another one: asked for, it is "not there", and never an error.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from simulators.five9.soap import Fault

FIELDS: Final = (
    "number1", "number2", "number3", "first_name", "last_name", "company", "street", "city",
    "state", "zip",
)  # fmt: skip
COLUMNS: Final = (
    "CALL ID", "TIMESTAMP", "CAMPAIGN", "CALL TYPE", "AGENT", "AGENT NAME", "DISPOSITION", "ANI",
    "CUSTOMER NAME", "DNIS", "CALL TIME", "LIST NAME",
)  # fmt: skip
PACIFIC: Final = "America/Los_Angeles"
NIGHT: Final = (time(23), time(6))
"""When numbers are added, by the vendor's guide."""
PATTERNS: Final = {
    "idd011": re.compile(r"(011\d{7,17}|\d{10})"),
    "e164": re.compile(r"\+\d{8,15}"),
}
MOST_ROWS: Final = 50_000
"""Rows of a report as CSV; there is no sign of more."""


@dataclass(slots=True)
class Job:
    """A report or an import under way: so many more questions are answered with "running"."""

    polls: int
    result: Any


@dataclass
class Domain:
    """The state. `spelling` is idd011 (classic) or e164; `hours` None: numbers are added at any hour."""

    clock: Callable[[], datetime]
    spelling: str = "idd011"
    zone: str = PACIFIC
    hours: tuple[time, time] | None = NIGHT
    user: str = "ringren@opdigtet-9001.dk"
    password: str = "opdigtet-password"  # noqa: S105 - made up
    dnc: set[str] = field(default_factory=set)
    lists: dict[str, list[dict[str, str]]] = field(default_factory=dict)
    calls: dict[str, dict[str, Any]] = field(default_factory=dict)
    dispositions: dict[str, str] = field(default_factory=dict)
    reports: dict[tuple[str, str], Sequence[str]] = field(default_factory=dict)
    """By folder and name: its columns."""
    stamp: str = "%a, %d %b %Y %H:%M:%S"
    journal: list[dict[str, Any]] = field(default_factory=list)
    jobs: dict[str, Job] = field(default_factory=dict)
    polls: int = 1
    most_rows: int = MOST_ROWS
    deaf: bool = False
    """Says yes to additions and does nothing."""
    lock: Any = field(default_factory=threading.RLock)

    def __post_init__(self) -> None:
        self.reports[("Ringren", "Ringren Call Log")] = COLUMNS
        self.dispositions |= {
            "No Answer": "FinalDisp", "Ring igen": "RedialNumber", "Ring ikke": "AddActiveNumber",
            "Ring aldrig": "AddAllNumbers", "Nej tak, sagt": "FinalDisp",
        }  # fmt: skip

    # --- the list of numbers ---

    def add(self, numbers: Sequence[str], who: str = "api") -> int:
        """Add numbers; the whole request is refused for one that is spelt like nothing."""
        if who == "api" and self.hours and not self._is_open():
            raise Fault("ExecutionRestrictionFault", message="(free text)")
        if any(not re.fullmatch(r"\+?\d{10,20}", one) for one in numbers):
            raise Fault("IncorrectArgumentFault", message="(free text)")
        # What is spelt as in the other kind of domain is passed over without a word.
        fit = [one for one in numbers if PATTERNS[self.spelling].fullmatch(one)]
        new = [] if self.deaf else [one for one in dict.fromkeys(fit) if one not in self.dnc]
        self.dnc.update(new)
        if new:
            self._note(who, "dnc", None, new)
        return len(new)

    def remove(self, numbers: Sequence[str], who: str = "api") -> int:
        """Take numbers off."""
        gone = [one for one in numbers if one in self.dnc]
        self.dnc.difference_update(gone)
        self._note(who, "dnc.remove", gone, None)
        return 0

    def _is_open(self) -> bool:
        assert self.hours
        begin, end = self.hours
        at = self.clock().astimezone(ZoneInfo(PACIFIC)).time()
        return begin <= at or at < end if begin > end else begin <= at < end

    # --- calling lists ---

    def put(self, name: str, *numbers: str, place: str = "number1", who: str = "import") -> None:
        """Contacts with these numbers on a list, which is made if need be."""
        rows = [{place: one} for one in numbers]
        self.lists.setdefault(name, []).extend(rows)
        self._note(who, f"list:{name}", None, list(numbers))

    def fill(self, name: str, rows: Iterable[dict[str, str]]) -> int:
        """What addToList does."""
        new = list(rows)
        self._list(name).extend(new)
        self._note("api", f"list:{name}", None, new)
        return len(new)

    def drop(self, name: str, keys: Mapping[str, str]) -> int:
        """Records of a list that match in all of the keys."""
        rows = self._list(name)
        gone = [row for row in rows if all(row.get(k) == v for k, v in keys.items())]
        if gone:
            self.lists[name] = [row for row in rows if row not in gone]
            self._note("api", f"list:{name}", gone, None)
        return len(gone)

    def _list(self, name: str) -> list[dict[str, str]]:
        if name not in self.lists:
            raise Fault("ListNotFoundFault", listName=name, message="(free text)")
        return self.lists[name]

    def waiting(self) -> set[str]:
        """Every number on a calling list."""
        return {
            row[one] for rows in self.lists.values() for row in rows for one in FIELDS[:3] if one in row
        }  # fmt: skip

    # --- calls ---

    def call(
        self,
        number: str,
        *,
        kind: str = "Outbound",
        ago: float = 0,
        seconds: int = 30,
        disposition: str = "No Answer",
        agent: str = "rav@opdigtet-9001.dk",
        campaign: str = "Efterår",
        called_from: str = "0114568999999",
        ident: str = "",
        list_name: str = "Efterår 1",
    ) -> str:
        """A call in the log. Agents' dispositions put the number on the domain's list by themselves."""
        ident = ident or str(300_000_000_000_001 + len(self.calls))
        ours, theirs = ("DNIS", "ANI") if kind == "Inbound" else ("ANI", "DNIS")
        self.calls[ident] = {
            "CALL ID": ident, "TIMESTAMP": self.clock() - timedelta(seconds=ago),
            "CAMPAIGN": campaign, "CALL TYPE": kind, "AGENT": agent, "AGENT NAME": "Rav Elkedel",
            "DISPOSITION": disposition, ours: called_from, theirs: number, "CUSTOMER NAME": "",
            "CALL TIME": str(timedelta(seconds=seconds)).zfill(8), "LIST NAME": list_name,
        }  # fmt: skip
        self.dispose(ident, disposition)
        return ident

    def dispose(self, ident: str, disposition: str) -> None:
        """The agent says what came of it, perhaps late."""
        row = self.calls[ident]
        row["DISPOSITION"] = disposition
        number = row["ANI" if row["CALL TYPE"] == "Inbound" else "DNIS"]
        if self.dispositions.get(disposition, "").startswith("Add"):
            self.dnc.add(number)
            self._note("agent", "dnc", None, [number])

    # --- reports ---

    def run(self, folder: str, name: str, start: datetime, end: datetime) -> str:
        """A report of the calls of a time; its stamps are in the data centre's zone, which is not said."""
        if (folder, name) not in self.reports:
            raise Fault(
                "ReportNotFoundFault", folder=folder, reportName=name, message="(free text)"
            )
        columns = self.reports[(folder, name)]
        rows = [one for one in self.calls.values() if start <= one["TIMESTAMP"] <= end]
        lines = [
            columns,
            *([self._cell(one[c]) for c in columns] for one in rows[: self.most_rows]),
        ]
        text = "\n".join(",".join(f'"{cell}"' for cell in line) for line in lines)
        return self.job(text)

    def _cell(self, value: Any) -> str:
        if isinstance(value, datetime):
            return value.astimezone(ZoneInfo(self.zone)).strftime(self.stamp)
        return str(value)

    def job(self, result: Any) -> str:
        """Something that takes a while."""
        ident = f"job-{len(self.jobs) + 1}"
        self.jobs[ident] = Job(self.polls, result)
        return ident

    def _note(self, who: str, what: str, before: Any, asked: Any) -> None:
        at = self.clock().astimezone(UTC).isoformat()
        self.journal.append({"at": at, "who": who, "what": what, "before": before, "asked": asked})

    def snapshot(self) -> dict[str, Any]:
        """All that is stored."""
        lists = {name: [dict(row) for row in rows] for name, rows in self.lists.items()}
        calls = {ident: dict(row) for ident, row in self.calls.items()}
        return {"dnc": sorted(self.dnc), "lists": lists, "calls": calls}
