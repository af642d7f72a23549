"""What calls about the portal itself are answered: properties, groups, owners, the account."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from simulators.hubspot.answers import Answers, Ask, Told
from simulators.hubspot.portal import Refused
from simulators.hubspot.records import MOST_BATCH
from simulators.hubspot.schema import STAGES, iso


class About(Answers):
    """The endpoints of everything but records."""

    def properties(self, ask: Ask) -> Told:
        """GET properties."""
        shown = [
            one.shown(ask.objects)
            for name, one in self.portal.properties[ask.objects].items()
            if (ask.objects, name) not in self.portal.hidden
        ]
        return Told(200, {"results": shown})

    def property(self, ask: Ask) -> Told:
        """GET one property."""
        one = self.portal.properties[ask.objects].get(ask.match["name"])
        if one is None or (ask.objects, one.name) in self.portal.hidden:
            return self._missing(ask.match["name"])
        return Told(200, one.shown(ask.objects))

    def add_property(self, ask: Ask) -> Told:
        """POST one property."""
        return Told(201, self._add_property(ask.objects, ask.body))

    def add_properties(self, ask: Ask) -> Told:
        """POST properties batch/create."""
        results, errors = [], []
        for one in self._inputs(ask, MOST_BATCH):
            try:
                results.append(self._add_property(ask.objects, one))
            except Refused as why:
                errors.append(self._problem(why, {"id": one.get("name", "")}))
        return self._batch(201, results, errors)

    def _add_property(self, objects: str, body: Mapping[str, Any]) -> dict[str, Any]:
        name = str(body["name"])
        if name in self.portal.properties[objects]:
            raise Refused(409, "CONFLICT", "PROPERTY_EXISTS", name, "there is such a property")
        if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
            raise Refused(400, "VALIDATION_ERROR", "INVALID_NAME", name, "not a name")
        if body["groupName"] not in (*self.portal.groups[objects], f"{objects[:-1]}information"):
            raise Refused(400, "VALIDATION_ERROR", "GROUP_DOESNT_EXIST", name, "no such group")
        options = {str(o["value"]): str(o["label"]) for o in body.get("options") or ()}
        if body["type"] in ("enumeration", "bool") and not options:
            raise Refused(400, "VALIDATION_ERROR", "NO_OPTIONS", name, "options are needed")
        self.portal.own(
            objects,
            name,
            body["type"],
            label=body["label"],
            field_type=body["fieldType"],
            options=options,
            group=body["groupName"],
            description=body.get("description") or "",
        )
        return self.portal.properties[objects][name].shown(objects)

    def change_property(self, ask: Ask) -> Told:
        """PATCH one property: its options; what records hold must be on the list still."""
        one = self.portal.properties[ask.objects].get(ask.match["name"])
        if one is None:
            return self._missing(ask.match["name"])
        if not one.own:
            raise Refused(400, "VALIDATION_ERROR", "READ_ONLY_DEFINITION", one.name, "not yours")
        if ask.body.get("type", one.type) != one.type:
            raise Refused(400, "VALIDATION_ERROR", "TYPE_CHANGE", one.name, "the type stays")
        if "options" in ask.body:
            one.options = {str(o["value"]): str(o["label"]) for o in ask.body["options"]}
        return Told(200, one.shown(ask.objects))

    def groups(self, ask: Ask) -> Told:
        """GET groups."""
        found = {f"{ask.objects[:-1]}information": "Information", **self.portal.groups[ask.objects]}
        results = [
            {"name": name, "label": label, "displayOrder": at, "archived": False}
            for at, (name, label) in enumerate(found.items())
        ]
        return Told(200, {"results": results})

    def add_group(self, ask: Ask) -> Told:
        """POST one group."""
        name, label = str(ask.body["name"]), str(ask.body["label"])
        if name in self.portal.groups[ask.objects]:
            raise Refused(409, "CONFLICT", "GROUP_EXISTS", name, "there is such a group")
        self.portal.groups[ask.objects][name] = label
        return Told(201, {"name": name, "label": label, "displayOrder": -1, "archived": False})

    def owners(self, ask: Ask) -> Told:
        """GET owners."""
        born = iso(0)
        results = [
            {
                "id": ident,
                "firstName": first,
                "lastName": last,
                "email": email,
                "type": "PERSON",
                "archived": False,
                "createdAt": born,
                "updatedAt": born,
            }
            for ident, (first, last, email) in self.portal.owners.items()
        ]
        return Told(200, {"results": results})

    def pipelines(self, ask: Ask) -> Told:
        """GET pipelines: each object has one, as long as nobody makes more."""
        name = "dealstage" if ask.objects == "deals" else "hs_pipeline_stage"
        one = self.portal.properties[ask.objects].get(name)
        if one is None:
            return Told(200, {"results": []})
        labels = zip(one.options, STAGES[ask.objects], strict=True)
        stages = [
            {"id": ident, "label": label, "displayOrder": at, "archived": False, "metadata": {}}
            for at, (ident, label) in enumerate(labels)
        ]
        pipeline = {"id": "default", "label": "Pipeline", "displayOrder": 0, "archived": False}
        return Told(200, {"results": [{**pipeline, "stages": stages}]})

    def account(self, ask: Ask) -> Told:
        """GET account details."""
        return Told(
            200,
            {
                "portalId": self.portal.portal_id,
                "accountType": "STANDARD",
                "timeZone": self.portal.zone,
                "uiDomain": "app.hubspot.com",
                "dataHostingLocation": "eu1",
            },
        )
