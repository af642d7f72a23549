"""`sync refine import`: a history of OpenRefine becomes a file of cleaning steps, as far as it fits."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import orjson

from connectors.registry import FILES
from rules.errors import Exit, UserError
from rules.records import Kind
from rules.refine.histories import History, Refusal, read
from sync.app import App
from sync.output import printable
from sync.refine.steps_file import FORM, MOST_BYTES, StepRow, StepsFile
from sync.texts import Texts


@dataclass(frozen=True, slots=True)
class Taken:
    """What a field is put through now: how many operations, and steps, of the history."""

    field: str
    operations: int
    steps: int


@dataclass(slots=True)
class Imported:
    """What came of a history. `columns` are to be mapped in the settings, which nobody does for them."""

    history: str
    kind: Kind
    system: str
    taken: list[Taken]
    columns: Mapping[str, str]
    refused: list[Refusal]
    list_name: str = ""
    written: str = ""
    settings: str = field(default="", init=False)
    """What to put into the settings file."""

    @property
    def exit_code(self) -> Exit:
        """CHANGES where a person has to look at something that did not fit."""
        return Exit.CHANGES if self.refused else Exit.OK


def import_history(
    app: App, file: Path, kind: Kind, *, system: str = FILES, list_name: str = "", into: Path | None
) -> Imported:
    """Read it, tell what fits; write the steps where `into` says. UserError when it is no history."""
    if system not in app.systems:
        raise UserError("error.no_such_system", system=system, known=", ".join(app.systems))
    mapped = app.settings.files.of(list_name).columns if list_name else {}
    try:
        found = read(_operations(file), kind, app.catalogue, mapped)
    except ValueError:
        raise UserError("refine.no_history", file=file) from None
    if not found.steps and not found.columns and not found.refused:
        raise UserError("refine.empty_history", file=file)
    told = Imported(str(file), kind, system, _taken(found), found.columns, found.refused, list_name)
    if into is not None and found.steps:
        _write(app, file, into, kind, system, found)
        told.written = str(into)
    told.settings = _snippet(told)
    return told


def _operations(file: Path) -> object:
    """The operations of what Extract… or a project's history gives."""
    try:
        if file.stat().st_size > MOST_BYTES:
            raise UserError("refine.no_history", file=file)
        told = orjson.loads(file.read_bytes())
    except (OSError, orjson.JSONDecodeError):
        raise UserError("refine.no_history", file=file) from None
    if isinstance(told, dict) and isinstance(told.get("entries"), list):
        entries = told["entries"]
        return [one.get("operation") if isinstance(one, dict) else one for one in entries]
    return told


def _taken(found: History) -> list[Taken]:
    return [
        Taken(name, len({step.at for step in steps}), len(steps))
        for name, steps in found.steps.items()
    ]


def _write(app: App, file: Path, into: Path, kind: Kind, system: str, found: History) -> None:
    rows = [
        StepRow(at=step.at, field=name, do=step.do, old=step.old, new=step.new)
        for name, steps in found.steps.items()
        for step in steps
    ]
    made = StepsFile(
        form=FORM,
        made_from=file.name,
        made_at=app.clock(),
        by=app.actor,
        kind=kind,
        system=system,
        steps=tuple(rows),
    )
    try:
        into.write_text(made.model_dump_json(indent=1, exclude_defaults=True) + "\n", "utf-8")
    except OSError as error:
        raise UserError("refine.not_written", file=into, reason=error.strerror or "") from None


def _snippet(told: Imported) -> str:
    lines = []
    if told.written:
        lines += ["[cleaning]", f"steps = [{json.dumps(told.written, ensure_ascii=False)}]"]
    if told.columns:
        name = json.dumps(told.list_name or "*.csv", ensure_ascii=False)
        lines += [f"[files.named.{name}.columns]"]
        lines += [
            f"{json.dumps(header, ensure_ascii=False)} = {json.dumps(column)}"
            for header, column in told.columns.items()
        ]
    return "\n".join(lines)


def as_text(told: Imported, texts: Texts) -> str:
    """What is done from now on, what is not and why, what to write into the settings."""
    lines = []
    if told.taken:
        lines.append(texts.get("refine.taken"))
        lines += [
            "  "
            + texts.get(
                "refine.taken_line", field=one.field, operations=one.operations, steps=one.steps
            )
            for one in told.taken
        ]
    if told.refused:
        lines.append(texts.get("refine.not_taken"))
        for one in told.refused:
            details = {"column": "", **one.details}
            why = texts.get(f"refine.refused.{one.why}", **details)
            remedy = texts.get(f"refine.refused.{one.why}.remedy", **details)
            lines.append(printable(f"  {one.at}. {one.op}: {why} {remedy}"))
    if told.settings:
        lines += ["", texts.get("refine.put_into_settings"), "", told.settings]
    if told.taken and not told.written:
        lines += ["", texts.get("refine.not_written_yet")]
    return "\n".join(lines)
