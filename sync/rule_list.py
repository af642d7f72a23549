"""The list of rules in their order (`sync rules`): what each does, where it is on, what it says now."""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from connectors.registry import SYSTEMS
from rules.fills import Fill
from rules.hygiene import Row
from rules.raises import RAISES
from state import findings, proposals, shapes
from sync.app import App
from sync.listings import width
from sync.output import number, printable, table
from sync.settings import Settings
from sync.switches import all_rules
from sync.texts import Texts


@dataclass(frozen=True, slots=True)
class Listed:
    """One rule. `switches` is system -> field -> on, propose or off; what it moves into included.

    `proposals` are changed fields and `findings` what a person should look at, both open now;
    None when nothing has been read yet.
    """

    order: int
    name: str
    what: str
    fields: tuple[str, ...]
    moves: tuple[str, ...]
    sources: tuple[str, ...]
    switches: Mapping[str, Mapping[str, str]]
    version: int
    tables: tuple[str, ...]
    libraries: tuple[str, ...]
    codes: tuple[str, ...]
    proposals: int | None
    findings: int | None


@dataclass(frozen=True, slots=True)
class Said:
    """What all rules say now: changed fields by rule, findings by (code, field)."""

    proposals: Mapping[str, int]
    findings: Mapping[tuple[str, str | None], int]


def said(app: App) -> Said:
    """What is open in the store; nothing is read anew."""
    systems = sorted(app.systems)
    changed: Counter[str] = Counter()
    found: Counter[tuple[str, str | None]] = Counter()
    with app.store.reading() as tx:
        for shape in shapes.of_plan(tx, proposals.next_plan(tx), systems):
            for rule, _ in shape.rules:
                changed[rule] += shape.records
        for _, _, code, _, field, count in findings.counts(tx, systems):
            found[code, field] += count
    return Said(changed, found)


def listed(settings: Settings, now: Said | None, texts: Texts) -> list[Listed]:
    """All rules in their order."""
    rules = enumerate(all_rules(settings), start=1)
    return [_listed(order, row, settings, now, texts) for order, row in rules]


def _listed(order: int, row: Row, settings: Settings, now: Said | None, texts: Texts) -> Listed:
    touched = dict.fromkeys((*row.fields, *row.moves))
    codes = RAISES.get(row.name, ())
    found = ((code, field) for code in codes for field in row.fields)
    return Listed(
        order,
        row.name,
        texts.get(f"rule.{row.name}"),
        row.fields,
        row.moves,
        row.sources if isinstance(row, Fill) else (),
        {
            system: {name: settings.rules.of(row.name, name, system) for name in touched}
            for system in SYSTEMS
        },
        row.version,
        row.tables,
        row.libraries,
        codes,
        None if now is None else now.proposals.get(row.name, 0),
        None if now is None else sum(now.findings.get(pair, 0) for pair in found),
    )


def rules_table(rules: Iterable[Listed], texts: Texts) -> str:
    """One line a rule with its facts, and below it what it does: a sentence is never cut."""
    rows = list(rules)
    counted = rows[0].proposals is not None
    names = ["order", "name", "switch", "version"]
    names += ["proposals", "findings"] if counted else []
    names += ["fields"]
    facts = table(
        [texts.get(f"list.rules.{name}") for name in names],
        [[_cell(rule, name, texts) for name in names] for rule in rows],
        right=frozenset({0, 3, *((4, 5) if counted else ())}),
        whole=frozenset(range(len(names) - 1)),
        width=width(),
    )
    heading, *lines = facts.splitlines()
    told = [line for pair in zip(lines, map(_sentence, rows), strict=True) for line in pair]
    notes = [texts.get("list.rules.says")]
    notes += [] if counted else [texts.get("list.rules.no_store")]
    return "\n".join([heading, *told, "", *notes])


def _sentence(rule: Listed) -> str:
    indent = " " * 5
    wide = width() or 100
    return textwrap.fill(rule.what, wide, initial_indent=indent, subsequent_indent=indent)


def rule_sheet(rule: Listed, texts: Texts) -> str:
    """Everything about one rule, one line a fact, and each finding that it can raise."""
    names = ("name", "what", "fields", "moves", "sources", "switch", "version", "tables",
             "libraries", "proposals", "findings")  # fmt: skip
    facts = {name: _cell(rule, name, texts) for name in names}
    labels = {name: texts.get(f"list.rules.{name}") for name in (*names, "codes")}
    wide = max(map(len, labels.values()))
    lines = [
        f"{labels[name].ljust(wide)}  {printable(fact)}" for name, fact in facts.items() if fact
    ]
    for at, code in enumerate(rule.codes):
        head = labels["codes"] if at == 0 else ""
        lines.append(f"{head.ljust(wide)}  {code}: {texts.get(f'finding.{code}.remedy')}")
    return "\n".join(lines)


def _cell(rule: Listed, name: str, texts: Texts) -> str:
    if name == "switch":
        return "; ".join(_switches(rule))
    value = getattr(rule, name)
    if isinstance(value, int):
        return number(value, texts.lang)
    return ", ".join(value) if isinstance(value, tuple) else str(value or "")


def _switches(rule: Listed) -> Iterator[str]:
    """One switch for all where they agree; else the systems, and the fields that differ."""
    said = {system: _switch(fields) for system, fields in rule.switches.items()}
    if len(set(said.values())) == 1:
        yield next(iter(said.values()))
    else:
        yield from (f"{system}: {one}" for system, one in said.items())


def _switch(fields: Mapping[str, str]) -> str:
    usual = Counter(fields.values()).most_common(1)[0][0]
    others = [f"{name} {one}" for name, one in fields.items() if one != usual]
    return f"{usual} ({', '.join(others)})" if others else usual
