"""The table of measures: docs/maalinger.md in Danish, and within docs/watching.md in English."""

from __future__ import annotations

import re
from collections.abc import Iterator

from sync.fields import table
from sync.service.measures import MEASURES, Measure, said, what_to_do
from sync.texts import Texts

_MARKED = re.compile(r"(?<=<!-- begin: measures -->\n).*(?=<!-- end: measures -->)", re.DOTALL)
COLUMNS = ("name", "labels", "unit", "says", "bad", "do")


def page(lang: str) -> str:
    """The whole page in one language."""
    texts = Texts(lang)
    head = f"# {texts.get('metrics.page.title')}\n\n{texts.get('metrics.page.intro')}\n\n"
    return head + rows(texts)


def within(text: str) -> str:
    """A page with the table between its marks."""
    assert _MARKED.search(text), "the marks of the table are gone"
    return _MARKED.sub(lambda _: f"\n{rows(Texts('en'))}\n", text)


def rows(texts: Texts) -> str:
    """The table alone."""
    headings = [texts.get(f"metrics.column.{name}") for name in COLUMNS]
    return "\n".join(table(headings, (list(_row(row, texts)) for row in MEASURES))) + "\n"


def _row(row: Measure, texts: Texts) -> Iterator[str]:
    yield f"`{row.name}`"
    yield ", ".join(row.labels)
    yield texts.get(f"metrics.unit.{row.unit}")
    yield said(row, texts)
    yield f"`{row.bad}`" if row.bad else ""
    yield what_to_do(row, texts)
