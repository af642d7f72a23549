"""Which call is answered by what: paths, words, jobs and credits of NeverBounce's API v4.2.

Every answer has status 200; `status` in its body says how it went. A job goes on by a step each time
that somebody looks at it. Addresses exist unless they are told otherwise.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from math import ceil
from typing import Any, Final

from simulators.web import Ask, Told, Vendor

HOST: Final = "https://api.neverbounce.com"
KEY: Final = "secret_opdigtet-noegle"
BASE: Final = "/v4.2"
SINGLES: Final = 20
"""Single checks before the account is asked for patience: lists are to be jobs."""
RUNS: Final = 50
"""Jobs that may be started in a day."""


@dataclass
class Job:
    """A list, and how far it has come."""

    rows: list[Mapping[str, str]]
    status: str = "parsing"
    looks: int = 0


@dataclass
class Account:
    """An account with credits. `mailboxes`: address to (result, flags, suggested correction)."""

    clock: Callable[[], datetime]
    credits: int = 10_000
    mailboxes: dict[str, tuple[str, tuple[str, ...], str]] = field(default_factory=dict)
    jobs: dict[int, Job] = field(default_factory=dict)
    charged: list[str] = field(default_factory=list)
    """Each address that cost a credit, as often as it did."""
    singles: int = 0
    runs: int = 0
    made: int = 0
    stuck: str = ""
    """Where the next job stays: `under_review`, `failed`."""
    words: list[str] = field(default_factory=list)
    """Statuses of the next answers, instead of what would be said."""
    forgets: set[int] = field(default_factory=set)
    """Places in a list of which the results do not tell."""

    def answer(self, ask: Ask) -> Told:
        """The answer to one call."""
        asked: dict[str, Any] = ask.body or {name: ask.one(name) for name in ask.query}
        if self.words and (word := self.words.pop(0)):
            return _failed(word)
        if asked.get("key") != KEY:
            return _failed("auth_failure")
        match ask.method, ask.path.removeprefix(BASE):
            case "GET", "/account/info":
                return self._account()
            case (("GET" | "POST"), "/single/check"):
                return self._single(str(asked["email"]))
            case "POST", "/jobs/create":
                return self._create(asked)
            case "POST", "/jobs/start":
                return self._start(int(asked["job_id"]))
            case "GET", "/jobs/status":
                return self._status(int(asked["job_id"]))
            case "GET", "/jobs/results":
                return self._results(asked)
            case "GET", "/jobs/delete":
                self.jobs.pop(int(asked["job_id"]), None)
                return _said({})
            case _:
                return Told(404, "<html><body>Not Found</body></html>", type="text/html")

    def _account(self) -> Told:
        used = len(self.charged)
        info = {
            "paid_credits_used": used,
            "free_credits_used": 0,
            "paid_credits_remaining": self.credits,
            "free_credits_remaining": 0,
        }
        counts = {"completed": 0, "under_review": 0, "queued": 0, "processing": 0}
        return _said({"credits_info": info, "job_counts": counts})

    def _single(self, address: str) -> Told:
        self.singles += 1
        if self.singles > SINGLES:
            return _failed("throttle_triggered")
        if self.credits <= 0:
            return _failed("general_failure")
        self._charge(address)
        return _said(self._verification(address))

    def _create(self, asked: Mapping[str, Any]) -> Told:
        if asked.get("input_location") != "supplied" or asked.get("auto_start"):
            return _failed("general_failure")
        self.made += 1
        self.jobs[self.made] = Job(list(asked["input"]))
        return _said({"job_id": self.made})

    def _start(self, number: int) -> Told:
        job = self.jobs.get(number)
        if job is None or job.status != "waiting" or self.credits < len(job.rows):
            return _failed("general_failure")
        if self.runs >= RUNS:
            return _failed("throttle_triggered")
        self.runs += 1
        for row in job.rows:
            self._charge(row["email"])
        job.status, job.looks = "running", 0
        return _said({"queue_id": f"NB-PQ-{number}"})

    def _status(self, number: int) -> Told:
        job = self.jobs.get(number)
        if job is None:
            return _failed("general_failure")
        job.looks += 1
        if job.looks > 1:
            after = {"parsing": self.stuck or "waiting", "running": "complete"}
            job.status, job.looks = after.get(job.status, job.status), 0
        many = len(job.rows)
        done = many if job.status == "complete" else 0
        total = {"records": many, "billable": many, "processed": done, "duplicates": 0}
        return _said(
            {
                "id": number,
                "job_status": job.status,
                "filename": "ringren",
                "total": {**total, "bad_syntax": 0},
                "percent_complete": 100 if done else 0,
                "failure_reason": None,
            }
        )

    def _results(self, asked: Mapping[str, Any]) -> Told:
        job = self.jobs.get(int(asked["job_id"]))
        if job is None or job.status != "complete":
            return _failed("general_failure")
        page, size = int(asked["page"]), int(asked["items_per_page"])
        kept = [row for row in job.rows if int(row["id"]) not in self.forgets]
        rows = [
            {"data": dict(row), "verification": self._verification(row["email"])}
            for row in kept[(page - 1) * size : page * size]
        ]
        query = {"job_id": int(asked["job_id"]), "page": page, "items_per_page": size}
        pages = ceil(len(kept) / size)
        found = {"total_results": len(kept), "total_pages": pages, "query": query}
        return _said({**found, "results": rows})

    def _charge(self, address: str) -> None:
        self.credits -= 1
        self.charged.append(address)

    def _verification(self, address: str) -> dict[str, Any]:
        usual = ("valid", ("has_dns", "has_dns_mx", "smtp_connectable"), "")
        result, flags, meant = self.mailboxes.get(address.lower(), usual)
        return {"result": result, "flags": list(flags), "suggested_correction": meant}


def _said(what: Mapping[str, Any]) -> Told:
    return Told(200, {"status": "success", **what, "execution_time": 12})


def _failed(word: str) -> Told:
    return Told(200, {"status": word, "message": "It did not work", "execution_time": 3})


@dataclass(slots=True)
class NeverBounce(Vendor):
    """An account and the line to it."""

    desk: Account


def build(*, clock: Callable[[], datetime] | None = None) -> NeverBounce:
    """An account with credits."""
    now = clock or (lambda: datetime.now(UTC))
    return NeverBounce(Account(now), HOST, clock=now)
