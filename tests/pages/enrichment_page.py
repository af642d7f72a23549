"""The tables within docs/enrichment.md: what sources may do with each field, and who is recognised."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator

from pages.cases import CASES

from connectors.sources.registry import SOURCES
from rules import tables
from rules.catalogue import DEFAULT
from rules.enrichment.facts import FACTS
from rules.enrichment.matching import CONFIDENCE
from rules.enrichment.policy import LESS_SURE, SURE, TOGETHER
from rules.fields.field import Dispute, Enrich, Field
from sync.fields import table
from sync.texts import Texts
from sync.upkeep.recipients import TABLE, Recipient, cells

TEXTS = Texts("en")
_OVER = {
    Enrich.EMPTY: "empty fields",
    Enrich.OLDER: "older values, too",
    Enrich.NEVER: "nothing",
}
_DISPUTE = {Dispute.ASK: "a person is asked", Dispute.FIRST: "the first is right"}
_BY = {
    "domain_cvr": "domain and CVR number",
    "cvr": "CVR number",
    "domain": "domain",
    "mailbox": "mail domain and name",
    "person": "a person said so",
}


def within(text: str) -> str:
    """A page with the tables between their marks."""
    for name, rows in (
        ("policies", _policies()),
        ("matches", _matches()),
        ("sure", _sure()),
        ("recipients", _recipients()),
    ):
        marked = re.compile(rf"(?<=<!-- begin: {name} -->\n).*(?=<!-- end: {name} -->)", re.DOTALL)
        assert marked.search(text), f"the marks of the table {name} are gone"
        made = "\n".join(rows)
        text = marked.sub(lambda _, made=made: f"\n{made}\n\n", text)  # type: ignore[misc]
    return text


def _recipients() -> list[str]:
    """Vendors of whom nobody is asked yet are left out."""
    names = ("source", "name", "country", "role", "purpose", "sends")
    head = [TEXTS.get(f"recipients.{name}") for name in names]
    rows = [row for row in tables.rows(TABLE) if row["source"] in SOURCES]
    made = [
        Recipient(
            row["source"], row["name"], row["country"], row["role"],
            tuple(row["sends"].split()), row["sure"] == "yes",
        )
        for row in rows
    ]  # fmt: skip
    said = [[text.replace("*", "\\*") for text in cells(one, TEXTS)] for one in made]
    notes = (TEXTS.get(f"recipients.{name}").replace("*", "\\*") for name in ("transfer", "unsure"))
    return [*table(head, said), *(line for note in notes for line in ("", note))]


def _policies() -> list[str]:
    head = [
        "Field",
        "Sources, the most trusted first",
        "Over what",
        "Sources differ",
        "At least",
        "Not older than",
    ]
    return list(table(head, [list(_policy(DEFAULT[name])) for name in FACTS]))


def _policy(field: Field) -> Iterator[str]:
    group = next((some for some in TOGETHER if field.name in some), ())
    yield f"`{field.name}`" + (" ⊕" if group else "")
    yield ", ".join(TEXTS.get(f"source.{name}") for name in field.sources if name in SURE)
    yield _OVER[field.enrich]
    yield _DISPUTE[field.dispute]
    yield f"{field.least_confidence} %"
    yield "" if field.max_age_days is None else f"{field.max_age_days} days"


def _matches() -> list[str]:
    lines = (CASES / "company_matches.csv").read_text("utf-8").splitlines()
    rows = [
        [
            row["what"],
            row["outcome"],
            "" if row["outcome"] == "match" else f"`{row['reason'].rpartition('.')[2]}`",
        ]
        for row in csv.DictReader(lines)
    ]
    return list(table(["Case", "Outcome", "Code"], rows))


def _sure() -> list[str]:
    rows = [[_BY[by], f"{round(100 * sure)} %"] for by, sure in CONFIDENCE.items()]
    rows += [[TEXTS.get(f"source.{name}"), f"{sure} %"] for name, sure in SURE.items()]
    rows += [
        [f"{TEXTS.get(f'source.{source}')}, `{field}`", f"{sure} %"]
        for (source, field), sure in LESS_SURE.items()
    ]
    return list(table(["What", "Sure"], rows))
