"""Standard titles and industry codes as entities: our own tables, the same for everybody."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import Final
from urllib.parse import quote

from rules import tables
from rules.folding import fold
from rules.formats.industry_schemes import Scheme, Told, successor
from rules.refine.codes import Code, Title, all_codes, all_titles, codes_like, titles_like
from rules.refine.ranking import Ranked
from sync.refine.spaces import Asked, Entity, Link, Value

TITLES: Final = "title"
INDUSTRIES: Final = "industry"


class Titles:
    """Standard titles, each in Danish and in English, as far as people say it."""

    type = TITLES
    closed = False
    properties: Sequence[str] = ("title", "title_da", "title_en", "function", "seniority")

    def candidates(self, asked: Asked) -> Sequence[Ranked]:
        """As `Space`."""
        found = titles_like(asked.text or asked.says.get("title", ""))
        return [_known_by(title_id(one.key), one) for one in found if isinstance(one.key, Title)]

    def entities(self, ids: Collection[str]) -> dict[str, Entity]:
        """As `Space`."""
        known = _titles()
        return {one: _title(one, known[one]) for one in ids if one in known}

    def beginning(self, prefix: str, most: int) -> list[str]:
        """As `Space`."""
        return _beginning(
            prefix, ((title_id(one), name) for one, name in all_titles().items()), most
        )


def title_id(title: Title) -> str:
    """`title/da/ejer`."""
    return f"{TITLES}/{title.lang}/{quote(title.title, safe='')}"


@cache
def _titles() -> Mapping[str, Title]:
    return {title_id(one): one for one in all_titles()}


@cache
def _rows() -> Mapping[str, Mapping[str, str]]:
    return {row["title"]: row for row in tables.rows("titles")}


def _title(ident: str, title: Title) -> Entity:
    row = _rows()[title.title]
    name = row[title.lang]
    values = {
        "title": name,
        "title_da": row["da"],
        "title_en": row["en"],
        "function": row["function"],
        "seniority": row["seniority"],
    }
    others = " · ".join(filter(None, (row["function"], row["seniority"])))
    return Entity(ident, name, TITLES, others, _said(values))


class Industries:
    """DB25 and DB07: the code with its system is the entity. `told` is what the settings say."""

    type = INDUSTRIES
    closed = False
    properties: Sequence[str] = (
        "industry_code", "industry_scheme", "industry_label", "industry_code_db25",
    )  # fmt: skip

    def __init__(self, scheme: Scheme | None = None) -> None:
        self._told = Told(settings=scheme)

    def candidates(self, asked: Asked) -> Sequence[Ranked]:
        """As `Space`."""
        said = asked.says.get
        found = codes_like(
            asked.text or said("industry_code", ""),
            said("industry_scheme", ""),
            said("industry_label", ""),
            said("data_checked_at", ""),
            self._told,
        )
        return [_known_by(code_id(one.key), one) for one in found if isinstance(one.key, Code)]

    def entities(self, ids: Collection[str]) -> dict[str, Entity]:
        """As `Space`."""
        known = _codes()
        return {one: _industry(one, known[one]) for one in ids if one in known}

    def beginning(self, prefix: str, most: int) -> list[str]:
        """As `Space`: by code or by label."""
        listed = [(code_id(one), one.code) for one in all_codes()]
        listed += [(code_id(one), label) for one, label in all_codes().items()]
        return _beginning(prefix, listed, most)


def code_id(code: Code) -> str:
    """`DB25:62.10.00`."""
    return f"{code.scheme}:{code.code}"


@cache
def _codes() -> Mapping[str, Code]:
    return {code_id(one): one for one in all_codes()}


def _industry(ident: str, code: Code) -> Entity:
    label = all_codes()[code]
    values = {
        "industry_code": code.code,
        "industry_scheme": code.scheme.value,
        "industry_label": label,
    }
    said = {**_said(values), "industry_code_db25": _heirs(code)}
    return Entity(ident, f"{code.code} {label}", INDUSTRIES, code.scheme.value, said)


def _heirs(code: Code) -> list[Value]:
    """What it is in DB25: itself, or the only successor; of several a person says which."""
    made = successor(code.code, code.scheme.value, "", "", fill_only=True)
    found = Code(Scheme.DB25, made.value or "")
    label = all_codes().get(found)
    return [Link(code_id(found), f"{found.code} {label}")] if label else []


def _said(values: Mapping[str, str]) -> dict[str, Sequence[Value]]:
    return {name: [value] for name, value in values.items() if value}


def _known_by(ident: str, one: Ranked) -> Ranked:
    return replace(one, key=ident)


def _beginning(prefix: str, named: Iterable[tuple[str, str]], most: int) -> list[str]:
    """By name, or by id; those that begin so before those that have such a word."""
    wanted = fold(prefix)
    if not wanted:
        return []
    first: dict[str, None] = {}
    later: dict[str, None] = {}
    for ident, name in named:
        if ident == prefix or fold(name).startswith(wanted):
            first[ident] = None
        elif any(fold(word).startswith(wanted) for word in name.split()):
            later[ident] = None
    return list({**first, **later})[:most]
