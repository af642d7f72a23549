"""A client of reconciliation services that does what OpenRefine does, and reads as strictly.

What OpenRefine sends: forms of one field (`queries`, `extend`) from its server, no header of its own;
from its page the manifest, suggestions with `prefix`, and the proposed properties by JSONP. It takes
the best candidate for a match only where that one says `match`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode

from listening import Answer, Listening

PAGE = "http://127.0.0.1:3333"
_SAFE = ";/?:@&=+$,#-_.!~*'()"
"""What a browser's encodeURI leaves as it is."""


@dataclass
class OpenRefine:
    """One project, reconciled against one service."""

    found: Listening
    token: str = ""
    manifest: dict[str, Any] = field(default_factory=dict)

    def register(self) -> dict[str, Any]:
        """Add the service: read its manifest."""
        answer = self._browse("/")
        assert answer.status == 200, answer.text
        self.manifest = answer.json
        _read_manifest(self.manifest)
        return self.manifest

    def guess_types(self, cells: Iterable[str]) -> list[str]:
        """The types that the first ten cells are most often of."""
        some = list(dict.fromkeys(cells))[:10]
        asked = {f"q{n}": {"query": cell, "limit": 3} for n, cell in enumerate(some)}
        counts: dict[str, int] = {}
        for one in self.queries(asked).values():
            for candidate in one["result"]:
                for kind in candidate["type"]:
                    counts[kind["id"]] = counts.get(kind["id"], 0) + 1
        return sorted(counts, key=lambda kind: -counts[kind])

    def reconcile(
        self, rows: Sequence[Mapping[str, object]], column: str, kind: str = ""
    ) -> list[dict[str, Any]]:
        """For each row its candidates, best first, and `matched`: the one taken without a person."""
        most = self.manifest.get("batchSize", 10)
        size = min(max(len(rows) // 10, 10), most)
        found: list[dict[str, Any]] = []
        for at in range(0, len(rows), size):
            batch = {
                f"q{n}": _query(row, column, kind) for n, row in enumerate(rows[at : at + size])
            }
            answers = self.queries(batch)
            assert set(answers) == set(batch)
            found += [_judged(answers[name]["result"]) for name in batch]
        return found

    def queries(self, batch: Mapping[str, object]) -> dict[str, Any]:
        """One batch as OpenRefine's server sends it."""
        answer = self.post("queries", batch)
        assert answer.status == 200, answer.text
        for one in answer.json.values():
            _read_result(one)
        return answer.json

    def suggest(self, what: str, prefix: str, **more: object) -> list[dict[str, Any]]:
        """What its page shows while somebody types."""
        service = self.manifest["suggest"][what]
        path = self._path(service["service_url"] + service["service_path"])
        answer = self._browse(f"{path}?{urlencode({'prefix': prefix, **more})}")
        assert answer.status == 200, answer.text
        result: list[dict[str, Any]] = answer.json["result"]
        assert all(one["id"] and one["name"] for one in result)
        return result

    def flyout(self, ident: str) -> dict[str, Any]:
        """The small picture beside a suggestion."""
        service = self.manifest["suggest"]["entity"]
        path = self._path(service["flyout_service_url"] + service["flyout_service_path"])
        answer = self._browse(path.replace("${id}", quote(ident, safe="")))
        assert set(answer.json) == {"id", "html"}
        return dict(answer.json)

    def propose_properties(self, kind: str) -> list[str]:
        """Add columns from reconciled values: asked by JSONP, as a script of the page."""
        service = self.manifest["extend"]["propose_properties"]
        path = self._path(service["service_url"] + service["service_path"])
        sent = urlencode({"type": kind, "limit": 100, "callback": "jQuery3_1"})
        answer = self._script(f"{path}?{sent}")
        assert answer.headers["content-type"].startswith("application/javascript")
        called = re.fullmatch(r"/\*\*/jQuery3_1\((.*)\);", answer.text, re.DOTALL)
        assert called
        found = json.loads(called[1])
        assert found["type"] == kind
        return [one["id"] for one in found["properties"]]

    def extend(self, ids: Sequence[str], names: Sequence[str]) -> dict[str, dict[str, Any]]:
        """New columns: for each id the values by property."""
        answer = self.post("extend", {"ids": ids, "properties": [{"id": one} for one in names]})
        assert answer.status == 200, answer.text
        found = answer.json
        assert [one["id"] for one in found["meta"]] == list(names)
        assert set(found["rows"]) == set(ids)
        for row in found["rows"].values():
            for cell in (cell for cells in row.values() for cell in cells):
                assert set(cell) in ({"str"}, {"id", "name"})
        return {
            one: {name: [cell.get("str", cell.get("name")) for cell in row[name]] for name in names}
            for one, row in found["rows"].items()
        }

    def preview(self, ident: str) -> Answer:
        """The frame beside a candidate."""
        url = self._path(self.manifest["preview"]["url"])
        return self._browse(quote(url.replace("{{id}}", ident), safe=_SAFE))

    # --- how it asks -----------------------------------------------------------------------------

    def post(self, name: str, content: object, **headers: str) -> Answer:
        """A form of one field, without any word of who asks but a token."""
        body = content if isinstance(content, str) else json.dumps(content)
        return self.found.ask(
            "/",
            urlencode({name: body}).encode(),
            listener="refine",
            content_type="application/x-www-form-urlencoded",
            **self._sign(),
            **headers,
        )

    def _browse(self, path: str) -> Answer:
        """As the page asks by CORS."""
        sent = {"origin": PAGE, "sec_fetch_site": "same-site", **self._sign()}
        answer = self.found.ask(path, listener="refine", **sent)
        assert answer.headers["access-control-allow-origin"] in {"*", PAGE}
        return answer

    def _script(self, path: str) -> Answer:
        return self.found.ask(
            path, listener="refine", referer=f"{PAGE}/project?p=1", sec_fetch_site="same-site"
        )

    def _sign(self) -> dict[str, str]:
        return {"authorization": f"Bearer {self.token}"} if self.token else {}

    def _path(self, url: str) -> str:
        base = self.found.urls["refine"]
        assert url.startswith(base)
        return url.removeprefix(base)


def _query(row: Mapping[str, object], column: str, kind: str) -> dict[str, object]:
    more = [{"pid": name, "v": cell} for name, cell in row.items() if name != column and cell]
    found: dict[str, object] = {"query": row[column]}
    found |= {"type": kind, "type_strict": "should"} if kind else {}
    return found | ({"properties": more} if more else {})


def _judged(result: list[dict[str, Any]]) -> dict[str, Any]:
    best = sorted(result, key=lambda one: -one["score"])
    taken = best[0]["id"] if best and best[0]["match"] else None
    return {"candidates": best, "matched": taken}


def _read_manifest(one: Mapping[str, Any]) -> None:
    """What the protocol demands of it."""
    assert "0.2" in one["versions"]
    assert all(isinstance(one[name], str) for name in ("name", "identifierSpace", "schemaSpace"))
    assert "{{id}}" in one["view"]["url"]
    assert "{{id}}" in one["preview"]["url"]
    assert all(isinstance(one["preview"][name], int) for name in ("width", "height"))
    kinds = [kind["id"] for kind in one["defaultTypes"]]
    assert len(set(kinds)) == len(kinds)
    assert all(kind["name"] for kind in one["defaultTypes"])
    assert "${id}" in one["suggest"]["entity"]["flyout_service_path"]


def _read_result(one: Mapping[str, Any]) -> None:
    scores = [candidate["score"] for candidate in one["result"]]
    assert scores == sorted(scores, reverse=True)
    assert sum(candidate["match"] for candidate in one["result"]) <= 1
    for candidate in one["result"]:
        assert candidate["id"]
        assert candidate["name"]
        assert 0 < candidate["score"] <= 100
        assert candidate["match"] is (candidate["match"] and candidate["score"] >= 80)
        assert all(isinstance(f["value"], bool | int | float) for f in candidate["features"])
