"""What there is to gain by asking a source about a record: fields to fill, and values to verify."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING

from rules.enrichment.facts import told
from rules.enrichment.record import CompanyRecord
from rules.enrichment.verifying import VERIFIED
from state import lookups
from sync.app import App
from sync.enrichment.answers import told_by
from sync.stages.subjects import Subject

if TYPE_CHECKING:
    from connectors.sources.source import Source


class Gain:
    """Reckons it on one night; `only` is the one field that is wanted, None for all."""

    def __init__(self, app: App, only: str | None, today: date) -> None:
        self._app, self._only, self._today = app, only, today

    def of(self, source: Source, page: Sequence[Subject]) -> dict[int, int]:
        """By record: how many empty fields the source may fill, and filled ones that it verifies. What
        a more trusted source has already said of a field need not be asked for."""
        known = {} if source.profile.renews else self._known(source, page)
        verified = source.profile.verifies
        about = {self._only} if self._only else source.profile.about
        found = {}
        for one in page:
            wanted = about - known.get(one.rid, frozenset())
            values = one.values
            found[one.rid] = sum(
                name in values and bool(values[name]) == (name in verified) for name in wanted
            )
        return found

    def _known(self, source: Source, page: Sequence[Subject]) -> dict[int, frozenset[str]]:
        """By record: the fields of which sources that are trusted more have said what belongs there."""
        others = [name for name in self._app.sources if name != source.name]
        if not (others and source.profile.fields):
            return {}
        keys = {key for one in page for key in one.keys if key.kind not in VERIFIED}
        with self._app.store.reading() as tx:
            known = lookups.known(tx, others, keys)
        said = {key: self._said(source, told_by(rows)) for key, rows in known.items()}
        return {
            one.rid: frozenset[str]().union(*(said.get(key, ()) for key in one.keys))
            for one in page
        }

    def _said(self, source: Source, records: Sequence[CompanyRecord]) -> frozenset[str]:
        catalogue = self._app.catalogue
        return frozenset(
            field
            for one in records
            for field in told(one, today=self._today)
            if _outranks(catalogue[field].sources, one.source, source.name)
        )


def _outranks(order: Sequence[str], one: str, other: str) -> bool:
    return one in order and other in order and order.index(one) < order.index(other)
