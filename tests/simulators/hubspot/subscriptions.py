"""The list of addresses that want no mail: keyed by address, whoever the contact is.

`hs_email_optout` follows from it and cannot be written. Nobody is ever put back through here.
"""

from __future__ import annotations

from typing import Any

from simulators.hubspot.answers import Answers, Ask, Told
from simulators.hubspot.portal import Refused
from simulators.hubspot.schema import iso

MOST: int = 100


class Subscriptions(Answers):
    """The endpoints of communication preferences."""

    def definitions(self, _ask: Ask) -> Told:
        """GET definitions."""
        found = [
            {"id": ident, "name": name, "isActive": True, "communicationMethod": "Email"}
            for ident, name in self.portal.types.items()
        ]
        return Told(200, {"status": "COMPLETE", "results": found})

    def unsubscribe_all(self, ask: Ask) -> Told:
        """POST statuses/batch/unsubscribe-all."""
        results = []
        for address in self._addresses(ask):
            if address not in self.portal.hollow_addresses:
                self.portal.unsubscribe(address)
            results.append({"subscriberIdString": address, "statuses": []})
        return self._batch(200, results, [])

    def read_all(self, ask: Ask) -> Told:
        """POST statuses/batch/unsubscribe-all/read."""
        return self._batch(200, [self._status(one) for one in self._addresses(ask)], [])

    def _status(self, address: str) -> dict[str, Any]:
        at = self.portal.unsubscribed.get(address)
        status = {
            "channel": "EMAIL",
            "status": "UNSUBSCRIBED" if at else "SUBSCRIBED",
            "subscriberIdString": address,
            "timestamp": iso(at or self.portal.now_ms),
            "wideStatusType": "PORTAL_WIDE",
        }
        return {"subscriberIdString": address, "wideStatuses": [status]}

    def _addresses(self, ask: Ask) -> list[str]:
        inputs = (ask.body or {}).get("inputs") or []
        if ask.query.get("channel") != "EMAIL" or not all(isinstance(one, str) for one in inputs):
            raise Refused(400, "VALIDATION_ERROR", "INVALID", "channel", "channel and addresses")
        if len(inputs) > MOST:
            raise Refused(400, "VALIDATION_ERROR", "TOO_MANY_INPUTS", "inputs", f"at most {MOST}")
        return [str(one).strip().lower() for one in inputs]
