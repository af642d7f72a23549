"""Reports of spam, one stream an audience: each is a no to mail, with its day.

Mailchimp takes whoever reports off the audience, so that the member says no as well; the report
tells when, and outlives the member. There are few: they are read from the first when there are
other than before.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from connectors.costs import Costs
from connectors.mailchimp.client import PAGE, Api
from connectors.protocol import Capabilities, Column, Page, Stream, Token
from connectors.translate import moment, text
from rules.records import Kind, Record, Ref

PREFIX: Final = "complaints/"
_COLUMNS: Final = (("email", "email_address"), ("opt_out_at", "date"))
CHANNEL: Final = "e-mail"
"""As `rules.opt_out_words` reads it."""
SOURCE: Final = "Mailchimp: spam"


def stream_of(audience: Mapping[str, Any]) -> Stream:
    """The stream of an audience's reports."""
    columns = [Column(vendor, canonical, writable=False) for canonical, vendor in _COLUMNS]
    said = [Column(name, name, writable=False) for name in ("channel", "opt_out_source")]
    return Stream(
        f"{PREFIX}{audience['id']}",
        Kind.OPT_OUT,
        Capabilities(opt_outs=True),
        (*columns, *said),
        identity="id",
        notes={"audience": str(audience.get("name") or "")},
        costs=Costs(first=PAGE, changes=PAGE, writes=1),
    )


def pages(api: Api, system: str, stream: Stream, token: Token | None) -> Iterator[Page]:
    """All reports, or one empty page where they are the ones that were shown before."""
    audience, calls = stream.name.removeprefix(PREFIX), api.calls
    body = api.complaints(audience, 0)
    total, rows = int(body["total_items"]), list(body["abuse_reports"])
    newest = max((int(row["id"]) for row in rows), default=0)
    done = {"total": total, "newest": newest}
    if token is not None and {**token} == done:
        yield Page((), done, complete=True, calls_used=api.calls - calls)
        return
    while len(rows) < total and (more := api.complaints(audience, len(rows))["abuse_reports"]):
        rows += more
    records = [_record(system, audience, row) for row in rows]
    yield Page(
        records,
        done,
        complete=True,
        full=True,
        of=(len(rows), len(rows)),
        calls_used=api.calls - calls,
    )


def _record(system: str, audience: str, row: Mapping[str, Any]) -> Record:
    values = {
        "email": text(row.get("email_address")),
        "opt_out_at": moment(row.get("date")),
        "channel": CHANNEL,
        "opt_out_source": SOURCE,
    }
    ref = Ref(system, Kind.OPT_OUT, f"{audience}.report.{row['id']}")
    return Record(ref, f"{values['email']} {values['opt_out_at']}", values)
