"""Calling lists: numbers are taken out, at any hour. Who stands in a list cannot be asked.

A contact has several numbers, and a list is searched by one field at a time and letter by letter:
so every list is searched by each field, for both spellings. A few numbers go out one by one, at
once; more of them in one go for each list and field.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Mapping, Sequence
from typing import Any, Final

from connectors.five9.client import Api, Refused
from connectors.five9.numbers import all_spellings
from rules.errors import TryAgain
from rules.keys import Key

FIELDS: Final = ("number1", "number2", "number3")
FEW: Final = 5
"""Up to so many are taken out one by one: calls for that are plenty, and those in one go are few."""
ROWS: Final = 50_000
WAIT_SECONDS: Final = 10
_POLLS: Final = 60
_NOT_THERE: Final = "NoMatchesInContacts"


class CallingLists:
    """The lists of one domain, or those of them that are `named`."""

    def __init__(self, api: Api, named: Sequence[str], fields: Sequence[str]) -> None:
        self._api, self._named, self._fields = api, frozenset(named), fields

    def names(self) -> list[str]:
        """Those with anybody in them, in the vendor's order."""
        answer = self._api.call("getListsInfo", {"listNamePattern": ".*"})
        rows = answer.findall("return")
        found = [one.findtext("name", "") for one in rows if one.findtext("size") != "0"]
        return [one for one in found if not self._named or one in self._named]

    def take_out(self, keys: Sequence[Key]) -> None:
        """Out of every list."""
        numbers = [one for key in dict.fromkeys(keys) for one in all_spellings(key.value)]
        for name in self.names() if numbers else ():
            for field in self._fields:
                try:
                    self._out_of(name, field, numbers, few=len(keys) <= FEW)
                except Refused as refused:
                    # A list that is gone since it was listed holds nobody.
                    if refused.name != "ListNotFoundFault":
                        raise self._api.stopped(refused) from refused

    def _out_of(self, name: str, field: str, numbers: Sequence[str], *, few: bool) -> None:
        if few:
            for number in numbers:
                record = {"record": {"fields": [number]}}
                answer = self._api.call("deleteRecordFromList", _said(name, field) | record)
                self._is_done(answer.find("return"))
            return
        for at in range(0, len(numbers), ROWS):
            rows = [{"item": [number]} for number in numbers[at : at + ROWS]]
            self._import(_said(name, field) | {"importData": {"values": rows}})

    def _import(self, said: Mapping[str, Any]) -> None:
        """One go, waited for. An end that nobody saw is no end: it is done anew with the next pass."""
        started = self._api.call("deleteFromList", said)
        ident = {"identifier": started.findtext("return/identifier", "")}
        for _ in range(_POLLS):
            asked = {"identifier": ident, "waitTime": WAIT_SECONDS}
            if self._api.call("isImportRunning", asked).findtext("return") != "true":
                result = self._api.call("getListImportResult", {"identifier": ident})
                return self._is_done(result.find("return"))
        raise TryAgain("error.busy", system=self._api.system, why="isImportRunning")

    def _is_done(self, result: ET.Element | None) -> None:
        """That a list does not hold a number is told of as trouble with its row, and is none."""
        if result is None or result.findtext("success") != "false":
            return
        kinds = {one.findtext("kind", "") for one in result.findall("importTroubles")}
        if kinds != {_NOT_THERE}:
            why = "listImportResult"
            raise TryAgain("error.busy", system=self._api.system, why=why)


def _said(name: str, field: str) -> dict[str, Any]:
    """Every contact of the list whose field is what the row says."""
    settings = {
        "allowDataCleanup": False,
        "failOnFieldParseError": True,
        "fieldsMapping": {"columnNumber": 1, "fieldName": field, "key": True},
        "separator": ",",
        "skipHeaderLine": False,
        "listDeleteMode": "DELETE_ALL",
    }
    return {"listName": name, "listDeleteSettings": settings}
