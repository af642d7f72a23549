"""Cleaning steps that somebody made in OpenRefine, as a rule: pure, in their order, field by field.

A cell goes through the steps of its field before the format of the field reads it, so that what is
written is canonical all the same. A step never empties a cell and never fills an empty one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import blake2b
from typing import Final, NamedTuple

from rules.changes import Change, Finding, Severity
from rules.formats.cells import LONGEST, quoted, trimmed
from rules.records import ABSENT, Kind, Value

RULE: Final = "cleaning_steps"
VERSION: Final = 1


class Do(StrEnum):
    """What a step does; stored, so the values never change."""

    EDIT = "edit"
    TRIM = "trim"
    COLLAPSE = "collapse"
    TITLECASE = "titlecase"
    LOWERCASE = "lowercase"
    UPPERCASE = "uppercase"
    REPLACE = "replace"


class Step(NamedTuple):
    """One step. `at` is its place in the history that it is from; `old` and `new` are what an edit or
    a replacement turns into what; an edit takes whole cells."""

    at: int
    do: Do
    old: tuple[str, ...] = ()
    new: str = ""

    def of(self, text: str) -> str:
        """What it makes of a cell."""
        if self.do is Do.EDIT:
            return self.new if text in self.old else text
        if self.do is Do.REPLACE:
            return text.replace(self.old[0], self.new)
        return _PLAIN[self.do](text)


_BLANKS: Final = re.compile(r"\s+")
_WORD: Final = re.compile(r"[^ \t\r\n.]+")


def _titlecase(text: str) -> str:
    return _WORD.sub(lambda found: found[0][:1].title() + found[0][1:], text.lower())


_PLAIN: Final[Mapping[Do, Callable[[str], str]]] = {
    Do.TRIM: str.strip,
    Do.COLLAPSE: lambda text: _BLANKS.sub(" ", text),
    Do.TITLECASE: _titlecase,
    Do.LOWERCASE: str.lower,
    Do.UPPERCASE: str.upper,
}


def settles(step: Step) -> bool:
    """Whether a replacement done twice is the same as done once, whatever the cell holds: what it puts
    in can neither be, nor become with its neighbours, what it looks for."""
    if step.do is not Do.REPLACE:
        return True
    old, new = step.old[0], step.new
    if len(old) < 2 or old in new:
        return old not in new
    if new in old[1:-1]:
        return False
    return not any(
        new.endswith(old[:size]) or new.startswith(old[-size:]) for size in range(1, len(old))
    )


@dataclass(frozen=True, slots=True, eq=False)
class Steps:
    """The steps of all fields, by kind of record: a row among the rules (`rules.hygiene.Row`)."""

    of: Mapping[Kind, Mapping[str, tuple[Step, ...]]]
    name: str = RULE
    version: int = VERSION
    moves: tuple[str, ...] = ()
    tables: tuple[str, ...] = ()
    libraries: tuple[str, ...] = ()
    allowed: frozenset[str] | None = None
    options: tuple[str, ...] = field(default=(), init=False)

    def __post_init__(self) -> None:
        said = repr([(str(kind), sorted(some.items())) for kind, some in sorted(self.of.items())])
        digest = blake2b(said.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
        object.__setattr__(self, "options", (digest,))

    @property
    def kinds(self) -> frozenset[Kind]:
        """The kinds of record that it works on."""
        return frozenset(self.of)

    @property
    def fields(self) -> tuple[str, ...]:
        """The fields that it may change."""
        every = dict.fromkeys(name for some in self.of.values() for name in some)
        return tuple(name for name in every if self.allowed is None or name in self.allowed)

    def within(self, allows: Callable[[str], bool]) -> Steps | None:
        """The steps of the fields that it may touch; None when there is none."""
        fields = frozenset(filter(allows, self.fields))
        return Steps(self.of, allowed=fields) if fields else None

    def steps(self, kind: Kind) -> Mapping[str, tuple[Step, ...]]:
        """Those of one kind of record."""
        allowed = frozenset(self.fields)
        return {name: some for name, some in self.of.get(kind, {}).items() if name in allowed}


class Done(NamedTuple):
    """What the steps made of a cell, and which of them did."""

    text: str
    by: tuple[int, ...]


def done(steps: Sequence[Step], text: str) -> Done:
    """The steps in their order; one that would empty the cell is left out."""
    stages = [text]
    by: list[int] = []
    for step in steps:
        made = step.of(stages[-1])
        if made != stages[-1] and trimmed(made):
            stages.append(made)
            by.append(step.at)
    return Done(stages[-1], tuple(by))


Cleaned = tuple[tuple[Change, ...], tuple[Finding, ...]]


def stepped(
    steps: Mapping[str, Sequence[Step]],
    values: Mapping[str, Value],
    private: Mapping[str, object],
    clean: Callable[[Mapping[str, Value]], Cleaned],
) -> Cleaned:
    """What comes of a record whose cells go through the steps first. `clean` are all other rules;
    `private` fields are left alone. Where steps and rules would undo each other for ever, the steps
    of that field are left out and a person hears of it (promise 5)."""
    made = _made(steps, values, private)
    if not made:
        return clean(values)
    changes, findings = _with(made, values, clean)
    restless = _restless(steps, values, changes, made, clean)
    if not restless:
        return changes, findings
    calm = {name: one for name, one in made.items() if name not in restless}
    changes, findings = _with(calm, values, clean)
    told = (
        Finding(
            "rule_not_idempotent", Severity.ERROR, name,
            {"text": quoted(str(values[name])), "rule": RULE},
        )
        for name in sorted(restless)
    )  # fmt: skip
    return changes, (*findings, *told)


def _made(
    steps: Mapping[str, Sequence[Step]], values: Mapping[str, Value], private: Mapping[str, object]
) -> dict[str, Done]:
    found = {}
    for name, some in steps.items():
        text = values.get(name)
        if not text or text is ABSENT or name in private or len(text) > LONGEST:
            continue
        one = done(some, text)
        if one.text != text:
            found[name] = one
    return found


def _with(
    made: Mapping[str, Done],
    values: Mapping[str, Value],
    clean: Callable[[Mapping[str, Value]], Cleaned],
) -> Cleaned:
    """The changes of all rules on the record as the steps leave it, told from the cells as they stand."""
    changes, findings = clean({**values, **{name: one.text for name, one in made.items()}})
    later = {change.field: change for change in changes}
    found = [change for change in changes if change.field not in made]
    for name, one in made.items():
        change = later.get(name)
        new = change.new if change else one.text
        if new != values[name]:
            said = {"steps": ", ".join(map(str, one.by))}
            details = {**(change.details if change else {}), **said}
            found.append(
                Change(name, _old(values[name]), new, RULE, "hygiene", f"reason.{RULE}", details)
            )
    return tuple(found), findings


def _old(value: Value) -> str | None:
    return value if isinstance(value, str) else None


def _restless(
    steps: Mapping[str, Sequence[Step]],
    values: Mapping[str, Value],
    changes: Sequence[Change],
    made: Mapping[str, Done],
    clean: Callable[[Mapping[str, Value]], Cleaned],
) -> frozenset[str]:
    """The fields that would change again in the next pass."""
    after = {**values, **{change.field: change.new for change in changes}}
    again = _made({name: steps[name] for name in made}, after, {})
    if not again:
        return frozenset()
    second, _ = _with(again, after, clean)
    return frozenset(change.field for change in second if change.field in made)


def circles(steps: Sequence[Step]) -> bool:
    """Whether edits lead on for ever: what they make of a cell, they would make something else of."""
    ends = [done(steps, text).text for step in steps if step.do is Do.EDIT for text in step.old]
    return any(done(steps, end).text != end for end in ends)
