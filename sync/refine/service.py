"""The Reconciliation Service API 0.2 (W3C Entity Reconciliation Community Group) without its HTTP.

    manifest · queries · suggest (entity, property, type) · flyout · preview · properties · extend

What it gives is ready for JSON. `Misread` says what is wrong with what was asked.
"""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence
from typing import Any, Final, NamedTuple

from rules.formats.industry_schemes import Scheme
from rules.refine.ranking import Ranked
from sync.app import App
from sync.fields import label
from sync.refine.codes import Industries, Titles
from sync.refine.companies import Customers, Register, customer_names, register_names
from sync.refine.spaces import Asked, Entity, Link, Space, Value
from sync.texts import Texts

VERSIONS: Final = ("0.1", "0.2")
BATCH: Final = 50
"""Queries of one batch, ids of one extension."""
USUAL: Final = 5
"""Candidates where none are asked for in number."""
MOST: Final = 25
_PROPERTIES: Final = 40
_LONGEST: Final = 2000
IDENTIFIERS: Final = "urn:ringren:entity:"
SCHEMA: Final = "urn:ringren:schema:1"
PREVIEW: Final = (430, 240)
"""Width and height in pixels."""
Json = dict[str, Any]


class Asker(NamedTuple):
    """Who asks: in which words we answer, and whether a token was shown that may have everything."""

    texts: Texts
    with_token: bool


class Misread(Exception):
    """What was asked is not of the form that the protocol has. `code` is a text key."""

    def __init__(self, code: str, status: int = 400, **details: object) -> None:
        super().__init__(code)
        self.code, self.status, self.details = code, status, details


