"""Calls to Lasso X, through our own session and at its pace: a company a call, a graph for 25.

The key travels in a header; the vendor's other ways in were refused when they were tried. A refusal
does not tell a wrong key from an add-on that was not bought: a call that goes through with the same key
does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import orjson
import requests

from connectors.caller import Patience, json_object
from connectors.pace import Minute
from connectors.session import NoAnswer, Read
from connectors.sources.means import Means
from connectors.sources.shapes import rows
from connectors.tokens import Token
from rules.errors import SystemStopped

HOST: Final = "https://api.lassox.com"
_ID: Final = r"CVR-1-\d{8}"
READS: Final = (
    Read("GET", rf"/{_ID}(/reports/advanced)?"),
    Read("GET", rf"/data/websites/{_ID}"),
    Read("GET", r"/data/cvr/search"),
    Read("POST", r"/modules/relations/graph"),
)
"""What a dry run may send: a credit rating costs a credit."""
GRAPH: Final = 25
"""Companies in one question about owners."""
A_MINUTE: Final = 450
"""The vendor lets 500 through; the rest is for the people who use the same key."""
DEPTH: Final = 5
READ_SECONDS: Final = 60.0
"""Slow sources stand behind it."""


class NotBought(SystemStopped):
    """The key may not do this: it is wrong, or an add-on is missing."""


class Api:
    """The API, with an account's key."""

    def __init__(self, system: str, key: str, means: Means, *, a_minute: int = A_MINUTE) -> None:
        self.system, self.now = system, means.clock
        self._pace = Minute(a_minute, sleep=means.sleep)
        self._caller = means.caller(
            system,
            READS,
            key,
            _signed,
            patience=Patience(tries=3),
            explain=explained,
            read_seconds=READ_SECONDS,
        )

    def company(self, cvr: str) -> dict[str, Any] | None:
        """What is known of a company; None: there is none of that number."""
        return self._object(self._get(f"/CVR-1-{cvr}"))

    def sites(self, cvr: str) -> list[Mapping[str, Any]]:
        """The web addresses that the vendor has tied to a company."""
        return rows((self._object(self._get(f"/data/websites/CVR-1-{cvr}")) or {}).get("urls"))

    def reports(self, cvr: str) -> list[Mapping[str, Any]]:
        """Its accounts, one a year."""
        answer = self._get(f"/CVR-1-{cvr}/reports/advanced")
        return [] if answer is None else rows(orjson.loads(answer.content))

    def rating(self, cvr: str) -> dict[str, Any] | None:
        """Its credit rating; asked for twice in a day it costs one credit. `NotBought`: an add-on."""
        try:
            answer = self._get(f"/data/creditsafe/rating/{cvr}", {"skipCache": "false"})
        except SystemStopped as error:
            if error.message in {"error.sign_in", "error.no_right"}:
                raise NotBought(error.message, system=self.system) from error
            raise
        return self._object(answer)

    def owners(self, cvrs: Sequence[str], on: str) -> dict[str, Any]:
        """The companies above these, at most `GRAPH`, and who owns whom."""
        body = {
            "ids": [f"CVR-1-{one}" for one in cvrs],
            "relationTypes": ["ownership"],
            "enrichments": ["companyinfo"],
            "ingoingDepth": DEPTH,
            "outgoingDepth": 0,
            "onDate": on,
        }
        return self._object(self._sent("POST", "/modules/relations/graph", json=body)) or {}

    def search(self, query: str, size: int) -> list[Mapping[str, Any]]:
        """Active companies that fit a text or a web address."""
        asked = {
            "query": query,
            "type": "company",
            "pageSize": str(size),
            "lookupWeb": "true",
            "companyStatus": "active",
        }
        said = self._object(self._get("/data/cvr/search", asked)) or {}
        return rows((said.get("companies") or {}).get("results"))

    # --- inside ---

    def _get(self, path: str, params: Mapping[str, str] | None = None) -> requests.Response | None:
        return self._sent("GET", path, params=params)

    def _sent(self, method: str, path: str, **what: Any) -> requests.Response | None:
        self._pace.wait()
        answer = self._caller.call(method, HOST + path, repeat=True, **what)
        if answer.status_code == requests.codes.not_found:
            return None
        if answer.status_code != requests.codes.ok:
            raise SystemStopped("source.firm.wrong", system=self.system, why=explained(answer))
        return answer

    def _object(self, answer: requests.Response | None) -> dict[str, Any] | None:
        if answer is None:
            return None
        said = json_object(answer)
        if said is None:
            raise NoAnswer(self.system, "no JSON")
        if isinstance(said.get("errorCode"), int):
            raise SystemStopped("source.firm.wrong", system=self.system, why=explained(answer))
        return said


def _signed(token: Token, headers: dict[str, str]) -> None:
    headers["lasso-api-key"] = token.secret


def explained(answer: requests.Response) -> str:
    """Status and the vendor's code; its words may quote what was asked for."""
    code = (json_object(answer) or {}).get("errorCode")
    return f"HTTP {answer.status_code}" + (f" · {code}" if isinstance(code, int) else "")
