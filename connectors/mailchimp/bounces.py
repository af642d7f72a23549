"""Members whose mailbox does not answer, one stream an audience: rows about addresses, not about people.

Mailchimp calls them cleaned and sends them nothing more. When it happened is not told.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from connectors.costs import Costs
from connectors.mailchimp.client import PAGE
from connectors.mailchimp.complaints import CHANNEL
from connectors.protocol import Capabilities, Column, Stream
from connectors.translate import text
from rules.records import Kind, Record, Ref

PREFIX: Final = "bounces/"
CLEANED: Final = "cleaned"
SOURCE: Final = "Mailchimp: cleaned"


def stream_of(audience: Mapping[str, Any]) -> Stream:
    """The stream of an audience's bounced addresses."""
    said = [Column(name, name, writable=False) for name in ("channel", "opt_out_source")]
    return Stream(
        f"{PREFIX}{audience['id']}",
        Kind.OPT_OUT,
        Capabilities(),
        (Column("email_address", "email", writable=False), *said),
        identity="id",
        notes={"audience": str(audience.get("name") or "")},
        bounces=True,
        costs=Costs(first=PAGE, changes=PAGE, writes=1),
    )


@dataclass(frozen=True, slots=True)
class Bounced:
    """What a cleaned member becomes."""

    system: str
    audience: str

    @property
    def asked(self) -> tuple[str, ...]:
        """The fields to ask for."""
        return ("id", "contact_id", "email_address", "status", "last_changed")

    def ref(self, row: Mapping[str, Any]) -> Ref:
        """By the contact's id."""
        ident = f"{self.audience}.{row.get('contact_id') or row['id']}"
        return Ref(self.system, Kind.OPT_OUT, ident)

    def record(self, row: Mapping[str, Any]) -> Record:
        """The address, and what is the matter with it."""
        address = text(row.get("email_address"))
        values = {"email": address, "channel": CHANNEL, "opt_out_source": SOURCE}
        return Record(self.ref(row), address or "", values)
