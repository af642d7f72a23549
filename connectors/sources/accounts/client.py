"""The index of published annual accounts, and the documents that it names. No login."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from typing import Any, Final, NamedTuple
from urllib.parse import urlsplit

import requests

from connectors.session import NoAnswer, Read
from connectors.sources.distribution import A_SECOND, HOST, Incomplete, Searches, total
from connectors.sources.means import Means, unsigned
from rules.errors import RingrenError

SEARCH: Final = "/offentliggoerelser/_search"
DOCUMENTS: Final = "regnskaber.virk.dk"
"""The only host from which a document is taken: the index is read over a line that anybody can edit."""
WINDOW: Final = 3000
_CHUNK: Final = 2**16
_XML: Final = "application/xml"
_FIELDS: Final = (
    "cvrNummer", "omgoerelse", "offentliggoerelsestype", "offentliggoerelsesTidspunkt",
    "regnskab.regnskabsperiode", "dokumenter",
)  # fmt: skip


class Report(NamedTuple):
    """One publication: the year that it is about, and where its XBRL stands (empty: nowhere)."""

    number: str
    starts: date | None
    ends: date
    published: str
    url: str


class Index:
    """The index at `url`, or at the authority's own host."""

    def __init__(
        self, system: str, means: Means, *, url: str = HOST, a_second: float = A_SECOND
    ) -> None:
        self._searches = Searches(
            system,
            SEARCH,
            means,
            secret="",
            sign=unsigned,
            url=url,
            a_second=a_second,
            further=(Read("GET", r"/.+"),),
        )
        self.url, self.now = self._searches.url, means.clock
        self._system = system

    def reports(self, numbers: Sequence[str], since: date) -> list[Report]:
        """All publications about these companies since then; `Incomplete` where there are too many."""
        wanted = [
            {"terms": {"cvrNummer": [int(one) for one in numbers]}},
            {"range": {"offentliggoerelsesTidspunkt": {"gte": since.isoformat()}}},
        ]
        answer = self._searches.search(
            {
                "size": WINDOW,
                "_source": _FIELDS,
                "query": {"bool": {"filter": wanted}},
                "sort": [{"offentliggoerelsesTidspunkt": {"order": "desc"}}],
            }
        )
        rows = answer["hits"]["hits"]
        if total(answer) > len(rows):
            raise Incomplete(self._system)
        return [one for row in rows if (one := _report(row.get("_source") or {}))]

    def document(self, url: str) -> Iterator[bytes]:
        """The bytes of a document, piece by piece; `NoAnswer` when it breaks off."""
        if urlsplit(url).hostname != DOCUMENTS:
            raise NoAnswer(self._system, "another host")
        self._searches.pace.wait()
        answer = self._searches.caller.call("GET", url, repeat=True, stream=True)
        try:
            if answer.status_code != requests.codes.ok:
                raise NoAnswer(self._system, f"HTTP {answer.status_code}")
            yield from answer.iter_content(_CHUNK)
        except requests.RequestException as error:
            if isinstance(error, RingrenError):
                raise
            raise NoAnswer(self._system, type(error).__name__) from error
        finally:
            answer.close()


def newest(reports: Sequence[Report]) -> Report | None:
    """Of the newest year what was published last: it may correct what came before."""
    return max(reports, key=lambda one: (one.ends, one.published), default=None)


def _report(said: dict[str, Any]) -> Report | None:
    """None for what is no annual account."""
    span = (said.get("regnskab") or {}).get("regnskabsperiode") or {}
    ends = _day(span.get("slutDato"))
    if said.get("offentliggoerelsestype") != "regnskab" or ends is None:
        return None
    documents = [
        one
        for one in said.get("dokumenter") or ()
        if isinstance(one, dict) and one.get("dokumentMimeType") == _XML
    ]
    yearly = [one for one in documents if "AARSRAPPORT" in str(one.get("dokumentType") or "")]
    url = next((str(one.get("dokumentUrl") or "") for one in (yearly or documents)), "")
    published = str(said.get("offentliggoerelsesTidspunkt") or "")
    return Report(
        f"{int(said['cvrNummer']):08d}", _day(span.get("startDato")), ends, published, url
    )


def _day(value: Any) -> date | None:
    try:
        return datetime.fromisoformat(str(value)[:10]).date()
    except ValueError:
        return None
