"""What may be asked of the API, as OpenAPI 3.1 has it, made from the table of its addresses.

The schemas are made from the types themselves, so that what is described is what is answered.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, Final

from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaMode, JsonSchemaValue
from pydantic_core import core_schema

from sync.output import as_json
from sync.texts import Texts
from sync.web.call import Way
from sync.web.shapes import LARGEST, Refusal
from sync.web.washing import RELEASE
from sync.web.ways import WAYS

DESCRIPTION: Final = "/api/v1/openapi.json"
JSON: Final = "application/json"
FORM: Final = "multipart/form-data"
BINARY: Final = "application/octet-stream"
VERSION: Final = "1.1.0"
"""Of the API. What is added raises the middle number, what breaks a reader the first."""
_NAME: Final = r"^[a-z_\-]+(:[a-z0-9_\-]+)?$"
_REF: Final = "#/components/schemas/{model}"
_WITH_BODY: Final = (400, 408, 413, 415)
_ALWAYS: Final = (401, 403, 422, 429, 500, 503)

Said = dict[str, Any]


@cache
def text(lang: str) -> str:
    """The description in one language."""
    return as_json(described(lang))


def described(lang: str) -> Said:
    """The same as an object."""
    texts, (schemas, shared) = Texts(lang), _schemas()
    paths: dict[str, Said] = {}
    for way in WAYS:
        paths.setdefault(way.path, {})[way.method.lower()] = _operation(way, schemas, shared, texts)
    refused = {"schema": schemas[_REFUSED, "serialization"]}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Ringren",
            "version": VERSION,
            "description": texts.get("api.description"),
        },
        "paths": paths,
        "components": {
            "schemas": shared,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
            "responses": {
                "Refused": {
                    "description": texts.get("api.refused"),
                    "content": {JSON: refused},
                }
            },
        },
        "security": [{"token": []}],
    }


def _operation(way: Way, schemas: _Schemas, shared: Said, texts: Texts) -> Said:
    kind = BINARY if way.gives is bytes else JSON
    done = {
        "description": texts.get(f"api.status.{way.status}"),
        "content": {kind: {"schema": schemas[way.name, "serialization"]}},
    }
    refused = {"$ref": "#/components/responses/Refused"}
    responses = {str(way.status): done} | {str(one): refused for one in refusals(way)}
    if way.refused is not Refusal:
        responses["422"] = {
            "description": texts.get("api.refused"),
            "content": {JSON: {"schema": schemas[_refused(way), "serialization"]}},
        }
    said: Said = {
        "operationId": way.name,
        "summary": texts.get(f"api.way.{way.name}"),
        "description": texts.get("api.takes_scope", scope=way.scope.value),
        "security": [{"token": []}],
        "x-scope": way.scope.value,
        "responses": dict(sorted(responses.items())),
    }
    parameters = [*_of_path(way), *_of_query(way, schemas, shared)]
    if parameters:
        said["parameters"] = parameters
    if way.takes and way.method == "POST":
        body = {"schema": schemas[way.name, "validation"]}
        kind = FORM if way.sends_file else JSON
        said["requestBody"] = {"required": True, "content": {kind: body}}
    return said


def refusals(way: Way) -> list[int]:
    """The statuses that it may be refused with."""
    found = [*_ALWAYS]
    if way.takes and way.method == "POST":
        found += _WITH_BODY
    if way.does or way.sends_file or way.gives is bytes:
        found += [404, 409]
    return sorted(found)


def _refused(way: Way) -> str:
    return f"{way.name} {_REFUSED}"


def _of_path(way: Way) -> Iterator[Said]:
    for name in re.findall(r"\{(\w+)\}", way.path):
        number = {"type": "integer", "minimum": 1, "maximum": LARGEST}
        word = {"type": "string", "pattern": RELEASE if name == "release" else _NAME}
        schema = number if name == "number" else word
        yield {"name": name, "in": "path", "required": True, "schema": schema}


def _of_query(way: Way, schemas: _Schemas, shared: Said) -> Iterator[Said]:
    if way.takes is None or way.method != "GET":
        return
    name = schemas[way.name, "validation"]["$ref"].rpartition("/")[2]
    for field, schema in shared[name]["properties"].items():
        yield {"name": field, "in": "query", "required": False, "schema": schema}


# --- schemas ---------------------------------------------------------------------------------

_REFUSED: Final = "refused"
_Schemas = Mapping[tuple[str, JsonSchemaMode], JsonSchemaValue]


class _AsPrinted(GenerateJsonSchema):
    """As `sync.output.as_json` writes: named tuples are objects, spans of time are seconds, and of an
    object everything is there."""

    def named_tuple_schema(self, schema: core_schema.NamedTupleSchema) -> JsonSchemaValue:
        """All of it, by name."""
        fields = {one["name"]: self.generate_inner(one["schema"]) for one in schema["fields"]}
        return {"type": "object", "properties": fields, "required": list(fields)}

    def timedelta_schema(self, _schema: core_schema.TimedeltaSchema) -> JsonSchemaValue:
        """A number."""
        return {"type": "number", "description": "seconds"}

    def field_is_required(self, field: Any, total: bool) -> bool:  # noqa: FBT001 - pydantic calls it
        """Whether it is always there: all of a dataclass is."""
        if self.mode == "serialization" and field["type"] == "dataclass-field":
            return True
        return super().field_is_required(field, total)

    def normalize_name(self, name: str) -> str:
        """Of two types with one name each is called by its module too, wherever that stands."""
        parts = super().normalize_name(name).split("__")
        return "".join(one[:1].upper() + one[1:] for one in parts[1:][-2:] or parts)

    def field_title_should_be_set(self, _schema: Any) -> bool:
        """A title that repeats the name says nothing."""
        return False


def _schemas() -> tuple[_Schemas, Said]:
    """The schema of each body, by the way's name; and those that they share."""
    bodies: list[tuple[str, JsonSchemaMode, Any]] = [(_REFUSED, "serialization", Refusal)]
    for way in WAYS:
        bodies.append((way.name, "serialization", way.gives))
        if way.refused is not Refusal:
            bodies.append((_refused(way), "serialization", way.refused))
        if way.takes is not None:
            bodies.append((way.name, "validation", way.takes))
    found, shared = TypeAdapter.json_schemas(
        [(name, mode, TypeAdapter(one)) for name, mode, one in bodies],
        ref_template=_REF,
        schema_generator=_AsPrinted,
    )
    return found, dict(shared.get("$defs", {}))
