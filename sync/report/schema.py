"""The schema of the report's JSON, as it is published: `python -m sync.report.schema` writes it."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import orjson

from sync.report.model import CHANGES, VERSION, Report

SCHEMA: Final = Path(__file__).parents[2] / "docs" / "report.schema.json"
ID: Final = f"urn:ringren:report:{VERSION}/report.schema.json"


def published() -> str:
    """The schema as text: what `docs/report.schema.json` must say."""
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": ID,
        **Report.model_json_schema(mode="serialization"),
        "description": "\n".join(
            [str(Report.__doc__), "", *(f"{n}: {what}." for n, what in CHANGES)]
        ),
    }
    return orjson.dumps(schema, option=orjson.OPT_INDENT_2).decode() + "\n"


if __name__ == "__main__":
    SCHEMA.write_text(published(), "utf-8")