class Service:
    """One for the listener; for any thread. `close` it when nothing asks any more."""

    def __init__(self, app: App) -> None:
        registered, ours = register_names(app), customer_names(app)
        scheme = app.settings.industry.scheme
        codes = (Titles(), Industries(None if scheme == "unknown" else Scheme(scheme)))
        customers = Customers(app, ours)
        self._names = (registered, ours)
        self._app = app
        self._all: tuple[Space, ...] = (
            Register(app, registered, everything=True), customers, *codes,
        )  # fmt: skip
        self._open: tuple[Space, ...] = (Register(app, registered, everything=False), *codes)

    def close(self) -> None:
        """Let go of the names."""
        for one in self._names:
            one.close()

    def manifest(self, base: str, who: Asker) -> Json:
        """What there is, for who has a token or for everybody; `base` is our own address."""
        width, height = PREVIEW
        found: Json = {
            "versions": list(VERSIONS),
            "name": who.texts.get("refine.name"),
            "identifierSpace": IDENTIFIERS,
            "schemaSpace": SCHEMA,
            "defaultTypes": [_type(one, who.texts) for one in self._spaces(who)],
            "view": {"url": f"{base}/preview?id={{{{id}}}}"},
            "preview": {"url": f"{base}/preview?id={{{{id}}}}", "width": width, "height": height},
            "suggest": {
                "entity": {
                    "service_url": base,
                    "service_path": "/suggest/entity",
                    "flyout_service_url": base,
                    "flyout_service_path": "/flyout?id=${id}",
                },
                "property": {"service_url": base, "service_path": "/suggest/property"},
                "type": {"service_url": base, "service_path": "/suggest/type"},
            },
            "extend": {
                "propose_properties": {"service_url": base, "service_path": "/properties"},
                "property_settings": [],
            },
            "batchSize": BATCH,
        }
        if who.with_token:
            found["authentication"] = {"type": "apiKey", "name": "Authorization", "in": "header"}
        return found

    # --- reconciling ---------------------------------------------------------------------------

    def queries(self, batch: object, who: Asker) -> Json:
        """A batch of questions, each answered by itself."""
        if not isinstance(batch, dict):
            raise Misread("refine.no_batch")
        if len(batch) > BATCH:
            raise Misread("refine.too_many", 413, most=BATCH)
        asked = {name: _query(query) for name, query in batch.items()}
        return {name: {"result": self._answered(*query, who)} for name, query in asked.items()}

    def _answered(self, types: Sequence[str], limit: int, asked: Asked, who: Asker) -> list[Json]:
        spaces = [one for one in self._spaces(who) if not types or one.type in types]
        found = [(space, one) for space in spaces for one in space.candidates(asked)[:limit]]
        found.sort(key=lambda pair: -pair[1].score)
        found = found[:limit]
        # Of two that are each sure of itself, a person says which is meant.
        alone = sum(one.match for _, one in found) == 1
        known: dict[str, Entity] = {}
        for space in spaces:
            known |= space.entities([str(one.key) for own, one in found if own is space])
        return [
            _candidate(space, known[str(one.key)], one, who.texts, match=one.match and alone)
            for space, one in found
            if str(one.key) in known
        ]

    # --- suggesting ----------------------------------------------------------------------------

    def suggest_entities(self, prefix: str, skip: int, types: Sequence[str], who: Asker) -> Json:
        """Entities whose name, or id, begins so."""
        listed: list[Json] = []
        for space in self._spaces(who):
            if types and space.type not in types:
                continue
            ids = list(dict.fromkeys([prefix, *space.beginning(prefix, skip + MOST)]))
            for one in space.entities(ids).values():
                notable = [_type(space, who.texts)]
                listed.append(_named(one.id, one.name, one.description) | {"notable": notable})
        return {"result": listed[skip : skip + MOST]}

    def suggest_properties(self, prefix: str, skip: int, who: Asker) -> Json:
        """What a row may say, and what may be had."""
        names = dict.fromkeys(name for one in self._spaces(who) for name in one.properties)
        found = [_named(name, self._label(name, who.texts)) for name in names]
        return {"result": _begun(found, prefix)[skip : skip + MOST]}

    def suggest_types(self, prefix: str, skip: int, who: Asker) -> Json:
        """The types."""
        found = [_type(one, who.texts) for one in self._spaces(who)]
        return {"result": _begun(found, prefix)[skip : skip + MOST]}

    def flyout(self, ident: str, who: Asker) -> Json | None:
        """A small picture of an entity; None: there is none."""
        one = self._entity(ident, who)
        return {"id": ident, "html": self._summary(one, who.texts)} if one else None

    def preview(self, ident: str, who: Asker) -> str | None:
        """A page about an entity; None: there is none."""
        one = self._entity(ident, who)
        if one is None:
            return None
        title = html.escape(one.name)
        head = f'<meta charset="utf-8"><title>{title}</title>'
        body = self._summary(one, who.texts)
        return f'<!doctype html><html lang="{who.texts.lang}"><head>{head}</head><body>{body}</body></html>'

    def _summary(self, one: Entity, texts: Texts) -> str:
        rows = "".join(
            f"<dt>{html.escape(self._label(name, texts))}</dt>"
            f"<dd>{html.escape(', '.join(map(_text, said)))}</dd>"
            for name, said in one.values.items()
            if said
        )
        kind = html.escape(texts.get(f"refine.type.{one.type}"))
        return f"<h1>{html.escape(one.name)}</h1><p>{kind}</p><dl>{rows}</dl>"

    def _entity(self, ident: str, who: Asker) -> Entity | None:
        for space in self._spaces(who):
            if found := space.entities([ident]).get(ident):
                return found
        return None

    # --- extending -----------------------------------------------------------------------------

    def properties(self, kind: str, limit: int | None, who: Asker) -> Json:
        """What may be had of entities of a type."""
        names = next((one.properties for one in self._spaces(who) if one.type == kind), ())
        found = [_named(name, self._label(name, who.texts)) for name in names]
        more = {} if limit is None else {"limit": limit}
        return {"type": kind, "properties": found[:limit], **more}

    def extend(self, asked: object, who: Asker) -> Json:
        """The values of some properties of some entities."""
        ids, names = _extension(asked)
        known: dict[str, Entity] = {}
        for space in self._spaces(who):
            known |= space.entities([one for one in ids if one not in known])
        rows = {
            one: {
                name: [_cell(value) for value in known[one].values.get(name, ())]
                if one in known
                else []
                for name in names
            }
            for one in ids
        }
        meta = [_named(name, self._label(name, who.texts)) for name in names]
        return {"meta": meta, "rows": rows}

    # --- words ---------------------------------------------------------------------------------

    def _spaces(self, who: Asker) -> tuple[Space, ...]:
        return self._all if who.with_token else self._open

    def _label(self, name: str, texts: Texts) -> str:
        field = self._app.catalogue.get(name)
        own = label(field, texts.lang) if field else ""
        return texts.find(f"refine.property.{name}") or own or name


