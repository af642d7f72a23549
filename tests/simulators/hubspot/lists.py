"""Lists of contacts: found by their exact names, and who is on them, by ascending id."""

from __future__ import annotations

from simulators.hubspot.answers import Answers, Ask, Told

MOST, USUAL = 250, 100


class Lists(Answers):
    """The endpoints of lists."""

    def list_named(self, ask: Ask) -> Told:
        """GET object-type-id/0-1/name/{name}."""
        names = list(self.portal.lists)
        name = ask.match["name"]
        if name not in names:
            return self._missing(name)
        shown = {"listId": str(names.index(name) + 1), "name": name, "objectTypeId": "0-1"}
        return Told(200, {"list": {**shown, "processingType": "DYNAMIC"}})

    def memberships(self, ask: Ask) -> Told:
        """GET {listId}/memberships."""
        ids = sorted(list(self.portal.lists.values())[int(ask.match["id"]) - 1])
        limit, after = int(ask.query.get("limit", USUAL)), int(ask.query.get("after", 0))
        if limit > MOST:
            return Told(400, self.envelope("VALIDATION_ERROR", "limit"))
        rest = [one for one in ids if one > after]
        body = {"results": [{"recordId": str(one)} for one in rest[:limit]], "total": len(ids)}
        if len(rest) > limit:
            body |= {"paging": {"next": {"after": str(rest[limit - 1])}}}
        return Told(200, body)
