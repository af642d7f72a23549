"""deploy/prometheus and deploy/grafana: alert rules and a board, made from the table of measures.

A measure that comes or goes, or has another limit, changes both.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any, Final

from sync.service.measures import MEASURES, PREFIX, Measure, Unit, said, what_to_do
from sync.texts import Texts

CRITICAL: Final = frozenset(
    {
        "ringren_opt_out_oldest_undelivered_seconds",
        "ringren_violations_open",
        "ringren_status",
        "ringren_daemon_up",
        "ringren_disk_free_bytes",
    }
)
"""Somebody is called who said no, or nobody would notice: these wake people up."""
AT_ONCE: Final = frozenset({"ringren_violations_open"})
CUSTOMER: Final = "customer"
"""The label that the scrape configuration gives to each installation."""
_COLUMNS, _HEIGHT = 3, 7


# --- alert rules --------------------------------------------------------------------------------


def rules(lang: str) -> str:
    """The rules as YAML: one for each row that says when it is bad, and one for silence."""
    texts = Texts(lang)
    lines = [
        "# Made by `make docs` from the table of measures (sync/service/measures.py): change it there. What each",
        "# measure is, and what to do: docs/watching.md. Five9 takes additions at night only: give its",
        "# system a limit of a day of its own for RingrenOptOutOldestUndelivered.",
        "groups:",
        "  - name: ringren",
        "    rules:",
        *_rule(
            "RingrenSilent",
            'up{job="ringren"} == 0 or absent(ringren_build_info)',
            "5m",
            "critical",
            texts.get("boards.silent"),
            texts.get("boards.silent.bad"),
        ),
    ]
    for row in MEASURES:
        if row.bad:
            name = row.name
            wait = "0m" if name in AT_ONCE else "5m"
            severity = "critical" if name in CRITICAL else "warning"
            expression = f"{name} {row.bad}"
            lines += _rule(
                alert(row), expression, wait, severity, said(row, texts), what_to_do(row, texts)
            )
    return "\n".join(lines) + "\n"


def alert(row: Measure) -> str:
    """`RingrenJobFailures`."""
    words = re.sub(r"_(seconds|bytes|total)$", "", row.name).split("_")
    return "".join(word.capitalize() for word in words)


def _rule(
    name: str, expression: str, wait: str, severity: str, summary: str, todo: str
) -> Iterator[str]:
    yield f"      - alert: {name}"
    yield f"        expr: {_quoted(expression)}"
    yield f"        for: {wait}"
    yield f"        labels: {{severity: {severity}}}"
    yield "        annotations:"
    yield f"          summary: {_quoted(summary)}"
    yield f"          description: {_quoted(todo)}"


def _quoted(text: str) -> str:
    """JSON's strings are YAML's."""
    return json.dumps(text, ensure_ascii=False)


# --- the board ----------------------------------------------------------------------------------


def board(lang: str) -> str:
    """The board as Grafana imports it: all customers first, then each measure of the chosen one."""
    texts = Texts(lang)
    panels: list[dict[str, Any]] = [_customers(texts)]
    top = 8
    for title, rows in _groups(texts):
        panels.append(_headline(title, top))
        top += 1
        for at, row in enumerate(rows):
            place = {"x": at % _COLUMNS * 8, "y": top + at // _COLUMNS * _HEIGHT}
            panels.append(_panel(row, texts) | {"gridPos": place | {"w": 8, "h": _HEIGHT}})
        top += -(-len(rows) // _COLUMNS) * _HEIGHT
    for number, panel in enumerate(panels, 1):
        panel["id"] = number
    whole = {
        "title": "Ringren",
        "uid": f"ringren-{lang}",
        "schemaVersion": 39,
        "version": 1,
        "editable": True,
        "refresh": "1m",
        "time": {"from": "now-24h", "to": "now"},
        "timezone": "Europe/Copenhagen",
        "tags": ["ringren"],
        "templating": {"list": [_source(), _chosen(texts)]},
        "panels": panels,
    }
    return json.dumps(whole, indent=1, ensure_ascii=False) + "\n"


_GROUPS: Final = (
    ("opt_outs", ("opt_out", "ledger", "violations", "requests")),
    ("service", ("status", "daemon", "settings", "alarms", "job", "build")),
    ("systems", ("system",)),
    ("data", ("findings", "plans", "database", "disk")),
)


def _groups(texts: Texts) -> Iterator[tuple[str, Sequence[Measure]]]:
    left = list(MEASURES)
    for code, begins in _GROUPS:
        rows = [row for row in left if row.name.removeprefix(PREFIX).startswith(begins)]
        left = [row for row in left if row not in rows]
        yield texts.get(f"boards.group.{code}"), rows
    if left:
        yield texts.get("boards.group.other"), left


def _source() -> dict[str, Any]:
    return {"name": "source", "type": "datasource", "query": "prometheus", "label": "Prometheus"}


def _chosen(texts: Texts) -> dict[str, Any]:
    return {
        "name": CUSTOMER,
        "label": texts.get("boards.customer"),
        "type": "query",
        "datasource": _from(),
        "query": f"label_values(ringren_build_info, {CUSTOMER})",
        "refresh": 2,
        "includeAll": True,
        "multi": True,
        "current": {"text": ["All"], "value": ["$__all"]},
    }


def _from() -> dict[str, str]:
    return {"type": "prometheus", "uid": "${source}"}


def _customers(texts: Texts) -> dict[str, Any]:
    """How it stands with each customer, the worst first."""
    asked = (
        ("status", f"max by ({CUSTOMER}) (ringren_status)"),
        ("violations", _summed("ringren_violations_open", "verdict")),
        ("waiting", f"max by ({CUSTOMER}) (ringren_opt_out_oldest_undelivered_seconds)"),
        ("alarms", _summed("ringren_alarms_open", "code")),
    )
    targets = [
        {"refId": code, "expr": expression, "instant": True, "format": "table"}
        for code, expression in asked
    ]
    names = {f"Value #{code}": texts.get(f"boards.column.{code}") for code, _ in asked}
    return {
        "type": "table",
        "title": texts.get("boards.customers"),
        "description": texts.get("boards.customers.help"),
        "datasource": _from(),
        "targets": [one | {"datasource": _from()} for one in targets],
        "gridPos": {"x": 0, "y": 0, "w": 24, "h": 8},
        "transformations": [
            {"id": "merge", "options": {}},
            {"id": "organize", "options": {"excludeByName": {"Time": True}, "renameByName": names}},
            {
                "id": "sortBy",
                "options": {"sort": [{"field": names["Value #status"], "desc": True}]},
            },
        ],
    }


def _summed(name: str, label: str) -> str:
    """Several processes over one database tell the same figures: each counts once."""
    return f"sum by ({CUSTOMER}) (max by ({CUSTOMER}, {label}) ({name}))"


def _headline(title: str, top: int) -> dict[str, Any]:
    return {
        "type": "row",
        "title": title,
        "collapsed": False,
        "panels": [],
        "gridPos": {"x": 0, "y": top, "w": 24, "h": 1},
    }


def _panel(row: Measure, texts: Texts) -> dict[str, Any]:
    by = ", ".join((CUSTOMER, *row.labels))
    expression = f'max by ({by}) ({row.name}{{{CUSTOMER}=~"$customer"}})'
    if row.unit is Unit.MOMENT:
        expression += " * 1000"
    legend = " · ".join(f"{{{{{label}}}}}" for label in (CUSTOMER, *row.labels))
    return {
        "type": "timeseries" if row.unit in _OVER_TIME else "stat",
        "title": row.name.removeprefix(PREFIX).replace("_", " ").capitalize(),
        "description": "\n\n".join(filter(None, (said(row, texts), what_to_do(row, texts)))),
        "datasource": _from(),
        "targets": [
            {"refId": "A", "expr": expression, "legendFormat": legend, "datasource": _from()}
        ],
        "fieldConfig": {
            "defaults": {"unit": _UNITS[row.unit], "thresholds": thresholds(row.bad)},
            "overrides": [],
        },
    }


_OVER_TIME: Final = frozenset({Unit.SECONDS, Unit.BYTES, Unit.COUNT})
_UNITS: Final = {
    Unit.SECONDS: "s",
    Unit.MOMENT: "dateTimeFromNow",
    Unit.BYTES: "bytes",
    Unit.COUNT: "short",
    Unit.YES: "bool_yes_no",
    Unit.LEVEL: "short",
}


def thresholds(bad: str) -> dict[str, Any]:
    """Green and red, on the right sides of the limit that the row says."""
    steps: list[dict[str, Any]] = [{"color": "green", "value": None}]
    if bad:
        sign, limit = bad.split()
        value = float(limit)
        if sign in {">", ">="}:
            # A whole number more is too much.
            steps.append({"color": "red", "value": value + (sign == ">" and value < 1)})
        else:
            green = value + (sign == "==")
            steps = [{"color": "red", "value": None}, {"color": "green", "value": green}]
    return {"mode": "absolute", "steps": steps}