# --- what is asked --------------------------------------------------------------------------------


def _query(query: object) -> tuple[Sequence[str], int, Asked]:
    """Types, limit and question."""
    if not isinstance(query, dict):
        raise Misread("refine.no_query")
    text, says = query.get("query", ""), _says(query.get("properties", []))
    if not isinstance(text, str) or not (text or says):
        raise Misread("refine.no_query")
    types = query.get("type") or []
    types = [types] if isinstance(types, str) else types
    if not (isinstance(types, list) and all(isinstance(one, str) for one in types)):
        raise Misread("refine.no_query")
    limit = query.get("limit", USUAL)
    if isinstance(limit, bool) or not isinstance(limit, (int, float)) or limit < 1:
        raise Misread("refine.no_limit")
    return types, int(min(limit, MOST)), Asked(_clean(text), says)


def _says(properties: object) -> dict[str, str]:
    """What the row says besides: of several values of a property the first counts."""
    if not isinstance(properties, list) or len(properties) > _PROPERTIES:
        raise Misread("refine.no_properties")
    found: dict[str, str] = {}
    for one in properties:
        if not isinstance(one, dict) or not isinstance(one.get("pid"), str) or "v" not in one:
            raise Misread("refine.no_properties")
        said = one["v"][:1] if isinstance(one["v"], list) else [one["v"]]
        for value in said:
            found.setdefault(one["pid"], _clean(_as_text(value)))
    return {name: text for name, text in found.items() if text}


def _as_text(value: object) -> str:
    if isinstance(value, dict):
        value = value.get("id")
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        return ""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _clean(text: str) -> str:
    """One line without control characters, no longer than any cell is read."""
    return "".join(one if one.isprintable() else " " for one in text[:_LONGEST]).strip()


def _extension(asked: object) -> tuple[list[str], list[str]]:
    """Ids and properties."""
    ids = asked.get("ids") if isinstance(asked, dict) else None
    properties = asked.get("properties") if isinstance(asked, dict) else None
    if not (isinstance(ids, list) and isinstance(properties, list)):
        raise Misread("refine.no_extension")
    if len(ids) > 20 * BATCH or len(properties) > _PROPERTIES:
        raise Misread("refine.too_many", 413, most=20 * BATCH)
    names = [one.get("id") if isinstance(one, dict) else None for one in properties]
    if not all(isinstance(one, str) for one in (*ids, *names)):
        raise Misread("refine.no_extension")
    return list(dict.fromkeys(ids)), list(dict.fromkeys(map(str, names)))


# --- what is answered -----------------------------------------------------------------------------


def _candidate(space: Space, one: Entity, ranked: Ranked, texts: Texts, *, match: bool) -> Json:
    return {
        **_named(one.id, one.name, one.description),
        "type": [_type(space, texts)],
        "score": ranked.score,
        "match": match,
        "features": [{"id": name, "value": value} for name, value in ranked.features],
    }


def _named(ident: str, name: str, description: str = "") -> Json:
    found = {"id": ident, "name": name}
    return found | {"description": description} if description else found


def _type(space: Space, texts: Texts) -> Json:
    return {"id": space.type, "name": texts.get(f"refine.type.{space.type}")}


def _begun(found: Iterable[Json], prefix: str) -> list[Json]:
    """Those whose name, a word of it, or id begins so; all for an empty prefix."""
    wanted = prefix.strip().casefold()
    return [
        one
        for one in found
        if any(text.startswith(wanted) for text in (one["id"], *one["name"].casefold().split()))
        or one["name"].casefold().startswith(wanted)
    ]


def _cell(value: Value) -> Json:
    return {"id": value.id, "name": value.name} if isinstance(value, Link) else {"str": value}


def _text(value: Value) -> str:
    return value.name if isinstance(value, Link) else value
