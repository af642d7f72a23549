"""The headers that each kind of list knows, folded, and the field that each one means. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Final

from rules.catalogue import Catalogue, Field, Layer, Type
from rules.folding import fold, plain, tokens, without_brackets
from rules.header_units import MEASURED, without_unit
from rules.records import Kind


class KnownHeaders:
    """All headers that a kind of list knows, folded, with the field that each one means."""

    def __init__(self, fields: Iterable[Field], kind: Kind) -> None:
        self.labels: dict[str, Field] = {}
        self.own: dict[str, Field] = {}
        self.aliases: dict[str, Field] = {}
        ordered = sorted(fields, key=lambda f: _LAYERS[kind].index(f.layer))
        for field_ in ordered:
            for word in (field_.name, field_.da, field_.en):
                self._add(self.labels, word, field_)
            for word in field_.kind_aliases.get(kind, ()):
                self._add(self.own, word, field_)
            for word in field_.aliases:
                self._add(self.aliases, word, field_)

    @staticmethod
    def _add(table: dict[str, Field], word: str, field_: Field) -> None:
        for key in (fold(word), plain(word)):
            table.setdefault(key, field_)

    def label(self, header: str) -> Field | None:
        """The field whose own name or label this is."""
        return self._first((header,), (self.labels,))

    def alias(self, header: str) -> Field | None:
        """The field that this means in any kind of list, as it stands (`Call disposition`)."""
        return None if fold(header) in self.own else self._first((header,), (self.aliases,))

    def exact(self, header: str) -> Field | None:
        """The field of which this is a known header, units and remarks left out."""
        forms = (header, without_brackets(header))
        # What is written for the kind wins over what holds in all of them.
        tables = (self.labels, self.own, self.aliases)
        return self._first(forms, tables) or self._measured(header, tables)

    def _measured(self, header: str, tables: Sequence[Mapping[str, Field]]) -> Field | None:
        """The field that a header means with its unit left out: `Omsætning i 1.000 kr.`."""
        for name in MEASURED:
            found = self._first((without_unit(name, header),), tables)
            if found is not None and found.name == name:
                return found
        return None

    @staticmethod
    def _first(forms: Sequence[str], tables: Sequence[Mapping[str, Field]]) -> Field | None:
        for form in forms:
            for key in (fold(form), plain(form)):
                for table in tables:
                    if key and key in table:
                        return table[key]
        return None

    def loose(self, header: str) -> Field | None:
        """The one field that a header with filler words, a number or a cut end can mean."""
        words = tokens(without_brackets(header)) or tokens(header)
        core = [word for word in words if word not in _FILLERS]
        number = bool(core) and core[-1].isdigit()
        if number:
            second = core.pop() not in {"0", "1"}
            if second:
                return self._numbered(core)
        if core and len(core) < len(words):
            found = self.exact("".join(core))
            if found is not None:
                return found
        return self._by_prefix("".join(words))

    def _numbered(self, core: Sequence[str]) -> Field | None:
        """`Telefon 2` is another phone; a second of anything else is nothing we know."""
        found = self.exact("".join(core))
        return found if found is not None and found.type is Type.PHONE else None

    def _by_prefix(self, key: str) -> Field | None:
        if len(key) < 5:
            return None
        hits = {
            found.name: found
            for table in (self.labels, self.own, self.aliases)
            for known, found in table.items()
            if known.startswith(key)
        }
        return next(iter(hits.values())) if len(hits) == 1 else None


_PERSON_FIRST: Final = (Layer.CONTACT, Layer.COMPLIANCE, Layer.INTERACTION, Layer.COMPANY)
_EVENT_FIRST: Final = (Layer.INTERACTION, Layer.CONTACT, Layer.COMPANY, Layer.COMPLIANCE)
_LAYERS: Final[Mapping[Kind, tuple[Layer, ...]]] = {
    Kind.COMPANY: (Layer.COMPANY, Layer.COMPLIANCE, Layer.CONTACT, Layer.INTERACTION),
    Kind.CONTACT: _PERSON_FIRST,
    Kind.LEAD: _PERSON_FIRST,
    Kind.CALL: _EVENT_FIRST,
    Kind.MEETING: _EVENT_FIRST,
    Kind.OPPORTUNITY: _EVENT_FIRST,
    Kind.MEMBER: _EVENT_FIRST,
    Kind.OPT_OUT: (Layer.COMPLIANCE, Layer.CONTACT, Layer.COMPANY, Layer.INTERACTION),
}
"""Whose headers go first in a list of some kind, where two layers know the same one."""

_FILLERS: Final = frozenset(
    [
        "nr",
        "nummer",
        "no",
        "number",
        "adresse",
        "address",
        "felt",
        "field",
        "kolonne",
        "column",
        "primaer",
        "primary",
        "hoved",
        "main",
        "kontakt",
        "contact",
        "person",
        "lead",
        "company",
        "firma",
        "virksomhed",
        "account",
        "crm",
        "ny",
        "nye",
        "new",
        "min",
        "vores",
        "our",
        "the",
        "den",
        "det",
        "i",
        "in",
        "pa",
        "on",
        "af",
        "of",
        "til",
        "for",
        "og",
        "and",
    ]
)


@lru_cache(maxsize=64)
def known_headers(catalogue: Catalogue, kind: Kind) -> KnownHeaders:
    """The headers of a kind; made once for each catalogue."""
    return KnownHeaders(catalogue.for_kind(kind), kind)
