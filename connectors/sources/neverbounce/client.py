"""Calls to NeverBounce's API v4.2, through our own session.

Every answer has status 200 and says in its body how it went. A list is checked as one job: made, read
by the vendor, and only then started, because that is when the credits are taken. The vendor's package
would do, but that it knows neither our budget nor which of its calls cost something.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import requests

from connectors.caller import Patience, json_object
from connectors.session import NoAnswer, Read
from connectors.sources.means import Means, unsigned
from connectors.sources.verifying import Throttled
from rules.errors import SystemStopped, TryAgain

LOG = logging.getLogger(__name__)
HOST: Final = "https://api.neverbounce.com"
VERSION: Final = "/v4.2"
READS: Final = (Read("GET", rf"{VERSION}/account/info"),)
"""What a dry run may send: all else makes something, or costs a credit."""
BATCH: Final = 5000
"""Addresses in a job: the vendor wants few jobs, fifty a day at most."""
PAGE: Final = 100
"""Rows in a page of results; the vendor names no limit."""
CALLS: Final = 12
"""About as many calls as a job takes beside the pages of its results."""
READ_SECONDS: Final = 60.0
LOOKS: Final = (2, 5, 10, *(30,) * 120)
"""Seconds between two looks at a job: an hour at most."""
PAUSES: Final = (5, 15, 30)
"""Seconds to wait when the vendor asks for it."""
_READ: Final = frozenset({"waiting", "waiting_analyzed"})
_AT_WORK: Final = frozenset({"uploading", "queued", "parsing", "running"})
_DONE: Final = frozenset({"complete"})


class Api:
    """The API at `url`, with an account's key."""

    def __init__(
        self,
        system: str,
        key: str,
        means: Means,
        *,
        url: str = HOST,
    ) -> None:
        self.system, self.now, self._key = system, means.clock, key
        self._sleep = means.sleep
        self._url = url.rstrip("/") + VERSION
        self._caller = means.caller(
            system, READS, key, unsigned, patience=Patience(), read_seconds=READ_SECONDS
        )

    def one(self, address: str) -> dict[str, Any]:
        """What is said of a single address."""
        return self._make("/single/check", {"email": address})

    def made(self, addresses: Sequence[str]) -> int:
        """A job for these addresses, read by the vendor and not yet started: nothing is charged."""
        rows = [{"id": str(n), "email": one} for n, one in enumerate(addresses)]
        about = {"input_location": "supplied", "filename": "ringren", "input": rows}
        job = int(self._make("/jobs/create", {**about, "auto_parse": 1, "auto_start": 0})["job_id"])
        told = self._until(job, _READ)
        if int((told.get("total") or {}).get("billable") or 0) > len(addresses):
            raise SystemStopped("source.verifier.wrong", system=self.system, why="billable")
        return job

    def start(self, job: int) -> None:
        """Have it checked, which takes the credits. `SystemStopped`: it is known not to have begun."""
        try:
            self._make("/jobs/start", {"job_id": job, "run_sample": 0})
        except NoAnswer:
            # To look whether it began is free; to start it blindly again would not be.
            if self._status(job).get("job_status") in _READ:
                raise SystemStopped(
                    "source.verifier.wrong", system=self.system, why="start"
                ) from None

    def results(self, job: int) -> Iterator[tuple[int, dict[str, Any]]]:
        """(place in the list, what is said of the address), once the job is done; then it is deleted:
        it holds addresses."""
        self._until(job, _DONE)
        page = pages = 1
        while page <= pages:
            asked = {"job_id": job, "page": page, "items_per_page": PAGE}
            said = self._ask("/jobs/results", asked)
            for row in said.get("results") or ():
                yield int(row["data"]["id"]), row["verification"]
            page, pages = page + 1, int(said.get("total_pages") or 0)
        self.forget(job)

    def forget(self, job: int) -> None:
        """Delete a job. That it could not be deleted stops nothing."""
        try:
            self._ask("/jobs/delete", {"job_id": job})
        except (SystemStopped, TryAgain):
            LOG.warning("job was not deleted", extra={"job": job})

    def credits(self) -> int:
        """How many checks are left that were paid for, or given."""
        told = self._ask("/account/info", {}).get("credits_info") or {}
        names = ("paid_credits_remaining", "free_credits_remaining")
        return sum(int(told.get(name) or 0) for name in names)

    # --- inside ---

    def _until(self, job: int, wanted: frozenset[str]) -> dict[str, Any]:
        """How the job stands once it stands so."""
        for pause in LOOKS:
            told = self._status(job)
            word = str(told.get("job_status"))
            if word in wanted:
                return told
            if word not in _AT_WORK:
                raise SystemStopped("source.verifier.wrong", system=self.system, why=word)
            self._sleep(pause)
        raise TryAgain("error.busy", system=self.system, why="job")

    def _status(self, job: int) -> dict[str, Any]:
        return self._ask("/jobs/status", {"job_id": job})

    def _make(self, path: str, what: Mapping[str, Any]) -> dict[str, Any]:
        """A call that does something, or costs something: never repeated after a lost answer."""
        body = {"key": self._key, **what}
        return self._said("POST", path, repeat=False, json=body)

    def _ask(self, path: str, what: Mapping[str, Any]) -> dict[str, Any]:
        """A call that may be made twice. The vendor knows no other place for its key."""
        params = {"key": self._key, **what}
        return self._said("GET", path, repeat=True, params=params)

    def _said(self, method: str, path: str, *, repeat: bool, **what: Any) -> dict[str, Any]:
        """The body of an answer that says that it went well."""
        for pause in (*PAUSES, None):
            answer = self._caller.call(method, self._url + path, repeat=repeat, **what)
            said = self._body(answer)
            word = str(said.get("status"))
            if word == "success":
                return said
            if word == "throttle_triggered" or (word == "temp_unavail" and repeat):
                if pause is not None:
                    self._sleep(pause)
                continue
            break
        raise self._failed(word)

    def _body(self, answer: requests.Response) -> dict[str, Any]:
        if answer.status_code != requests.codes.ok:
            raise SystemStopped("source.verifier.wrong", system=self.system, why=answer.status_code)
        body = json_object(answer)
        if body is None:
            raise NoAnswer(self.system, "no JSON")
        return body

    def _failed(self, word: str) -> Exception:
        """The vendor's message may name an address: its word has to do."""
        match word:
            case "auth_failure" | "bad_referrer":
                return SystemStopped("source.verifier.refused", system=self.system)
            case "throttle_triggered":
                return Throttled("error.busy", system=self.system, why=word)
            case "temp_unavail":
                return TryAgain("error.busy", system=self.system, why=word)
            case _:
                return SystemStopped("source.verifier.wrong", system=self.system, why=word)
