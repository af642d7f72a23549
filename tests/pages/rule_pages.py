"""docs/rules: a page for each rule, made from the table of rules, its docstring and its cases."""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Iterator
from typing import Any

from pages.cases import Case, cases_of

from rules.fills import Fill
from rules.hygiene import RULES, Row
from rules.raises import RAISES
from sync.fields import table
from sync.texts import Texts

_BESIDE = re.compile(r"^`(\w+)` with")
"""A docstring that sends its reader to another function of its module."""


def pages(lang: str) -> dict[str, str]:
    """File name -> text, in one language; the list of rules is README.md."""
    texts = Texts(lang)
    found = {f"{row.name}.md": "\n".join(_page(row, texts)) + "\n" for row in RULES}
    return {"README.md": "\n".join(_index(texts)) + "\n", **found}


def docstring(row: Row) -> str:
    """What the rule's format says of itself; empty when it says nothing."""
    function: Any = inspect.unwrap(_reads(row))
    function = getattr(function, "func", function)
    doc = inspect.getdoc(function) or ""
    if found := _BESIDE.match(doc):
        other = getattr(sys.modules[function.__module__], found[1], None)
        doc = inspect.getdoc(other) or ""
    return doc


def _reads(row: Row) -> Any:
    return (row.fill or row.check) if isinstance(row, Fill) else row.unsettled


def _index(texts: Texts) -> Iterator[str]:
    yield f"# {texts.get('pages.rules.title')}\n"
    yield f"{texts.get('pages.rules.intro')}\n"
    headings = [texts.get(f"list.rules.{name}") for name in ("order", "name", "what", "fields")]
    yield from table(
        headings,
        (
            [
                str(at),
                f"[{row.name}]({row.name}.md)",
                texts.get(f"rule.{row.name}"),
                _names(row.fields),
            ]
            for at, row in enumerate(RULES, start=1)
        ),
    )
    yield f"\n{texts.get('pages.rules.switches')}"


def _page(row: Row, texts: Texts) -> Iterator[str]:
    yield f"# {row.name}\n\n{texts.get(f'rule.{row.name}')}\n"
    yield from table(["", ""], _facts(row, texts))
    yield f"\n{texts.get('pages.rules.switch', rule=row.name)}\n"
    yield f'```toml\n[rules]\nswitch = {{ {row.name} = "propose" }}'
    yield f'fields = {{ {row.fields[0]} = {{ {row.name} = "off" }} }}\n```'
    if texts.lang == "en":
        yield f"\n## {texts.get('pages.rules.how')}\n\n{_prose(docstring(row))}"
    yield from _findings(row, texts)
    yield from _examples(row, texts)


def _facts(row: Row, texts: Texts) -> Iterator[list[str]]:
    facts = {
        "fields": _names(row.fields),
        "moves": _names(row.moves),
        "sources": _names(row.sources if isinstance(row, Fill) else ()),
        "tables": ", ".join(
            f"[{name}](../{'../' * (1 + (texts.lang == 'da'))}rules/tables/{name}.csv)"
            for name in row.tables
        ),
        "libraries": ", ".join(row.libraries),
        "version": str(row.version),
    }
    return ([texts.get(f"list.rules.{name}"), fact] for name, fact in facts.items() if fact)


def _findings(row: Row, texts: Texts) -> Iterator[str]:
    yield f"\n## {texts.get('list.rules.codes')}\n"
    codes = RAISES.get(row.name, ())
    if not codes:
        yield texts.get("pages.rules.no_findings")
        return
    yield from table(
        [texts.get(f"codes.{name}") for name in ("code", "says", "remedy")],
        (
            [f"`{code}`", texts.get(f"report.cause.{code}"), texts.get(f"finding.{code}.remedy")]
            for code in codes
        ),
    )


def _examples(row: Row, texts: Texts) -> Iterator[str]:
    yield f"\n## {texts.get('pages.rules.examples')}\n\n{texts.get('pages.rules.examples.says')}\n"
    names = ["before", "after", "finding", *(["note"] if texts.lang == "en" else [])]
    headings = [texts.get(f"pages.rules.{name}") for name in names]
    yield from table(
        headings,
        (_example(case, texts)[: len(names)] for case in cases_of(row)),
    )


def _example(case: Case, texts: Texts) -> list[str]:
    shown = texts.get("pages.rules.kept") if case.after is None else cell(case.after)
    moved = (f"`{name}` = {cell(value)}" for name, value in case.spill.items())
    codes = (f"`{code}`" for code in case.findings)
    return [cell(case.before), ", ".join([shown, *moved]), ", ".join(codes), case.note]


def cell(text: str) -> str:
    """A cell so that its blanks can be seen."""
    if not text:
        return "–"
    inner = text.strip(" ")
    left = len(text) - len(text.lstrip(" "))
    right = len(text) - left - len(inner) if inner else 0
    shown = "␣" * left + inner.replace("  ", "␣␣").replace("\n", "⏎") + "␣" * right
    return f"`` {shown} ``" if "`" in shown else f"`{shown}`"


def _names(names: tuple[str, ...]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _prose(doc: str) -> str:
    """Without the two words that are for programmers: they hold for every rule."""
    return re.sub(r"\s*Total,\s+idempotent\.", "", doc).strip()
