"""Bulk API 2.0, the reading half: jobs, their states, results as CSV in no promised order."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from simulators.salesforce.journal import Row
from simulators.salesforce.org import Org
from simulators.salesforce.soql import Malformed, Query, read


@dataclass(slots=True)
class Job:
    """One query job: `looks` more before it is done."""

    query: Query
    found: list[Row]
    looks: int
    failed: str = ""


@dataclass(slots=True)
class Bulk:
    """The jobs of one org."""

    org: Org
    looks: int = 1
    page: int = 50_000
    jobs: dict[str, Job] = field(default_factory=dict)

    def begin(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        """A new job, or `Malformed`."""
        query = read(asked["query"])
        if query.count or query.limit:
            raise Malformed("API_ERROR", "this query cannot run as a job")
        name = f"750{len(self.jobs):012d}AAA"
        found = self.org.select(query, deleted=asked["operation"] == "queryAll")
        self.jobs[name] = Job(query, found, self.looks)
        return self._told(name, "UploadComplete", asked["operation"])

    def state(self, name: str) -> dict[str, Any] | None:
        """How far a job has come; None when there is none of that name."""
        job = self.jobs.get(name)
        if job is None:
            return None
        if job.failed:
            return self._told(name, "Failed", "query") | {"errorMessage": job.failed}
        if job.looks:
            job.looks -= 1
            return self._told(name, "InProgress", "query")
        return self._told(name, "JobComplete", "query")

    def _told(self, name: str, state: str, operation: str) -> dict[str, Any]:
        return {
            "id": name,
            "operation": operation,
            "object": self.jobs[name].query.table,
            "state": state,
            "numberRecordsProcessed": len(self.jobs[name].found),
            "lineEnding": "LF",
            "columnDelimiter": "COMMA",
        }

    def results(self, name: str, locator: str, most: int) -> tuple[str, dict[str, str]]:
        """A page of results and its headers; the locator of the next one is "null" at the end."""
        job = self.jobs[name]
        start = int(locator or 0)
        page = job.found[start : start + min(most, self.page)]
        there = start + len(page)
        text = io.StringIO()
        rows = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n")
        rows.writerow(job.query.fields)
        for row in page:
            rows.writerow([self._cell(job.query.table, row, name) for name in job.query.fields])
        return text.getvalue(), {
            "Sforce-Locator": str(there) if there < len(job.found) else "null",
            "Sforce-NumberOfRecords": str(len(page)),
        }

    def _cell(self, table: str, row: Row, name: str) -> str:
        value = row[name] if name in row else self.org.value(table, row, name)
        if value is None:
            return ""
        if isinstance(value, bool):
            return "true" if value else "false"
        if isinstance(value, str) and value.endswith(".000+0000"):
            return value.replace("+0000", "Z")
        return str(value)
