"""Vainu: what companies use (technologies) and what happens to them (signals); size where CVR has none.

A hundred companies a call, and one more for each kind of signal. Paths of facts that the vendor's pages do
not name for Denmark are settings: what is not set is not asked for. Contacts, and the vendor's language
model, are not asked at all.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

import orjson

from connectors.rights import Right
from connectors.sources.shapes import cvr_number, text
from connectors.sources.source import Asking, Found, NotFound, Profile, Reply
from connectors.sources.vainu.client import BATCH, COUNTRY, Api, Signals
from connectors.sources.vainu.reading import PATHS, company, signals_of
from rules.enrichment.facts import SIGNAL_LIVES
from rules.enrichment.record import CompanyRecord, Signal
from rules.errors import SystemStopped
from rules.formats.web import root_domain
from rules.keys import Key, KeyKind

LOG = logging.getLogger(__name__)

LIFE: Final = timedelta(days=7)
"""A signal is a reason to call for some weeks."""
KINDS: Final[tuple[Signals, ...]] = ("news", "data-changes")
DOMAINS: Final = BATCH // 4
"""Several companies may share a domain."""
SIGNALS: Final = "signals"
_ALWAYS: Final = frozenset({"company_name", "cvr", "website", "revenue", "technology", "country"})
_OF_PATHS: Final = {"employees": "employees", "sector": "sector", "phone": "main_phone"}
_OF_SIGNALS: Final = frozenset({"signal", "signal_at"})


class Vainu:
    """The vendor as a source. `tags`: marks of signals beside those in our table, to their meaning."""

    def __init__(
        self,
        name: str,
        api: Api,
        *,
        paths: Mapping[str, str],
        signals: bool,
        tags: Mapping[str, str],
        ore: int,
        keeps_days: int,
    ) -> None:
        self.name, self._api = name, api
        self._paths, self._tags = dict(paths), dict(tags)
        self._kinds = KINDS if signals else ()
        asking = {KeyKind.CVR: Asking(batch=BATCH, life=LIFE, calls=1 + len(self._kinds))}
        if "domain" in paths:
            asking[KeyKind.MAIL_DOMAIN] = Asking(batch=DOMAINS, life=4 * LIFE)
        of_paths = {field for fact, field in _OF_PATHS.items() if fact in paths}
        self.profile = Profile(
            asking=asking,
            fields=_ALWAYS | of_paths | (_OF_SIGNALS if signals else frozenset()),
            licence="source.vainu.licence",
            ore=ore,
            repeats_free=False,
            keeps_days=keeps_days,
            seconds=5.0,
        )

    def look_up(self, keys: Sequence[Key]) -> Iterator[Reply]:
        """One reply for each key."""
        wanted = self._wanted()
        values = [key.value for key in keys]
        if keys[0].kind is KeyKind.MAIL_DOMAIN:
            docs = self._api.by_domains(self._paths["domain"], values, wanted)
        else:
            docs = self._api.by_ids([COUNTRY + one for one in values], wanted)
        numbers = [cvr for doc in docs if (cvr := cvr_number(doc.get("business_id")))]
        signals = self._signals(numbers) if keys[0].kind is KeyKind.CVR else {}
        found: dict[str, list[tuple[CompanyRecord, bytes]]] = {}
        for doc in docs:
            cvr = cvr_number(doc.get("business_id"))
            one = company(doc, self._paths, self._api.now(), signals.get(cvr, ()))
            for name in self._names(keys[0].kind, one, doc.get(self._paths.get("domain", ""))):
                found.setdefault(name, []).append((one, orjson.dumps(doc)))
        for key in keys:
            yield _reply(key, found.get(key.value, []))

    def _wanted(self) -> list[str]:
        """The paths that this account has."""
        there = self._api.catalogue().open
        wanted = [path for path in (*PATHS, *self._paths.values()) if path in there]
        return list(dict.fromkeys(wanted))

    def _names(self, kind: KeyKind, one: CompanyRecord, domain: object) -> set[str]:
        if kind is KeyKind.CVR:
            return {one.cvr}
        return {root_domain(one.website) or "", root_domain(text(domain)) or ""}

    def _signals(self, cvrs: Sequence[str]) -> dict[str, list[Signal]]:
        ids = [COUNTRY + one for one in cvrs]
        since = self._api.now() - SIGNAL_LIVES
        kinds = (kind for kind in KINDS if ids and kind in self._kinds)
        told = [one for kind in kinds for one in self._told(kind, ids, since)]
        return signals_of(told, self._tags)

    def _told(self, kind: Signals, ids: Sequence[str], since: datetime) -> list[Mapping[str, Any]]:
        try:
            return list(self._api.signals(kind, ids, since))
        except SystemStopped as error:
            if error.message != "error.no_right":
                raise
            # The companies were answered with the same token: it is signals that were not bought.
            LOG.warning("not bought", extra={"source": self.name, "part": SIGNALS})
            self._kinds = ()
            fields = self.profile.fields - _OF_SIGNALS
            self.profile = replace(self.profile, fields=fields, not_bought=(SIGNALS,))
            return []

    def credit(self) -> int | None:
        """The vendor tells of no quota."""
        return None

    def check(self) -> Iterator[Right]:
        """Whether we are let in, and which of the paths there are."""
        there = self._api.catalogue()
        yield Right(self.name, True, "source.firm.right.in", details={"source": "Vainu"})
        for path in dict.fromkeys((*PATHS, *self._paths.values())):
            if path not in there.open:
                why = "closed" if path in there.closed else "absent"
                key = f"source.vainu.right.{why}"
                yield Right(path, False, key, f"{key}.remedy", {"field": path}, stops=False)


def _reply(key: Key, found: Sequence[tuple[CompanyRecord, bytes]]) -> Reply:
    if not found:
        return NotFound(key)
    return Found(key, tuple(one for one, _ in found), b"\n".join(raw for _, raw in found))
