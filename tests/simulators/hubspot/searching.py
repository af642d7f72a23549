"""Search as HubSpot's: over the index only, with its limits on rows, filters and pages."""

from __future__ import annotations

import json
from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

from simulators.hubspot.portal import Doc, Portal, Refused
from simulators.hubspot.schema import birth_of, stamp_of, to_ms

MOST_ROWS: Final = 10_000
MOST_PAGE: Final = 200
MOST_GROUPS, MOST_FILTERS, MOST_IN_ALL = 5, 6, 18


class Search:
    """Answers searches of one portal; what a query without its id part finds is kept for a while."""

    def __init__(self, portal: Portal) -> None:
        self.portal = portal
        self._kept: dict[tuple[str, str], tuple[int, list[int]]] = {}

    def find(self, objects: str, body: Mapping[str, Any]) -> tuple[int, list[int], str | None]:
        """(how many there are, the numbers of this page, where to go on). `Refused` when not so."""
        limit, offset = int(body.get("limit") or 10), int(body.get("after") or 0)
        if limit > MOST_PAGE:
            raise _bad("limit", f"limit is at most {MOST_PAGE}")
        if offset + limit > MOST_ROWS:
            raise _bad("after", f"a query shows at most {MOST_ROWS} rows")
        groups = _groups(body)
        index = self.portal.caught_up(objects)
        found = self._numbers(objects, index, groups, body.get("sorts") or [])
        page = found[offset : offset + limit]
        more = offset + limit < len(found)
        return len(found), page, str(offset + limit) if more else None

    def _numbers(
        self,
        objects: str,
        index: Mapping[int, Doc],
        groups: Sequence[Sequence[Mapping[str, Any]]],
        sorts: Sequence[Any],
    ) -> list[int]:
        by_id = _is_by_id(sorts)
        if by_id and len(groups) == 1:
            rest, above = _without_id(groups[0])
            numbers = self._kept_numbers(objects, index, rest)
            return numbers[bisect_right(numbers, above) :]
        found = [n for n in index if any(self._fits(objects, n, index[n], g) for g in groups)]
        if not groups:
            found = list(index)
        if by_id:
            return sorted(found)
        return self._sorted(objects, index, found, sorts)

    def _kept_numbers(
        self, objects: str, index: Mapping[int, Doc], filters: Sequence[Mapping[str, Any]]
    ) -> list[int]:
        key = (objects, json.dumps(filters, sort_keys=True))
        generation = self.portal.generation[objects]
        kept = self._kept.get(key)
        if kept is None or kept[0] != generation:
            if len(self._kept) > 8:
                self._kept.clear()
            found = sorted(n for n, doc in index.items() if self._fits(objects, n, doc, filters))
            kept = self._kept[key] = (generation, found)
        return kept[1]

    def _fits(
        self, objects: str, number: int, doc: Doc, filters: Iterable[Mapping[str, Any]]
    ) -> bool:
        return all(self._one(objects, number, doc, one) for one in filters)

    def _one(self, objects: str, number: int, doc: Doc, one: Mapping[str, Any]) -> bool:
        name, operator = str(one["propertyName"]), str(one["operator"])
        if name == stamp_of(objects):
            value: Any = doc.changed
            read: Callable[[str], Any] = to_ms
        elif name == "hs_object_id":
            value, read = number, int
        else:
            text = doc.values.get(name)
            read = self._reader(objects, name)
            value = read(text) if text else None
        if operator == "HAS_PROPERTY":
            return value is not None
        if operator == "NOT_HAS_PROPERTY":
            return value is None
        return _compare(operator, value, one, read)

    def _reader(self, objects: str, name: str) -> Callable[[str], Any]:
        rule = self.portal.properties[objects].get(name)
        if rule is None:
            raise _bad(name, f"there is no property {name}")
        if rule.type == "number":
            return float
        if rule.type in ("date", "datetime") or name == birth_of(objects):
            return to_ms
        return str.casefold

    def _sorted(
        self, objects: str, index: Mapping[int, Doc], found: list[int], sorts: Sequence[Any]
    ) -> list[int]:
        if not sorts:
            return sorted(found)
        first = sorts[0]
        name = first if isinstance(first, str) else first["propertyName"]
        down = not isinstance(first, str) and first.get("direction") == "DESCENDING"
        if name == stamp_of(objects):
            return sorted(found, key=lambda n: (index[n].changed, n), reverse=down)
        return sorted(found, key=lambda n: (index[n].values.get(name) or "", n), reverse=down)


def _compare(operator: str, value: Any, one: Mapping[str, Any], read: Callable[[str], Any]) -> bool:
    if operator in ("IN", "NOT_IN"):
        within = value is not None and value in [read(str(v)) for v in one.get("values", ())]
        return within is (operator == "IN")
    wanted = read(str(one.get("value", "")))
    if operator == "NEQ":
        return bool(value != wanted)
    if value is None:
        return operator == "NOT_CONTAINS_TOKEN"
    match operator:
        case "EQ":
            return bool(value == wanted)
        case "LT":
            return bool(value < wanted)
        case "LTE":
            return bool(value <= wanted)
        case "GT":
            return bool(value > wanted)
        case "GTE":
            return bool(value >= wanted)
        case "BETWEEN":
            return bool(wanted <= value <= read(str(one["highValue"])))
        case "CONTAINS_TOKEN":
            return str(wanted).strip("*") in str(value)
        case "NOT_CONTAINS_TOKEN":
            return str(wanted).strip("*") not in str(value)
        case _:
            raise _bad("operator", f"there is no operator {operator}")


def _groups(body: Mapping[str, Any]) -> list[list[Mapping[str, Any]]]:
    groups = [list(group.get("filters") or []) for group in body.get("filterGroups") or []]
    if body.get("filters"):
        groups.append(list(body["filters"]))
    sizes = [len(group) for group in groups]
    if len(groups) > MOST_GROUPS or max(sizes, default=0) > MOST_FILTERS:
        raise _bad("filterGroups", "too many filters")
    if sum(sizes) > MOST_IN_ALL:
        raise _bad("filterGroups", "too many filters")
    return groups


def _is_by_id(sorts: Sequence[Any]) -> bool:
    if not sorts:
        return True
    first = sorts[0]
    if isinstance(first, str):
        return first == "hs_object_id"
    return bool(first["propertyName"] == "hs_object_id" and first.get("direction") != "DESCENDING")


def _without_id(
    filters: Sequence[Mapping[str, Any]],
) -> tuple[list[Mapping[str, Any]], int]:
    """The filters without `hs_object_id > n`, and n. The number is compared as a number."""
    above, rest = -1, []
    for one in filters:
        if one["propertyName"] == "hs_object_id" and one["operator"] == "GT":
            above = max(above, int(one["value"]))
        else:
            rest.append(one)
    return rest, above


def _bad(name: str, message: str) -> Refused:
    return Refused(400, "VALIDATION_ERROR", "INVALID_SEARCH", name, message)
