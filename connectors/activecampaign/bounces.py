"""Contacts whose mailbox does not answer, one stream a list: rows about addresses, not about people.

They are read again when their number changes, and once a day in any case: a contact's time of
change is not known to move with a bounce.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from connectors.activecampaign.client import PAGE, Api
from connectors.costs import Costs
from connectors.protocol import Capabilities, Column, Page, Stream, Token
from connectors.translate import day, text
from rules.records import Kind, Record, Ref

PREFIX: Final = "bounces/"
BOUNCED: Final = "3"
CHANNEL: Final = "e-mail"
"""As `rules.opt_out_words` reads it."""
SOURCE: Final = "ActiveCampaign: hard bounce"


def stream_of(one: Mapping[str, Any]) -> Stream:
    """The stream of a list's bounced addresses."""
    told = [Column(name, name, writable=False) for name in ("channel", "opt_out_source")]
    columns = (
        Column("email", "email", writable=False),
        Column("bounced_date", "opt_out_at", writable=False),
        *told,
    )
    return Stream(
        f"{PREFIX}{one['id']}",
        Kind.OPT_OUT,
        Capabilities(),
        columns,
        identity="id",
        notes={"list": str(one.get("name") or "")},
        bounces=True,
        costs=Costs(first=PAGE, changes=PAGE, writes=1),
    )


def pages(api: Api, system: str, stream: Stream, token: Token | None) -> Iterator[Page]:
    """All of them, or one empty page where nothing speaks for a change."""
    on, calls = stream.name.removeprefix(PREFIX), api.calls
    done = {"bounced": api.count(on, BOUNCED), "day": api.now().date().isoformat()}
    if token is not None and {**token} == done:
        yield Page((), done, complete=True, calls_used=api.calls - calls)
        return
    records: list[Record] = []
    after, more = 0, bool(done["bounced"])
    while more:
        contacts = api.contacts(on, after=after, status=BOUNCED)["contacts"]
        records += [_record(system, on, one) for one in contacts]
        more, after = len(contacts) == PAGE, int(contacts[-1]["id"]) if contacts else after
    of = (len(records), len(records))
    used = api.calls - calls
    yield Page(records, done, complete=True, full=True, of=of, calls_used=used)


def _record(system: str, on: str, one: Mapping[str, Any]) -> Record:
    values = {
        "email": text(one.get("email")),
        "opt_out_at": day(one.get("bounced_date")),
        "channel": CHANNEL,
        "opt_out_source": SOURCE,
    }
    ref = Ref(system, Kind.OPT_OUT, f"{on}.{one['id']}")
    return Record(ref, f"{values['email']} {values['opt_out_at']}", values)
